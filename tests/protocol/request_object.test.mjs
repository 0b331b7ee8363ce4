// Signed authorization requests (RFC 9101, OpenID Connect Core section 6): by value, pushed, by reference; what of them counts, and what is refused.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri } from '../lib/fixture.mjs';
import { fapiMetadata, keyedClient, newKey, now, push, pushedUrl, requestObject } from '../lib/keyed.mjs';
import { Remote } from '../lib/remote.mjs';

let servers, issuer, remote, portal, bank;

before(async () => {
  remote = await Remote.start();
  servers = await fixture(remote.settings);
  issuer = servers.provider.issuer;
  portal = await keyedClient(servers.provider, { alg: 'RS256', metadata: { request_uris: ['/object', '/plain', '/large', '/gone', '/moved'].map((path) => remote.url + path) } });
  bank = await keyedClient(servers.provider, { metadata: fapiMetadata('fapi2_signed') });
});

/** The parameters of a good request, and what its answer must be checked with. */
async function parameters(client, change) {
  const { url, checks } = await authorizationRequest(client.config);
  const all = { ...Object.fromEntries(url.searchParams), ...change };
  return { all: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)), checks };
}

const authorize = (fields) => `${issuer}/authorize?${new URLSearchParams(fields)}`;
const answerOf = (page) => new URLSearchParams(new URL(page.location).search || new URL(page.location).hash.slice(1));

async function completed(client, url, checks) {
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  assert.ok(page.location?.startsWith(redirectUri), page.location ?? page.body);
  return checks ? oidc.authorizationCodeGrant(client.config, new URL(page.location), checks) : answerOf(page);
}

async function shownError(url, error) {
  const page = await new Browser().request(url);
  assert.equal(page.location, undefined, `redirected to ${page.location}`);
  assert.equal(page.status, 400);
  if (error) assert.ok(page.body.includes(error), page.body);
}

async function redirected(url, error, state) {
  const page = await new Browser().request(url);
  assert.ok(page.location?.startsWith(redirectUri), page.location ?? page.body);
  assert.equal(answerOf(page).get('error'), error);
  assert.equal(answerOf(page).get('iss'), issuer);
  if (state) assert.equal(answerOf(page).get('state'), state);
}

for (const alg of ['ES256', 'PS256', 'RS256', 'EdDSA'])
  test(`by value, signed with ${alg}: the whole flow by openid-client`, async () => {
    const client = await keyedClient(servers.provider, { alg });
    const { url, checks } = await authorizationRequest(client.config);
    const signed = await oidc.buildAuthorizationUrlWithJAR(client.config, url.searchParams, { key: client.key.privateKey, kid: client.key.kid });
    assert.deepEqual([...signed.searchParams.keys()].sort(), ['client_id', 'request']);
    assert.equal((await completed(client, signed, checks)).claims().nonce, checks.expectedNonce);
  });

test('pushed and signed by a client of message signing, by openid-client', async () => {
  const { url } = await authorizationRequest(bank.config);
  const signed = await oidc.buildAuthorizationUrlWithJAR(bank.config, url.searchParams, { key: bank.key.privateKey, kid: bank.key.kid });
  const short = await oidc.buildAuthorizationUrlWithPAR(bank.config, signed.searchParams);
  const page = await new Browser().go(short);
  assert.equal(page.status, 200);
  assert.match(page.body, /name="kidc"/);
});

test('by POST, with claims and max_age as JSON has them', async () => {
  const { all, checks } = await parameters(portal, { max_age: undefined });
  const request = await requestObject(portal, issuer, { ...all, max_age: 300, claims: { userinfo: { email: { essential: true } } } });
  const browser = new Browser();
  const page = await browser.go(`${issuer}/authorize`, { method: 'POST', body: new URLSearchParams({ client_id: portal.metadata.client_id, request }) });
  const done = await browser.signInAndAllow(servers.register, page, servers.resident.kidc);
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(done.location), { ...checks, maxAge: 300 });
  assert.ok((await oidc.fetchUserInfo(portal.config, tokens.access_token, tokens.claims().sub)).email);
});

test('without kid, typ, exp and nbf, as OpenID Connect Core allows', async () => {
  const { all, checks } = await parameters(portal);
  const request = await requestObject(portal, issuer, { ...all, exp: undefined, nbf: undefined, iat: undefined, jti: undefined }, { header: { kid: undefined, typ: undefined } });
  assert.ok((await completed(portal, authorize({ client_id: portal.metadata.client_id, response_type: 'code', scope: 'openid', request }), checks)).access_token);
});

