// Every place where a JWT of somebody else is believed, with everything that a JWT can be made to look like: assertions of clients, request objects, CIBA requests, DPoP proofs.
import assert from 'node:assert/strict';
import { createHmac, createSign, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture } from '../lib/fixture.mjs';
import { keyedClient } from '../lib/keyed.mjs';

let servers, issuer, machine, signer, counter, plain, parameters;
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' }), stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' };
const ciba = 'urn:openid:params:grant-type:ciba', jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const encode = (text) => Buffer.from(text).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const es256 = (input, key = pair) => signWith('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');

/** A compact JWS of any text or bytes as header and payload, really signed. */
function compact(header, payload, key) {
  const text = (part) => encode(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part));
  const input = `${text(header)}.${text(payload)}`;
  return `${input}.${es256(input, key)}`;
}

let files = 0;
function client(metadata) {
  const file = join(servers.provider.data, `jose-${++files}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Client', ...metadata }));
  return servers.provider.client('--from', file);
}

before(async () => {
  servers = await fixture({ 'limit.client_failures': 100000 });
  ({ issuer } = servers.provider);
  const jwks = { keys: [jwk] };
  machine = client({ grant_types: ['client_credentials'], response_types: [], scope: 'records.read', token_endpoint_auth_method: 'private_key_jwt', jwks });
  counter = client({ grant_types: [ciba], scope: 'openid profile', backchannel_authentication_request_signing_alg: 'ES256', jwks });
  plain = client({ grant_types: ['client_credentials'], response_types: [], scope: 'records.read' });
  signer = await keyedClient(servers.provider, { key: { ...pair, jwk }, metadata: { request_object_signing_alg: 'ES256', require_signed_request_object: true } });
  parameters = Object.fromEntries((await authorizationRequest(signer.config)).url.searchParams);
});

const basic = ({ client_id: id, client_secret: secret }) => ({ authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` });
async function post(path, fields, headers = {}) {
  const answer = await fetch(issuer + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
  const text = await answer.text();
  return { status: answer.status, json: JSON.parse(text) };
}

/** Each: what a good one says, how it is sent, what is said when it is good and when it is not. */
const places = {
  'a client’s assertion': {
    header: { alg: 'ES256', kid: 'one', typ: 'JWT' }, dates: ['exp', 'iat', 'nbf'], good: 200, bad: [401, 'invalid_client'],
    claims: () => ({ iss: machine.client_id, sub: machine.client_id, aud: issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 }),
    send: (jwt) => post('/token', { grant_type: 'client_credentials', client_assertion_type: jwtBearer, client_assertion: jwt }),
  },
  'a request object': {
    header: { alg: 'ES256', kid: 'one', typ: 'oauth-authz-req+jwt' }, dates: ['exp', 'iat', 'nbf'], good: 201, bad: [400, 'invalid_request_object'],
    claims: () => ({ ...parameters, iss: signer.metadata.client_id, client_id: signer.metadata.client_id, aud: issuer, jti: crypto.randomUUID(), iat: now(), nbf: now(), exp: now() + 300 }),
    send: (jwt) => post('/par', { request: jwt }, basic(signer.metadata)),
  },
  'a request of CIBA': {
    header: { alg: 'ES256', kid: 'one' }, dates: ['exp', 'iat', 'nbf'], good: 200, bad: [400, 'invalid_request'],
    claims: () => ({ iss: counter.client_id, aud: issuer, jti: crypto.randomUUID(), iat: now(), nbf: now(), exp: now() + 300, scope: 'openid', login_hint: servers.resident.kidc }),
    send: (jwt) => post('/backchannel', { request: jwt }, basic(counter)),
  },
  'a DPoP proof': {
    header: { alg: 'ES256', typ: 'dpop+jwt', jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y } }, dates: ['iat'], good: 200, bad: [400, 'invalid_dpop_proof'],
    claims: () => ({ jti: crypto.randomUUID(), htm: 'POST', htu: `${issuer}/token`, iat: now() }),
    send: (jwt) => post('/token', { grant_type: 'client_credentials' }, { ...basic(plain), DPoP: jwt }),
  },
};

