// CIBA (OpenID Connect Client-Initiated Backchannel Authentication Core 1.0), poll and ping.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { fixture } from '../lib/fixture.mjs';
import { Remote } from '../lib/remote.mjs';
import { until } from '../lib/servers.mjs';

const ciba = 'urn:openid:params:grant-type:ciba';
let remote, register, provider, residents, clerk, config, signer;

let files = 0;
function add(metadata) {
  const file = join(remote.certificates.folder, `client-${++files}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Counter', scope: 'openid profile', grant_types: [ciba], ...metadata }));
  return provider.client('--from', file);
}

before(async () => {
  remote = await Remote.start({ '/ping': { status: 204 } });
  ({ register, provider, residents } = await fixture(remote.settings));
  clerk = add({});
  config = await oidc.discovery(new URL(provider.issuer), clerk.client_id, undefined, oidc.ClientSecretBasic(clerk.client_secret), { execute: [oidc.allowInsecureRequests] });
  const { privateKey, publicKey } = await jose.generateKeyPair('ES256');
  signer = { privateKey, jwks: { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }] } };
});

const basic = (client) => ({ authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}` });
const ask = (parameters, client = clerk) =>
  fetch(`${provider.issuer}/backchannel`, { method: 'POST', headers: basic(client), body: new URLSearchParams({ scope: 'openid profile', ...parameters }) });
const asked = async (parameters, client) => {
  const answer = await ask(parameters, client);
  assert.equal(answer.status, 200);
  return answer.json();
};
const errorOf = async (answer) => (await answer.json()).error;
const poll = (auth_req_id, client = clerk) =>
  fetch(`${provider.issuer}/token`, { method: 'POST', headers: basic(client), body: new URLSearchParams({ grant_type: ciba, auth_req_id }) });
const link = (id) => `${provider.issuer}/approve/${createHash('sha256').update(id).digest('base64url')}`;
const approve = async (id, kidc, browser = new Browser()) => browser.signInAndAllow(register, await browser.go(link(id)), kidc);

test('poll: the person sees who asks and the message, says yes, and openid-client gets the tokens', async () => {
  const kidc = residents[0].kidc;
  const request = await oidc.initiateBackchannelAuthentication(config, { scope: 'openid profile', login_hint: kidc, binding_message: 'W4SCT' });
  assert.ok(request.expires_in > 0 && request.interval === 5);
  assert.equal(await errorOf(await poll(request.auth_req_id)), 'authorization_pending');
  const browser = new Browser();
  const consent = await browser.signIn(register, await browser.go(link(request.auth_req_id)), kidc);
  assert.match(consent.body, /W4SCT/);
  assert.equal((await browser.submit(consent, 'allow')).status, 200);
  const tokens = await oidc.pollBackchannelAuthenticationGrant(config, { ...request, interval: 6 });
  assert.ok(tokens.claims().sub);
  assert.ok((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).name);
  assert.equal(await errorOf(await poll(request.auth_req_id)), 'invalid_grant', 'once');
});

test('a session does not answer for the person: each request asks for a new sign-in', async () => {
  const browser = new Browser();
  await approve((await asked({ login_hint: residents[0].kidc })).auth_req_id, residents[0].kidc, browser);
  const again = await browser.go(link((await asked({ login_hint: residents[0].kidc })).auth_req_id));
  assert.match(again.body, /name="kidc"/);
});

test('[43] another person cannot answer, and the request waits on for the one it is for', async () => {
  const { auth_req_id } = await asked({ login_hint: residents[0].kidc });
  const wrong = await approve(auth_req_id, residents[1].kidc);
  assert.equal(wrong.status, 403);
  assert.equal(await errorOf(await poll(auth_req_id)), 'authorization_pending');
  await approve(auth_req_id, residents[0].kidc);
  assert.equal((await poll(auth_req_id)).status, 200);
});

test('a person who says no: access_denied', async () => {
  const { auth_req_id } = await asked({ login_hint: residents[0].kidc });
  const browser = new Browser();
  const consent = await browser.signIn(register, await browser.go(link(auth_req_id)), residents[0].kidc);
  await browser.submit(consent, 'deny');
  assert.equal(await errorOf(await poll(auth_req_id)), 'access_denied');
});

