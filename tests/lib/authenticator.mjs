// A resident's authenticator, as far as HTTP goes: the device's own key, its passkeys in software, and the calls of the API in docs/qr.md. It keeps what the app
// keeps: key, authenticator id, app session.
import { createHash } from 'node:crypto';
import { ProofKey } from './dpop.mjs';
import { Authenticator as Passkeys, decode, encode } from './passkey.mjs';

/** JSON as RFC 8785 has it, of what our statements hold. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
}

/** An answer of the API that was not the one that was hoped for. */
export class ApiError extends Error {
  constructor(path, answer) {
    super(`${path}: ${answer.status} ${answer.body}`);
    Object.assign(this, answer);
  }
}

export class Authenticator {
  /** `passkeys`: the device's (lib/passkey.mjs); `language`: of the names that it is given. `fetch`: another way to send. */
  constructor(provider, { passkeys = new Passkeys(), language = 'en', send = fetch } = {}) {
    Object.assign(this, { issuer: provider.issuer, origin: new URL(provider.issuer).origin, passkeys, language, send });
  }

  /** The device's key; made when it is first needed. */
  async key() {
    this.keys ??= await ProofKey.make('ES256');
    return this.keys;
  }

  /** One call, answered with {status, headers, body, json}. `body` undefined: GET. `session`: with the app session. `proof`: the DPoP header's value (a
   * function of method and URL), null for none; `headers`: on top. */
  async request(path, body, { session = false, proof, query, headers = {}, signal } = {}) {
    const method = body === undefined ? 'GET' : 'POST';
    const url = `${this.issuer}/app/api/${path}`;
    const token = session ? this.session : undefined;
    const key = await this.key();
    const dpop = proof === undefined ? await key.proof(method, url, { token }) : proof && (await proof(method, url, token));
    const all = { 'accept-language': this.language, ...(dpop !== null && { dpop }), ...(token && { authorization: `DPoP ${token}` }),
      ...(method === 'POST' && { 'content-type': 'application/json' }), ...headers };
    const answer = await this.send(url + (query ? `?${new URLSearchParams(query)}` : ''), { method, headers: all, signal,
      ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }) });
    const text = await answer.text();
    const json = answer.headers.get('content-type')?.startsWith('application/json') ? JSON.parse(text) : undefined;
    return { status: answer.status, headers: answer.headers, body: text, json };
  }

  /** The same, answered with the JSON of a success; anything else is an ApiError. */
  async call(path, body, options) {
    const answer = await this.request(path, body, options);
    if (answer.status >= 300) throw new ApiError(path, answer);
    return answer.json;
  }

  /** A call of this authenticator: with its id. */
  device(path, body = {}, options) {
    return this.call(path, { authenticator: this.id, ...body }, options);
  }

  /** A call with the app session; `body` undefined: GET. */
  inside(path, body, options) {
    return this.call(path, body, { session: true, ...options });
  }

  #keep({ authenticator, session }) {
    Object.assign(this, { id: authenticator.id, shown: authenticator, session: session.token });
    return authenticator;
  }

  // ---- enrolment ----

  /** KIdC and one-time code; answers with what the passkey is to be made with ({options, others}). */
  async prove(register, kidc) {
    const sent = await register.sent(kidc);
    this.begun = await this.call('enrolments', { kidc });
    this.code = await register.code(kidc, sent);
    this.proved = await this.call('enrolments/code', { enrolment: this.begun.enrolment, code: this.code });
    return this.proved;
  }

  /** All of it; answers with the authenticator as the API shows it. `wrong`: see lib/passkey.mjs. */
  async enrol(register, kidc, name = 'Phone', wrong) {
    const { options } = await this.prove(register, kidc);
    const credential = this.passkeys.create(options, this.origin, wrong);
    return this.#keep(await this.call('enrolments/passkey', { enrolment: this.begun.enrolment, name, credential }));
  }

  // ---- unlocking ----

  /** An assertion for unlock or restore. */
  async assertion(wrong) {
    const { options } = await this.call('unlock/options', {});
    return this.passkeys.get(options, this.origin, wrong);
  }

  async unlock(wrong) {
    return this.#keep(await this.device('unlock', { credential: await this.assertion(wrong) }));
  }

  /** On a device that has the passkeys, but not the key. */
  async restore(name = 'Phone', wrong) {
    return this.#keep(await this.call('restore', { name, credential: await this.assertion(wrong) }));
  }

  // ---- requests to sign in ----

  /** A code: the URL of the QR code or its last part. Answers with what is to be shown. */
  scan(code) {
    return this.device('scan', { code });
  }

  /** A request without a code (CIBA), by its id. */
  open(request) {
    return this.device('requests/open', { request });
  }

  /** What the passkey signs for a request as `scan` or `open` gave it. */
  statement(asked, { number = '', claims = asked.shown.claims.map(({ name }) => name), shown = asked.shown } = {}) {
    return canonical({ channel: asked.channel, claims, decision: 'approve', number, shown });
  }

  /** An approval's body. `number`: as the browser shows it. `signed`: another text than the statement; `wrong`: see lib/passkey.mjs. */
  approval(asked, { number = '', claims = asked.shown.claims.map(({ name }) => name), signed, wrong } = {}) {
    const text = signed ?? this.statement(asked, { number, claims });
    const challenge = encode(createHash('sha256').update(text).digest());
    return { authenticator: this.id, channel: asked.channel, number, claims, credential: this.passkeys.get({ ...asked.options, challenge }, this.origin, wrong) };
  }

  approve(asked, options) {
    return this.call('approve', this.approval(asked, options));
  }

  decline(asked, reason = 'declined') {
    return this.device('decline', { channel: asked.channel, reason });
  }

  /** Waits for news (requests and notices). */
  requests(seen = null) {
    return this.device('requests', { seen });
  }
}

export { decode, encode };