test('an ordinary client: what is inside wins, what it leaves out is taken from beside it', async () => {
  const { all, checks } = await parameters(portal, { nonce: 'inner', scope: 'openid email', state: undefined });
  const request = await requestObject(portal, issuer, all);
  const url = authorize({
    client_id: portal.metadata.client_id, request, response_type: 'code', scope: 'openid profile', nonce: 'outer', state: 'beside', redirect_uri: 'https://elsewhere.example/', prompt: 'login',
  });
  const tokens = await completed(portal, url, { ...checks, expectedNonce: 'inner', expectedState: 'beside' });
  assert.equal(tokens.scope, 'openid email');
});

test('an ordinary client: response_type and client_id must not differ', async () => {
  const { all, checks } = await parameters(portal);
  const outer = { client_id: portal.metadata.client_id, redirect_uri: redirectUri, state: checks.expectedState };
  await redirected(authorize({ ...outer, response_type: 'id_token', request: await requestObject(portal, issuer, all) }), 'invalid_request', checks.expectedState);
  await redirected(authorize({ ...outer, request: await requestObject(portal, issuer, { ...all, client_id: bank.metadata.client_id }) }), 'invalid_request_object');
});

test('a redirect_uri inside that is not registered: an error page, whatever stands beside it', async () => {
  const { all } = await parameters(portal, { redirect_uri: 'https://elsewhere.example/' });
  await shownError(authorize({ client_id: portal.metadata.client_id, redirect_uri: redirectUri, request: await requestObject(portal, issuer, all) }), 'invalid_request');
});

test('a client that wants its requests signed: nothing beside the object counts', async () => {
  const strict = await keyedClient(servers.provider, { metadata: { require_signed_request_object: true } });
  const outer = { client_id: strict.metadata.client_id };
  const { all } = await parameters(strict, { state: undefined });
  const answer = await completed(strict, authorize({ ...outer, state: 'beside', request: await requestObject(strict, issuer, all) }));
  assert.ok(answer.get('code'));
  assert.equal(answer.get('state'), null);
  for (const missing of ['redirect_uri', 'response_type', 'scope', 'code_challenge', 'client_id']) {
    const page = await new Browser().request(authorize({ ...all, request: await requestObject(strict, issuer, { ...all, [missing]: undefined }) }));
    if (page.location) assert.ok(answerOf(page).get('error'), `${missing}: ${page.location}`);
    else assert.equal(page.status, 400, missing);
  }
  const { url, checks } = await authorizationRequest(strict.config);
  await redirected(url, 'invalid_request', checks.expectedState);
});

// What makes an object wrong: [claims, how it is signed, where it must not matter]. Tried pushed by a client of message signing, and by value by an ordinary one.
const hour = 3600;
const faults = {
  'aud of elsewhere': { claims: () => ({ aud: 'https://elsewhere.example' }) },
  'aud that is the endpoint': { claims: () => ({ aud: `${issuer}/par` }) },
  'aud that is not there': { claims: () => ({ aud: undefined }) },
  'iss of another client': { claims: () => ({ iss: 'somebody' }) },
  'no iss': { claims: () => ({ iss: undefined }) },
  'another client_id': { claims: () => ({ client_id: 'somebody' }) },
  'sub that is the client': { claims: (client) => ({ sub: client.metadata.client_id }) },
  'expired five minutes ago': { claims: () => ({ nbf: now() - 600, exp: now() - 300 }) },
  'nbf ten minutes ahead': { claims: () => ({ nbf: now() + 600, exp: now() + 900 }) },
  'exp as a text': { claims: () => ({ exp: String(now() + 60) }) },
  'a request inside': { claims: () => ({ request: 'x' }) },
  'a request_uri inside': { claims: () => ({ request_uri: 'urn:ietf:params:oauth:request_uri:x' }) },
  'a parameter that is null': { claims: () => ({ prompt: null }) },
  'a scope that is a list': { claims: () => ({ scope: ['openid'] }) },
  'a control character in a parameter': { claims: () => ({ state: 'a\u0001b' }) },
  'the type of an access token': { sign: { header: { typ: 'at+jwt' } } },
  'no exp': { claims: () => ({ exp: undefined }), signedOnly: true },
  'no nbf': { claims: () => ({ nbf: undefined }), signedOnly: true },
  'nbf 70 minutes ago': { claims: () => ({ nbf: now() - 70 * 60 }), signedOnly: true },
  'exp 70 minutes ahead': { claims: () => ({ exp: now() + 70 * 60 }), signedOnly: true },
  'a life of more than an hour': { claims: () => ({ nbf: now(), exp: now() + hour + 60 }), signedOnly: true },
  'no client_id inside': { claims: () => ({ client_id: undefined }), signedOnly: true },
};
for (const [name, { claims = () => ({}), sign, signedOnly }] of Object.entries(faults)) {
  test(`message signing, ${name} → invalid_request_object at /par`, async () => {
    const { all } = await parameters(bank);
    const answer = await push(bank, issuer, { client_id: bank.metadata.client_id, request: await requestObject(bank, issuer, { ...all, ...claims(bank) }, sign) });
    assert.equal(answer.status, 400);
    assert.equal(answer.json.error, 'invalid_request_object');
  });
  if (!signedOnly)
    test(`by value, ${name} → invalid_request_object at the client`, async () => {
      const { all, checks } = await parameters(portal);
      await redirected(authorize({ ...all, request: await requestObject(portal, issuer, { ...all, ...claims(portal) }, sign) }), 'invalid_request_object', checks.expectedState);
    });
}

