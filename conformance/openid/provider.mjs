// A Konsao of the run's own, with the reference register, in a temporary folder; and the clients that the suite plays.
import { generateKeyPairSync } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Approver } from './approver.mjs';
import { Resource } from './resource.mjs';
import { Visitor } from './visitor.mjs';
import { freePort, Provider, Register, until } from '../../tests/lib/servers.mjs';

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

  /** NAME.pem and NAME.key, of the authority ca.pem. `host`: a server's; otherwise a client's, whose subject is CN=NAME. */
  certificate(name, host) {
    const extensions = ['basicConstraints=CA:FALSE', `extendedKeyUsage=${host ? 'serverAuth' : 'clientAuth'}`, ...(host ? [`subjectAltName=DNS:${host}`] : [])];
    writeFileSync(this.file('extensions'), extensions.join('\n'));
    this.openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${host ?? name}`);
    this.openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '7', '-extfile', 'extensions',
      '-out', `${name}.pem`);
    return { cert: this.text(`${name}.pem`), key: this.text(`${name}.key`), ca: this.text('ca.pem') };
  }

  authority() {
    this.openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '7', '-subj', '/CN=Conformance run');
  }
}

/** A private JWK for signing, with kid and alg. */
export function signingKey(alg, kid) {
  const [type, options] = { ES256: ['ec', { namedCurve: 'P-256' }], PS256: ['rsa', { modulusLength: 2048 }], RS256: ['rsa', { modulusLength: 2048 }] }[alg];
  return { ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

const publicParts = ({ kty, kid, alg, use, crv, x, y, n, e }) => ({ kty, kid, alg, use, crv, x, y, n, e });

export const publicSet = (...keys) => ({ keys: keys.map(publicParts) });

/** Everything that a run has of its own. */
export class Side {
  /** `host`, `port`: where the suite reaches Konsao. `suite`: what Konsao may call, `ca`: the certificate (PEM) that the suite's is signed by. */
  static async start({ host, port, suite, ca }) {
    const side = new Side();
    side.folder = mkdtempSync(join(tmpdir(), 'konsao-conformance-'));
    side.credentials = new Credentials(side.folder);
    side.credentials.authority();
    side.credentials.certificate('server', host);
    writeFileSync(side.credentials.file('suite.pem'), ca);
    side.code = code;
    side.suite = suite;
    side.issuer = `https://${host}:${port}`;
    const mtlsPort = await freePort();
    side.mtls = `https://${host}:${mtlsPort}`;
    side.register = await Register.start(['--code', code]);
    try {
      const residents = (await side.register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone);
      side.residents = { whole: residents.find((one) => one.email), gaps: residents.find((one) => !one.givenNameEn && !one.gender && !one.email) };
      side.provider = await Provider.start(side.register, {
        issuer: side.issuer, 'tls.address': '127.0.0.1', 'tls.port': port, 'tls.mtls_port': mtlsPort, 'tls.certificate': side.credentials.file('server.pem'),
        'tls.key': side.credentials.file('server.key'), 'tls.client_ca': side.credentials.file('ca.pem'), 'outbound.allow': new URL(suite).hostname,
        'registration.pkce': 'no', 'limit.registrations_per_ip': 10000, 'outbound.ca': side.credentials.file('suite.pem'),
      });
    } catch (error) {
      await side.register.stop();
      rmSync(side.folder, { recursive: true, force: true });
      throw error;
    }
    return side;
  }

  /** Where Konsao is without TLS. */
  get local() {
    return `http://localhost:${this.provider.port}`;
  }

  /** Registers a client by its metadata (RFC 7591); answers with what Konsao keeps of it, its secret among that. */
  client(metadata) {
    const file = join(this.folder, `${metadata.client_id}.json`);
    writeFileSync(file, JSON.stringify(metadata));
    return this.provider.client('--from', file);
  }

  /** Registers a type of authorization_details (RFC 9396). */
  authorizationType(definition) {
    const file = join(this.folder, 'type.json');
    writeFileSync(file, JSON.stringify(definition));
    this.provider.command('type', 'add', file);
  }

  /** A protected resource for this Konsao's tokens, started when the first plan needs it. */
  async resource() {
    this.resources ??= await this.startResource();
    return this.resources.url;
  }

  async startResource() {
    const { client_id, client_secret } = this.client({
      client_id: 'resource', client_name: 'Protected resource', grant_types: ['client_credentials'], response_types: [], resources: [this.issuer],
    });
    const authorization = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
    const introspect = async (token) => {
      const body = new URLSearchParams({ token });
      return (await fetch(`${this.local}/introspect`, { method: 'POST', headers: { authorization }, body })).json();
    };
    const [cert, key] = ['server.pem', 'server.key'].map((name) => this.credentials.text(name));
    return Resource.start({ host: new URL(this.issuer).hostname, cert, key, introspect });
  }

  /** Where the suite says what the resident answers to a backchannel request. */
  async approvals() {
    this.approver ??= await Approver.start({ issuer: this.issuer, local: this.local, register: this.register, kidc: this.residents.whole.kidc });
    return this.approver.url;
  }

  /** Somebody with a browser that has seen nothing yet. */
  async person() {
    this.visitor ??= await Visitor.start({ suite: this.suite, kidc: this.residents.whole.kidc, code });
    await this.visitor.renew();
    return this.visitor;
  }

  /** A token by which the suite's clients register themselves. */
  registrationToken() {
    const scope = 'openid profile email phone address offline_access';
    return JSON.parse(this.provider.command('registration', 'token', '--json', '--uses', '1000', '--scope', scope)).initial_access_token;
  }

  /** Rotates the keys that ID tokens are signed with by default, and waits until the server has noticed. (The suite knows no new EdDSA keys.) */
  async rotateKeys() {
    const served = async () => (await fetch(`${this.local}/jwks`)).text();
    const before = await served();
    this.provider.command('key', 'rotate', '--now', '--alg', 'RS256');
    await until('the new keys to be served', async () => (await served()) !== before);
  }

  async stop() {
    this.resources?.stop();
    this.approver?.stop();
    try {
      await this.visitor?.stop();
      await this.provider.stop();
    } finally {
      await this.register.stop();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}
