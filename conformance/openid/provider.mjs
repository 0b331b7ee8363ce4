// A Konsao of the run's own, with the reference register, in a temporary folder; and the clients that the suite plays.
import { generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Provider, Register } from '../../tests/lib/servers.mjs';

/** What every one-time code is: the suite's browser can't read the outbox. */
const code = '135790';

/** Keys and certificates, made anew for each run. */
class Credentials {
  constructor(folder) {
    this.folder = folder;
  }

  openssl(...args) {
    execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  file(name) {
    return join(this.folder, name);
  }

  text(name) {
    return readFileSync(this.file(name), 'utf8');
  }

  /** NAME.pem and NAME.key, signed by themselves. */
  certificate(name, { host, usage = 'clientAuth' }) {
    this.openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '7', '-subj', `/CN=${host ?? name}`,
      '-addext', `extendedKeyUsage=${usage}`, ...(host ? ['-addext', `subjectAltName=DNS:${host}`] : []));
    return { cert: this.text(`${name}.pem`), key: this.text(`${name}.key`) };
  }
}

/** A private JWK for signing, with kid and alg. */
export function signingKey(alg, kid) {
  const [type, options] = { ES256: ['ec', { namedCurve: 'P-256' }], PS256: ['rsa', { modulusLength: 2048 }], RS256: ['rsa', { modulusLength: 2048 }] }[alg];
  return { ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

const publicParts = ({ kty, kid, alg, use, crv, x, y, n, e }) => ({ kty, kid, alg, use, crv, x, y, n, e });

export const publicSet = (...keys) => ({ keys: keys.map(publicParts) });

/** TLS before Konsao: ends it, and passes the bytes on. */
function front(credentials, port, to) {
  const server = createServer({ cert: credentials.text('server.pem'), key: credentials.text('server.key') });
  server.removeAllListeners('request');
  server.sockets = new Set();
  server.on('secureConnection', (client) => {
    const upstream = connect(to, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    server.sockets.add(client);
    client.on('close', () => { upstream.destroy(); server.sockets.delete(client); });
    upstream.on('close', () => client.destroy());
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  return new Promise((done) => server.listen(port, '127.0.0.1', () => done(server)));
}

/** Everything that a run has of its own. */
export class Side {
  /** `host`, `port`: where the suite reaches Konsao. `ca`: what the suite's certificate is signed by. */
  static async start({ host, port }) {
    const side = new Side();
    side.folder = mkdtempSync(join(tmpdir(), 'konsao-conformance-'));
    side.credentials = new Credentials(side.folder);
    side.credentials.certificate('server', { host, usage: 'serverAuth' });
    side.issuer = `https://${host}:${port}`;
    side.code = code;
    side.register = await Register.start(['--code', code]);
    side.resident = (await side.register.residents()).find((one) => one.status === 'ACTIVE' && !one.minor && one.phone && one.email);
    side.provider = await Provider.start(side.register, { issuer: side.issuer });
    side.front = await front(side.credentials, port, side.provider.port);
    return side;
  }

  /** Registers a client by its metadata (RFC 7591); answers with what Konsao keeps of it, its secret among that. */
  client(metadata) {
    const file = join(this.folder, `${metadata.client_id}.json`);
    writeFileSync(file, JSON.stringify(metadata));
    return this.provider.client('--from', file);
  }

  rotateKeys() {
    return this.provider.command('key', 'rotate');
  }

  async stop() {
    this.front.close();
    for (const socket of this.front.sockets) socket.destroy();
    await this.provider.stop();
    await this.register.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
