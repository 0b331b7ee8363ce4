// What goes out: response types and modes, JARM, encryption, signed introspection, each checked by openid-client or jose, and each refusal.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser, forms } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri } from '../lib/fixture.mjs';
import { fapiMetadata, keyedClient, newKey, push, pushedUrl, requestObject } from '../lib/keyed.mjs';
import { Remote } from '../lib/remote.mjs';

const published = { status: 500 }; // what the client's server gives as its keys
const bankKeys = [];
let remote, servers, issuer, ours;

before(async () => {
  remote = await Remote.start({ '/jwks': () => published, '/bank': () => ({ body: { keys: bankKeys } }), '/later': { body: { keys: [] } } });
  servers = await fixture(remote.settings);
  issuer = servers.provider.issuer;
  ours = jose.createLocalJWKSet(await (await fetch(`${issuer}/jwks`)).json());
});

let count = 0;
/** Registers a client, with an encryption key of its own where it asks for one. */
async function register({ encryption, ...metadata } = {}) {
  const key = encryption && (await jose.generateKeyPair(encryption, { extractable: true }));
  const jwk = key && { ...(await jose.exportJWK(key.publicKey)), kid: 'enc-1', use: 'enc', alg: encryption };
  const file = join(servers.provider.data, `client-${count++}.json`);
  writeFileSync(file, JSON.stringify({
    client_name: 'Portal', redirect_uris: [redirectUri], scope: 'openid profile email', token_endpoint_auth_method: 'client_secret_basic',
    ...(jwk && !metadata.jwks_uri && { jwks: { keys: [jwk] } }), ...metadata,
  }));
  const registered = servers.provider.client('--from', file);
  const config = await oidc.discovery(new URL(issuer), registered.client_id, metadata, oidc.ClientSecretBasic(registered.client_secret),
    { execute: [oidc.allowInsecureRequests] });
  return { id: registered.client_id, secret: registered.client_secret, config, key, jwk };
}

const hybrid = { response_types: ['code', 'id_token', 'code id_token'], grant_types: ['authorization_code', 'implicit', 'refresh_token'] };
const signedIn = new Browser();

/** Signs in (or uses the session that is there): where the browser is sent, or the page it gets. */
async function ask(client, parameters) {
  const { url, checks } = await authorizationRequest(client.config, parameters);
  const page = await signedIn.go(url);
  const answered = page.location || answerForm(page);
  return { checks, page: answered ? page : await signedIn.signInAndAllow(servers.register, page, servers.resident.kidc) };
}

const fragment = (page) => new URLSearchParams(new URL(page.location).hash.slice(1));
const query = (page) => new URL(page.location).searchParams;
function answerForm(page) {
  const form = forms(page.body).find((one) => one.action === redirectUri);
  return form && Object.fromEntries(form.fields.filter((one) => one.name).map((one) => [one.name, one.value]));
}
const posted = (page) => new Request(redirectUri, { method: 'POST', body: new URLSearchParams(answerForm(page)) });

async function tokensOf(client) {
  const { page, checks } = await ask(client);
  return oidc.authorizationCodeGrant(client.config, new URL(page.location), checks);
}

const call = (path, { client, token, ...init } = {}) => fetch(`${issuer}${path}`, {
  ...init, headers: { ...(client && { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }), ...(token && { authorization: `Bearer ${token}` }), ...init.headers },
});

const opened = async (jwe, client) => new TextDecoder().decode((await jose.compactDecrypt(jwe, client.key.privateKey)).plaintext);

// ---- through the browser ----

for (const alg of ['RS256', 'ES256', 'PS256', 'EdDSA'])
  test(`[31] code id_token in a fragment: c_hash and s_hash by ${alg}, checked by openid-client`, async () => {
    const client = await register({ ...hybrid, id_token_signed_response_alg: alg });
    oidc.useCodeIdTokenResponseType(client.config);
    if (alg !== 'EdDSA') oidc.enableDetachedSignatureResponseChecks(client.config); // its s_hash is asked for
    const { page, checks } = await ask(client, { scope: 'openid profile email', claims: JSON.stringify({ id_token: { email: null } }) });
    assert.equal(new URL(page.location).search, '', 'nothing in the query');
    assert.deepEqual([...fragment(page).keys()].sort(), ['code', 'id_token', 'iss', 'session_state', 'state']);
    const front = await jose.jwtVerify(fragment(page).get('id_token'), ours, { issuer, audience: client.id, algorithms: [alg] });
    assert.ok(front.payload.c_hash && front.payload.s_hash);
    for (const name of ['at_hash', 'email', 'name']) assert.ok(!(name in front.payload), `${name} is not for the browser`);
    const tokens = await oidc.authorizationCodeGrant(client.config, new URL(page.location), checks);
    assert.equal(tokens.claims().sub, front.payload.sub);
    assert.equal(tokens.claims().email, servers.resident.email, 'by the back channel it is given');
  });

