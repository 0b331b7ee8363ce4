// An authenticator in software: makes passkeys and signs with them as a browser hands it over (Web Authentication
// section 5.1, toJSON), and wrong ones on demand.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
export const encode = (bytes) => Buffer.from(bytes).toString('base64url');
export const decode = (text) => Buffer.from(text, 'base64url');

export const UP = 0x01, UV = 0x04, BE = 0x08, BS = 0x10, AT = 0x40, ED = 0x80;

/** CBOR of numbers, texts, booleans, Buffers, arrays and Maps, in its shortest form. */
export function cbor(value) {
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4]);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
}

function head(major, n) {
  const first = major << 5;
  if (n < 24) return Buffer.from([first | n]);
  if (n < 256) return Buffer.from([first | 24, n]);
  if (n < 65536) return Buffer.from([first | 25, n >> 8, n & 255]);
  const bytes = Buffer.alloc(5, first | 26);
  bytes.writeUInt32BE(n, 1);
  return bytes;
}

const algorithms = {
  [-7]: {
    make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    cose: (jwk) => new Map([[1, 2], [3, -7], [-1, 1], [-2, decode(jwk.x)], [-3, decode(jwk.y)]]),
    sign: (key, bytes) => sign('sha256', bytes, { key, dsaEncoding: 'der' }),
  },
  [-8]: {
    make: () => generateKeyPairSync('ed25519'),
    cose: (jwk) => new Map([[1, 1], [3, -8], [-1, 6], [-2, decode(jwk.x)]]),
    sign: (key, bytes) => sign(null, bytes, key),
  },
  [-257]: {
    make: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    cose: (jwk) => new Map([[1, 3], [3, -257], [-1, decode(jwk.n)], [-2, decode(jwk.e)]]),
    sign: (key, bytes) => sign('sha256', bytes, key),
  },
};

/** One device with its passkeys. `flags`: what its passkeys say beside UP and UV (BE, BS). */
export class Authenticator {
  constructor({ alg = -7, flags = 0, counts = true } = {}) {
    Object.assign(this, { alg, flags, counts, passkeys: [] });
  }

  /** navigator.credentials.create: a RegistrationResponseJSON for creation options in JSON. `wrong`: see below; `id` is another credential id. */
  create(options, origin, wrong = {}) {
    if (!options.pubKeyCredParams.some(({ alg }) => alg === this.alg)) throw new Error('no algorithm of ours');
    const kind = algorithms[this.alg];
    const pair = kind.make();
    const passkey = {
      id: wrong.id ?? randomBytes(32), rpId: options.rp.id, userHandle: decode(options.user.id), userName: options.user.name,
      key: pair.privateKey, cose: cbor(kind.cose(pair.publicKey.export({ format: 'jwk' }))), alg: this.alg, count: 0,
    };
    this.passkeys.push(passkey);
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([passkey.id.length >> 8, passkey.id.length & 255]), passkey.id, passkey.cose]);
    const data = this.#data(passkey, UP | UV | AT | this.flags, attested, wrong);
    const object = cbor(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', data]]));
    return this.#response(passkey, {
      clientDataJSON: encode(clientData('webauthn.create', options.challenge, origin, wrong)),
      attestationObject: encode(object),
      transports: ['internal', 'hybrid'],
    });
  }

  /** navigator.credentials.get: an AuthenticationResponseJSON for request options in JSON, by `wrong.passkey`, or the
   * newest passkey that the options allow. `wrong` may have: clientData (members on top; undefined takes one away),
   * rpId, flags, count, tail (bytes after the authenticator data), userHandle (null: none), signer (another passkey
   * that signs), signature (bytes), id (credential id). */
  get(options, origin, wrong = {}) {
    const allowed = (options.allowCredentials ?? []).map(({ id }) => id);
    const passkey = wrong.passkey ?? this.passkeys.findLast(({ id, rpId }) => rpId === options.rpId && (!allowed.length || allowed.includes(encode(id))));
    if (!passkey) throw new Error('no passkey for this');
    if (this.counts) passkey.count++;
    const data = this.#data(passkey, UP | UV | this.flags, Buffer.alloc(0), wrong);
    const json = clientData('webauthn.get', options.challenge, origin, wrong);
    const signer = wrong.signer ?? passkey;
    const handle = wrong.userHandle === undefined ? passkey.userHandle : wrong.userHandle;
    return this.#response(wrong.id ? { ...passkey, id: wrong.id } : passkey, {
      clientDataJSON: encode(json),
      authenticatorData: encode(data),
      signature: encode(wrong.signature ?? algorithms[signer.alg].sign(signer.key, Buffer.concat([data, sha256(json)]))),
      userHandle: handle && encode(handle),
    });
  }

  /** Another device with copies of this one's passkeys, and of their counters as they are now. */
  copy() {
    const other = new Authenticator(this);
    other.passkeys = this.passkeys.map((passkey) => ({ ...passkey }));
    return other;
  }

  #data(passkey, flags, rest, wrong) {
    const numbers = Buffer.alloc(5);
    numbers[0] = wrong.flags ?? flags;
    numbers.writeUInt32BE(wrong.count ?? passkey.count, 1);
    return Buffer.concat([sha256(wrong.rpId ?? passkey.rpId), numbers, rest, wrong.tail ?? Buffer.alloc(0)]);
  }

  #response(passkey, response) {
    return { id: encode(passkey.id), rawId: encode(passkey.id), type: 'public-key', authenticatorAttachment: 'platform', clientExtensionResults: {}, response };
  }
}

function clientData(type, challenge, origin, wrong) {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false, ...wrong.clientData }));
}
