// Saves a way to pay: the processor's fields give what is entered a name for one use, and only that name is sent to us.
const form = document.getElementById("method");
const button = document.getElementById("save");
const problem = document.getElementById("fields-message");
const data = form.dataset;

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const appearance = {
  variables: {
    colorPrimary: colour("--primary"), colorBackground: colour("--surface"), colorText: colour("--text"), colorTextSecondary: colour("--text-quiet"),
    colorDanger: colour("--overdue-text"), borderRadius: "10px", fontSizeBase: "16px",
  },
};

const stripe = Stripe(data.key, {locale: data.locale});
const elements = stripe.elements({
  mode: "setup", currency: data.currency, paymentMethodTypes: [data.type], setupFutureUsage: "off_session", locale: data.locale, appearance,
});
elements.create("payment").mount("#processor-fields");
button.hidden = false;

function tell(message) {
  problem.textContent = message;
  problem.hidden = message === "";
}

function wait(waiting) {
  button.setAttribute("aria-disabled", String(waiting));
  button.textContent = waiting ? data.sending : data.button;
}

async function send() {
  const checked = await elements.submit();
  if (checked.error) return checked.error.message;
  const made = await stripe.createConfirmationToken({elements});
  if (made.error) return made.error.message;
  form.elements.source.value = made.confirmationToken.id;
  form.submit();
  return "";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.getAttribute("aria-disabled") === "true") return;
  tell("");
  wait(true);
  const message = await send().catch(() => data.failed);
  if (message === "") return;
  tell(message || data.failed);
  wait(false);
});

window.addEventListener("pageshow", (event) => { if (event.persisted) wait(false); });