/** The objects of `client` that are signed by nobody, by others, or with what it may not use. */
async function forged(client, all) {
  const good = await requestObject(client, issuer, all);
  const [head, body, signature] = good.split('.');
  const other = await newKey('ES256', client.key.kid), rsa = await newKey('RS256', client.key.kid);
  const encode = (value) => jose.base64url.encode(JSON.stringify(value));
  return {
    'alg none': `${encode({ alg: 'none' })}.${body}.`,
    'alg none with its signature': `${encode({ alg: 'none' })}.${body}.${signature}`,
    'no signature': `${head}.${body}.`,
    'two parts': `${head}.${body}`,
    'a changed payload': `${head}.${encode({ ...jose.decodeJwt(good), scope: 'openid' })}.${signature}`,
    'another key under its kid': await requestObject(client, issuer, all, { key: other }),
    'an RSA key under its kid': await requestObject(client, issuer, all, { key: rsa }),
    'an unknown kid': await requestObject(client, issuer, all, { header: { kid: 'unknown' } }),
    'HS256 with the client_id': await new jose.SignJWT({ ...jose.decodeJwt(good) }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(client.metadata.client_id.padEnd(32, '0'))),
    'a key in the header': await requestObject(client, issuer, all, { key: { ...other, kid: undefined }, header: { jwk: other.jwk } }),
    garbage: 'x',
  };
}

test('what is signed by nobody, by others or with another algorithm → invalid_request_object', async () => {
  for (const [name, request] of Object.entries(await forged(bank, (await parameters(bank)).all))) {
    const answer = await push(bank, issuer, { client_id: bank.metadata.client_id, request });
    assert.equal(answer.status, 400, name);
    assert.equal(answer.json.error, 'invalid_request_object', name);
  }
  const { all } = await parameters(portal);
  for (const request of Object.values(await forged(portal, all)))
    await redirected(authorize({ ...all, request }), 'invalid_request_object');
});

test('RS256 is not for FAPI 2.0, and not for who registered another algorithm', async () => {
  const rsa = await newKey('RS256'), ec = await newKey('ES256');
  const fapi = await keyedClient(servers.provider, { key: ec, metadata: { ...fapiMetadata('fapi2_signed'), jwks: { keys: [ec.jwk, rsa.jwk] } } });
  const { all } = await parameters(fapi);
  assert.equal((await push(fapi, issuer, { request: await requestObject(fapi, issuer, all) })).json.error, undefined);
  const answer = await push(fapi, issuer, { request: await requestObject(fapi, issuer, all, { key: rsa }) });
  assert.equal(answer.json.error, 'invalid_request_object');
  const registered = await keyedClient(servers.provider, { key: ec, metadata: { request_object_signing_alg: 'ES256', jwks: { keys: [ec.jwk, rsa.jwk] } } });
  const plain = (await parameters(registered)).all;
  await redirected(authorize({ ...plain, request: await requestObject(registered, issuer, plain, { key: rsa }) }), 'invalid_request_object');
});

