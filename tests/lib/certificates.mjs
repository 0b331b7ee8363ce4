// Certificates for tests, self-signed or of an authority, made by openssl: PEM files that are gone after the test file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './cleanup.mjs';

const algorithms = { rsa: ['-newkey', 'rsa:2048'], ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] };

/** A key pair of `algorithm` ("rsa", "ec") and its certificate for `host`: { files: { cert, key }, cert, key }. */
export function certificate(algorithm, host = 'localhost') {
  const folder = mkdtempSync(join(tmpdir(), 'konsao-certificate-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  execFileSync('openssl', ['req', '-x509', ...algorithms[algorithm], '-nodes', '-keyout', files.key, '-out', files.cert, '-days', '2',
    '-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`], { stdio: 'ignore' });
  return { files, cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') };
}

/** An authority of its own, and certificates that it issues: `issue(subject, { names, purpose, days })`, subject as "/C=KH/CN=…", names as subjectAltName has them. */
export class Authority {
  constructor(name = 'Test authority') {
    this.folder = mkdtempSync(join(tmpdir(), 'konsao-authority-'));
    atEnd(() => rmSync(this.folder, { recursive: true, force: true }));
    this.file = join(this.folder, 'ca.pem');
    this.#openssl('req', '-x509', ...algorithms.ec, '-nodes', '-keyout', this.#path('ca.key'), '-out', this.file, '-days', '2', '-subj', `/CN=${name}`);
  }

  issued = 0;
  #path = (name) => join(this.folder, name);
  #openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });

  issue(subject, { names, purpose = 'clientAuth', days = 2 } = {}) {
    const [key, request, cert, extensions] = ['key', 'request', 'cert', 'extensions'].map((kind) => this.#path(`${this.issued}.${kind}.pem`));
    this.issued++;
    this.#openssl('req', ...algorithms.ec, '-nodes', '-keyout', key, '-out', request, '-subj', subject);
    writeFileSync(extensions, `basicConstraints=critical,CA:FALSE\nextendedKeyUsage=${purpose}\n${names ? `subjectAltName=${names}\n` : ''}`);
    this.#openssl('x509', '-req', '-in', request, '-CA', this.file, '-CAkey', this.#path('ca.key'), '-CAcreateserial', '-extfile', extensions, '-out', cert, '-days', String(days));
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }
}
