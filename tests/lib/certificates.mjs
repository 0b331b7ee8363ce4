// Self-signed certificates for tests, made by openssl: PEM files that are gone after the test file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