test('message signing: nbf eight seconds ahead, several audiences and another typ are taken', async () => {
  const { all } = await parameters(bank);
  for (const [claims, sign] of [
    [{ nbf: now() + 8 }],
    [{ aud: ['https://elsewhere.example', issuer] }],
    [{}, { header: { typ: 'JWT' } }],
    [{}, { header: { typ: undefined } }],
    [{ nbf: now() - 50 * 60, exp: now() + 5 * 60 }],
  ])
    assert.equal((await push(bank, issuer, { request: await requestObject(bank, issuer, { ...all, ...claims }, sign) })).json.error_description, undefined, JSON.stringify(claims));
});

test('message signing: an unsigned request is refused, pushed or not', async () => {
  const { all } = await parameters(bank);
  const answer = await push(bank, issuer, all);
  assert.equal(answer.status, 400);
  assert.equal(answer.json.error, 'invalid_request');
  const page = await new Browser().request(authorize(all));
  assert.ok(answerOf(page).get('error') === 'invalid_request' || answerOf(page).get('response'), page.location);
  const byValue = await new Browser().request(authorize({ client_id: bank.metadata.client_id, request: await requestObject(bank, issuer, all) }));
  assert.equal(byValue.location, undefined);
  assert.equal(byValue.status, 400);
});

test('message signing: what is pushed beside the object does not count, nor what the browser brings', async () => {
  const { all } = await parameters(bank, { state: undefined });
  const pushed = await push(bank, issuer, { ...all, state: 'outer', nonce: 'outer', scope: 'openid email', request: await requestObject(bank, issuer, all) });
  assert.equal(pushed.status, 201);
  for (const missing of ['redirect_uri', 'response_type', 'code_challenge', 'scope']) {
    const answer = await push(bank, issuer, { ...all, request: await requestObject(bank, issuer, { ...all, [missing]: undefined }) });
    assert.equal(answer.status, 400, missing);
  }
  const browser = new Browser();
  const url = pushedUrl(bank, issuer, pushed.json.request_uri, { state: 'browser' });
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  const answer = answerOf(page).get('response') ? jose.decodeJwt(answerOf(page).get('response')) : Object.fromEntries(answerOf(page));
  assert.ok(answer.code);
  assert.equal(answer.state, undefined);
});

test('state and nonce of 384 characters survive inside', async () => {
  const state = 's'.repeat(384), nonce = 'n'.repeat(384);
  const { all, checks } = await parameters(portal, { state, nonce });
  const url = authorize({ client_id: portal.metadata.client_id, request: await requestObject(portal, issuer, all) });
  const tokens = await completed(portal, url, { ...checks, expectedState: state, expectedNonce: nonce });
  assert.equal(tokens.claims().nonce, nonce);
});

test('faults of the parameters inside go where they should', async () => {
  for (const [change, error] of [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ scope: 'openid offline_access' }, 'invalid_scope'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ prompt: 'dance' }, 'invalid_request'],
    [{ registration: {} }, 'registration_not_supported'],
  ]) {
    const { all, checks } = await parameters(portal, change);
    await redirected(authorize({ client_id: portal.metadata.client_id, request: await requestObject(portal, issuer, all) }), error, checks.expectedState);
  }
});

test('encrypted to us: taken if it is signed inside, refused otherwise', async () => {
  const { keys } = await (await fetch(`${issuer}/jwks`)).json();
  const { all, checks } = await parameters(portal);
  const signed = await requestObject(portal, issuer, all);
  const encrypt = (text, jwk, alg, enc, header = {}) => new jose.CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg, enc, kid: jwk.kid, cty: 'oauth-authz-req+jwt', ...header }).encrypt(jwk);
  const find = async (alg) => ({ ...keys.find((key) => key.use === 'enc' && key.alg === alg) });
  const url = (request) => authorize({ ...all, request });
  for (const [alg, enc] of [['ECDH-ES', 'A256GCM'], ['RSA-OAEP-256', 'A128CBC-HS256']])
    assert.equal((await new Browser().go(url(await encrypt(signed, await find(alg), alg, enc)))).status, 200, alg);
  const key = await find('ECDH-ES');
  assert.ok((await completed(portal, url(await encrypt(signed, key, 'ECDH-ES', 'A128GCM')), checks)).access_token);
  const bare = await encrypt(JSON.stringify(jose.decodeJwt(signed)), key, 'ECDH-ES', 'A256GCM');
  const twice = await encrypt(await encrypt(signed, key, 'ECDH-ES', 'A256GCM'), key, 'ECDH-ES', 'A256GCM');
  const elsewhere = await encrypt(signed, { ...(await jose.exportJWK((await jose.generateKeyPair('ECDH-ES')).publicKey)), kid: key.kid }, 'ECDH-ES', 'A256GCM');
  for (const request of [bare, twice, elsewhere, `${(await encrypt(signed, key, 'ECDH-ES', 'A256GCM')).slice(0, -3)}xxx`])
    await redirected(url(request), 'invalid_request_object');
});

