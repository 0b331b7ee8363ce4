// A browser that waits for a phone, whose codes are read from the picture; and a phone whose answers are looked at whatever they are, right and wrong ones.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Authenticator, canonical, encode } from './authenticator.mjs';
import { Browser, forms } from './browser.mjs';
import { authorizationRequest } from './fixture.mjs';
import { readSvg } from './qr.mjs';

export { readSvg };

/** A browser on the sign-in page of a portal's request, which shows a code (way "qr") or a link. */
export class Waiting {
  static async open(portal, { way = 'qr', parameters, browser = new Browser(), headers } = {}) {
    const waiting = Object.assign(new Waiting(), { portal, browser, headers });
    const { url, checks } = await authorizationRequest(portal.config, parameters);
    waiting.checks = checks;
    waiting.page = await browser.go(url, { headers });
    assert.match(waiting.page.url, /\/signin\/[\w-]+$/, waiting.page.body);
    waiting.interaction = waiting.page.url.split('/').at(-1);
    waiting.issuer = new URL(waiting.page.url).origin;
    await waiting.begin(way);
    return waiting;
  }

  /** Asks for a channel, as the page's script does. */
  async begin(way = 'qr', more = {}) {
    const { value: csrf } = forms(this.page.body).flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf');
    const answer = await this.browser.request(`${this.issuer}/channel/${this.interaction}`,
      { method: 'POST', body: new URLSearchParams({ csrf, way, ...more }), headers: { origin: this.issuer, ...this.headers } });
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  }

  /** The channel as it is now; or, once it is not as `seen` says any more. */
  async state(seen) {
    const answer = await this.browser.request(`${this.issuer}/channel/${this.interaction}${seen ? `?seen=${encodeURIComponent(seen)}` : ''}`, { headers: this.headers });
    return JSON.parse(answer.body);
  }

  /** The URL in the code that is on the screen now. */
  async code() {
    const state = await this.state();
    assert.equal(state.state, 'waiting');
    return state.link ?? readSvg(state.codes[0].svg);
  }

  /** What its page does once it is told "approved" (the browser then ends at the portal, or at a page). */
  finish(query = '') {
    return this.browser.go(`${this.issuer}/signin/${this.interaction}${query}`);
  }
}

/** A phone that answers with what it was told: {status, headers, body, json}. `described`: what each answer is held against (openapi.mjs). */
export class Phone extends Authenticator {
  static async enrol({ register, provider, kidc, name = 'ទូរស័ព្ទ', described }) {
    const phone = Object.assign(new Phone(provider, { language: 'km' }), { kidc, name, described });
    await phone.enrol(register, kidc, name);
    phone.passkey = phone.passkeys.passkeys.at(-1);
    return phone;
  }

  async request(path, body, options) {
    const answer = await super.request(path, body, options);
    this.described?.checkAnswer(body === undefined ? 'GET' : 'POST', `/app/api/${path}`, answer);
    return answer;
  }

  /** A call of this authenticator. */
  ask(path, body, options) {
    return this.request(path, { authenticator: this.id, ...body }, options);
  }

  /** A call in its app session. */
  within(path, body, options) {
    return this.request(path, body, { session: true, ...options });
  }

  scan(code) {
    return this.ask('scan', { code });
  }

  /** The body of an approval, of everything unless `claims` says less. `alter` changes the statement before it is signed, `text` its text; `credential` stands instead of a
   * signature; `wrong`: see lib/passkey.mjs. */
  approval(asked, { number, claims = asked.shown.claims.map(({ name }) => name), alter = () => {}, text = (it) => it, origin = this.origin, credential, wrong } = {}) {
    const given = asked.shown.claims.filter(({ name, required }) => required || claims.includes(name)).map(({ name }) => name);
    const says = JSON.parse(this.statement(asked, { number, claims: given }));
    alter(says);
    const challenge = encode(createHash('sha256').update(text(canonical(says))).digest());
    return { authenticator: this.id, channel: asked.channel, number, claims, credential: credential ?? this.passkeys.get({ ...asked.options, challenge }, origin, wrong) };
  }

  approve(asked, how) {
    return this.ask('approve', this.approval(asked, how));
  }

  decline({ channel }, reason) {
    return this.ask('decline', { channel, reason });
  }

  /** A thief's phone with all that this one has, as it is now. */
  copy() {
    return Object.assign(new Phone({ issuer: this.issuer }, { passkeys: this.passkeys.copy(), language: this.language }), { keys: this.keys, id: this.id, session: this.session, described: this.described });
  }
}