test('id_token alone: the claims of the scopes are in it, once, with no code', async () => {
  const client = await register({ ...hybrid, response_types: ['id_token'], grant_types: ['implicit'] });
  oidc.useIdTokenResponseType(client.config);
  const { page, checks } = await ask(client, { scope: 'openid profile email', code_challenge: undefined, code_challenge_method: undefined });
  assert.deepEqual([...fragment(page).keys()].sort(), ['id_token', 'iss', 'session_state', 'state']);
  const claims = await oidc.implicitAuthentication(client.config, new URL(page.location), checks.expectedNonce, { expectedState: checks.expectedState });
  assert.equal(claims.email, servers.resident.email);
  assert.equal(claims['family_name#km'], servers.resident.familyNameKh);
  for (const name of ['c_hash', 'at_hash']) assert.ok(!(name in claims));
  const again = await ask(client, { scope: 'openid profile email', prompt: 'none' });
  assert.ok(fragment(again.page).get('id_token'), 'silently too');
});

for (const type of ['id_token token', 'code token', 'code id_token token'])
  test(`[31] ${type}, for who is registered for it: a bearer token for userinfo alone, hashed into the ID token`, async () => {
    const client = await register({ response_types: [type], grant_types: ['authorization_code', 'implicit', 'refresh_token'].slice(type.includes('code') ? 0 : 1, type.includes('code') ? 3 : 2) });
    const { page, checks } = await ask(client, { response_type: type, scope: 'openid profile' });
    const answer = fragment(page);
    assert.equal(new URL(page.location).search, '', 'nothing in the query');
    assert.equal(answer.get('token_type'), 'Bearer');
    assert.ok(Number(answer.get('expires_in')) > 0);
    assert.equal(answer.has('code'), type.includes('code'));
    assert.ok(!answer.has('refresh_token'));
    const token = answer.get('access_token');
    const info = await (await call('/userinfo', { token })).json();
    assert.equal(info.family_name, servers.resident.familyNameEn);
    if (type.includes('id_token')) {
      const { payload } = await jose.jwtVerify(answer.get('id_token'), ours, { issuer, audience: client.id });
      const half = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))).subarray(0, 16);
      assert.equal(payload.at_hash, half.toString('base64url'));
      assert.equal(payload.nonce, checks.expectedNonce);
      assert.ok(!('family_name' in payload));
    }
  });

test('a code of a hybrid answer that is used twice ends the token that came beside it', async () => {
  const client = await register({ response_types: ['code id_token token'], grant_types: ['authorization_code', 'implicit'] });
  const { page, checks } = await ask(client, { response_type: 'code id_token token' });
  const redeem = () => call('/token', { client, method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code: fragment(page).get('code'), redirect_uri: redirectUri,
    code_verifier: checks.pkceCodeVerifier }) });
  assert.equal((await redeem()).status, 200);
  assert.equal((await call('/userinfo', { token: fragment(page).get('access_token') })).status, 200);
  assert.equal((await redeem()).status, 400);
  assert.equal((await call('/userinfo', { token: fragment(page).get('access_token') })).status, 401);
});

test('id_token alone: an answer that was lost is given again, while the interaction lasts', async () => {
  const client = await register({ ...hybrid, response_types: ['id_token'], grant_types: ['implicit'] });
  oidc.useIdTokenResponseType(client.config);
  const browser = new Browser();
  const { url } = await authorizationRequest(client.config);
  const first = await browser.go(url);
  const page = await browser.signInAndAllow(servers.register, first, servers.resident.kidc);
  const again = await browser.request(`${issuer}/authorize/${first.url.split('/').pop()}`);
  for (const one of [page, again]) await jose.jwtVerify(fragment(one).get('id_token'), ours, { issuer, audience: client.id });
});