test('ping: the client is told with its bearer token, after yes and after no, and fetches', async () => {
  const client = add({ backchannel_token_delivery_mode: 'ping', backchannel_client_notification_endpoint: `${remote.url}/ping` });
  for (const [i, allow] of [true, false].entries()) {
    const client_notification_token = randomBytes(24).toString('base64url');
    const { auth_req_id } = await asked({ login_hint: residents[0].kidc, client_notification_token }, client);
    const browser = new Browser();
    const consent = await browser.signIn(register, await browser.go(link(auth_req_id)), residents[0].kidc);
    await browser.submit(consent, allow ? 'allow' : 'deny');
    const request = (await remote.arrived('/ping', i + 1))[i];
    assert.equal(request.headers.authorization, `Bearer ${client_notification_token}`);
    assert.deepEqual(JSON.parse(request.body), { auth_req_id });
    assert.equal((await poll(auth_req_id, client)).status, allow ? 200 : 400);
  }
});

test('a client that registered an algorithm must sign, and nothing stands beside what is signed', async () => {
  const client = add({ backchannel_authentication_request_signing_alg: 'ES256', jwks: signer.jwks });
  const now = Math.floor(Date.now() / 1000);
  const good = { iss: client.client_id, aud: provider.issuer, iat: now, nbf: now, exp: now + 300, jti: randomBytes(8).toString('hex'), scope: 'openid', login_hint: residents[0].kidc };
  const sign = (claims, alg = 'ES256') => new jose.SignJWT(claims).setProtectedHeader({ alg, kid: 'one' }).sign(signer.privateKey);
  const send = (body) => fetch(`${provider.issuer}/backchannel`, { method: 'POST', headers: basic(client), body: new URLSearchParams(body) });
  assert.equal((await send({ request: await sign(good) })).status, 200);
  assert.equal((await send({ request: await sign({ ...good, requested_expiry: 30 }) })).status, 200);
  assert.equal((await send({ request: await sign({ ...good, requested_expiry: '30' }) })).status, 200);
  assert.equal(await errorOf(await send({ scope: 'openid', login_hint: residents[0].kidc })), 'invalid_request');
  assert.equal(await errorOf(await send({ request: await sign(good), scope: 'openid' })), 'invalid_request');
  for (const [what, change] of Object.entries({
    'no aud': { aud: undefined }, 'another aud': { aud: 'https://else.example' }, 'no iss': { iss: undefined }, 'another iss': { iss: clerk.client_id },
    'no exp': { exp: undefined }, expired: { exp: now - 600 }, 'too long': { exp: now + 7200 }, 'no iat': { iat: undefined }, 'no nbf': { nbf: undefined },
    'no jti': { jti: undefined }, 'from long ago': { nbf: now - 7200 }, 'nbf in the future': { nbf: now + 600 },
  })) assert.equal(await errorOf(await send({ request: await sign({ ...good, ...change }) })), 'invalid_request', what);
  const [head, body] = (await sign(good)).split('.');
  assert.equal(await errorOf(await send({ request: `${head}.${body}.AAAA` })), 'invalid_request');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  assert.equal(await errorOf(await send({ request: `${none}.${body}.` })), 'invalid_request');
});

test('[44] an id_token_hint names a person to the client that has it, and to no other, changed or not', async () => {
  const { auth_req_id } = await asked({ login_hint: residents[0].kidc });
  await approve(auth_req_id, residents[0].kidc);
  const { id_token: mine } = await (await poll(auth_req_id)).json();
  const hinted = await asked({ id_token_hint: mine });
  assert.equal((await approve(hinted.auth_req_id, residents[1].kidc)).status, 403, 'another person');
  await approve(hinted.auth_req_id, residents[0].kidc);
  assert.equal((await poll(hinted.auth_req_id)).status, 200);
  const [head, body, signature] = mine.split('.');
  const changed = Buffer.from(JSON.stringify({ ...jose.decodeJwt(mine), sub: 'somebody' })).toString('base64url');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  const stranger = await new jose.SignJWT(jose.decodeJwt(mine)).setProtectedHeader({ ...jose.decodeProtectedHeader(mine), alg: 'ES256' }).sign(signer.privateKey);
  for (const [what, id_token_hint] of Object.entries({ changed: `${head}.${changed}.${signature}`, none: `${none}.${body}.`, 'no signature': `${head}.${body}.`, 'a stranger’s': stranger }))
    assert.equal(await errorOf(await ask({ id_token_hint })), 'invalid_request', what);
  assert.equal(await errorOf(await ask({ id_token_hint: mine }, add({}))), 'invalid_request', 'another client');
});