test('by reference: fetched where it is registered, whatever follows #', async () => {
  const { all, checks } = await parameters(portal);
  remote.answers['/object'] = { type: 'application/oauth-authz-req+jwt', body: await requestObject(portal, issuer, all) };
  const outer = { client_id: portal.metadata.client_id, response_type: 'code', scope: 'openid' };
  const tokens = await completed(portal, authorize({ ...outer, request_uri: `${remote.url}/object#${'h'.repeat(43)}` }), checks);
  assert.equal(tokens.claims().nonce, checks.expectedNonce);
  assert.equal(remote.requests.at(-1).url, '/object');
});

test('[12] by reference: only what is registered is called, byte for byte', async () => {
  const { all } = await parameters(portal);
  remote.answers['/secret'] = { body: await requestObject(portal, issuer, all) };
  const before = remote.requests.length;
  for (const uri of [`${remote.url}/secret`, `${remote.url}/object?x=1`, `${remote.url}/object/`, `${remote.url}/OBJECT`, `${remote.url}/plain/../secret`, 'http://127.0.0.1/x', 'file:///etc/passwd', 'urn:x:y', 'x'])
    await redirected(authorize({ ...all, request_uri: uri }), 'request_uri_not_supported');
  assert.equal(remote.requests.length, before);
  const none = await keyedClient(servers.provider);
  const plain = (await parameters(none)).all;
  await redirected(authorize({ ...plain, request_uri: `${remote.url}/object` }), 'request_uri_not_supported');
});

test('by reference: what cannot be fetched is invalid_request_uri, what is no object invalid_request_object', async () => {
  const { all } = await parameters(portal);
  remote.answers['/plain'] = { body: 'hello' };
  remote.answers['/large'] = { body: 'x'.repeat(20000) };
  remote.answers['/gone'] = { status: 410 };
  remote.answers['/moved'] = { status: 302, headers: { location: `${remote.url}/object` } };
  for (const [path, error] of [['/plain', 'invalid_request_object'], ['/large', 'invalid_request_uri'], ['/gone', 'invalid_request_uri'], ['/moved', 'invalid_request_uri']])
    await redirected(authorize({ ...all, request_uri: remote.url + path }), error);
});

test('request and request_uri exclude each other; each stands once', async () => {
  const { all } = await parameters(portal);
  const request = await requestObject(portal, issuer, all);
  await redirected(authorize({ ...all, request, request_uri: `${remote.url}/object` }), 'invalid_request');
  await redirected(`${authorize({ ...all, request })}&request=${request}`, 'invalid_request');
});

test('keys at a jwks_uri: fetched, and once more for a kid that is new', async () => {
  const one = await newKey('ES256'), two = await newKey('ES256');
  remote.answers['/jwks'] = { body: { keys: [one.jwk] } };
  const client = await keyedClient(servers.provider, { key: one, metadata: { jwks_uri: `${remote.url}/jwks` } });
  const { all } = await parameters(client);
  const status = async (key) => (await new Browser().go(authorize({ ...all, request: await requestObject(client, issuer, all, { key }) }))).status;
  assert.equal(await status(one), 200);
  assert.equal(remote.requests.filter((request) => request.path === '/jwks').length, 1);
  remote.answers['/jwks'] = { body: { keys: [two.jwk] } };
  assert.equal(await status(two), 200);
  assert.equal(remote.requests.filter((request) => request.path === '/jwks').length, 2);
  await redirected(authorize({ ...all, request: await requestObject(client, issuer, all, { key: one }) }), 'invalid_request_object');
});

test('discovery says what is taken, and none is not', async () => {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  assert.equal(metadata.request_parameter_supported, true);
  assert.equal(metadata.request_uri_parameter_supported, true);
  assert.equal(metadata.require_request_uri_registration, true);
  assert.deepEqual([...metadata.request_object_signing_alg_values_supported].sort(), ['ES256', 'EdDSA', 'PS256', 'RS256']);
  assert.ok(metadata.request_object_encryption_alg_values_supported.includes('ECDH-ES'));
  assert.ok(metadata.request_object_encryption_enc_values_supported.includes('A256GCM'));
});
