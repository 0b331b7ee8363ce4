// DPoP proofs made by hand (RFC 9449), right ones and wrong ones.
import { createHash } from 'node:crypto';
import * as jose from 'jose';

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
export const now = () => Math.floor(Date.now() / 1000);
export const hash = (text) => createHash('sha256').update(text).digest('base64url');

export class ProofKey {
  static async make(alg = 'ES256') {
    const key = new ProofKey();
    Object.assign(key, { alg }, await jose.generateKeyPair(alg, { extractable: true }));
    key.jwk = await jose.exportJWK(key.publicKey);
    key.thumbprint = await jose.calculateJwkThumbprint(key.jwk);
    return key;
  }

  /** A proof for a request. `header` and `claims` come on top; a value of undefined takes a member away. `token`: what ath is of. */
  async proof(method, url, { header = {}, claims = {}, token, signer = this } = {}) {
    const all = { jti: crypto.randomUUID(), htm: method, htu: url, iat: now(), ...(token && { ath: hash(token) }), ...claims };
    const head = { typ: 'dpop+jwt', alg: this.alg, jwk: this.jwk, ...header };
    const input = `${encode(clean(head))}.${encode(clean(all))}`;
    const signature = await crypto.subtle.sign(algorithm(signer.alg), signer.privateKey, Buffer.from(input));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  }

  /** The pair as oauth4webapi and openid-client take it. */
  get pair() {
    return { privateKey: this.privateKey, publicKey: this.publicKey };
  }
}

const clean = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
const algorithm = (alg) => ({ ES256: { name: 'ECDSA', hash: 'SHA-256' }, PS256: { name: 'RSA-PSS', saltLength: 32 }, RS256: { name: 'RSASSA-PKCS1-v1_5' }, EdDSA: { name: 'Ed25519' } })[alg];

/** Every way in which a proof may be wrong, by name: a function of (key, method, url, token, other) that gives the header's value, or several. */
export const wrongProofs = {
  'two DPoP headers': async (key, ...at) => [await key.proof(at[0], at[1], { token: at[2] }), await key.proof(at[0], at[1], { token: at[2] })],
  'two proofs in one header': async (key, method, url, token) => `${await key.proof(method, url, { token })}, ${await key.proof(method, url, { token })}`,
  'no JWT': async () => 'x',
  'an empty header': async () => '',
  'a JWT of two parts': async (key, method, url, token) => (await key.proof(method, url, { token })).split('.').slice(0, 2).join('.'),
  'white space in it': async (key, method, url, token) => (await key.proof(method, url, { token })).replace('.', ' .'),
  'no typ': (key, method, url, token) => key.proof(method, url, { token, header: { typ: undefined } }),
  'typ JWT': (key, method, url, token) => key.proof(method, url, { token, header: { typ: 'JWT' } }),
  'no alg': (key, method, url, token) => key.proof(method, url, { token, header: { alg: undefined } }),
  'alg none': (key, method, url, token) => key.proof(method, url, { token, header: { alg: 'none' } }),
  'alg none, unsigned': async (key, method, url, token) => (await key.proof(method, url, { token, header: { alg: 'none' } })).replace(/[^.]*$/, ''),
  'alg HS256': (key, method, url, token) => key.proof(method, url, { token, header: { alg: 'HS256' } }),
  'alg RS256 with an RSA key': async (key, method, url, token) => (await ProofKey.make('RS256')).proof(method, url, { token }),
  'an alg of another key': (key, method, url, token) => key.proof(method, url, { token, header: { alg: 'PS256' } }),
  'no jwk': (key, method, url, token) => key.proof(method, url, { token, header: { jwk: undefined } }),
  'a private jwk': async (key, method, url, token) => key.proof(method, url, { token, header: { jwk: await jose.exportJWK(key.privateKey) } }),
  'a symmetric jwk': (key, method, url, token) => key.proof(method, url, { token, header: { jwk: { kty: 'oct', k: 'AAAA' }, alg: 'HS256' } }),
  'a jwk that did not sign': (key, method, url, token, other) => key.proof(method, url, { token, signer: other }),
  'a kid instead of a jwk': (key, method, url, token) => key.proof(method, url, { token, header: { jwk: undefined, kid: key.thumbprint } }),
  'an unknown critical member': (key, method, url, token) => key.proof(method, url, { token, header: { crit: ['b64'], b64: false } }),
  'a broken signature': async (key, method, url, token) => {
    const proof = await key.proof(method, url, { token });
    return proof.slice(0, -10) + (proof.at(-10) === 'A' ? 'B' : 'A') + proof.slice(-9);
  },
  'claims that were changed': async (key, method, url, token) => {
    const [head, , signature] = (await key.proof(method, url, { token })).split('.');
    return `${head}.${encode({ jti: '2', htm: method, htu: url, iat: now(), ...(token && { ath: hash(token) }) })}.${signature}`;
  },
  'no jti': (key, method, url, token) => key.proof(method, url, { token, claims: { jti: undefined } }),
  'an empty jti': (key, method, url, token) => key.proof(method, url, { token, claims: { jti: '' } }),
  'a numeric jti': (key, method, url, token) => key.proof(method, url, { token, claims: { jti: 1 } }),
  'no htm': (key, method, url, token) => key.proof(method, url, { token, claims: { htm: undefined } }),
  'another htm': (key, method, url, token) => key.proof(method, url, { token, claims: { htm: 'PUT' } }),
  'htm in small letters': (key, method, url, token) => key.proof(method, url, { token, claims: { htm: method.toLowerCase() } }),
  'no htu': (key, method, url, token) => key.proof(method, url, { token, claims: { htu: undefined } }),
  'an htu of another endpoint': (key, method, url, token) => key.proof(method, new URL('/revoke', url).href, { token }),
  'an htu of another host': (key, method, url, token) => key.proof(method, url.replace('localhost', 'evil.example'), { token }),
  'an htu with user information': (key, method, url, token) => key.proof(method, url.replace('//', '//x@'), { token }),
  'an htu that is a path': (key, method, url, token) => key.proof(method, new URL(url).pathname, { token }),
  'no iat': (key, method, url, token) => key.proof(method, url, { token, claims: { iat: undefined } }),
  'iat as a text': (key, method, url, token) => key.proof(method, url, { token, claims: { iat: String(now()) } }),
  'iat an hour ago': (key, method, url, token) => key.proof(method, url, { token, claims: { iat: now() - 3600 } }),
  'iat in an hour': (key, method, url, token) => key.proof(method, url, { token, claims: { iat: now() + 3600 } }),
};
