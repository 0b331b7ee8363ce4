// A protected resource that believes in nothing but introspection (RFC 7662): for plans without OpenID Connect, whose tokens are of no use at userinfo, and
// for CIBA's. Tokens are bound to a key (RFC 9449, section 7) or to a certificate (RFC 8705, section 3); a plain bearer token is refused.
import { constants, createHash, createPublicKey, randomUUID, verify } from 'node:crypto';
import { createServer } from 'node:https';

const proofLife = 60;
// FAPI 2.0 Security Profile, 5.2.2: for TLS 1.2 no others than BCP 195 recommends.
const ciphers = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384';
const digest = (bytes) => createHash('sha256').update(bytes).digest('base64url');

class Refused extends Error {}

function demand(holds, why) {
  if (!holds) throw new Refused(why);
}

/** RFC 7638. */
function thumbprint(jwk) {
  const members = { EC: ['crv', 'kty', 'x', 'y'], RSA: ['e', 'kty', 'n'], OKP: ['crv', 'kty', 'x'] }[jwk.kty] ?? [];
  return digest(JSON.stringify(Object.fromEntries(members.map((name) => [name, jwk[name]]))));
}

const algorithms = {
  ES256: ['sha256', { dsaEncoding: 'ieee-p1363' }],
  PS256: ['sha256', { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
  EdDSA: [null, {}],
};

function readProof(text) {
  const parts = text.split('.');
  demand(parts.length === 3, 'the proof is no JWT');
  try {
    return { header: JSON.parse(Buffer.from(parts[0], 'base64url')), claims: JSON.parse(Buffer.from(parts[1], 'base64url')), parts };
  } catch {
    throw new Refused('the proof is no JWT');
  }
}

function signatureHolds({ header, parts }) {
  const [hash, options] = algorithms[header.alg];
  try {
    const key = createPublicKey({ key: header.jwk, format: 'jwk' });
    return verify(hash, Buffer.from(`${parts[0]}.${parts[1]}`), { key, ...options }, Buffer.from(parts[2], 'base64url'));
  } catch {
    return false;
  }
}

const samePlace = (claimed, url) => URL.canParse(claimed) && new URL(claimed).origin === url.origin && new URL(claimed).pathname === url.pathname;

export class Resource {
  seen = new Set();

  /** `credentials` for the host, `introspect` answers what a token is. */
  static async start({ host, cert, key, introspect }) {
    const resource = new Resource();
    resource.introspect = introspect;
    resource.server = createServer({ cert, key, ciphers, requestCert: true, rejectUnauthorized: false }, (rq, answer) => resource.handle(rq, answer));
    await new Promise((done) => resource.server.listen(0, '127.0.0.1', done));
    resource.url = `https://${host}:${resource.server.address().port}/resource`;
    return resource;
  }

  async handle(rq, answer) {
    answer.setHeader('content-type', 'application/json');
    answer.setHeader('x-fapi-interaction-id', rq.headers['x-fapi-interaction-id'] ?? randomUUID()); // FAPI 1.0 Part 1, 6.2.1
    try {
      await this.check(rq);
      answer.end(JSON.stringify({ here: 'you are' }));
    } catch (error) {
      answer.statusCode = error instanceof Refused ? 401 : 500;
      const challenge = `DPoP error="invalid_token", error_description="${error.message}", algs="${Object.keys(algorithms).join(' ')}"`;
      if (error instanceof Refused) answer.setHeader('www-authenticate', challenge);
      answer.end(JSON.stringify({ error: error.message }));
    }
  }

  async check(rq) {
    const [, scheme, token] = /^(\S+) +(\S+)$/.exec(rq.headers.authorization ?? '') ?? [];
    demand(token, 'there is no token');
    const { active, cnf = {} } = await this.introspect(token);
    demand(active, 'the token is not good');
    if (cnf.jkt) {
      demand(scheme.toLowerCase() === 'dpop', 'the token is bound to a key');
      this.checkProof(rq, token, cnf.jkt);
    } else {
      demand(cnf['x5t#S256'] && scheme.toLowerCase() === 'bearer', 'the token is bound to nothing');
      demand(digest(rq.socket.getPeerCertificate().raw ?? '') === cnf['x5t#S256'], 'the token is bound to another certificate');
    }
  }

  checkProof(rq, token, jkt) {
    const proof = readProof(rq.headers.dpop ?? '');
    const { header, claims } = proof;
    const text = (value) => typeof value === 'string' && value !== '';
    demand(header.typ === 'dpop+jwt' && Object.hasOwn(algorithms, header.alg) && header.jwk && !header.jwk.d, 'the proof has a wrong header');
    demand(text(claims.jti) && text(claims.htm) && text(claims.htu) && Number.isFinite(claims.iat), 'the proof lacks claims');
    demand(claims.htm === rq.method && samePlace(claims.htu, new URL(this.url)), 'the proof is for elsewhere');
    demand(Math.abs(claims.iat - Date.now() / 1000) < proofLife, 'the proof is too old');
    demand(claims.ath === digest(token), 'the proof is for another token');
    demand(thumbprint(header.jwk) === jkt, 'the proof is by another key');
    demand(signatureHolds(proof), 'the signature is wrong');
    demand(!this.seen.has(claims.jti), 'the proof was used');
    this.seen.add(claims.jti);
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