test('code id_token by form_post: nothing is in the URL', async () => {
  const client = await register(hybrid);
  oidc.useCodeIdTokenResponseType(client.config);
  const { page, checks } = await ask(client, { response_mode: 'form_post' });
  assert.equal(page.location, undefined);
  assert.deepEqual(Object.keys(answerForm(page)).sort(), ['code', 'id_token', 'iss', 'session_state', 'state']);
  await oidc.authorizationCodeGrant(client.config, posted(page), checks);
});

test('a code in a fragment, when that is asked for', async () => {
  const { page } = await ask(await register(), { response_mode: 'fragment' });
  assert.equal(new URL(page.location).search, '');
  assert.ok(fragment(page).get('code'));
});

// ---- JARM ----

test('JARM: a code in a signed response, validated by openid-client', async () => {
  for (const alg of ['ES256', 'PS256']) {
    const client = await register({ authorization_signed_response_alg: alg });
    oidc.useJwtResponseMode(client.config);
    const { page, checks } = await ask(client);
    assert.deepEqual([...query(page).keys()], ['response']);
    const { payload, protectedHeader } = await jose.jwtVerify(query(page).get('response'), ours, { issuer, audience: client.id, algorithms: [alg], requiredClaims: ['exp', 'code', 'state'] });
    assert.ok(protectedHeader.kid);
    assert.ok(payload.exp - Date.now() / 1000 <= 600);
    assert.ok((await oidc.authorizationCodeGrant(client.config, new URL(page.location), checks)).access_token);
  }
});

test('JARM: errors, fragments, forms and ID tokens travel in it too', async () => {
  const client = await register({ ...hybrid, authorization_signed_response_alg: 'ES256' });
  const read = async (jwt) => (await jose.jwtVerify(jwt, ours, { issuer, audience: client.id })).payload;
  const error = await new Browser().go((await authorizationRequest(client.config, { response_mode: 'jwt', prompt: 'none' })).url);
  assert.deepEqual([...query(error).keys()], ['response']);
  assert.equal((await read(query(error).get('response'))).error, 'login_required');
  const both = await ask(client, { response_type: 'code id_token', response_mode: 'jwt' });
  assert.deepEqual([...fragment(both.page).keys()], ['response']);
  assert.ok((await read(fragment(both.page).get('response'))).id_token);
  const form = await ask(client, { response_mode: 'form_post.jwt' });
  assert.deepEqual(Object.keys(answerForm(form.page)), ['response']);
  assert.equal((await read(answerForm(form.page).response)).state, form.checks.expectedState);
});

test('JARM: encrypted to the client; with a code id_token even in the query', async () => {
  const client = await register({ ...hybrid, encryption: 'ECDH-ES', authorization_signed_response_alg: 'ES256', authorization_encrypted_response_alg: 'ECDH-ES', authorization_encrypted_response_enc: 'A256GCM' });
  for (const parameters of [{ response_mode: 'jwt' }, { response_mode: 'query.jwt', response_type: 'code id_token' }]) {
    const { page } = await ask(client, parameters);
    const jwe = query(page).get('response');
    assert.equal(jose.decodeProtectedHeader(jwe).enc, 'A256GCM');
    assert.ok((await jose.jwtVerify(await opened(jwe, client), ours, { issuer, audience: client.id })).payload.code);
  }
});

// ---- encrypted to the client ----

