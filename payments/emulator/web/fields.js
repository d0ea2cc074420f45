// The fields inside the frame. What is typed here goes to the emulator, and to the page around only what it was made into.
(() => {
  'use strict';
  const words = {
    en: {}, // as the page has them
    de: {method: 'Zahlungsart', card: 'Karte', bank: 'US-Bankkonto', number: 'Kartennummer', expiry: 'Gültig bis (MM / JJ)', cvc: 'Prüfnummer', holder: 'Name des Kontos', routing: 'Bankleitzahl (Routing)', account: 'Kontonummer', instant: 'Jetzt bestätigen (sonst durch zwei kleine Gutschriften)', mandate: 'Wenn Sie fortfahren, darf von diesem Konto abgebucht werden.', eNumber: 'Prüfen Sie die Kartennummer.', eExpiry: 'Prüfen Sie das Ablaufdatum.', eCvc: 'Prüfen Sie die Prüfnummer.', eHolder: 'Geben Sie den Namen ein.', eRouting: 'Die Bankleitzahl hat neun Ziffern.', eAccount: 'Prüfen Sie die Kontonummer.'},
    es: {method: 'Forma de pago', card: 'Tarjeta', bank: 'Cuenta bancaria de EE. UU.', number: 'Número de tarjeta', expiry: 'Caduca (MM / AA)', cvc: 'Código de seguridad', holder: 'Titular de la cuenta', routing: 'Número de ruta', account: 'Número de cuenta', instant: 'Verificar ahora (si no, con dos pequeños depósitos)', mandate: 'Al continuar, autoriza cargos en esta cuenta.', eNumber: 'Revise el número de tarjeta.', eExpiry: 'Revise la fecha de caducidad.', eCvc: 'Revise el código de seguridad.', eHolder: 'Escriba el nombre.', eRouting: 'El número de ruta tiene nueve cifras.', eAccount: 'Revise el número de cuenta.'},
    fr: {method: 'Moyen de paiement', card: 'Carte', bank: 'Compte bancaire américain', number: 'Numéro de carte', expiry: 'Expire (MM / AA)', cvc: 'Code de sécurité', holder: 'Titulaire du compte', routing: 'Numéro d’acheminement', account: 'Numéro de compte', instant: 'Vérifier maintenant (sinon par deux petits dépôts)', mandate: 'En continuant, vous autorisez le débit de ce compte.', eNumber: 'Vérifiez le numéro de carte.', eExpiry: 'Vérifiez la date d’expiration.', eCvc: 'Vérifiez le code de sécurité.', eHolder: 'Saisissez le nom.', eRouting: 'Le numéro d’acheminement a neuf chiffres.', eAccount: 'Vérifiez le numéro de compte.'},
    pt: {method: 'Forma de pagamento', card: 'Cartão', bank: 'Conta bancária nos EUA', number: 'Número do cartão', expiry: 'Validade (MM / AA)', cvc: 'Código de segurança', holder: 'Titular da conta', routing: 'Código do banco (routing)', account: 'Número da conta', instant: 'Verificar agora (senão, por dois pequenos depósitos)', mandate: 'Ao continuar, você autoriza o débito nesta conta.', eNumber: 'Confira o número do cartão.', eExpiry: 'Confira a validade.', eCvc: 'Confira o código de segurança.', eHolder: 'Escreva o nome.', eRouting: 'O código do banco tem nove dígitos.', eAccount: 'Confira o número da conta.'},
    ja: {method: '支払い方法', card: 'カード', bank: '米国の銀行口座', number: 'カード番号', expiry: '有効期限 (月 / 年)', cvc: 'セキュリティコード', holder: '口座名義', routing: 'ルーティング番号', account: '口座番号', instant: '今すぐ確認する（しない場合は少額の入金で確認）', mandate: '続けると、この口座からの引き落としを承認したことになります。', eNumber: 'カード番号を確認してください。', eExpiry: '有効期限を確認してください。', eCvc: 'セキュリティコードを確認してください。', eHolder: '名義を入力してください。', eRouting: 'ルーティング番号は9桁です。', eAccount: '口座番号を確認してください。'},
    ar: {method: 'طريقة الدفع', card: 'بطاقة', bank: 'حساب مصرفي أمريكي', number: 'رقم البطاقة', expiry: 'تنتهي (شهر / سنة)', cvc: 'رمز الأمان', holder: 'اسم صاحب الحساب', routing: 'رقم التوجيه', account: 'رقم الحساب', instant: 'التحقق الآن (وإلا فبإيداعين صغيرين)', mandate: 'بالمتابعة تسمح بالخصم من هذا الحساب.', eNumber: 'تحقق من رقم البطاقة.', eExpiry: 'تحقق من تاريخ الانتهاء.', eCvc: 'تحقق من رمز الأمان.', eHolder: 'اكتب الاسم.', eRouting: 'رقم التوجيه تسعة أرقام.', eAccount: 'تحقق من رقم الحساب.'},
  };
  const english = {eNumber: 'Check the card number.', eExpiry: 'Check the expiry date.', eCvc: 'Check the security code.', eHolder: 'Enter the name.', eRouting: 'The routing number has nine digits.', eAccount: 'Check the account number.'};
  for (const place of document.querySelectorAll('[data-word]')) english[place.dataset.word] = place.textContent;

  const at = (id) => document.getElementById(id);
  const digits = (id) => at(id).value.replace(/[\s-]/g, '');
  let setup;
  let port;
  let say = english;

  function dress(next) {
    setup = next;
    const language = (setup.locale === 'auto' ? navigator.language : setup.locale).slice(0, 2).toLowerCase();
    const known = words[language] ? language : 'en';
    say = {...english, ...words[known]};
    document.documentElement.lang = known;
    document.documentElement.dir = known === 'ar' ? 'rtl' : 'ltr';
    for (const place of document.querySelectorAll('[data-word]')) place.textContent = say[place.dataset.word];
    const look = setup.appearance || {};
    document.documentElement.dataset.theme = look.theme === 'night' ? 'night' : 'stripe';
    const names = {colorPrimary: '--primary', colorBackground: '--surface', colorText: '--text', colorDanger: '--danger', colorTextSecondary: '--quiet', borderRadius: '--radius', fontSizeBase: '--size'};
    for (const [name, property] of Object.entries(names)) {
      const value = look.variables && look.variables[name];
      if (value) document.documentElement.style.setProperty(property, value);
    }
    const types = setup.types.filter((t) => t === 'card' || t === 'us_bank_account');
    at('kinds').hidden = types.length < 2;
    if (types.length === 1) document.querySelector('input[value="' + types[0] + '"]').checked = true;
    choose();
    document.querySelector('main').hidden = false;
  }

  const kind = () => document.querySelector('input[name="kind"]:checked').value;

  function choose() {
    at('card-fields').hidden = kind() !== 'card';
    at('bank-fields').hidden = kind() === 'card';
  }

  function checkDigit(number) {
    let sum = 0;
    for (let i = 0; i < number.length; i++) {
      let d = Number(number[number.length - 1 - i]);
      if (i % 2 === 1 && (d *= 2) > 9) d -= 9;
      sum += d;
    }
    return sum % 10 === 0;
  }

  function expiry() {
    const typed = at('expiry').value.match(/^\s*(\d{1,2})\s*[/.-]?\s*(\d{2}|\d{4})\s*$/);
    if (!typed) return undefined;
    const month = Number(typed[1]);
    const year = typed[2].length === 2 ? 2000 + Number(typed[2]) : Number(typed[2]);
    return month >= 1 && month <= 12 ? {month, year} : undefined;
  }

  // faults are the ids of fields that are wrong, with their code and words.
  function faults() {
    const wrong = [];
    const need = (id, good, code, word) => { if (!good) wrong.push({id, code, message: say[word]}); };
    if (kind() === 'card') {
      const number = digits('number');
      need('number', /^\d{12,19}$/.test(number) && checkDigit(number), number ? 'incorrect_number' : 'incomplete_number', 'eNumber');
      const until = expiry();
      need('expiry', until !== undefined, at('expiry').value ? 'invalid_expiry_month_past' : 'incomplete_expiry', 'eExpiry');
      need('cvc', /^\d{3,4}$/.test(digits('cvc')), digits('cvc') ? 'invalid_cvc' : 'incomplete_cvc', 'eCvc');
    } else {
      need('holder', at('holder').value.trim() !== '', 'incomplete_name', 'eHolder');
      need('routing', /^\d{9}$/.test(digits('routing')), 'invalid_routing_number', 'eRouting');
      need('account', /^\d{4,17}$/.test(digits('account')), 'invalid_account_number', 'eAccount');
    }
    return wrong;
  }

  function mark(wrong) {
    for (const input of document.querySelectorAll('.field input')) {
      const found = wrong.find((w) => w.id === input.id);
      const text = at(input.id + '-error');
      input.setAttribute('aria-invalid', found ? 'true' : 'false');
      text.hidden = !found;
      text.textContent = found ? found.message : '';
    }
    if (wrong.length > 0) at(wrong[0].id).focus();
  }

  function validate() {
    const wrong = faults();
    mark(wrong);
    if (wrong.length > 0) return {error: {type: 'validation_error', code: wrong[0].code, message: wrong[0].message}};
    return {selectedPaymentMethod: kind()};
  }

  function fields(detail) {
    const f = {};
    const put = (name, value) => { f['payment_method_data' + name] = value; };
    put('[type]', kind());
    for (const [name, value] of Object.entries(detail.billing)) {
      if (typeof value === 'string') put('[billing_details][' + name + ']', value);
    }
    if (kind() === 'card') {
      const until = expiry();
      put('[card][number]', digits('number'));
      put('[card][exp_month]', until.month);
      put('[card][exp_year]', until.year);
      put('[card][cvc]', digits('cvc'));
    } else {
      put('[billing_details][name]', at('holder').value.trim());
      put('[us_bank_account][routing_number]', digits('routing'));
      put('[us_bank_account][account_number]', digits('account'));
      put('[us_bank_account][emulator_instant]', at('instant').checked);
    }
    if (detail.returnURL) f.return_url = detail.returnURL;
    if (setup.usage) f.setup_future_usage = setup.usage;
    return f;
  }

  async function token(detail) {
    const checked = validate();
    if (checked.error) return checked;
    const headers = {Authorization: 'Bearer ' + setup.key, 'Stripe-Version': '2023-10-16'};
    if (setup.account) headers['Stripe-Account'] = setup.account;
    try {
      const answer = await fetch('/v1/confirmation_tokens', {method: 'POST', headers, body: new URLSearchParams(fields(detail))});
      const made = await answer.json();
      if (!made.error) return {confirmationToken: made};
      const id = {number: 'number', exp_month: 'expiry', exp_year: 'expiry', cvc: 'cvc'}[made.error.param];
      if (id) mark([{id, message: say[{number: 'eNumber', expiry: 'eExpiry', cvc: 'eCvc'}[id]]}]);
      return {error: made.error};
    } catch (error) {
      return {error: {type: 'api_connection_error', message: 'We could not reach the payment service. Check the connection and try again.'}};
    }
  }

  async function obey(message) {
    switch (message.do) {
      case 'setup': dress(message.setup); return undefined;
      case 'validate': return validate();
      case 'token': return token(message.detail);
      case 'focus': document.querySelector('.field:not([hidden] *) input').focus(); return {};
      case 'clear': at('form').reset(); mark([]); choose(); return {};
    }
    return undefined;
  }

  addEventListener('message', (event) => {
    if (event.source !== parent || event.data?.emulator !== 'init' || port) return;
    port = event.ports[0];
    port.onmessage = async (e) => {
      const answer = await obey(e.data);
      if (e.data.id) port.postMessage({is: 'answer', id: e.data.id, answer});
    };
    dress(event.data.setup);
    new ResizeObserver(() => port.postMessage({is: 'height', height: Math.ceil(document.documentElement.getBoundingClientRect().height)})).observe(document.body);
    port.postMessage({is: 'ready', detail: {}});
  });

  at('form').addEventListener('submit', (event) => event.preventDefault());
  at('form').addEventListener('input', (event) => {
    if (event.target.name === 'kind') choose();
    if (port) port.postMessage({is: 'change', detail: {empty: false, complete: faults().length === 0, value: {type: kind()}}});
  });
  at('form').addEventListener('focusin', () => { if (port) port.postMessage({is: 'focus', detail: {}}); });
  at('form').addEventListener('focusout', () => { if (port) port.postMessage({is: 'blur', detail: {}}); });
})();
