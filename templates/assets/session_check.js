/* Tells a site whose frame this page is in whether the session that it knows of still is this browser's (OpenID Connect
 * Session Management 1.0, section 3.2). All that goes out is one word. */
'use strict';
(function () {
  const cookie = (location.protocol === 'https:' ? '__Host-' : '') + 'konsao_state=';
  const syntax = /^([\x21-\x7e]{1,255}) ([\w-]{43})\.([\w-]{1,64})$/;

  /* Who may ask: the page around this one, and others of its origin (section 3.2). */
  function isAllowed(message) {
    if (window.parent === window || !message.source || message.origin === 'null') {
      return false;
    }
    const around = location.ancestorOrigins ? location.ancestorOrigins[0] : document.referrer && new URL(document.referrer).origin;
    return message.source === window.parent || message.origin === around;
  }

  /* Empty when nobody is signed in (any more). */
  function browserState() {
    const pair = document.cookie.split('; ').find((one) => one.startsWith(cookie));
    const [state, end] = pair ? pair.slice(cookie.length).split('.') : ['', 0];
    return end * 1000 > Date.now() ? state : '';
  }

  function hashOf(text) {
    return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)).then((hash) =>
      btoa(String.fromCharCode(...new Uint8Array(hash))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''));
  }

  /* Where the browser keeps our cookies from this frame, nothing is known: that must not look like a logout. */
  function hasCookies() {
    return document.hasStorageAccess ? document.hasStorageAccess() : Promise.resolve(true);
  }

  function answer(text, origin) {
    const [, client, hash, salt] = (typeof text === 'string' && syntax.exec(text)) || [];
    if (!client) {
      return Promise.resolve('error');
    }
    return hasCookies().then((has) => has && hashOf([client, origin, browserState(), salt].join(' ')))
      .then((known) => (known ? (known === hash ? 'unchanged' : 'changed') : 'error'))
      .catch(() => 'error');
  }

  addEventListener('message', (message) => {
    if (isAllowed(message)) {
      answer(message.data, message.origin).then((word) => message.source.postMessage(word, message.origin));
    }
  });
})();
