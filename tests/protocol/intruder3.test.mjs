// What an intruder found in the second version's protocol, and what stands against it now.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';
import { Remote } from '../lib/remote.mjs';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
let remote, register, provider, residents;

before(async () => {
  remote = await Remote.start();
  ({ register, provider, residents } = await fixture({
    ...remote.settings, 'registration.open': 'yes', 'registration.scopes': 'openid profile', 'limit.registrations_per_ip': 100000 }));
});

const post = (path, body, headers) => fetch(provider.issuer + path, { method: 'POST', headers, body: new URLSearchParams(body) });
const basic = (client) => client.client_secret && { authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}` };
const initial = (...args) => JSON.parse(provider.command('registration', 'token', '--json', ...args)).initial_access_token;

async function ask(url, { method = 'POST', token, body }) {
  const answer = await fetch(url, { method, headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) });
  return { status: answer.status, json: await answer.json() };
}
const registering = (metadata, token) => ask(`${provider.issuer}/register`, { token, body: metadata });
async function registered(metadata, token) {
  const { status, json } = await registering(metadata, token);
  assert.equal(status, 201, JSON.stringify(json));
  return json;
}
const change = (client, metadata) => ask(client.registration_client_uri, { method: 'PUT', token: client.registration_access_token, body: { client_id: client.client_id, ...metadata } });
const kiosk = (...args) => provider.client('--name', 'Kiosk', '--auth', 'none', '--grant', deviceGrant, '--scope', 'openid profile', ...args);
const enter = (browser, user_code, headers) => browser.go(`${provider.issuer}/device`, { method: 'POST', headers, body: new URLSearchParams({ user_code }) });

/** The subject that a client gets through the device grant. */
async function subjectByDevice(client, kidc) {
  const device = await (await post('/device_authorization', { client_id: client.client_id, scope: 'openid' }, basic(client))).json();
  const browser = new Browser();
  await browser.signInAndAllow(register, await enter(browser, device.user_code), kidc);
  const tokens = await (await post('/token', { grant_type: deviceGrant, client_id: client.client_id, device_code: device.device_code }, basic(client))).json();
  return jose.decodeJwt(tokens.id_token).sub;
}

/* ---- subjects ---- */

test('clients without redirect URIs have subjects of their own, none the public one', async () => {
  const { kidc } = residents[0];
  const subjects = [await subjectByDevice(kiosk(), kidc), await subjectByDevice(kiosk(), kidc)];
  const open = await relyingParty(provider, { args: ['--subject-type', 'public'] });
  subjects.push((await signIn({ register, config: open.config, kidc })).claims.sub);
  assert.equal(new Set(subjects).size, 3);
});

test('a registrant that needs no redirect does not get the subjects of a host that it names', async () => {
  const { kidc } = residents[1];
  const portal = await relyingParty(provider, { args: ['--sector', 'portal.example'] });
  const { sub } = (await signIn({ register, config: portal.config, kidc })).claims;
  const token = initial('--scope', 'openid', '--grant', 'authorization_code', '--grant', deviceGrant, '--uses', '2');
  const metadata = { redirect_uris: ['https://portal.example/cb'], grant_types: ['authorization_code', deviceGrant] };
  assert.notEqual(await subjectByDevice(await registered(metadata, token), kidc), sub);
  remote.answers['/sector'] = { body: metadata.redirect_uris };
  const { status, json } = await registering({ ...metadata, sector_identifier_uri: `${remote.url}/sector` }, token);
  assert.equal(status, 400);
  assert.match(json.error_description, /does not list jwks_uri/);
});

test('a stranger shares no subjects with who else is on localhost', async () => {
  const { kidc } = residents[2];
  const portal = await relyingParty(provider);
  const stranger = await registered({ redirect_uris: [redirectUri] });
  const config = await oidc.discovery(new URL(provider.issuer), stranger.client_id, undefined, oidc.ClientSecretBasic(stranger.client_secret), { execute: [oidc.allowInsecureRequests] });
  const [ours, theirs] = [await signIn({ register, config: portal.config, kidc }), await signIn({ register, config, kidc })];
  assert.notEqual(ours.claims.sub, theirs.claims.sub);
});

test('the public subject is the operator’s to give', async () => {
  const metadata = { redirect_uris: ['https://a.example/cb'], subject_type: 'public' };
  const client = await registered(metadata);
  assert.equal(client.subject_type, 'pairwise');
  assert.equal((await change(client, metadata)).json.subject_type, 'pairwise');
  assert.equal((await registered(metadata, initial('--scope', 'openid', '--member', 'subject_type'))).subject_type, 'public');
});

/* ---- who is shown ---- */

test('the pages show the host that a stranger’s answer goes to, whatever it says of itself', async () => {
  const client = await registered({ redirect_uris: ['https://bank.example/cb', 'https://evil.example/cb'], client_name: 'The bank', client_uri: 'https://bank.example/' });
  const parameters = { client_id: client.client_id, response_type: 'code', scope: 'openid', redirect_uri: 'https://evil.example/cb', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
  const page = await new Browser().go(`${provider.issuer}/authorize?${new URLSearchParams(parameters)}`);
  assert.equal(page.body.match(/class="who-host"[^>]*>([^<]*)/)[1], 'evil.example');
});

/* ---- profiles ---- */

test('[21] an update leaves no security profile for a weaker one', async () => {
  const token = initial('--scope', 'openid', '--profile', 'open', '--profile', 'fapi2', '--uses', '2');
  const { publicKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const strong = { redirect_uris: ['https://a.example/cb'], token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [await jose.exportJWK(publicKey)] }, dpop_bound_access_tokens: true };
  const client = await registered({ ...strong, security_profile: 'fapi2' }, token);
  for (const metadata of [{ ...strong, security_profile: 'open' }, { redirect_uris: strong.redirect_uris }])
    assert.equal((await change(client, metadata)).status, 400);
  const kept = await change(client, strong);
  assert.equal(kept.json.security_profile, 'fapi2');
  const raised = await change(await registered(strong, token), { ...strong, security_profile: 'fapi2' });
  assert.equal(raised.json.security_profile, 'fapi2', 'but for a stronger one');
});