for (const alg of ['ECDH-ES', 'RSA-OAEP-256'])
  for (const enc of ['A128GCM', 'A256GCM', 'A128CBC-HS256'])
    test(`ID token and userinfo, signed and encrypted by ${alg} and ${enc}, opened by jose`, async () => {
      const client = await register({
        encryption: alg, id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: enc, userinfo_signed_response_alg: 'ES256',
        userinfo_encrypted_response_alg: alg, userinfo_encrypted_response_enc: enc, grant_types: ['authorization_code', 'refresh_token'],
      });
      let encrypted;
      oidc.enableDecryptingResponses(client.config, [enc], { key: client.key.privateKey, kid: 'enc-1' });
      client.config[oidc.customFetch] = async (...args) => {
        const answer = await fetch(...args);
        encrypted = args[0].endsWith('/token') ? (await answer.clone().json()).id_token : await answer.clone().text();
        return answer;
      };
      const tokens = await tokensOf(client);
      const header = jose.decodeProtectedHeader(encrypted);
      assert.deepEqual([header.alg, header.enc, header.kid, header.cty], [alg, enc, 'enc-1', 'JWT']);
      const { payload } = await jose.jwtVerify(await opened(encrypted, client), ours, { issuer, audience: client.id });
      assert.equal(payload.sub, tokens.claims().sub);
      const refreshed = await oidc.refreshTokenGrant(client.config, tokens.refresh_token);
      assert.equal(refreshed.claims().sub, payload.sub);
      assert.equal(jose.decodeProtectedHeader(encrypted).enc, enc, 'refreshed, encrypted too');
      const userinfo = await oidc.fetchUserInfo(client.config, tokens.access_token, payload.sub);
      assert.equal(jose.decodeProtectedHeader(encrypted).alg, alg);
      assert.ok(userinfo['name#km']);
    });

test('an ID token through the browser is encrypted as well', async () => {
  const client = await register({ ...hybrid, encryption: 'ECDH-ES', id_token_encrypted_response_alg: 'ECDH-ES' });
  const { page } = await ask(client, { response_type: 'code id_token' });
  const jwe = fragment(page).get('id_token');
  assert.equal(jose.decodeProtectedHeader(jwe).enc, 'A128CBC-HS256', 'the default (OpenID Connect Registration)');
  assert.ok((await jose.jwtVerify(await opened(jwe, client), ours, { issuer, audience: client.id })).payload.c_hash);
});

test('userinfo encrypted without a signature holds the JSON', async () => {
  const client = await register({ encryption: 'ECDH-ES', userinfo_encrypted_response_alg: 'ECDH-ES', userinfo_encrypted_response_enc: 'A128GCM' });
  const tokens = await tokensOf(client);
  const answer = await call('/userinfo', { token: tokens.access_token });
  assert.equal(answer.headers.get('content-type'), 'application/jwt');
  assert.equal(JSON.parse(await opened(await answer.text(), client)).sub, tokens.claims().sub);
});

test('a key at the jwks_uri is fetched where others can be waited for; without it nothing goes out', async () => {
  const client = await register({ encryption: 'ECDH-ES', jwks_uri: `${remote.url}/jwks`, userinfo_encrypted_response_alg: 'ECDH-ES' });
  const tokens = await tokensOf(client);
  const refused = await call('/userinfo', { token: tokens.access_token });
  assert.equal(refused.status, 400);
  assert.equal((await refused.json()).error, 'invalid_client');
  Object.assign(published, { status: 200, body: { keys: [client.jwk] } });
  await servers.provider.restart(); // forgets that it failed a moment ago
  const fresh = await tokensOf(client);
  const answer = await call('/userinfo', { token: fresh.access_token });
  assert.equal(JSON.parse(await opened(await answer.text(), client)).sub, tokens.claims().sub);
});

test('an ID token for a client whose keys are nowhere: a clear error, and nothing is used up', async () => {
  const client = await register({ encryption: 'ECDH-ES', jwks_uri: `${remote.url}/later`, id_token_encrypted_response_alg: 'ECDH-ES' });
  const { page, checks } = await ask(client);
  for (let i = 0; i < 2; i++)
    await assert.rejects(oidc.authorizationCodeGrant(client.config, new URL(page.location), checks), (thrown) => {
      assert.equal(thrown.error, 'invalid_client');
      assert.match(thrown.error_description, /key to encrypt/);
      return true;
    });
  const front = await register({ ...hybrid, encryption: 'ECDH-ES', jwks_uri: `${remote.url}/later`, id_token_encrypted_response_alg: 'ECDH-ES' });
  const answer = fragment((await ask(front, { response_type: 'code id_token' })).page);
  assert.equal(answer.get('error'), 'server_error');
  assert.equal(answer.get('code'), null);
});

