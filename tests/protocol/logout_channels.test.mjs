// Clients are told when a session ends: behind the browser (OpenID Connect Back-Channel Logout 1.0) and through it (Front-Channel Logout 1.0).
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as jose from 'jose';
import { Browser } from '../lib/browser.mjs';
import { fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';
import { Remote } from '../lib/remote.mjs';
import { until } from '../lib/servers.mjs';

const bye = 'http://localhost:9999/bye';
let remote, register, provider, residents, keys;

before(async () => {
  remote = await Remote.start({ '/logout': { status: 200 }, '/other': { status: 204 } });
  ({ register, provider, residents } = await fixture(remote.settings));
  keys = jose.createRemoteJWKSet(new URL(`${provider.issuer}/jwks`));
});

let files = 0;

/** A client with more metadata than there are flags for. */
function told(metadata, args = []) {
  const file = join(remote.certificates.folder, `client-${++files}.json`);
  writeFileSync(file, JSON.stringify(metadata));
  return relyingParty(provider, { args: ['--from', file, ...args] });
}

const verify = (token, audience) => jose.jwtVerify(token, keys, { issuer: provider.issuer, audience, typ: 'logout+jwt', clockTolerance: 5 });
const tokenOf = (request) => new URLSearchParams(request.body).get('logout_token');
const logout = (browser, tokens) => browser.request(`${provider.issuer}/logout?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye })}`);
const fresh = () => (remote.requests.length = 0);

test('a logout token says who, which session, and what happened, and nothing that an ID token says', async () => {
  fresh();
  const { metadata, config } = await told({ backchannel_logout_uri: `${remote.url}/logout`, backchannel_logout_session_required: true });
  const { tokens, claims, browser } = await signIn({ register, config, kidc: residents[0].kidc });
  await logout(browser, tokens);
  const [request] = await remote.arrived('/logout');
  assert.equal(request.method, 'POST');
  assert.equal(request.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.deepEqual([...new URLSearchParams(request.body).keys()], ['logout_token']);
  assert.equal(request.tls, 'TLSv1.3');
  const { payload } = await verify(tokenOf(request), metadata.client_id);
  assert.deepEqual(Object.keys(payload).sort(), ['aud', 'events', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
  assert.equal(payload.sub, claims.sub);
  assert.equal(payload.sid, claims.sid);
  assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
  assert.ok(payload.exp - payload.iat <= 120);
});

test('every client of the session is told, each with its own subject and sid; another session is not ended', async () => {
  fresh();
  const first = await told({ backchannel_logout_uri: `${remote.url}/logout` });
  const second = await told({ backchannel_logout_uri: `${remote.url}/other`, sector_identifier: 'other.example' });
  const browser = new Browser();
  const one = await signIn({ register, config: first.config, kidc: residents[0].kidc, browser });
  const two = await signIn({ register, config: second.config, kidc: residents[0].kidc, browser });
  const elsewhere = await signIn({ register, config: first.config, kidc: residents[0].kidc });
  await logout(browser, two.tokens);
  const [a] = await remote.arrived('/logout');
  const [b] = await remote.arrived('/other');
  const claimsOfA = (await verify(tokenOf(a), first.metadata.client_id)).payload;
  const claimsOfB = (await verify(tokenOf(b), second.metadata.client_id)).payload;
  assert.deepEqual([claimsOfA.sid, claimsOfB.sid], [one.claims.sid, two.claims.sid]);
  assert.deepEqual([claimsOfA.sub, claimsOfB.sub], [one.claims.sub, two.claims.sub]);
  assert.notEqual(claimsOfA.sub, claimsOfB.sub);
  assert.notEqual(elsewhere.claims.sid, one.claims.sid);
  await logout(elsewhere.browser, elsewhere.tokens);
  await remote.arrived('/logout', 2);
  assert.deepEqual(remote.requests.map((one) => one.path).filter((path) => path !== '/flaky').sort(), ['/logout', '/logout', '/other'], 'each session and client once');
});

test('[50] a person who signs in twice has two sessions, and both are told of', async () => {
  fresh();
  const { metadata, config } = await told({ backchannel_logout_uri: `${remote.url}/logout` });
  const one = await signIn({ register, config, kidc: residents[0].kidc });
  const two = await signIn({ register, config, kidc: residents[0].kidc });
  await logout(one.browser, one.tokens);
  await logout(two.browser, two.tokens);
  const requests = await remote.arrived('/logout', 2);
  const sids = await Promise.all(requests.map(async (request) => (await verify(tokenOf(request), metadata.client_id)).payload.sid));
  assert.deepEqual(sids.sort(), [one.claims.sid, two.claims.sid].sort());
});

test('somebody else who signs in in the same browser ends the session before, and its clients are told', async () => {
  fresh();
  const { metadata, config } = await told({ backchannel_logout_uri: `${remote.url}/logout` });
  const one = await signIn({ register, config, kidc: residents[0].kidc });
  await signIn({ register, config, kidc: residents[1].kidc, browser: one.browser, parameters: { prompt: 'login' } });
  const [request] = await remote.arrived('/logout');
  assert.equal((await verify(tokenOf(request), metadata.client_id)).payload.sid, one.claims.sid);
});

test('[50] a notice that was not taken is tried again, also by a server that was killed meanwhile', async () => {
  fresh();
  remote.answers['/flaky'] = { status: 503 };
  const { metadata, config } = await told({ backchannel_logout_uri: `${remote.url}/flaky` });
  const { tokens, claims, browser } = await signIn({ register, config, kidc: residents[0].kidc });
  await logout(browser, tokens);
  await remote.arrived('/flaky');
  await provider.restart('SIGKILL');
  remote.answers['/flaky'] = { status: 200 };
  const requests = await until('another try', async () => remote.requests.length > 1 && remote.requests, 30000);
  const first = (await verify(tokenOf(requests[0]), metadata.client_id)).payload;
  const last = (await verify(tokenOf(requests.at(-1)), metadata.client_id)).payload;
  assert.equal(last.sid, claims.sid);
  assert.equal(last.jti, first.jti, 'known for the same notice');
});

test('the logout page loads a front-channel client with iss and sid, and then goes on', async () => {
  const { config } = await told({ frontchannel_logout_uri: `${remote.url}/front?a=b`, frontchannel_logout_session_required: true });
  const { tokens, claims, browser } = await signIn({ register, config, kidc: residents[0].kidc });
  const page = await logout(browser, tokens);
  assert.equal(page.status, 200);
  const src = page.body.match(/<iframe[^>]* src="([^"]*)"/)[1].replaceAll('&amp;', '&');
  const url = new URL(src);
  assert.equal(url.origin + url.pathname, `${remote.url}/front`);
  assert.deepEqual(Object.fromEntries(url.searchParams), { a: 'b', iss: provider.issuer, sid: claims.sid });
  assert.match(page.headers.get('content-security-policy'), new RegExp(`frame-src ${remote.url}(;|$)`));
  assert.match(page.body, new RegExp(`<a class="button" id="next" href="${bye}`));
});

test('a client that wants to know nothing is told nothing', async () => {
  fresh();
  const { config } = await relyingParty(provider);
  const witness = await told({ backchannel_logout_uri: `${remote.url}/logout` });
  const { tokens, browser } = await signIn({ register, config, kidc: residents[0].kidc });
  await signIn({ register, config: witness.config, kidc: residents[0].kidc, browser });
  await logout(browser, tokens);
  const requests = await remote.arrived('/logout');
  assert.equal(requests.length, 1);
  await verify(tokenOf(requests[0]), witness.metadata.client_id);
});

test('discovery says what is there', async () => {
  const metadata = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json();
  for (const member of ['backchannel_logout_supported', 'backchannel_logout_session_supported', 'frontchannel_logout_supported', 'frontchannel_logout_session_supported'])
    assert.equal(metadata[member], true, member);
});
