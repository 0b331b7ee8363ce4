// The device grant (RFC 8628): a device without a keyboard, answered in a browser elsewhere.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { fixture } from '../lib/fixture.mjs';
import { Provider } from '../lib/servers.mjs';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
let register, provider, residents, kiosk, config;

async function newKiosk(...args) {
  const metadata = provider.client('--name', 'Kiosk', '--auth', 'none', '--grant', deviceGrant, '--scope', 'openid profile', ...args);
  return { metadata, config: await oidc.discovery(new URL(provider.issuer), metadata.client_id, undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] }) };
}

before(async () => {
  ({ register, provider, residents } = await fixture());
  ({ metadata: kiosk, config } = await newKiosk());
});

const begin = () => oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' });
const enter = (browser, code) => browser.go(`${provider.issuer}/device`, { method: 'POST', body: new URLSearchParams({ user_code: code }) });
const poll = (device_code, more = {}) => fetch(`${provider.issuer}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: deviceGrant, client_id: kiosk.client_id, device_code, ...more }) });
const errorOf = async (answer) => (await answer.json()).error;

test('a person answers on a phone; the device gets tokens that openid-client believes', async () => {
  const device = await begin();
  assert.match(device.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.equal(device.verification_uri, `${provider.issuer}/device`);
  assert.equal(await errorOf(await poll(device.device_code)), 'authorization_pending');
  const browser = new Browser();
  const filled = await browser.go(device.verification_uri_complete);
  assert.match(filled.body, new RegExp(`value="${device.user_code}"`));
  const page = await enter(browser, device.user_code.toLowerCase().replace('-', ' '));
  const end = await browser.signInAndAllow(register, page, residents[0].kidc);
  assert.equal(end.status, 200);
  assert.match(end.body, /Done|រួច/);
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 6 });
  assert.equal(tokens.claims().aud, kiosk.client_id);
  const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.ok(info.name);
  assert.equal(await errorOf(await poll(device.device_code)), 'invalid_grant', 'once');
});

test('[47] the consent page is shown to who is signed in already, and says that a device asks', async () => {
  const browser = new Browser();
  await browser.signInAndAllow(register, await enter(browser, (await begin()).user_code), residents[1].kidc);
  const again = await enter(browser, (await begin()).user_code);
  assert.match(again.body, /value="allow"/);
  assert.match(again.body, /another device|ឧបករណ៍​ផ្សេង/);
});

test('polling faster than the interval is slowed down', async () => {
  const { device_code } = await begin();
  assert.equal(await errorOf(await poll(device_code)), 'authorization_pending');
  assert.equal(await errorOf(await poll(device_code)), 'slow_down');
});

test('a person who says no: access_denied', async () => {
  const device = await begin();
  const browser = new Browser();
  let page = await enter(browser, device.user_code);
  page = await browser.submit(page, 'cancel');
  assert.equal(page.status, 200);
  assert.equal(await errorOf(await poll(device.device_code)), 'access_denied');
});

test('[47] a code is answered once: the second browser finds it over', async () => {
  const device = await begin();
  const [one, two] = [new Browser(), new Browser()];
  const first = await enter(one, device.user_code);
  const second = await enter(two, device.user_code);
  await one.signInAndAllow(register, first, residents[0].kidc);
  const late = await two.signInAndAllow(register, second, residents[1].kidc);
  assert.ok([404, 409].includes(late.status), String(late.status));
  assert.equal((await enter(new Browser(), device.user_code)).status, 400);
  const answer = await poll(device.device_code);
  assert.equal(answer.status, 200);
});

test('[26] another client, a wrong code, and a code of the browser flow give nothing', async () => {
  const device = await begin();
  const other = await newKiosk();
  const answer = await poll(device.device_code, { client_id: other.metadata.client_id });
  assert.equal(await errorOf(answer), 'invalid_grant');
  assert.equal(await errorOf(await poll('x')), 'invalid_grant');
  assert.equal(await errorOf(await poll(device.user_code)), 'invalid_grant');
  assert.equal(await errorOf(await poll('')), 'invalid_request');
  const portal = provider.client('--name', 'Portal', '--redirect-uri', 'http://localhost:9999/callback', '--scope', 'openid', '--auth', 'none');
  const refused = await fetch(`${provider.issuer}/device_authorization`, { method: 'POST', body: new URLSearchParams({ client_id: portal.client_id, scope: 'openid' }) });
  assert.equal(await errorOf(refused), 'unauthorized_client');
});

test('[20] PKCE is refused rather than passed over', async () => {
  const answer = await fetch(`${provider.issuer}/device_authorization`, {
    method: 'POST', body: new URLSearchParams({ client_id: kiosk.client_id, scope: 'openid', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' }) });
  assert.equal(await errorOf(answer), 'invalid_request');
});

test('[26] guessing codes stops after a few tries, also with the right one', async () => {
  const guarded = await Provider.start(register);
  try {
    const metadata = guarded.client('--name', 'Kiosk', '--auth', 'none', '--grant', deviceGrant, '--scope', 'openid');
    const device = await (await fetch(`${guarded.issuer}/device_authorization`, { method: 'POST', body: new URLSearchParams({ client_id: metadata.client_id, scope: 'openid' }) })).json();
    const browser = new Browser();
    const at = (code) => browser.go(`${guarded.issuer}/device`, { method: 'POST', body: new URLSearchParams({ user_code: code }) });
    for (let i = 0; i < 20; i++) assert.equal((await at('BBBB-BBBB')).status, 400);
    assert.equal((await at('BBBB-BBBB')).status, 429);
    assert.equal((await at(device.user_code)).status, 429);
  } finally {
    await guarded.stop();
  }
});
