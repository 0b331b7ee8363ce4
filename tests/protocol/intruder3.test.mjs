// What an intruder found in the second version's protocol, and what stands against it now.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { ProofKey } from '../lib/dpop.mjs';
import { fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';
import { Remote } from '../lib/remote.mjs';
import { Provider, until } from '../lib/servers.mjs';

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

test('an update leaves no security profile for a weaker one', async () => {
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

/* ---- what a stranger can make us do ---- */

const statuses = async (count, request) => (await Promise.all(Array.from({ length: count }, request))).map((answer) => answer.status);

test('devices that anybody can be are counted, and little is kept of what they send', async () => {
  const guarded = await Provider.start(register, { 'limit.requests_per_ip': 5 });
  try {
    const metadata = guarded.client('--name', 'Kiosk', '--auth', 'none', '--grant', deviceGrant, '--scope', 'openid');
    const begin = (more) => fetch(`${guarded.issuer}/device_authorization`, { method: 'POST', body: new URLSearchParams({ client_id: metadata.client_id, scope: 'openid', ...more }) });
    assert.equal((await begin({ access_token: 'nobody-asked-for-this' })).status, 200);
    assert.equal((await begin({ scope: `openid ${'x'.repeat(17000)}` })).status, 413);
    const files = readdirSync(join(guarded.data, 'store'), { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    assert.ok(files.length > 0);
    for (const file of files) assert.ok(!readFileSync(join(file.parentPath, file.name)).includes('nobody-asked-for-this'), file.name);
    assert.ok((await statuses(6, () => begin())).includes(429));
  } finally {
    await guarded.stop();
  }
});

test('proofs of a client that anybody can be are counted before they are noted', async () => {
  const guarded = await Provider.start(register, { 'limit.requests_per_ip': 5 });
  try {
    const { client_id } = guarded.client('--name', 'App', '--auth', 'none', '--redirect-uri', redirectUri, '--scope', 'openid');
    const key = await ProofKey.make();
    const url = `${guarded.issuer}/token`;
    const bring = async () => fetch(url, { method: 'POST', headers: { DPoP: await key.proof('POST', url) }, body: new URLSearchParams({ client_id, grant_type: 'authorization_code', code: 'x' }) });
    assert.equal((await bring()).status, 400);
    assert.ok((await statuses(6, bring)).includes(429));
  } finally {
    await guarded.stop();
  }
});

test('failures to authenticate are counted by network: another address of it does not help', async () => {
  const proxied = await Provider.start(register, { 'limit.client_failures': 3, trusted_proxy: '127.0.0.1' });
  try {
    const from = (address) => fetch(`${proxied.issuer}/token`, { method: 'POST', headers: { 'x-forwarded-for': address }, body: new URLSearchParams({ client_id: 'nobody', grant_type: 'x' }) });
    const answers = [];
    for (let i = 1; i < 6; i++) answers.push((await from(`2001:db8:1:1::${i}`)).status);
    assert.ok(answers.includes(429), answers.join(' '));
    assert.equal((await from('2001:db8:1:2::1')).status, 401);
  } finally {
    await proxied.stop();
  }
});

test('requests to fetch a request object are counted, and hold up no other fetch', async () => {
  const request_uris = ['/slow1', '/slow2'].map((path) => remote.url + path);
  let open = 0, most = 0, release;
  const released = new Promise((done) => (release = done));
  for (const path of ['/slow1', '/slow2'])
    remote.answers[path] = async () => {
      most = Math.max(most, ++open);
      await released;
      open--;
      return { status: 404 };
    };
  const { client_id } = await registered({ redirect_uris: [redirectUri], request_uris });
  const at = (request_uri) => `${provider.issuer}/authorize?${new URLSearchParams({ client_id, response_type: 'code', scope: 'openid', redirect_uri: redirectUri, request_uri })}`;
  const errors = (urls) => Promise.all(urls.map(async (url) => new URL((await fetch(url, { redirect: 'manual' })).headers.get('location')).searchParams.get('error')));
  const held = errors(request_uris.flatMap((uri) => Array(4).fill(at(uri))));
  await remote.arrived('/slow1', 4);
  await remote.arrived('/slow2', 4);
  assert.deepEqual(await errors([at(request_uris[0])]), ['temporarily_unavailable']);
  release();
  assert.deepEqual(new Set(await held), new Set(['invalid_request_uri']));
  assert.equal(most, 8);
});

test('another site cannot type a device’s code for a person', async () => {
  const metadata = kiosk();
  const { user_code } = await (await post('/device_authorization', { client_id: metadata.client_id, scope: 'openid' })).json();
  for (const site of ['cross-site', 'same-site', 'none']) {
    const page = await enter(new Browser(), user_code, { 'sec-fetch-site': site });
    assert.match(page.body, new RegExp(`value="${user_code}"`), 'shown, to be compared');
    assert.doesNotMatch(page.body, /name="kidc"/, site);
  }
  assert.match((await enter(new Browser(), user_code, { 'sec-fetch-site': 'same-origin' })).body, /name="kidc"/);
});

/* ---- what people read ---- */

test('nothing that a client writes for people turns its letters around', async () => {
  const file = join(remote.certificates.folder, 'counter.json');
  writeFileSync(file, JSON.stringify({ client_name: 'Counter', scope: 'openid', grant_types: ['urn:openid:params:grant-type:ciba'] }));
  const clerk = provider.client('--from', file);
  for (const binding_message of ['pay \u202e0001', 'pay \u2066x\u2069']) {
    const answer = await post('/backchannel', { scope: 'openid', login_hint: residents[0].kidc, binding_message }, basic(clerk));
    assert.equal((await answer.json()).error, 'invalid_binding_message');
  }
});

test('a KIdC that was posted does not end up in an address', async () => {
  const parameters = { client_id: 'portal', login_hint: residents[0].kidc, state: 'kept' };
  const { status, headers } = await fetch(`${provider.issuer}/authorize`, { method: 'POST', redirect: 'manual', body: new URLSearchParams(parameters) });
  assert.equal(status, 303);
  assert.deepEqual([...new URL(headers.get('location')).searchParams], [['client_id', 'portal'], ['state', 'kept']]);
});

test('a KIdC that a portal asks for by its value is not in the store, and still decides', async () => {
  const portal = await relyingParty(provider, { scope: 'openid kidc' });
  const { kidc } = residents[7];
  for (const [value, given] of [[kidc, true], ['120999888-7', false]]) {
    const parameters = { scope: 'openid kidc', claims: JSON.stringify({ userinfo: { kidc: { value } } }) };
    const { tokens, claims } = await signIn({ register, config: portal.config, kidc, parameters });
    for (const file of readdirSync(join(provider.data, 'store'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile()))
      assert.ok(!readFileSync(join(file.parentPath, file.name)).includes(value), file.name);
    const info = await oidc.fetchUserInfo(portal.config, tokens.access_token, claims.sub);
    assert.equal('kidc' in info, given, JSON.stringify(info));
  }
});

/* ---- at the same moment ---- */

test('a client that polls without a pause loses neither the answer nor its tokens', async () => {
  const client = kiosk();
  for (let round = 0; round < 5; round++) {
    const { device_code, user_code } = await (await post('/device_authorization', { client_id: client.client_id, scope: 'openid' })).json();
    const browser = new Browser();
    const asked = await enter(browser, user_code);
    const consent = /value="allow"/.test(asked.body) ? asked : await browser.signIn(register, asked, residents[6].kidc);
    let tokens = 0, over = false;
    const pollers = Array.from({ length: 6 }, async () => {
      while (!over) {
        const answer = await post('/token', { grant_type: deviceGrant, client_id: client.client_id, device_code });
        const { access_token, error } = await answer.json();
        if (access_token) {
          tokens++;
          const active = await fetch(`${provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } });
          assert.equal(active.status, 200);
        }
        over ||= error === 'invalid_grant';
      }
    });
    assert.equal((await browser.submit(consent, 'allow')).status, 200);
    await Promise.all(pollers);
    assert.equal(tokens, 1);
  }
});

test('who has the link to another person’s request does not see what it is about, and neither agrees nor refuses', async () => {
  const file = join(remote.certificates.folder, 'payments.json');
  writeFileSync(file, JSON.stringify({ client_name: 'Payments', scope: 'openid', grant_types: ['urn:openid:params:grant-type:ciba'] }));
  const payments = provider.client('--from', file);
  const { auth_req_id } = await (await post('/backchannel', { scope: 'openid', login_hint: residents[8].kidc, binding_message: 'PAY 500 TO BOPHA' }, basic(payments))).json();
  const link = `${provider.issuer}/approve/${createHash('sha256').update(auth_req_id).digest('base64url')}`;
  const page = await new Browser().go(link);
  assert.doesNotMatch(page.body, /BOPHA/);
  const passerby = new Browser();
  assert.equal((await passerby.submit(await passerby.go(link), 'cancel')).status, 200);
  const other = new Browser();
  const refused = await other.signIn(register, await other.go(link), residents[9].kidc);
  assert.equal(refused.status, 403);
  assert.doesNotMatch(refused.body, /BOPHA|value="allow"/);
  const right = new Browser();
  assert.match((await right.signIn(register, await right.go(link), residents[8].kidc)).body, /BOPHA/);
});

/* ---- the record ---- */

test('who answers a request that was for another person is in the record; and by which grant tokens were given', async () => {
  const file = join(remote.certificates.folder, 'teller.json');
  writeFileSync(file, JSON.stringify({ client_name: 'Teller', scope: 'openid', grant_types: ['urn:openid:params:grant-type:ciba'] }));
  const teller = provider.client('--from', file);
  const { auth_req_id } = await (await post('/backchannel', { scope: 'openid', login_hint: residents[3].kidc }, basic(teller))).json();
  const browser = new Browser();
  const page = await browser.go(`${provider.issuer}/approve/${createHash('sha256').update(auth_req_id).digest('base64url')}`);
  assert.equal((await browser.signInAndAllow(register, page, residents[4].kidc)).status, 403);
  await subjectByDevice(kiosk(), residents[5].kidc);
  await until('both entries', () => {
    const entries = provider.command('audit', 'show', '--json', '--limit', '100');
    return /"grant.refuse"[^}]*"asked of another person"/.test(entries) && /"token.issue"[^}]*:device_code"/.test(entries);
  });
});