test('keys that must be fetched at the last moment: no assertion and no proof is used up on the way', async () => {
  const pair = await newKey();
  const encryption = await jose.generateKeyPair('ECDH-ES', { extractable: true });
  bankKeys.push(pair.jwk, { ...(await jose.exportJWK(encryption.publicKey)), kid: 'enc-1', use: 'enc', alg: 'ECDH-ES' });
  const bank = await keyedClient(servers.provider, {
    key: pair, metadata: {
      ...fapiMetadata(), jwks_uri: `${remote.url}/bank`, id_token_encrypted_response_alg: 'ECDH-ES', id_token_encrypted_response_enc: 'A256GCM',
      userinfo_encrypted_response_alg: 'ECDH-ES', userinfo_encrypted_response_enc: 'A256GCM', userinfo_signed_response_alg: 'ES256',
    },
  });
  oidc.enableDecryptingResponses(bank.config, ['A256GCM'], { key: encryption.privateKey, kid: 'enc-1' });
  Object.assign(bank.config.clientMetadata(), { userinfo_signed_response_alg: 'ES256' });
  const DPoP = oidc.getDPoPHandle(bank.config, await oidc.randomDPoPKeyPair());
  const { url, checks } = await authorizationRequest(bank.config);
  const pushed = await oidc.buildAuthorizationUrlWithPAR(bank.config, url.searchParams, { DPoP });
  const first = await signedIn.go(pushed);
  const page = first.location ? first : await signedIn.signInAndAllow(servers.register, first, servers.resident.kidc);
  await servers.provider.restart(); // forgets the keys
  const tokens = await oidc.authorizationCodeGrant(bank.config, new URL(page.location), checks, undefined, { DPoP });
  await servers.provider.restart();
  assert.equal((await oidc.fetchUserInfo(bank.config, tokens.access_token, tokens.claims().sub, { DPoP })).sub, tokens.claims().sub);
  assert.equal(remote.requests.filter((one) => one.path === '/bank').length, 3);
});

test('FAPI 2.0 Message Signing: a client that registered signed responses gets no other; one that did not may ask for either', async () => {
  const pushed = async (client, parameters) => {
    const { url, checks } = await authorizationRequest(client.config, parameters);
    const request = await requestObject(client, issuer, Object.fromEntries(url.searchParams));
    return { checks, answer: await push(client, issuer, { client_id: client.metadata.client_id, request }) };
  };
  const answered = async (client, { answer }) => {
    assert.equal(answer.status, 201, JSON.stringify(answer.json));
    const page = await signedIn.go(pushedUrl(client, issuer, answer.json.request_uri));
    return query(page.location ? page : await signedIn.signInAndAllow(servers.register, page, servers.resident.kidc));
  };
  const bank = await keyedClient(servers.provider, { metadata: { ...fapiMetadata('fapi2_signed'), authorization_signed_response_alg: 'PS256' } });
  for (const parameters of [{}, { response_mode: 'query' }, { response_mode: 'form_post' }]) {
    const { answer } = await pushed(bank, parameters);
    assert.equal(answer.status, 400);
    assert.equal(answer.json.error, 'invalid_request');
  }
  const good = await pushed(bank, { response_mode: 'jwt' });
  const { payload } = await jose.jwtVerify((await answered(bank, good)).get('response'), ours, { issuer, audience: bank.metadata.client_id, algorithms: ['PS256'] });
  assert.equal(payload.state, good.checks.expectedState);
  const plain = await keyedClient(servers.provider, { metadata: fapiMetadata('fapi2_signed') });
  assert.ok((await answered(plain, await pushed(plain))).get('code'));
  assert.ok((await answered(plain, await pushed(plain, { response_mode: 'jwt' }))).get('response'));
});

test('the largest answer that can be asked for arrives whole', async () => {
  const client = await register({
    ...hybrid, encryption: 'RSA-OAEP-256', id_token_signed_response_alg: 'RS256', id_token_encrypted_response_alg: 'RSA-OAEP-256',
    authorization_signed_response_alg: 'RS256', authorization_encrypted_response_alg: 'RSA-OAEP-256',
  });
  const { url } = await authorizationRequest(client.config, { response_type: 'code id_token', state: '&'.repeat(2048), nonce: '&'.repeat(512) });
  for (const [response_mode, what] of [['fragment', 'id_token'], ['fragment.jwt', 'response']]) {
    url.searchParams.set('response_mode', response_mode);
    const page = await signedIn.go(`${issuer}/authorize`, { method: 'POST', body: url.searchParams });
    const answer = fragment(page.location ? page : await signedIn.signInAndAllow(servers.register, page, servers.resident.kidc));
    assert.ok(await opened(answer.get(what), client));
  }
});

