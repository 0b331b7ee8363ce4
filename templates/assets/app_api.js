'use strict';

/* An error of the API (docs/qr.md): `code` is its name; what came along with it is in `more`. */
class ApiError extends Error {
  constructor(code, more = {}) {
    super(code);
    Object.assign(this, { code, more });
  }
}

/* The provider's API. Every call is signed with this device's key: a proof as in RFC 9449. */
const api = (() => {
  const issuer = document.body.dataset.issuer;
  const text = new TextEncoder();
  let ahead = 0; // milliseconds by which the provider's clock is ahead of this phone's

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  const encode = (value) => base64url(text.encode(JSON.stringify(value)));

  async function proof(key, method, path, token) {
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey);
    const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
    const claims = {
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      htm: method,
      htu: issuer + path,
      iat: Math.floor((Date.now() + ahead) / 1000),
    };
    if (token) claims.ath = base64url(await crypto.subtle.digest('SHA-256', text.encode(token)));
    const signed = `${encode(header)}.${encode(claims)}`;
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, text.encode(signed));
    return `${signed}.${base64url(signature)}`;
  }

  async function send(method, path, { body, query = '', key = device.key, token, signal }) {
    const headers = { 'DPoP': await proof(key, method, path, token), 'Accept-Language': document.documentElement.lang };
    if (token) headers.Authorization = `DPoP ${token}`;
    if (body) headers['Content-Type'] = 'application/json';
    const request = { method, headers, signal, body: body && JSON.stringify(body), cache: 'no-store' };
    const response = await fetch(path + query, request).catch((error) => {
      if (error.name === 'AbortError') throw error;
      app.connected(false);
      throw new ApiError('offline');
    });
    app.connected(true);
    const date = Date.parse(response.headers.get('Date'));
    const answer = await response.json().catch(() => ({}));
    return { response, answer, drift: date - Date.now() };
  }

  /* A phone whose clock is wrong makes proofs that are out of time: the provider's clock then helps, once. */
  async function call(method, path, options) {
    let result = await send(method, path, options);
    if (result.answer.error === 'invalid_proof' && Math.abs(result.drift - ahead) > 5000) {
      ahead = result.drift;
      result = await send(method, path, options);
    }
    const { response, answer } = result;
    if (response.ok) return answer;
    throw new ApiError(answer.error ?? (response.status === 503 ? 'temporarily_unavailable' : 'unexpected'), answer);
  }

  const session = () => {
    if (!device.isUnlocked()) throw new ApiError('unauthorized');
    return device.session.token;
  };

  return {
    base64url,
    post: (path, body, options) => call('POST', path, { body, ...options }),
    /* As this device. */
    own: (path, body, options) =>
      call('POST', path, { body: { authenticator: device.authenticator.id, ...body }, ...options }),
    /* With the app session that a passkey opened. */
    read: async (path, query) => call('GET', path, { query, token: session() }),
    change: async (path, body) => call('POST', path, { body, token: session() }),
  };
})();
