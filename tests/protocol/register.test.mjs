// Clients that register themselves, and look after that (RFC 7591, RFC 7592, OpenID Connect Dynamic Client Registration 1.0).
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, fixture, redirectUri, signIn } from '../lib/fixture.mjs';
import { Remote } from '../lib/remote.mjs';
import { Provider, until } from '../lib/servers.mjs';

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
let remote, servers, provider, open;

before(async () => {
  remote = await Remote.start();
  servers = await fixture({ ...remote.settings, 'limit.registrations_per_ip': 100000 });
  provider = servers.provider;
  open = await Provider.start(servers.register, { ...remote.settings, 'registration.open': 'yes', 'registration.scopes': 'openid profile', 'limit.registrations_per_ip': 100000 });
  atEnd(() => open.stop());
});

/** An initial access token that the operator made. */
const initial = (...args) => JSON.parse(provider.command('registration', 'token', '--json', ...args)).initial_access_token;
const minimal = { redirect_uris: [redirectUri] };

/** A request to the registration endpoint, or to a client's own; `body` may be text. */
async function ask(url, { method = 'POST', token, body, type = 'application/json' } = {}) {
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': type }) };
  const answer = await fetch(url, { method, headers, body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text ? JSON.parse(text) : undefined };
}

const register = (metadata, { token, at = open } = {}) => ask(`${at.issuer}/register`, { token, body: metadata });

async function registered(metadata, options) {
  const { status, json } = await register(metadata, options);
  assert.equal(status, 201, JSON.stringify(json));
  return json;
}

const read = (client) => ask(client.registration_client_uri, { method: 'GET', token: client.registration_access_token });
const remove = (client) => ask(client.registration_client_uri, { method: 'DELETE', token: client.registration_access_token });
const put = (client, body) => ask(client.registration_client_uri, { method: 'PUT', token: client.registration_access_token, body });

/** What a client would send back to change something: all that it read, without what must not be in an update. */
function own(client) {
  const { registration_access_token, registration_client_uri, client_secret, client_secret_expires_at, client_id_issued_at, ...rest } = client;
  return rest;
}

async function refused(metadata, error, pattern, options) {
  const { status, json } = await register(metadata, options);
  assert.equal(status, 400, JSON.stringify(metadata));
  assert.equal(json.error, error, JSON.stringify(json));
  assert.match(json.error_description, pattern);
  assert.match(json.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749 section 5.2');
  return json;
}

/* ---- registering ---- */

test('a client that openid-client registered signs a resident in', async () => {
  const config = await oidc.dynamicClientRegistration(new URL(provider.issuer),
    { redirect_uris: [redirectUri], client_name: 'Self-made portal', grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_post' }, undefined,
    { initialAccessToken: initial('--scope', 'openid profile phone'), execute: [oidc.allowInsecureRequests] });
  assert.equal(config.clientMetadata().scope, 'openid profile phone', 'all that the token allows, when it names none');
  const { claims, tokens } = await signIn({ register: servers.register, config, kidc: servers.resident.kidc });
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)).family_name, servers.resident.familyNameEn);
});

test('oauth4webapi registers a public client and takes the answer', async () => {
  const as = await oauth.processDiscoveryResponse(new URL(open.issuer), await oauth.discoveryRequest(new URL(open.issuer), { [oauth.allowInsecureRequests]: true }));
  assert.equal(as.registration_endpoint, `${open.issuer}/register`);
  const answer = await oauth.dynamicClientRegistrationRequest(as, { redirect_uris: ['kh.gov.example:/callback'], token_endpoint_auth_method: 'none' },
    { [oauth.allowInsecureRequests]: true });
  const client = await oauth.processDynamicClientRegistrationResponse(answer);
  assert.equal(client.client_secret, undefined);
  assert.equal(client.token_endpoint_auth_method, 'none');
});