for (const [name, place] of Object.entries(places))
  describe(name, () => {
    const good = () => compact(place.header, place.claims());
    const refused = async (jwt, what) => {
      const { status, json } = await place.send(jwt);
      assert.deepEqual([status, json.error], place.bad, what);
    };
    const each = async (tokens) => {
      for (const [what, jwt] of Object.entries(tokens)) await refused(jwt, what);
      assert.equal((await place.send(good())).status, place.good, 'after all that a good one is still good');
    };

    test('a good one is believed', async () => assert.equal((await place.send(good())).status, place.good));

    test('[29] the algorithm is the key’s: nothing that the header says changes that', async () => {
      const hmac = (secret, alg = 'HS256') => {
        const input = `${encode(JSON.stringify({ ...place.header, alg }))}.${encode(JSON.stringify(place.claims()))}`;
        return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      };
      const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const input = `${encode(JSON.stringify({ ...place.header, alg: 'RS256' }))}.${encode(JSON.stringify(place.claims()))}`;
      await each({
        'HS256 with the PEM as its secret': hmac(pair.publicKey.export({ type: 'spki', format: 'pem' })), 'HS256 with the JWK': hmac(JSON.stringify(jwk)), 'HS256 with x': hmac(Buffer.from(jwk.x, 'base64url')),
        'HS256 with nothing': hmac(''), 'PS256 over a signature of ES256': compact({ ...place.header, alg: 'PS256' }, place.claims()), 'ES384': compact({ ...place.header, alg: 'ES384' }, place.claims()),
        'RS256 with a key of its own': `${input}.${createSign('sha256').update(input).sign(rsa.privateKey, 'base64url')}`,
        'alg in small letters': compact({ ...place.header, alg: 'es256' }, place.claims()), 'alg as a list': compact({ ...place.header, alg: ['ES256'] }, place.claims()),
      });
    });

    test('[30] no signature is no signature', async () => {
      const bare = (header) => `${encode(JSON.stringify(header))}.${encode(JSON.stringify(place.claims()))}.`;
      await each({
        none: bare({ ...place.header, alg: 'none' }), 'None': bare({ ...place.header, alg: 'None' }), 'none with a signature': compact({ ...place.header, alg: 'none' }, place.claims()),
        'no alg': compact({ ...place.header, alg: undefined }, place.claims()), 'an empty alg': compact({ ...place.header, alg: '' }, place.claims()), 'an empty signature': good().replace(/[^.]*$/, ''),
        'zeros': good().replace(/[^.]*$/, Buffer.alloc(64).toString('base64url')), 'half of it': good().slice(0, -43), 'one byte more': `${good()}AA`,
        'of another token': `${good().replace(/[^.]*$/, '')}${good().split('.')[2]}`, 'by a stranger': compact(place.header, place.claims(), stranger),
      });
    });

    // a DPoP proof brings its key, and names none (RFC 9449 section 4.2)
    if (!place.header.jwk) test('[29] keys that the token itself brings or points at are not looked at', async () => {
      const theirs = stranger.publicKey.export({ format: 'jwk' });
      await each({
        jwk: compact({ ...place.header, jwk: theirs }, place.claims(), stranger), 'jwk, no kid': compact({ ...place.header, kid: undefined, jwk: theirs }, place.claims(), stranger),
        jku: compact({ ...place.header, jku: 'https://evil.example/jwks' }, place.claims(), stranger), x5u: compact({ ...place.header, x5u: 'https://evil.example/x5u' }, place.claims(), stranger),
      });
    });

    if (!place.header.jwk) test('[35] a kid is compared, and nothing else', async () => {
      for (const kid of ['../../keys.ring', "x' or '1'='1", 'two', 'ONE', 'one\u0000', 'x'.repeat(2000), '/dev/null', 7, {}, ['one']])
        await refused(compact({ ...place.header, kid }, place.claims()), `kid ${JSON.stringify(kid).slice(0, 40)}`);
    });

    test('[36] one spelling, one reading', async () => {
      const jwt = good(), [head, body, signature] = jwt.split('.'), claims = JSON.stringify(place.claims()), header = JSON.stringify(place.header);
      const last = signature.at(-1), alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      await each({
        'four parts': `${jwt}.${signature}`, 'two parts': `${head}.${body}`, 'five parts': `${head}.${body}.${signature}..`, 'an empty part before': `.${jwt}`, 'padding': `${jwt}==`, 'padding in the middle': `${head}=.${body}.${signature}`,
        'white space in it': `${head}. ${body}.${signature}`, 'a line break in it': `${head}\t.${body}.${signature}`, 'loose bits at the end': `${jwt.slice(0, -1)}${alphabet[alphabet.indexOf(last) ^ 1]}`,
        'the ordinary alphabet': `${head}.${body}.${signature.slice(0, -2)}+/`, 'the JSON serialization': JSON.stringify({ protected: head, payload: body, signature }),
        'a claim twice': compact(header, claims.replace(/}$/, `,"iat":${now()}}`).replace(/}$/, `,"jti":"again"}`)), 'alg twice': compact(header.replace(/}$/, ',"alg":"ES256"}'), claims),
        'a list as the payload': compact(header, `[${claims}]`), 'a text as the payload': compact(header, '"text"'), 'nothing as the payload': compact(header, ''), 'a list as the header': compact(`[${header}]`, claims),
        'something behind the payload': compact(header, `${claims}x`), 'something behind the header': compact(`${header}{}`, claims), 'no UTF-8': compact(header, Buffer.concat([Buffer.from(claims.slice(0, -1)), Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])])),
        'crit': compact({ ...place.header, crit: ['exp'] }, claims), 'b64 false': compact({ ...place.header, crit: ['b64'], b64: false }, claims), 'an empty crit': compact({ ...place.header, crit: [] }, claims),
      });
    });

    test('[37] dates are whole numbers of our time', async () => {
      for (const date of place.dates)
        for (const value of ['text', String(now() + 60), '', null, true, [], {}, -1])
          await refused(compact(place.header, { ...place.claims(), [date]: value }), `${date} ${JSON.stringify(value)}`);
      for (const date of place.dates)
        for (const text of ['1e300', '-1e300', '1e400', '9223372036854775807', '9223372036854775808', '18446744073709551617', '4294967296.5e9'])
          await refused(compact(JSON.stringify(place.header), JSON.stringify({ ...place.claims(), [date]: 'DATE' }).replace('"DATE"', text)), `${date} ${text}`);
      assert.equal((await place.send(good())).status, place.good);
    });

    test('[54] what is nested or long without end is refused at once', async () => {
      const levels = place.header.jwk ? 200 : 1000; // a header of HTTP holds no more
      const deep = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`, wide = `${'['.repeat(levels)}${']'.repeat(levels)}`;
      for (const nested of [deep, wide]) {
        await refused(compact(JSON.stringify(place.header), JSON.stringify({ ...place.claims(), more: 'NESTED' }).replace('"NESTED"', nested)), 'claims');
        await refused(compact(JSON.stringify({ ...place.header, more: 'NESTED' }).replace('"NESTED"', nested), place.claims()), 'header');
      }
      assert.equal((await place.send(good())).status, place.good);
    });
  });

describe('request objects that are encrypted to us', () => {
  test('[34] other ways to wrap the key, compression, and passwords with a billion rounds are refused at once', async () => {
    const { keys } = await (await fetch(`${issuer}/jwks`)).json();
    const [ec, rsa] = ['ECDH-ES', 'RSA-OAEP-256'].map((alg) => keys.find((key) => key.use === 'enc' && key.alg === alg));
    const inside = new TextEncoder().encode(compact(places['a request object'].header, places['a request object'].claims()));
    const encrypt = async (alg, key, header, enc = 'A128GCM') => new jose.CompactEncrypt(inside).setProtectedHeader({ alg, enc, cty: 'JWT', ...header }).encrypt(key?.kty ? await jose.importJWK({ ...key, alg }, alg) : key);
    const push = (request) => post('/par', { request }, basic(signer.metadata));
    assert.equal((await push(await encrypt('ECDH-ES', ec, { kid: ec.kid }))).status, 201);
    assert.equal((await push(await encrypt('RSA-OAEP-256', rsa, { kid: rsa.kid }))).status, 201);
    const garbage = (header) => `${encode(JSON.stringify({ enc: 'A128GCM', ...header }))}.${encode('k'.repeat(256))}.${encode('i'.repeat(12))}.${encode('c'.repeat(64))}.${encode('t'.repeat(16))}`;
    const started = Date.now();
    for (const [what, request] of Object.entries({
      'RSA-OAEP': await encrypt('RSA-OAEP', rsa, { kid: rsa.kid }), 'RSA-OAEP-512': await encrypt('RSA-OAEP-512', rsa, { kid: rsa.kid }), 'ECDH-ES+A128KW': await encrypt('ECDH-ES+A128KW', ec, { kid: ec.kid }),
      dir: await encrypt('dir', new Uint8Array(16), { kid: ec.kid }), 'A128KW with zeros': await encrypt('A128KW', new Uint8Array(16), { kid: rsa.kid }), 'A256CBC-HS512': await encrypt('ECDH-ES', ec, { kid: ec.kid }, 'A256CBC-HS512'),
      RSA1_5: garbage({ alg: 'RSA1_5', kid: rsa.kid }), 'PBES2 with a billion rounds': garbage({ alg: 'PBES2-HS256+A128KW', p2c: 1e9, p2s: encode('salt') }), 'PBES2 with 1e300': garbage({ alg: 'PBES2-HS512+A256KW', p2c: 1e300, p2s: 'AA' }),
      zip: garbage({ alg: 'ECDH-ES', zip: 'DEF', kid: ec.kid, epk: ec }), 'no epk': garbage({ alg: 'ECDH-ES', kid: ec.kid }), 'an epk off the curve': garbage({ alg: 'ECDH-ES', kid: ec.kid, epk: { kty: 'EC', crv: 'P-256', x: ec.x, y: ec.x } }),
      'a private epk': garbage({ alg: 'ECDH-ES', kid: ec.kid, epk: stranger.privateKey.export({ format: 'jwk' }) }), 'a wrapped key of nothing': garbage({ alg: 'RSA-OAEP-256', kid: rsa.kid }).replace(/\.[^.]*\./, '..'),
      crit: garbage({ alg: 'ECDH-ES', kid: ec.kid, crit: ['exp'], exp: 1 }), 'no parts': '....', 'six parts': `${garbage({ alg: 'ECDH-ES' })}.x` })) {
      const { status, json } = await push(request);
      assert.deepEqual([status, json.error], [400, 'invalid_request_object'], what);
    }
    assert.ok(Date.now() - started < 20000, 'no rounds were made');
  });
});

describe('secrets in each other’s place', () => {
  test('[16] no secret of one kind is taken for one of another', async () => {
    const { provider, register, resident } = servers;
    const all = await keyedClient(provider, { metadata: { grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code', ciba] } });
    const as = basic(all.metadata);
    const { url, checks } = await authorizationRequest(all.config);
    const pushed = await oidc.buildAuthorizationUrlWithPAR(all.config, url.searchParams);
    const reference = pushed.searchParams.get('request_uri');
    const device = (await post('/device_authorization', { scope: 'openid' }, as)).json;
    const asked = (await post('/backchannel', { scope: 'openid', login_hint: resident.kidc }, as)).json;
    const browser = new Browser();
    const { location } = await browser.signInAndAllow(register, await browser.go(url), resident.kidc);
    const tokens = await oidc.authorizationCodeGrant(all.config, new URL(location), checks);
    const next = await authorizationRequest(all.config);
    const again = await browser.go(next.url);
    const code = new URL(again.location).searchParams.get('code');
    const secrets = { code, access: tokens.access_token, refresh: tokens.refresh_token, id: tokens.id_token, reference, bare: reference.split(':').at(-1), device: device.device_code, user: device.user_code, ciba: asked.auth_req_id };
    for (const [what, secret] of Object.entries(secrets)) {
      if (what !== 'code') assert.equal((await post('/token', { grant_type: 'authorization_code', code: secret, redirect_uri: url.searchParams.get('redirect_uri'), code_verifier: 'x'.repeat(43) }, as)).json.error, 'invalid_grant', `${what} as a code`);
      if (what !== 'refresh') assert.equal((await post('/token', { grant_type: 'refresh_token', refresh_token: secret }, as)).json.error, 'invalid_grant', `${what} as a refresh token`);
      if (what !== 'device') assert.equal((await post('/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: secret }, as)).json.error, 'invalid_grant', `${what} as a device code`);
      if (what !== 'ciba') assert.equal((await post('/token', { grant_type: ciba, auth_req_id: secret }, as)).json.error, 'invalid_grant', `${what} as an auth_req_id`);
      if (what !== 'access') assert.equal((await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${secret}` } })).status, 401, `${what} at userinfo`);
      if (what !== 'access') assert.deepEqual((await post('/introspect', { token: secret }, as)).json, { active: false }, `${what} at introspection`);
      if (what !== 'reference') assert.equal((await new Browser().go(`${issuer}/authorize?${new URLSearchParams({ client_id: all.metadata.client_id, request_uri: secret })}`)).status, 400, `${what} as a reference`);
      if (what !== 'user') assert.equal((await new Browser().go(`${issuer}/device`, { method: 'POST', body: new URLSearchParams({ user_code: secret }) })).status, 400, `${what} as a user code`);
      assert.equal((await new Browser().go(`${issuer}/approve/${encodeURIComponent(secret)}`)).status, 404, `${what} as a link`);
    }
    assert.equal((await oidc.authorizationCodeGrant(all.config, new URL(again.location), next.checks)).token_type, 'bearer', 'the code itself was not used up by all that');
  });
});
