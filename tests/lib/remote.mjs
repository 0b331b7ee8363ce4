// A client's own servers, as Konsao meets them: https on a free port of this machine, with a certificate of an authority made for the test.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './cleanup.mjs';
import { until } from './servers.mjs';

/** Makes an authority and a certificate of it for localhost; removed after the file's tests. `ca`, `cert`, `key`: paths of PEM files. */
export function testCertificates() {
  const folder = mkdtempSync(join(tmpdir(), 'konsao-ca-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const [ca, caKey, cert, key, request] = ['ca.pem', 'ca.key', 'cert.pem', 'key.pem', 'request.pem'].map((name) => join(folder, name));
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', caKey, '-out', ca, '-subj', '/CN=Test authority', '-days', '2');
  openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  openssl('x509', '-req', '-in', request, '-CA', ca, '-CAkey', caKey, '-CAcreateserial', '-copy_extensions', 'copy', '-out', cert, '-days', '2');
  return { folder, ca, cert, key };
}

/** The remote server. `answers`: path to { status, type, body, headers } or to a function of the request that gives it; all else is 404. Each request is kept in
 * `requests` ({ method, path, headers, body, tls }). `settings`: what a provider needs to call it. */
export class Remote {
  static async start(answers = {}, certificates = testCertificates()) {
    const remote = new Remote();
    Object.assign(remote, { answers, requests: [], certificates });
    remote.server = createServer({ key: readFileSync(certificates.key), cert: readFileSync(certificates.cert) }, (request, response) => remote.#take(request, response));
    await new Promise((done) => remote.server.listen(0, '127.0.0.1', done));
    remote.url = `https://localhost:${remote.server.address().port}`;
    remote.settings = { 'outbound.allow': 'localhost', 'outbound.ca': certificates.ca };
    atEnd(() => remote.stop());
    return remote;
  }

  async #take(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = request.url.split('?')[0];
    const taken = { method: request.method, path, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString(), tls: request.socket.getProtocol() };
    this.requests.push(taken);
    const found = this.answers[path];
    const answer = (typeof found === 'function' ? await found(taken) : found) ?? { status: 404 };
    response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json', ...answer.headers });
    response.end(typeof answer.body === 'string' || Buffer.isBuffer(answer.body) ? answer.body : JSON.stringify(answer.body ?? {}));
  }

  /** The requests to a path, once there are at least `count`. */
  arrived(path, count = 1) {
    const found = () => this.requests.filter((one) => one.path === path);
    return until(`${count} requests to ${path}`, () => found().length >= count && found());
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }
}