// ---- introspection (RFC 9701) ----

test('introspection as a JWT, validated by openid-client', async () => {
  const client = await register({ introspection_signed_response_alg: 'ES256' });
  const tokens = await tokensOf(client);
  assert.equal((await oidc.tokenIntrospection(client.config, tokens.access_token)).sub, tokens.claims().sub);
  const answer = await call('/introspect', { client, method: 'POST', body: new URLSearchParams({ token: tokens.access_token }) });
  assert.equal(answer.headers.get('content-type'), 'application/token-introspection+jwt');
  const { payload } = await jose.jwtVerify(await answer.text(), ours, { issuer, audience: client.id, typ: 'token-introspection+jwt', algorithms: ['ES256'] });
  assert.deepEqual(Object.keys(payload).sort(), ['aud', 'iat', 'iss', 'token_introspection']);
  assert.equal(payload.token_introspection.active, true);
});

test('introspection as a JWT for who asks by Accept; a dead token is not active there either', async () => {
  const client = await register();
  const init = { client, method: 'POST', body: new URLSearchParams({ token: 'nothing' }) };
  assert.match((await call('/introspect', init)).headers.get('content-type'), /^application\/json/);
  const answer = await call('/introspect', { ...init, headers: { accept: 'application/token-introspection+jwt' } });
  const { payload } = await jose.jwtVerify(await answer.text(), ours, { issuer, audience: client.id, typ: 'token-introspection+jwt', algorithms: ['RS256'] });
  assert.deepEqual(payload.token_introspection, { active: false });
});

test('introspection encrypted to the caller', async () => {
  const client = await register({ encryption: 'RSA-OAEP-256', introspection_signed_response_alg: 'PS256', introspection_encrypted_response_alg: 'RSA-OAEP-256', introspection_encrypted_response_enc: 'A256GCM' });
  const tokens = await tokensOf(client);
  const answer = await call('/introspect', { client, method: 'POST', body: new URLSearchParams({ token: tokens.access_token }) });
  assert.equal((await jose.jwtVerify(await opened(await answer.text(), client), ours, { audience: client.id })).payload.token_introspection.active, true);
});

// ---- refusals ----

