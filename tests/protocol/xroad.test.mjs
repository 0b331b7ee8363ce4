// The whole flow with the register behind CamDX (X-Road): every call in the path form of the security server, and its message ids in the audit record.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, relyingParty, signIn } from '../lib/fixture.mjs';
import { until } from '../lib/servers.mjs';

const service = 'KH/GOV/1001/IPIS/ipis';
let servers, portal;

before(async () => {
  servers = await fixture({ 'register.xroad_service': service, 'register.xroad_client': 'KH/GOV/2002/KONSAO' }, [`--xroad=${service}`]);
  portal = await relyingParty(servers.provider);
});

const audit = () => JSON.parse(servers.provider.command('audit', 'show', '--json'));

test('a resident signs in over X-Road', async () => {
  const { tokens, claims } = await signIn({ register: servers.register, config: portal.config, kidc: servers.resident.kidc });
  const userinfo = await oidc.fetchUserInfo(portal.config, tokens.access_token, claims.sub);
  assert.equal(userinfo['family_name#km'], servers.resident.familyNameKh);
});

test('the audit record keeps the message id of each call, and one transaction for the sign-in', async () => {
  const entries = await until('the entries that nobody waits for', () => {
    const all = audit().filter((entry) => ['signin.otp_sent', 'signin.otp', 'grant.issue'].includes(entry.action));
    return all.length === 3 && all;
  });
  for (const entry of entries) assert.match(entry.xroad_id, /^[0-9A-Za-z-]{8,}$/, entry.action);
  assert.equal(new Set(entries.map((entry) => entry.xroad_id)).size, 3);
  assert.equal(new Set(entries.map((entry) => entry.transaction_id)).size, 1);
});

test('a failure on the way (X-Road-Error) is the register being out of reach, and the sign-in goes on after it', async () => {
  const browser = new Browser();
  const page = await browser.go((await authorizationRequest(portal.config)).url);
  await servers.register.misbehave({ call: 'otp', how: 'xroad-error', times: 1 });
  const away = await browser.submit(page, 'continue', { kidc: servers.residents[1].kidc });
  assert.equal(away.status, 503);
  const consent = await browser.signIn(servers.register, away, servers.residents[1].kidc);
  assert.equal((await browser.submit(consent, 'allow')).location.includes('code='), true);
});