test('a client of a FAPI profile must sign in any case', async () => {
  const bank = add({ security_profile: 'fapi2', token_endpoint_auth_method: 'private_key_jwt', jwks: signer.jwks, dpop_bound_access_tokens: true });
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new jose.SignJWT({ iss: bank.client_id, sub: bank.client_id, aud: provider.issuer, iat: now, exp: now + 60, jti: randomBytes(8).toString('hex') })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(signer.privateKey);
  const answer = await fetch(`${provider.issuer}/backchannel`, { method: 'POST', body: new URLSearchParams({ scope: 'openid', login_hint: residents[0].kidc, client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }) });
  const { error, error_description } = await answer.json();
  assert.equal(error, 'invalid_request');
  assert.match(error_description, /sign/);
});

test('who asked for whom is in the audit record, without a number', async () => {
  await asked({ login_hint: residents[0].kidc });
  const entries = await until('the entry', () => {
    const found = JSON.parse(provider.command('audit', 'show', '--json', '--action', 'backchannel.request', '--limit', '1000'));
    return found.length > 0 && found;
  });
  assert.equal(entries[0].actor, `client:${clerk.client_id}`);
  assert.match(entries[0].detail, /^for resident:[\w-]{43}$/);
  assert.ok(!JSON.stringify(entries).includes(residents[0].kidc.slice(0, 9)));
});

test('requests that say too little or too much', async () => {
  const kidc = residents[0].kidc;
  assert.equal(await errorOf(await ask({})), 'invalid_request', 'no hint');
  assert.equal(await errorOf(await ask({ login_hint: kidc, id_token_hint: 'x' })), 'invalid_request', 'two hints');
  assert.equal(await errorOf(await ask({ login_hint_token: 'x' })), 'invalid_request');
  assert.equal(await errorOf(await ask({ login_hint: 'somebody' })), 'unknown_user_id');
  assert.equal(await errorOf(await ask({ login_hint: kidc, scope: 'profile' })), 'invalid_scope');
  assert.equal(await errorOf(await ask({ login_hint: kidc, user_code: '1234' })), 'invalid_request');
  assert.equal(await errorOf(await ask({ login_hint: kidc, binding_message: 'x'.repeat(61) })), 'invalid_binding_message');
  assert.equal(await errorOf(await ask({ login_hint: kidc, binding_message: 'a\nb' })), 'invalid_binding_message');
  for (const requested_expiry of ['0', '-1', 'soon', '1.5'])
    assert.equal(await errorOf(await ask({ login_hint: kidc, requested_expiry })), 'invalid_request', requested_expiry);
  const ping = add({ backchannel_token_delivery_mode: 'ping', backchannel_client_notification_endpoint: `${remote.url}/ping` });
  for (const token of [undefined, 'short', 'a b'.repeat(10), 'x'.repeat(1025)])
    assert.equal(await errorOf(await ask({ login_hint: kidc, ...(token && { client_notification_token: token }) }, ping)), 'invalid_request', token);
  const portal = provider.client('--name', 'Portal', '--redirect-uri', 'http://localhost:9999/callback', '--scope', 'openid');
  assert.equal(await errorOf(await ask({ login_hint: kidc }, portal)), 'unauthorized_client');
});

test('another client cannot poll; a time that is over says so', async () => {
  const { auth_req_id } = await asked({ login_hint: residents[0].kidc });
  assert.equal(await errorOf(await poll(auth_req_id, add({}))), 'invalid_grant');
  const short = await asked({ login_hint: residents[0].kidc, requested_expiry: '1' });
  assert.equal(short.expires_in, 1);
  let error;
  do {
    await new Promise((done) => setTimeout(done, 200));
    error = await errorOf(await poll(short.auth_req_id));
  } while (error === 'authorization_pending' || error === 'slow_down');
  assert.equal(error, 'expired_token');
  assert.equal((await new Browser().go(link(short.auth_req_id))).status, 404);
});