const asFragment = (page) => [fragment(page), ''];
const asQuery = (page) => [query(page), new URL(page.location).hash];
const refusals = {
  'query with an ID token': [{ response_type: 'code id_token', response_mode: 'query' }, 'invalid_request', asFragment],
  'query.jwt with an ID token that is not encrypted': [{ response_type: 'id_token', response_mode: 'query.jwt' }, 'invalid_request', asFragment],
  'an ID token without a nonce': [{ response_type: 'id_token', nonce: undefined }, 'invalid_request', asFragment],
  'code id_token without a nonce': [{ response_type: 'id_token code', nonce: undefined }, 'invalid_request', asFragment],
  'code id_token without openid': [{ response_type: 'code id_token', scope: 'profile' }, 'invalid_scope', asFragment],
  'code id_token without PKCE': [{ response_type: 'code id_token', code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request', asFragment],
  'response_type=code id_token token, which it is not registered for': [{ response_type: 'code id_token token' }, 'unauthorized_client', asFragment],
  'response_type=token': [{ response_type: 'token' }, 'unsupported_response_type', asFragment],
  'response_type=none': [{ response_type: 'none' }, 'unsupported_response_type', asQuery],
  'an unknown response_mode': [{ response_mode: 'web_message' }, 'invalid_request', asQuery],
};
for (const [name, [change, error, read]] of Object.entries(refusals))
  test(`[9] ${name} → ${error}`, async () => {
    const client = await register(hybrid);
    const { url, checks } = await authorizationRequest(client.config);
    for (const [key, value] of Object.entries(change)) value === undefined ? url.searchParams.delete(key) : url.searchParams.set(key, value);
    const page = await signedIn.go(url);
    const [answer] = read(page);
    assert.equal(answer.get('error'), error, page.location);
    assert.equal(answer.get('state'), checks.expectedState);
    assert.equal(answer.get('iss'), issuer, '[11] errors say who sends them');
    for (const given of ['code', 'id_token']) assert.equal(answer.get(given), null);
  });

test('[9] response types that are not registered stay refused, signed in or not', async () => {
  const client = await register();
  for (const browser of [new Browser(), signedIn])
    for (const response_type of ['id_token', 'code id_token', 'id_token code']) {
      const page = await browser.go((await authorizationRequest(client.config, { response_type })).url);
      assert.equal(fragment(page).get('error'), 'unauthorized_client');
    }
});

test('[1] no mode sends an answer to an address that is not registered', async () => {
  const client = await register(hybrid);
  for (const response_mode of ['query', 'fragment', 'form_post', 'jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt']) {
    const { url } = await authorizationRequest(client.config, { response_mode, redirect_uri: `${redirectUri}/../evil` });
    const page = await signedIn.go(url);
    assert.equal(page.status, 400);
    assert.equal(page.location, undefined);
    assert.ok(!page.body.includes('evil'));
  }
});

for (const [name, [metadata, why]] of Object.entries({
  'JARM with alg none': [{ authorization_signed_response_alg: 'none' }, /authorization_signed_response_alg must be/],
  'JARM by a shared secret': [{ authorization_signed_response_alg: 'HS256' }, /authorization_signed_response_alg must be/],
  'an ID token with alg none': [{ id_token_signed_response_alg: 'none' }, /id_token_signed_response_alg must be/],
  'encryption without a key': [{ id_token_encrypted_response_alg: 'ECDH-ES' }, /needs its public key/],
  'RSA1_5': [{ encryption: 'RSA-OAEP-256', id_token_encrypted_response_alg: 'RSA1_5' }, /must be ECDH-ES or RSA-OAEP-256/],
  'enc without alg': [{ encryption: 'ECDH-ES', userinfo_encrypted_response_enc: 'A128GCM' }, /needs userinfo_encrypted_response_alg/],
  'a token through the browser for a client whose tokens are bound': [{ response_types: ['code', 'code token'], grant_types: ['authorization_code', 'implicit'], dpop_bound_access_tokens: true }, /bound/],
  'response_type token': [{ response_types: ['code', 'token'] }, /response_types may have/],
  'id_token without the implicit grant': [{ response_types: ['code id_token'] }, /need grant implicit/],
}))
  test(`registration refuses ${name}`, () => assert.rejects(register(metadata), why));

// ---- userinfo ----

test('userinfo says no by RFC 6750, and dates its answers', async () => {
  const tokens = await tokensOf(await register());
  for (const method of ['GET', 'POST']) {
    const none = await call('/userinfo', { method });
    assert.equal(none.status, 401);
    assert.ok(!none.headers.get('www-authenticate').includes('error'), 'no error without a token (section 3.1)');
    const wrong = await call('/userinfo', { method, token: 'nothing' });
    assert.equal(wrong.status, 401);
    assert.match(wrong.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/);
  }
  const machine = await register({ grant_types: ['client_credentials'], response_types: [], scope: 'records:read', redirect_uris: [] });
  const without = await call('/userinfo', { token: (await oidc.clientCredentialsGrant(machine.config)).access_token });
  assert.equal(without.status, 403);
  assert.match(without.headers.get('www-authenticate'), /error="insufficient_scope"/);
  const good = await call('/userinfo', { headers: { authorization: `bEARER ${tokens.access_token}` } });
  assert.equal(good.status, 200);
  assert.ok(Math.abs(Date.parse(good.headers.get('date')) - Date.now()) < 30_000);
});

test('discovery lists what is served', async () => {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  assert.deepEqual(metadata.response_types_supported, ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token']);
  assert.deepEqual(metadata.response_modes_supported, ['query', 'fragment', 'form_post', 'jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt']);
  assert.ok(metadata.grant_types_supported.includes('implicit'));
  for (const what of ['id_token', 'userinfo', 'authorization', 'introspection']) {
    assert.deepEqual(metadata[`${what}_signing_alg_values_supported`], ['RS256', 'ES256', 'PS256', 'EdDSA']);
    assert.deepEqual(metadata[`${what}_encryption_alg_values_supported`], ['ECDH-ES', 'RSA-OAEP-256']);
    assert.deepEqual(metadata[`${what}_encryption_enc_values_supported`], ['A128GCM', 'A256GCM', 'A128CBC-HS256']);
  }
});
