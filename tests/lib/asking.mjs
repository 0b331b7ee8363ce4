// A browser that waits for a phone, and what a phone says to it: codes read from the picture, the statement as a native authenticator makes it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Browser, forms } from './browser.mjs';
import { authorizationRequest } from './fixture.mjs';
import { decoder } from './qr.mjs';

/** Canonical JSON (RFC 8785) of what we use of JSON. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

/** What the passkey signs (docs/qr.md). `shown` as it came; `claims` in the order in which they were shown. */
export const statement = ({ channel, shown }, number, claims) => canonical({ channel, claims, decision: 'approve', number, shown });

/** Its SHA-256, base64url: the challenge. */
export const challengeOf = (text) => createHash('sha256').update(text).digest('base64url');

/** The text of a QR code drawn by us. */
export function readSvg(svg) {
  const size = Number(svg.match(/viewBox="0 0 (\d+) /)[1]);
  const rows = Array.from({ length: size }, () => new Uint8Array(size));
  let x = 0, y = 0;
  for (const [, command, a, b] of svg.match(/stroke="#000" d="([^"]*)"/)[1].matchAll(/([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
    if (command === 'M') [x, y] = [Number(a), Math.floor(Number(b))];
    else if (command === 'm') x += Number(a);
    else for (const end = x + Number(a); x < end; x++) rows[y][x] = 1;
  }
  const dark = rows.findIndex((row) => row.includes(1));
  const modules = rows.slice(dark, size - dark).map((row) => [...row.slice(dark, size - dark)]);
  return decoder().konsaoQrRead(modules.flat(), modules.length);
}

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
