// Stands in for Stripe.js: the part of its surface that a payment page with deferred intents uses. Card data goes from the frame to the emulator only.
(() => {
  'use strict';
  const origin = new URL(document.currentScript.src).origin;
  const version = '2023-10-16';

  const failure = (type, code, message) => ({error: {type, code, message}});

  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = 'IntegrationError';
    }
  }

  // PaymentElement is the frame with the fields. It speaks to the frame through a channel of their own.
  class PaymentElement {
    constructor(setup, options) {
      this.setup = setup;
      this.options = options || {};
      this.handlers = {};
      this.waiting = new Map();
      this.next = 0;
    }

    on(event, handler) {
      (this.handlers[event] ||= []).push(handler);
      return this;
    }

    off(event, handler) {
      this.handlers[event] = (this.handlers[event] || []).filter((h) => handler && h !== handler);
      return this;
    }

    emit(event, detail) {
      for (const handler of this.handlers[event] || []) handler({elementType: 'payment', ...detail});
    }

    mount(where) {
      const place = typeof where === 'string' ? document.querySelector(where) : where;
      if (!place) throw new IntegrationError('The place to mount the Payment Element is not in the page: ' + where);
      this.unmount();
      const frame = document.createElement('iframe');
      frame.title = 'Secure payment input frame';
      frame.src = origin + '/v3/fields';
      frame.allow = 'payment *';
      Object.assign(frame.style, {border: '0', width: '100%', height: '260px', display: 'block', colorScheme: 'normal'});
      const channel = new MessageChannel();
      this.port = channel.port1;
      this.port.onmessage = (event) => this.hear(event.data);
      frame.addEventListener('load', () => {
        frame.contentWindow.postMessage({emulator: 'init', setup: this.setup()}, origin, [channel.port2]);
      }, {once: true});
      frame.addEventListener('error', () => this.emit('loaderror', {error: {type: 'api_error', message: 'The fields did not load.'}}));
      place.replaceChildren(frame);
      this.frame = frame;
      this.loaded = new Promise((resolve) => { this.whenLoaded = resolve; });
    }

    unmount() {
      if (this.port) this.port.close();
      if (this.frame) this.frame.remove();
      this.port = this.frame = undefined;
    }

    destroy() { this.unmount(); }
    focus() { this.ask('focus'); }
    clear() { this.ask('clear'); }

    update(options) {
      Object.assign(this.options, options);
      this.refresh();
    }

    refresh() {
      if (this.port) this.port.postMessage({do: 'setup', setup: this.setup()});
    }

    hear(message) {
      if (message.is === 'answer') {
        this.waiting.get(message.id)?.(message.answer);
        this.waiting.delete(message.id);
      } else if (message.is === 'height') {
        this.frame.style.height = message.height + 'px';
      } else {
        if (message.is === 'ready') this.whenLoaded();
        this.emit(message.is, message.detail);
      }
    }

    async ask(what, detail) {
      if (!this.frame) throw new IntegrationError('The Payment Element is not mounted.');
      await this.loaded;
      return new Promise((resolve) => {
        this.waiting.set(++this.next, resolve);
        this.port.postMessage({do: what, id: this.next, detail});
      });
    }
  }

  class Elements {
    constructor(stripe, options) {
      this.stripe = stripe;
      this.options = options;
      this.submitted = false;
    }

    create(type, options) {
      if (type !== 'payment') throw new IntegrationError('Only the Payment Element is emulated, not ' + type + '.');
      if (this.element) throw new IntegrationError('Can only create one Element of type payment.');
      this.element = new PaymentElement(() => ({
        key: this.stripe.key, account: this.stripe.options.stripeAccount || '', types: this.options.paymentMethodTypes || ['card'],
        mode: this.options.mode, currency: this.options.currency, usage: this.options.setupFutureUsage || '',
        locale: this.options.locale || this.stripe.options.locale || 'auto', appearance: this.options.appearance || {},
      }), options);
      this.element.on('change', () => { this.submitted = false; });
      return this.element;
    }

    getElement(type) { return type === 'payment' ? this.element || null : null; }

    update(options) {
      Object.assign(this.options, options);
      if (this.element) this.element.refresh();
    }

    async fetchUpdates() { return {}; }

    async submit() {
      if (!this.element) throw new IntegrationError('elements.submit() needs a mounted Payment Element.');
      const answer = await this.element.ask('validate');
      this.submitted = !answer.error;
      return answer;
    }
  }

  class Stripe {
    constructor(key, options) {
      if (typeof key !== 'string' || !key.startsWith('pk_')) throw new IntegrationError('Pass your publishable key, which begins with pk_.');
      this.key = key;
      this.options = options || {};
    }

    elements(options) {
      const o = options || {};
      if (o.mode && o.mode !== 'setup' && !(Number.isInteger(o.amount) && o.amount > 0)) throw new IntegrationError('elements() needs an amount in minor units.');
      if (o.mode && !/^[a-z]{3}$/.test(o.currency || '')) throw new IntegrationError('elements() needs a currency in lower case.');
      return new Elements(this, {...o});
    }

    // createConfirmationToken makes what the server confirms with. elements.submit() must have gone well since the last change.
    async createConfirmationToken({elements, params} = {}) {
      if (!elements || !elements.element) throw new IntegrationError('createConfirmationToken() needs elements with a mounted Payment Element.');
      if (!elements.submitted) throw new IntegrationError('elements.submit() must be called and succeed before createConfirmationToken().');
      return elements.element.ask('token', {returnURL: params?.return_url || '', billing: params?.payment_method_data?.billing_details || {}});
    }

    async call(method, path, fields) {
      const headers = {Authorization: 'Bearer ' + this.key, 'Stripe-Version': version};
      if (this.options.stripeAccount) headers['Stripe-Account'] = this.options.stripeAccount;
      const query = new URLSearchParams(fields);
      try {
        const answer = await fetch(origin + path + (method === 'GET' ? '?' + query : ''), {method, headers, body: method === 'GET' ? undefined : query});
        return await answer.json();
      } catch (error) {
        return failure('api_connection_error', undefined, 'We could not reach the payment service. Check the connection and try again.');
      }
    }

    async retrieve(secret) {
      const id = String(secret).split('_secret_')[0];
      const kind = id.startsWith('seti_') ? 'setup' : 'payment';
      const intent = await this.call('GET', '/v1/' + kind + '_intents/' + encodeURIComponent(id), {client_secret: secret});
      return intent.error ? {error: intent.error} : {[kind + 'Intent']: intent};
    }

    retrievePaymentIntent(secret) { return this.retrieve(secret); }
    retrieveSetupIntent(secret) { return this.retrieve(secret); }

    // handleNextAction shows what the intent waits for, and answers with the intent once it is over.
    async handleNextAction({clientSecret}) {
      const found = await this.retrieve(clientSecret);
      const intent = found.paymentIntent || found.setupIntent;
      if (!intent || intent.status !== 'requires_action') return found;
      const action = intent.next_action;
      if (action.type === 'redirect_to_url' || action.type === 'verify_with_microdeposits') {
        location.assign(action.type === 'redirect_to_url' ? action.redirect_to_url.url : action.verify_with_microdeposits.hosted_verification_url);
        return new Promise(() => {});
      }
      await challenge(action.use_stripe_sdk.stripe_js);
      const after = await this.retrieve(clientSecret);
      const ended = after.paymentIntent || after.setupIntent;
      const wrong = ended && (ended.last_payment_error || ended.last_setup_error);
      return ended && ended.status === 'requires_payment_method' && wrong ? {error: wrong} : after;
    }
  }

  // challenge shows the bank's page over this one until it is done.
  function challenge(address) {
    return new Promise((resolve) => {
      const dialog = document.createElement('dialog');
      dialog.setAttribute('aria-label', 'Confirm with your bank');
      Object.assign(dialog.style, {padding: '0', border: '0', width: 'min(30rem, 100vw)', maxWidth: '100vw'});
      const frame = document.createElement('iframe');
      frame.title = 'Confirm with your bank';
      frame.src = address + '?embedded=1';
      Object.assign(frame.style, {border: '0', width: '100%', height: '24rem', display: 'block'});
      const hear = (event) => {
        if (event.origin !== origin || event.source !== frame.contentWindow || event.data?.emulator !== 'done') return;
        removeEventListener('message', hear);
        dialog.remove();
        resolve();
      };
      addEventListener('message', hear);
      dialog.addEventListener('cancel', (event) => event.preventDefault());
      dialog.append(frame);
      document.body.append(dialog);
      dialog.showModal();
    });
  }

  window.Stripe = (key, options) => new Stripe(key, options);
  window.Stripe.version = 3;
})();
