// The conformance suite's API (https://SUITE/api), as far as a run needs it.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export class Suite {
  /** `ca`: a file with the certificate that the suite's is signed by. Without one it is not checked: a suite of one's own is its own authority. */
  constructor(url, { ca, token } = {}) {
    this.url = new URL(url.endsWith('/') ? url : `${url}/`);
    this.tls = ca ? { ca: readFileSync(ca) } : { rejectUnauthorized: false };
    this.headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  }

  /** The certificate (PEM) to check the suite's by: the given one, or the last of those that the suite itself shows. */
  async authority() {
    if (this.tls.ca) return this.tls.ca;
    const options = { host: this.url.hostname, port: this.url.port || 443, servername: this.url.hostname, rejectUnauthorized: false };
    const last = await new Promise((done, failed) => {
      const socket = connect(options, () => {
        let certificate = socket.getPeerX509Certificate();
        while (certificate.issuerCertificate && certificate.issuerCertificate !== certificate) certificate = certificate.issuerCertificate;
        socket.destroy();
        done(certificate);
      });
      socket.on('error', failed);
    });
    return last.toString();
  }

  /** One call; answers with the body's bytes. */
  call(method, path, { query = {}, body } = {}) {
    const url = new URL(path, this.url);
    for (const [name, value] of Object.entries(query))
      url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
    return new Promise((done, failed) => {
      const call = request(url, { method, headers: this.headers, timeout: 120000, ...this.tls }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('error', failed);
        answer.on('end', () => {
          const bytes = Buffer.concat(parts);
          if (answer.statusCode < 300) done(bytes);
          else failed(new Error(`the suite answered ${method} ${path} with ${answer.statusCode}: ${bytes.toString().slice(0, 500)}`));
        });
      });
      call.on('timeout', () => call.destroy(new Error(`the suite did not answer ${method} ${path}`)));
      call.on('error', failed);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async json(method, path, options) {
    return JSON.parse((await this.call(method, path, options)).toString());
  }

  available() {
    return this.call('GET', 'api/runner/available');
  }

  /** Answers with the plan's id and modules, each with the variant that it is to run with. */
  createPlan(planName, variant, configuration) {
    return this.json('POST', 'api/plan', { query: { planName, variant }, body: configuration });
  }

  async start(plan, { testModule, variant }) {
    const { id } = await this.json('POST', 'api/runner', { query: { test: testModule, plan, ...(variant && { variant }) } });
    return id;
  }

  info(id) {
    return this.json('GET', `api/info/${id}`);
  }

  log(id) {
    return this.json('GET', `api/log/${id}`);
  }

  /** What a module waits for a person to visit, since no script is for it. */
  async waitsFor(id) {
    return (await this.json('GET', `api/runner/browser/${id}`)).urls ?? [];
  }

  /** The person goes there now. */
  visited(id, url) {
    return this.call('POST', `api/runner/browser/${id}/visit`, { query: { url } });
  }

  go(id) {
    return this.json('POST', `api/runner/${id}`);
  }

  stop(id) {
    return this.call('DELETE', `api/runner/${id}`);
  }

  /** The plan's logs as a certification would get them: a zip file of signed web pages. */
  exportPlan(plan) {
    return this.call('GET', `api/plan/exporthtml/${plan}`);
  }

  /**
   * Follows a module to its end. `whenConfigured` is called when it waits to be started, `visit` with each page that it wants a person to go to. Answers with
   * its info; `stuck` says so if it did not end by itself.
   */
  async follow(id, { whenConfigured, visit, seconds = 300 } = {}) {
    const end = Date.now() + seconds * 1000;
    let asked = false, idle = 0;
    for (;;) {
      const info = await this.info(id);
      if (info.status === 'FINISHED' || info.status === 'INTERRUPTED') return info;
      if (info.status === 'CONFIGURED' && whenConfigured && !asked) {
        asked = true;
        await whenConfigured();
        await this.go(id);
      }
      const urls = info.status === 'WAITING' ? await this.waitsFor(id) : [];
      if (urls.length > 0 && visit) {
        await this.visited(id, urls[0]);
        await visit(urls[0]);
        continue;
      }
      idle = urls.length > 0 ? idle + 1 : 0;
      if (idle > 6 || Date.now() > end) {
        await this.stop(id);
        return { ...(await this.info(id)), stuck: urls.length > 0 ? `no script for ${urls[0]}` : `not over after ${seconds} s` };
      }
      await pause(500);
    }
  }
}
