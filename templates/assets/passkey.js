/* Signing in with a passkey in this browser: by the button, or out of what the browser offers at the field for the
 * number (conditional mediation). Where browsers have no passkeys nothing is shown. */
'use strict';
(function () {
  const RENEW_MS = 100000; // a challenge is good for 120 s

  let panel;
  let form;
  let button;
  let offered = null; // AbortController of what the field offers

  function decode(text) {
    const padded = text.replace(/-/g, '+').replace(/_/g, '/');
    return Uint8Array.from(atob(padded), function (c) { return c.charCodeAt(0); });
  }

  function encode(buffer) {
    const text = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }

  /* As toJSON() would, which not all browsers have. */
  function textOf(credential) {
    const answer = credential.response;
    return JSON.stringify({
      id: credential.id,
      rawId: encode(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: {
        clientDataJSON: encode(answer.clientDataJSON),
        authenticatorData: encode(answer.authenticatorData),
        signature: encode(answer.signature),
        userHandle: answer.userHandle ? encode(answer.userHandle) : null,
      },
    });
  }

  function word(name) {
    return panel.querySelector('[data-word="' + name + '"]').textContent;
  }

  function tell(name) {
    const note = panel.querySelector('[data-fault]');
    note.hidden = !name;
    note.textContent = name ? word(name) : '';
    panel.querySelector('[data-busy]').textContent = '';
    button.disabled = false;
    if (name) {
      button.focus();
    }
  }

  /* What the server asks. Null when this page is over: it is loaded anew. */
  async function ask() {
    const body = new URLSearchParams({csrf: form.elements.csrf.value});
    const response = await fetch(panel.dataset.passkey, {method: 'POST', body: body, cache: 'no-store'});
    if (response.status === 404 || response.status === 409) {
      location.reload();
      return null;
    }
    if (!response.ok) {
      throw new TypeError('refused');
    }
    const options = (await response.json()).options;
    return Object.assign(options, {challenge: decode(options.challenge), allowCredentials: []});
  }

  function send(credential) {
    form.elements.credential.value = textOf(credential);
    form.submit();
  }

  function faultOf(error) {
    if (error instanceof TypeError) { // fetch: no network, or refused
      return 'lost';
    }
    return error.name === 'NotAllowedError' ? 'cancelled' : 'failed';
  }

  async function start() {
    stopOffering();
    tell('');
    button.disabled = true;
    panel.querySelector('[data-busy]').textContent = word('busy');
    try {
      const options = await ask();
      if (options) {
        send(await navigator.credentials.get({publicKey: options}));
      }
    } catch (error) {
      tell(faultOf(error));
      offer();
    }
  }

  /* ---- at the field for the number ---- */

  function stopOffering() {
    if (offered) {
      offered.abort();
      offered = null;
    }
  }

  function field() {
    const input = document.getElementById('kidc');
    return input && input.offsetParent ? input : null;
  }

  /* Nothing is said when this fails: nobody asked for it. */
  async function offer() {
    const controller = new AbortController();
    if (!field() || offered || document.visibilityState !== 'visible') {
      return;
    }
    offered = controller;
    const renewal = setTimeout(function () {
      if (offered === controller) {
        stopOffering();
        offer();
      }
    }, RENEW_MS);
    try {
      const options = await ask();
      if (options && offered === controller) {
        send(await navigator.credentials.get({publicKey: options, mediation: 'conditional', signal: controller.signal}));
      }
    } catch (error) {
      clearTimeout(renewal);
      if (offered === controller) {
        offered = null;
      }
    }
  }

  async function offerIfAble() {
    const able = PublicKeyCredential.isConditionalMediationAvailable;
    if (!able || !await able.call(PublicKeyCredential)) {
      return;
    }
    offer();
    document.addEventListener('click', function (event) {
      if (event.target.closest('[data-to="number"]')) {
        offer();
      }
    });
    document.addEventListener('visibilitychange', offer);
  }

  document.addEventListener('DOMContentLoaded', function () {
    panel = document.querySelector('[data-passkey]');
    if (!panel || !window.PublicKeyCredential || !navigator.credentials) {
      return;
    }
    form = panel.querySelector('form');
    button = panel.querySelector('button');
    panel.hidden = false;
    button.addEventListener('click', start);
    offerIfAble();
  });
  window.addEventListener('pageshow', function (event) {
    if (event.persisted && button) { // out of the browser's cache of pages
      tell('');
    }
  });
})();
