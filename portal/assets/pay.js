// Courtesies of the pages about payments: the processor's own fields for a new card, a button that is pressed once, and a page that looks again by
// itself. Every page works without them.
"use strict";

const form = document.getElementById("pay-form");
if (form) pay(form);
const state = document.getElementById("payment-state");
if (state) watch(state);

function pay(form) {
  const button = form.querySelector("button.main");
  const status = document.getElementById("pay-status");
  const box = document.getElementById("pay-fields");
  const mandate = document.getElementById("pay-mandate");
  const source = form.elements.namedItem("source");
  const save = form.querySelector("#save");
  const data = form.dataset;
  const label = button.textContent;
  const stripe = data.key && window.Stripe && box ? window.Stripe(data.key, {locale: data.locale}) : null;
  let sent = false;
  let patience = 0;
  let elements = null;
  let shown = "";

  const chosen = () => form.querySelector("input[name=method]:checked")?.value || "";
  const typed = (kind) => stripe && (kind === "card" || kind === "bank");

  function mount() {
    const kind = chosen();
    if (kind === shown) return;
    shown = kind;
    elements = null;
    source.value = "";
    box.replaceChildren();
    delete box.dataset.ready;
    box.hidden = !typed(kind);
    if (mandate) mandate.hidden = kind !== "bank";
    if (!typed(kind)) return;
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const options = {mode: data.mode, currency: data.currency, locale: data.locale, paymentMethodTypes: [kind === "bank" ? "us_bank_account" : "card"],
      appearance: {theme: dark ? "night" : "stripe", variables: {colorPrimary: data.primary}}};
    if (data.mode === "payment") options.amount = Number(data.amount);
    if (data.mode === "setup" || save?.checked) options.setupFutureUsage = "off_session";
    elements = stripe.elements(options);
    const fields = elements.create("payment");
    fields.on("ready", () => { box.dataset.ready = kind; });
    fields.mount(box);
  }

  function busy(text) {
    sent = true;
    button.setAttribute("aria-disabled", "true");
    status.textContent = text;
    patience = setTimeout(() => { status.textContent = data.still; }, 10000);
  }

  function idle(text) {
    sent = false;
    clearTimeout(patience);
    button.removeAttribute("aria-disabled");
    button.textContent = label;
    status.textContent = text;
    source.value = "";
  }

  async function token() {
    const valid = await elements.submit();
    if (valid.error) return "";
    const made = await stripe.createConfirmationToken({elements, params: {return_url: location.href}});
    return made.error ? "" : made.confirmationToken.id;
  }

  if (stripe) {
    for (const option of form.querySelectorAll("[data-scripted]")) {
      option.hidden = false;
      option.querySelector("input").disabled = false;
    }
    for (const option of form.querySelectorAll("[data-plain]")) {
      const radio = option.querySelector("input");
      if (radio.checked) form.querySelector("[data-scripted] input").checked = true;
      option.hidden = radio.disabled = true;
    }
    form.addEventListener("change", (event) => {
      if (event.target === save && elements) elements.update({setupFutureUsage: save.checked || data.mode === "setup" ? "off_session" : null});
      else mount();
    });
    mount();
  }

  form.addEventListener("submit", async (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    busy(data.sending);
    if (!typed(chosen())) return;
    event.preventDefault();
    let made = "";
    try {
      made = await token();
    } catch (problem) {
      console.error(problem);
    }
    if (!made) {
      idle(data.check);
      return;
    }
    source.value = made;
    form.submit();
  });
  // A page that comes back from the browser's memory is pressed anew; its nonce keeps that harmless.
  addEventListener("pageshow", (event) => { if (event.persisted) idle(""); });
}

// watch asks every three seconds for a minute, then every half minute for an hour, and loads the page again when there is news.
function watch(state) {
  let asked = 0;
  async function look() {
    asked++;
    try {
      const answer = await fetch(state.dataset.ask, {headers: {Accept: "application/json"}});
      if (!answer.ok || (await answer.json()).state !== state.dataset.state) {
        location.reload();
        return;
      }
    } catch (problem) {
      console.warn(problem);
    }
    if (asked < 140) setTimeout(look, asked < 20 ? 3000 : 30000);
  }
  setTimeout(look, 3000);
}