test('the answer has everything that is in force, and is not kept by caches', async () => {
  const { status, headers, json } = await register(minimal);
  assert.equal(status, 201);
  assert.equal(headers.get('cache-control'), 'no-store');
  const { client_id, client_secret, registration_access_token, client_id_issued_at, ...rest } = json;
  assert.match(client_id, /^[0-9a-f-]{36}$/);
  assert.equal(Buffer.from(client_secret, 'base64url').length, 32);
  assert.equal(Buffer.from(registration_access_token, 'base64url').length, 32);
  assert.ok(Math.abs(client_id_issued_at - Date.now() / 1000) < 30);
  assert.deepEqual(rest, {
    redirect_uris: [redirectUri], client_secret_expires_at: 0, registration_client_uri: `${open.issuer}/register/${client_id}`, client_name: 'localhost',
    token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code'], response_types: ['code'], application_type: 'web',
    subject_type: 'pairwise', id_token_signed_response_alg: 'RS256', scope: 'openid profile', security_profile: 'open', require_pkce: true,
  });
});

test('a client on several hosts that asked for no kind of subject is a sector by itself, and stays one', async () => {
  const client = await registered({ redirect_uris: [redirectUri, 'https://b.example/cb'] });
  assert.equal(client.subject_type, undefined);
  assert.equal((await read(client)).status, 200);
  assert.equal((await put(client, own(client))).status, 200);
  const answer = await fetch(`${open.issuer}/authorize?${new URLSearchParams({ client_id: client.client_id, response_type: 'code', scope: 'openid', redirect_uri: 'https://b.example/cb',
    code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' })}`, { redirect: 'manual' });
  assert.match(answer.headers.get('location'), /\/signin\//);
});

test('what we know of a secret is not shown, and no client says it of itself', async () => {
  const client = await registered(minimal);
  const shown = JSON.parse(open.command('client', 'show', client.client_id, '--json'));
  for (const name of ['client_secrets', 'registration_token_sha256', 'sealed_client_secret']) {
    assert.ok(!(name in client) && !(name in (await read(client)).json) && !(name in shown), name);
    await refused({ ...minimal, [name]: name === 'client_secrets' ? [] : 'x' }, 'invalid_client_metadata', /not for a client to say/);
  }
  for (const [name, value] of [['pairwise_version', 7], ['disabled', false], ['registration_limits', {}], ['logo_image', 'data:'], ['updated_at', 1]])
    await refused({ ...minimal, [name]: value }, 'invalid_client_metadata', /not for a client to say/);
});

test('a client_id that a registrant chose, and what only an answer has, is passed over', async () => {
  const client = await registered({ ...minimal, client_id: 'mine', client_secret: 'weak', registration_access_token: 'x', client_secret_expires_at: 5 });
  assert.notEqual(client.client_id, 'mine');
  assert.notEqual(client.client_secret, 'weak');
  assert.equal(client.client_secret_expires_at, 0);
});

test('request URIs may have the digest of their content behind them', async () => {
  const request_uris = ['https://rp.example/request#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM', 'https://rp.example/request'];
  assert.deepEqual((await registered({ ...minimal, request_uris })).request_uris, request_uris);
});

test('clients of several methods get what they need, and no more', async () => {
  const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [await jose.exportJWK(publicKey)] };
  for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt'])
    assert.ok((await registered({ ...minimal, token_endpoint_auth_method: method })).client_secret, method);
  const keyed = await registered({ ...minimal, token_endpoint_auth_method: 'private_key_jwt', jwks });
  assert.equal(keyed.client_secret, undefined);
  assert.deepEqual(keyed.jwks, jwks);
  await refused({ ...minimal, token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata', /jwks/);
});

test('grant implicit comes and goes with the response types that need it', async () => {
  const types = async (metadata) => (await registered({ ...minimal, ...metadata })).grant_types;
  assert.deepEqual(await types({ response_types: ['code id_token'] }), ['authorization_code', 'implicit']);
  assert.deepEqual(await types({ response_types: ['code id_token'], grant_types: ['authorization_code', 'implicit'] }), ['authorization_code', 'implicit']);
  assert.deepEqual(await types({ response_types: ['id_token'] }), ['implicit']);
  assert.deepEqual(await types({ response_types: ['code'], grant_types: ['authorization_code', 'implicit', 'refresh_token'] }), ['authorization_code', 'refresh_token']);
  await refused({ ...minimal, response_types: ['code id_token'], grant_types: ['authorization_code'] }, 'invalid_client_metadata', /implicit/);
});

/* ---- what is refused ---- */

test('redirect URIs that are none are refused as such', async () => {
  for (const uri of ['https://rp.example/cb#here', 'http://rp.example/cb', 'https://rp.example/../cb', 'rp.example/cb', 'https://user@rp.example/cb', 'javascript:alert(1)'])
    await refused({ redirect_uris: [uri] }, 'invalid_redirect_uri', /redirect_uris/);
  await refused({ redirect_uris: [] }, 'invalid_redirect_uri', /redirect_uris is missing/);
  await refused({}, 'invalid_redirect_uri', /redirect_uris is missing/);
  await refused({ redirect_uris: 'https://rp.example/cb' }, 'invalid_redirect_uri', /array/);
  await refused({ redirect_uris: [7] }, 'invalid_redirect_uri', /strings/);
});

test('metadata that we cannot keep to is refused, not dropped', async () => {
  for (const [metadata, pattern] of [
    [{ initiate_login_uri: 'http://rp.example/start' }, /initiate_login_uri/],
    [{ id_token_signed_response_alg: 'none' }, /id_token_signed_response_alg/],
    [{ id_token_signed_response_alg: 'HS256' }, /id_token_signed_response_alg/],
    [{ userinfo_encrypted_response_alg: 'RSA1_5' }, /userinfo_encrypted_response_alg/],
    [{ response_types: ['token'] }, /response_types/],
    [{ response_types: ['code device'] }, /response_types/],
    [{ response_types: ['code code'] }, /response_types/],
    [{ response_types: [''] }, /response_types/],
    [{ token_endpoint_auth_method: 'client_secret_magic' }, /token_endpoint_auth_method/],
    [{ subject_type: 'ephemeral' }, /subject_type/],
    [{ client_name: 'Two\nlines' }, /client_name/],
    [{ client_name: '‮ Ministry' }, /client_name/],
    [{ jwks_uri: 'http://rp.example/jwks' }, /jwks_uri/],
    [{ jwks_uri: 'https://127.0.0.1/jwks' }, /jwks_uri/],
    [{ backchannel_logout_uri: 'https://169.254.169.254/latest' }, /backchannel_logout_uri/],
    [{ request_uris: ['https://[::1]/request'] }, /request_uris/],
    [{ request_uris: ['https://rp.example/request#a/b'] }, /request_uris/],
    [{ sector_identifier_uri: 'https://10.0.0.1/sector' }, /sector_identifier_uri/],
    [{ logo_uri: 'http://rp.example/logo.png' }, /logo_uri/],
    [{ subject_type: 'pairwise', redirect_uris: ['https://a.example/cb', 'https://b.example/cb'] }, /several hosts/],
  ])
    await refused({ ...minimal, ...metadata }, 'invalid_client_metadata', pattern);
});

test('a software statement is refused, since nobody is trusted to make one', async () => {
  await refused({ ...minimal, software_statement: 'e30.e30.' }, 'unapproved_software_statement', /software statements/);
});

test('only a JSON object of some size is read', async () => {
  const send = (body, type) => ask(`${open.issuer}/register`, { body, type });
  for (const body of ['', '[]', '"x"', '{', '{"redirect_uris":[],"redirect_uris":[]}', `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`]) {
    const { status, json } = await send(body);
    assert.deepEqual([status, json.error], [400, 'invalid_client_metadata'], body);
  }
  assert.equal((await send(JSON.stringify(minimal), 'text/plain')).status, 400);
  assert.equal((await send('redirect_uris=x', 'application/x-www-form-urlencoded')).status, 400);
  assert.equal((await register({ ...minimal, blob: 'x'.repeat(70000) })).status, 413);
});

test('what the operator decides is not open to a registrant', async () => {
  for (const [metadata, pattern] of [
    [{ sector_identifier: 'tax.gov.example' }, /sector_identifier/],
    [{ audience: ['https://api.tax.gov.example'] }, /audience/],
    [{ resources: ['https://api.tax.gov.example'] }, /resources/],
    [{ allowed_resources: ['https://api.tax.gov.example'] }, /allowed_resources/],
    [{ authorization_details_types: ['payment'] }, /authorization_details_types/],
    [{ organization: 'KH/GOV/MOI' }, /organization/],
    [{ scope: 'openid identity' }, /scope: identity/],
    [{ claims: ['kidc'] }, /claims: kidc/],
    [{ security_profile: 'fapi2' }, /security_profile: fapi2/],
    [{ grant_types: ['client_credentials'] }, /grant_types: client_credentials/],
    [{ grant_types: ['urn:openid:params:grant-type:ciba'] }, /grant_types/],
    [{ require_pkce: false }, /require_pkce/],
  ])
    await refused({ ...minimal, ...metadata }, 'invalid_client_metadata', pattern);
});

test('where the operator says so, PKCE is not required of a confidential client', async () => {
  const lax = await Provider.start(servers.register, { 'registration.open': 'yes', 'registration.pkce': 'no' });
  try {
    assert.equal((await registered(minimal, { at: lax })).require_pkce, false);
    assert.equal((await registered({ ...minimal, require_pkce: true }, { at: lax })).require_pkce, true);
    await refused({ ...minimal, token_endpoint_auth_method: 'none', require_pkce: false }, 'invalid_client_metadata', /require_pkce/, { at: lax });
  } finally {
    await lax.stop();
  }
});

/* ---- initial access tokens ---- */

test('without a token nobody registers, unless the operator opened it', async () => {
  const none = await register(minimal, { at: provider });
  assert.equal(none.status, 401);
  assert.match(none.headers.get('www-authenticate'), /^Bearer /);
  const wrong = await register(minimal, { at: provider, token: 'x'.repeat(43) });
  assert.deepEqual([wrong.status, wrong.json.error], [401, 'invalid_token']);
  assert.match(wrong.headers.get('www-authenticate'), /error="invalid_token"/);
  assert.equal((await register(minimal, { token: 'x'.repeat(43) })).status, 401, 'nor by a wrong one, where none is needed');
});

test('a token is good for as many clients as the operator said, also when they come at once', async () => {
  const token = initial('--uses', '3');
  const answers = await Promise.all(Array.from({ length: 8 }, () => register(minimal, { at: provider, token })));
  assert.deepEqual(answers.map((one) => one.status).sort(), [201, 201, 201, 401, 401, 401, 401, 401]);
});

test('a registration that is refused uses nothing up', async () => {
  const token = initial();
  await refused({}, 'invalid_redirect_uri', /missing/, { at: provider, token });
  await registered(minimal, { at: provider, token });
  assert.equal((await register(minimal, { at: provider, token })).status, 401);
});

test('a token ends by its time, and when it is revoked; what was registered by it goes on', async () => {
  const made = JSON.parse(provider.command('registration', 'token', '--json', '--uses', '5', '--expires', '1h', '--note', 'for the tests'));
  const client = await registered(minimal, { at: provider, token: made.initial_access_token });
  const listed = JSON.parse(provider.command('registration', 'list', '--json')).find((one) => one.id === made.id);
  assert.equal(listed.uses_left, 4);
  assert.equal(listed.note, 'for the tests');
  assert.ok(!JSON.stringify(listed).includes(made.initial_access_token));
  provider.command('registration', 'revoke', made.id);
  assert.equal((await register(minimal, { at: provider, token: made.initial_access_token })).status, 401);
  assert.equal((await read(client)).status, 200);
  const short = initial('--uses', '5', '--expires', '1s');
  await until('the token to expire', async () => (await register({}, { at: provider, token: short })).status === 401);
});

test('a token says what its clients may be, when they register and for good', async () => {
  const token = initial('--uses', '9', '--profile', 'open', '--scope', 'openid phone', '--claim', 'picture', '--member', 'resources', '--organization', 'KH/GOV/MOI');
  const at = { at: provider, token };
  const client = await registered({ ...minimal, scope: 'openid', resources: ['https://api.example'] }, at);
  assert.equal(client.organization, 'KH/GOV/MOI');
  assert.deepEqual(client.claims, ['picture']);
  assert.deepEqual(client.resources, ['https://api.example']);
  await refused({ ...minimal, scope: 'openid email' }, 'invalid_client_metadata', /scope: email/, at);
  await refused({ ...minimal, organization: 'KH/GOV/TAX' }, 'invalid_client_metadata', /organization/, at);
  await refused({ ...minimal, security_profile: 'camdx' }, 'invalid_client_metadata', /security_profile/, at);
  assert.equal((await put(client, { ...own(client), scope: 'openid phone' })).status, 200);
  for (const more of [{ scope: 'openid email' }, { claims: ['kidc'] }, { organization: 'KH/GOV/TAX' }, { audience: ['https://x.example'] }, { security_profile: 'camdx' }])
    assert.equal((await put(client, { ...own(client), ...more })).status, 400, JSON.stringify(more));
});

test('a token for banks registers FAPI 2.0 clients that keep to the profile, and no others', async () => {
  const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const at = { at: provider, token: initial('--uses', '9', '--profile', 'fapi2', '--scope', 'openid profile') };
  const bank = { ...minimal, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [await jose.exportJWK(publicKey)] }, dpop_bound_access_tokens: true };
  const client = await registered(bank, at);
  assert.equal(client.security_profile, 'fapi2');
  assert.equal(client.id_token_signed_response_alg, 'ES256');
  await refused({ ...bank, dpop_bound_access_tokens: false }, 'invalid_client_metadata', /security_profile/, at);
  await refused({ ...minimal }, 'invalid_client_metadata', /security_profile/, at);
  await refused({ ...bank, security_profile: 'open' }, 'invalid_client_metadata', /security_profile: open/, at);
  await refused({ ...bank, id_token_signed_response_alg: 'RS256' }, 'invalid_client_metadata', /RS256/, at);
});

/* ---- looking after it ---- */

const extra = { 'client_name#fr': 'Portail', software_id: 'a-b-c', tls_something_new: { deep: [1, { null_inside: null }, 'ខ្មែរ'] }, big: 9007199254740991, no: false };

test('nothing that a client said is lost: unknown members go through POST, GET and PUT as they were', async () => {
  const client = await registered({ ...minimal, ...extra, client_name: 'Portal', contacts: ['a@example.org'] });
  const first = (await read(client)).json;
  for (const [name, value] of Object.entries(extra)) assert.deepEqual(first[name], value, name);
  const same = await put(client, own(first));
  assert.equal(same.status, 200);
  assert.deepEqual(same.json, first, 'what is read and written back is the same');
  assert.deepEqual((await read(client)).json, first);
  open.command('client', 'set', client.client_id, '--purpose', 'To see');
  assert.deepEqual((await read(client)).json, { ...first, purpose: 'To see' }, 'nor does the operator lose any');
});

test('GET gives what was registered, but the secret, which we do not have', async () => {
  const { client_secret, client_secret_expires_at, ...rest } = await registered({ ...minimal, initiate_login_uri: 'https://rp.example/start' });
  const { status, headers, json } = await read(rest);
  assert.equal(status, 200);
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.deepEqual(json, rest);
  assert.equal(json.initiate_login_uri, 'https://rp.example/start');
});

test('PUT replaces: what is left out, or null, is gone; the secret and the token stay', async () => {
  const client = await registered({ ...minimal, client_uri: 'https://rp.example', contacts: ['a@example.org'], odd: 1 });
  const { status, json } = await put(client, { client_id: client.client_id, client_secret: client.client_secret, ...minimal, client_uri: null, client_name: 'New' });
  assert.equal(status, 200);
  for (const name of ['client_uri', 'contacts', 'odd', 'client_secret']) assert.ok(!(name in json), name);
  assert.equal(json.client_name, 'New');
  assert.equal(json.client_id_issued_at, client.client_id_issued_at);
  assert.equal(json.registration_access_token, client.registration_access_token);
  const config = await oidc.discovery(new URL(open.issuer), client.client_id, undefined, oidc.ClientSecretBasic(client.client_secret), { execute: [oidc.allowInsecureRequests] });
  await oidc.tokenRevocation(config, 'unknown');
});

test('a client that begins to authenticate by a secret gets one then', async () => {
  const client = await registered({ ...minimal, token_endpoint_auth_method: 'none' });
  const { json } = await put(client, { ...own(client), token_endpoint_auth_method: 'client_secret_post' });
  assert.equal(Buffer.from(json.client_secret, 'base64url').length, 32);
  assert.equal(json.client_secret_expires_at, 0);
});

test('the secret in use is recognised in an update, also where it is sealed', async () => {
  for (const method of ['client_secret_basic', 'client_secret_jwt']) {
    const client = await registered({ ...minimal, token_endpoint_auth_method: method });
    const again = await put(client, { ...own(client), client_secret: client.client_secret });
    assert.deepEqual([again.status, again.json.client_secret], [200, undefined], method);
    assert.equal((await put(client, { ...own(client), client_secret: `${client.client_secret}x` })).status, 400, method);
  }
});

test('an update that must not be changes nothing', async () => {
  const client = await registered({ ...minimal, client_name: 'Before' });
  const good = own(client);
  for (const [change, pattern] of [
    [{ client_id: undefined }, /client_id/],
    [{ client_id: 'another' }, /client_id/],
    [{ client_secret: 'x'.repeat(43) }, /client_secret/],
    [{ client_secret: 7 }, /client_secret/],
    [{ registration_access_token: client.registration_access_token }, /registration_access_token/],
    [{ registration_client_uri: client.registration_client_uri }, /registration_client_uri/],
    [{ client_id_issued_at: client.client_id_issued_at }, /client_id_issued_at/],
    [{ client_secret_expires_at: 0 }, /client_secret_expires_at/],
    [{ registration_limits: { scope: 'openid identity' } }, /registration_limits/],
    [{ scope: 'openid identity' }, /scope/],
    [{ sector_identifier: 'tax.gov.example' }, /sector_identifier/],
    [{ redirect_uris: ['https://rp.example/#f'] }, /redirect_uris/],
  ]) {
    const { status, json } = await put(client, { ...good, client_name: 'After', ...change });
    assert.equal(status, 400, JSON.stringify(change));
    assert.match(json.error_description, pattern);
  }
  assert.equal((await read(client)).json.client_name, 'Before');
});

test("what the operator gave a client stays its own, and it can't give itself more", async () => {
  const client = await registered(minimal);
  open.command('client', 'set', client.client_id, '--resource', 'https://api.example', '--scope', 'openid profile email');
  const seen = (await read(client)).json;
  assert.deepEqual((await put(client, own(seen))).json, seen);
  const less = await put(client, { client_id: client.client_id, ...minimal });
  assert.deepEqual(less.json.resources, ['https://api.example'], 'is not the client’s to take away');
  assert.equal((await put(client, { ...own(seen), resources: ['https://api.example', 'https://more.example'] })).status, 400);
  assert.equal((await put(client, { ...own(seen), scope: 'openid email' })).status, 200);
});

test('[49] only the client’s own token opens its registration', async () => {
  const [one, other] = [await registered(minimal), await registered(minimal)];
  const byOperator = open.client('--name', 'Static', '--redirect-uri', redirectUri);
  const url = (id) => `${open.issuer}/register/${id}`;
  for (const method of ['GET', 'PUT', 'DELETE'])
    for (const [target, token] of [[one.registration_client_uri, other.registration_access_token], [one.registration_client_uri, one.client_secret],
      [url('nobody'), one.registration_access_token], [url(byOperator.client_id), one.registration_access_token], [url(byOperator.client_id), 'A'.repeat(43)]]) {
      const { status, json, headers } = await ask(target, { method, token, ...(method === 'PUT' && { body: { ...minimal, client_id: one.client_id } }) });
      assert.deepEqual([status, json.error], [401, 'invalid_token'], `${method} ${target}`);
      assert.match(headers.get('www-authenticate'), /^Bearer /);
    }
  assert.equal((await ask(one.registration_client_uri, { method: 'GET' })).status, 401);
  assert.equal((await read(one)).status, 200);
  open.command('client', 'set', one.client_id, '--disable');
  assert.equal((await read(one)).status, 401, 'nor does it open a disabled one');
});

test('DELETE takes the client away with all that people gave it', async () => {
  const config = await oidc.dynamicClientRegistration(new URL(open.issuer), { ...minimal, grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'client_secret_post' },
    undefined, { execute: [oidc.allowInsecureRequests] });
  const client = config.clientMetadata();
  const { tokens, browser } = await signIn({ register: servers.register, config, kidc: servers.residents[1].kidc });
  const { status, json } = await remove(client);
  assert.equal(status, 204);
  assert.equal(json, undefined);
  assert.equal((await read(client)).status, 401);
  assert.equal((await remove(client)).status, 401);
  assert.equal((await fetch(`${open.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })).status, 401);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), (error) => error.status === 401);
  const { url } = await authorizationRequest(config);
  assert.ok(!(await browser.go(url)).location, 'no way back to it any more');
});

test('registering, changing and removing are in the audit record', async () => {
  const token = initial();
  const client = await registered(minimal, { at: provider, token });
  await put(client, own(client));
  await remove(client);
  const entries = JSON.parse(provider.command('audit', 'show', '--json', '--client', client.client_id));
  assert.deepEqual(entries.map((one) => one.action), ['client.register', 'client.update', 'client.unregister']);
  assert.match(entries[0].actor, /^registration-token:[0-9a-f]{16}$/);
  assert.equal(entries[1].actor, `client:${client.client_id}`);
  assert.ok(!JSON.stringify(entries).includes(client.registration_access_token));
});

test('neither kind of token lies in the data folder', async () => {
  const token = initial('--uses', '2');
  const client = await registered(minimal, { at: provider, token });
  const files = readdirSync(provider.data, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  assert.ok(files.length > 2);
  for (const file of files) {
    const bytes = readFileSync(join(file.parentPath, file.name));
    for (const secret of [token, client.registration_access_token, client.client_secret]) {
      assert.ok(!bytes.includes(secret), file.name);
      assert.ok(!bytes.includes(Buffer.from(secret, 'base64url')), file.name);
    }
  }
});

test('a restart loses no registration', async () => {
  const client = await registered(minimal, { at: provider, token: initial() });
  await provider.restart('SIGKILL');
  assert.equal((await read(client)).status, 200);
});

/* ---- what is fetched ---- */

test('clients that a sector_identifier_uri lists share subjects; one that it does not list is refused', async () => {
  const [a, b] = ['https://a.example/cb', 'https://b.example/cb'];
  remote.answers['/sector'] = { body: [a, b] };
  const client = await registered({ redirect_uris: [a, b], sector_identifier_uri: `${remote.url}/sector` });
  assert.equal(client.sector_identifier_uri, `${remote.url}/sector`);
  await refused({ redirect_uris: [a, 'https://c.example/cb'], sector_identifier_uri: `${remote.url}/sector` }, 'invalid_client_metadata', /does not list/);
  assert.equal((await put(client, { ...own(client), redirect_uris: ['https://c.example/cb'] })).status, 400, 'nor afterwards');
  for (const answer of [{ status: 404 }, { body: { redirect_uris: [a] } }, { body: [a, 7] }, { body: '[], "b": [1]' }, { body: 'not JSON' }, { status: 302, headers: { location: `${remote.url}/sector` } },
    { body: [a, 'x'.repeat(70000)] }]) {
    remote.answers['/odd'] = answer;
    await refused({ redirect_uris: [a], sector_identifier_uri: `${remote.url}/odd` }, 'invalid_client_metadata', /sector_identifier_uri/);
  }
  await refused({ redirect_uris: [a], sector_identifier_uri: 'https://nowhere.invalid/sector' }, 'invalid_client_metadata', /could not be fetched/);
});

test('[13] a logo is fetched once and served by us; what is no image is no logo, and no error', async () => {
  remote.answers['/logo.png'] = { type: 'image/png', body: png };
  remote.answers['/logo.svg'] = { type: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' };
  remote.answers['/large.png'] = { type: 'image/png', body: Buffer.concat([png, Buffer.alloc(70000)]) };
  const client = await registered({ ...minimal, logo_uri: `${remote.url}/logo.png` });
  assert.equal(client.logo_uri, `${remote.url}/logo.png`);
  const logo = await fetch(`${open.issuer}/client-logo/${client.client_id}`);
  assert.equal(logo.headers.get('content-type'), 'image/png');
  assert.deepEqual(Buffer.from(await logo.arrayBuffer()), png);
  delete remote.answers['/logo.png'];
  assert.equal((await put(client, own(client))).status, 200);
  assert.equal((await fetch(`${open.issuer}/client-logo/${client.client_id}`)).status, 200, 'the one that we have stays');
  for (const path of ['/logo.svg', '/large.png', '/missing.png']) {
    assert.equal((await put(client, { ...own(client), logo_uri: remote.url + path })).status, 200, path);
    assert.equal((await fetch(`${open.issuer}/client-logo/${client.client_id}`)).status, 404, path);
  }
});

test('[12] registering leads nobody into our own network', async () => {
  const strict = await Provider.start(servers.register, { 'registration.open': 'yes', 'outbound.ca': remote.certificates.ca });
  try {
    remote.requests.length = 0;
    await refused({ ...minimal, sector_identifier_uri: `${remote.url}/sector` }, 'invalid_client_metadata', /sector_identifier_uri/, { at: strict });
    await register({ ...minimal, logo_uri: `${remote.url}/logo.png` }, { at: strict });
    assert.equal(remote.requests.length, 0);
  } finally {
    await strict.stop();
  }
});

/* ---- limits and switches ---- */

test('strangers register, and clients change themselves, no more often than the operator says', async () => {
  const one = await Provider.start(servers.register, { 'registration.open': 'yes', 'limit.registrations_per_ip': 3 });
  try {
    const client = await registered(minimal, { at: one });
    for (let i = 0; i < 3; i++) assert.equal((await put(client, own(client))).status, 200);
    assert.equal((await put(client, own(client))).status, 429);
    assert.equal((await read(client)).status, 200);
    await registered(minimal, { at: one });
    await registered(minimal, { at: one });
    const { status, headers } = await register(minimal, { at: one });
    assert.equal(status, 429);
    assert.ok(Number(headers.get('retry-after')) > 0);
    const token = JSON.parse(one.command('registration', 'token', '--json')).initial_access_token;
    await registered(minimal, { at: one, token });
  } finally {
    await one.stop();
  }
});

test('where it is switched off there is no such endpoint, and none is advertised', async () => {
  const off = await Provider.start(servers.register, { 'registration.enabled': 'no', 'registration.open': 'yes' });
  try {
    assert.equal((await register(minimal, { at: off })).status, 404);
    const metadata = await (await fetch(`${off.issuer}/.well-known/openid-configuration`)).json();
    assert.ok(!('registration_endpoint' in metadata));
  } finally {
    await off.stop();
  }
});

test('a page in a browser may register and look after a client, by preflight', async () => {
  const client = await registered(minimal);
  for (const [url, method] of [[`${open.issuer}/register`, 'POST'], [client.registration_client_uri, 'PUT'], [client.registration_client_uri, 'DELETE']]) {
    const answer = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://rp.example', 'access-control-request-method': method } });
    assert.equal(answer.status, 204);
    assert.match(answer.headers.get('access-control-allow-methods'), new RegExp(method));
  }
  assert.equal((await ask(client.registration_client_uri, { method: 'POST', token: client.registration_access_token, body: minimal })).status, 405);
});

test('people see who asks: the host, where a client has no name, and its policy and terms with the hosts they are on', async () => {
  const page = async (metadata) => {
    const config = await oidc.dynamicClientRegistration(new URL(open.issuer), metadata, undefined, { execute: [oidc.allowInsecureRequests] });
    return (await new Browser().go((await authorizationRequest(config, { ui_locales: 'en' })).url)).body;
  };
  const bare = await page(minimal);
  assert.match(bare, /class="who-name">localhost</);
  assert.ok(!bare.includes('who-terms'));
  const full = await page({ ...minimal, client_name: 'Shop <b>', policy_uri: 'https://rp.example/privacy?a="b', tos_uri: 'https://terms.example/' }).catch(() => undefined);
  assert.equal(full, undefined, 'a quote is no part of a URI');
  const both = await page({ ...minimal, client_name: 'Shop <b>', policy_uri: "https://rp.example/it's?a=1&b=2", tos_uri: 'https://terms.example/', 'tos_uri#km': 'https://terms.example/km' });
  assert.match(both, /Shop &lt;b&gt;/);
  assert.match(both, /<a href="https:\/\/rp.example\/it&#39;s\?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">Its privacy policy<\/a> <span[^>]*>rp.example</);
  assert.match(both, /<a href="https:\/\/terms.example\/" target="_blank" rel="noopener noreferrer">Its terms of use<\/a> <span[^>]*>terms.example</);
});
