// Browsers that wait for their phones, by the thousand: each is one kept connection, and no more HTTP than that takes.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { unescape } from './browser.mjs';
import { readSvg } from './qr.mjs';

/** A kept connection: one request at a time, answers with a Content-Length. */
class Line {
  constructor(port) {
    this.parts = [];
    this.size = this.need = 0;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (data) => this.#take(data));
    this.socket.on('close', () => this.reject?.(new Error('the server closed the connection')));
    this.socket.on('error', (error) => this.reject?.(error));
  }

  ask(head, body = '') {
    return new Promise((resolve, reject) => {
      Object.assign(this, { resolve, reject });
      this.socket.write(`${head}\r\n\r\n${body}`);
    });
  }

  #take(data) {
    this.parts.push(data);
    this.size += data.length;
    if (this.size < this.need) return;
    const all = this.parts.length > 1 ? Buffer.concat(this.parts) : data;
    const end = all.indexOf('\r\n\r\n');
    const head = end < 0 ? '' : all.toString('latin1', 0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    this.parts = [all];
    this.need = end < 0 ? 0 : end + 4 + length;
    if (end < 0 || all.length < this.need) return;
    Object.assign(this, { parts: [], size: 0, need: 0 });
    this.resolve({ status: Number(head.slice(9, 12)), head, body: all.toString('utf8', end + 4) });
  }
}

/** One sign-in in a browser of its own. `query`: of the authorization request. */
export class Waiter {
  constructor(provider, query) {
    Object.assign(this, { issuer: provider.issuer, query, line: new Line(provider.port) });
  }

  async #ask(method, path, form) {
    const body = form ? String(new URLSearchParams(form)) : '';
    const answer = await this.line.ask([
      `${method} ${path} HTTP/1.1`, `Host: ${new URL(this.issuer).host}`,
      'User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'Accept: */*', 'Accept-Language: km,en-US;q=0.7,en;q=0.3', 'Accept-Encoding: gzip, deflate, br, zstd', 'Sec-Fetch-Dest: empty', 'Sec-Fetch-Mode: cors',
      'Sec-Fetch-Site: same-origin', ...(this.cookie ? [`Cookie: ${this.cookie}`] : []),
      ...(form ? [`Origin: ${this.issuer}`, 'Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`] : []),
    ].join('\r\n'), body);
    const cookies = [...answer.head.matchAll(/^set-cookie: ([^;\r]*)/gim)].map(([, cookie]) => cookie);
    if (cookies.length) this.cookie = cookies.join('; ');
    return answer;
  }

  async #json(...request) {
    const { status, body } = await this.#ask(...request);
    assert.equal(status, 200, body);
    this.told = performance.now();
    return (this.news = JSON.parse(body));
  }

  /** Goes to the sign-in page and begins a channel; answers with what the page is told of it. */
  async open(way = 'qr') {
    const sent = await this.#ask('GET', `/authorize?${this.query}`);
    const at = /^location: (?:https?:\/\/[^/]*)?(\/signin\/([\w-]+))/im.exec(sent.head);
    assert.ok(at, `no sign-in (${sent.status}): ${sent.body.slice(0, 300)}`);
    [, this.page, this.interaction] = at;
    const page = await this.#ask('GET', this.page);
    this.csrf = unescape(/name="csrf" value="([^"]*)"/.exec(page.body)[1]);
    return this.begin(way);
  }

  begin(way = 'qr', more = {}) {
    return this.#json('POST', `/channel/${this.interaction}`, { csrf: this.csrf, way, ...more });
  }

  /** One waiting request: answered when something is not as `this.news` says any more, or after 25 s. */
  wait() {
    return this.#json('GET', `/channel/${this.interaction}?seen=${encodeURIComponent(this.news.seen)}`);
  }

  /** The text of the code that its screen shows now; undefined for a moment when the next ones are late. */
  code() {
    const { codes, step_ms: step, next_in_ms: next } = this.news;
    const shown = codes?.[Math.floor((performance.now() - this.told + step - next) / step)];
    return shown && readSvg(shown.svg);
  }

  close() {
    this.line.reject = undefined;
    this.line.socket.destroy();
  }
}

/** Calls `work` for each of `list`, `at` of them at a time. */
export async function inTurns(list, at, work) {
  const left = [...list.entries()];
  await Promise.all(Array.from({ length: at }, async () => {
    for (let next; (next = left.shift());) await work(next[1], next[0]);
  }));
}
