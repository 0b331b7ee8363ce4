// What a request asks of the person beyond "who is it": prompt=create, what a client registered for when its request is silent, and plain OAuth without openid.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, relyingParty, signIn } from '../lib/fixture.mjs';
import { keyedClient } from '../lib/keyed.mjs';

let servers, portal;

before(async () => {
  servers = await fixture();
  portal = await relyingParty(servers.provider);
});

const answerOf = (page) => new URL(page.location).searchParams;
const ask = async (browser, client, parameters) => browser.go((await authorizationRequest(client.config, parameters)).url);
const signedIn = async () => (await signIn({ register: servers.register, config: portal.config, kidc: servers.resident.kidc })).browser;

test('prompt=create: the sign-in page says that no account is needed, also to who is signed in', async () => {
  for (const browser of [new Browser(), await signedIn()]) {
    const page = await ask(browser, portal, { prompt: 'create', ui_locales: 'en' });
    assert.equal(page.status, 200);
    assert.match(page.body, /name="kidc"/);
    assert.match(page.body, /You need no new account/);
    const done = await browser.signInAndAllow(servers.register, page, servers.resident.kidc);
    assert.ok(answerOf(done).get('code'));
  }
  const { prompt_values_supported: values } = await (await fetch(`${servers.provider.issuer}/.well-known/openid-configuration`)).json();
  assert.deepEqual(values, ['none', 'login', 'consent', 'select_account', 'create']);
});

test('default_max_age counts when the request has none, and only then', async () => {
  const hasty = await keyedClient(servers.provider, { metadata: { default_max_age: 0 } });
  const browser = await signedIn();
  assert.match((await ask(browser, hasty)).body, /name="kidc"/);
  assert.match((await ask(browser, hasty, { max_age: '10000' })).body, /value="allow"/);
  assert.equal(answerOf(await ask(browser, hasty, { prompt: 'none' })).get('error'), 'login_required');
});

test('an essential acr that nobody can reach: unmet_authentication_requirements; a voluntary one does not matter', async () => {
  const wish = (essential, values) => ({ claims: JSON.stringify({ id_token: { acr: { essential, values } } }), prompt: 'consent' });
  const page = await ask(new Browser(), portal, wish(true, ['urn:made:up']));
  assert.equal(answerOf(page).get('error'), 'unmet_authentication_requirements');
  for (const parameters of [wish(false, ['urn:made:up']), wish(true, ['urn:made:up', 'urn:konsao:acr:otp']), { acr_values: 'urn:made:up' }])
    assert.equal((await ask(new Browser(), portal, parameters)).status, 200);
});

test('default_acr_values are wishes: they never keep anybody out, and the ID token says what was reached', async () => {
  const wishing = await keyedClient(servers.provider, { metadata: { default_acr_values: ['urn:made:up', 'urn:konsao:acr:otp'] } });
  const { claims } = await signIn({ register: servers.register, config: wishing.config, kidc: servers.resident.kidc });
  assert.equal(claims.acr, 'urn:konsao:acr:otp');
  assert.ok(claims.auth_time);
});

async function plain(client, parameters) {
  const { url, checks } = await authorizationRequest(client.config, parameters);
  const browser = new Browser();
  const consent = await browser.signIn(servers.register, await browser.go(url), servers.resident.kidc);
  assert.match(consent.body, /value="allow"/, 'consent is asked for');
  const done = await browser.submit(consent, 'allow');
  return oidc.authorizationCodeGrant(client.config, new URL(done.location), { pkceCodeVerifier: checks.pkceCodeVerifier, expectedState: checks.expectedState });
}

for (const [name, registered, parameters] of [
  ['a client that left openid out', 'openid profile email', { scope: 'profile', claims: '{"id_token":{"email":null},"userinfo":{"email":null}}' }],
  ['a client that is not registered for openid', 'profile', { scope: 'profile' }],
])
  test(`plain OAuth, ${name}: an access token, no ID token, no userinfo`, async () => {
    const client = await relyingParty(servers.provider, { scope: registered, args: ['--grant', 'authorization_code', '--grant', 'refresh_token'] });
    const tokens = await plain(client, parameters);
    assert.ok(tokens.access_token);
    assert.equal(tokens.id_token, undefined);
    assert.equal(tokens.scope, 'profile');
    const answer = await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.equal(answer.status, 403);
    assert.match(answer.headers.get('www-authenticate'), /error="insufficient_scope"/);
    assert.equal((await oidc.tokenIntrospection(client.config, tokens.access_token)).active, true);
    const next = await oidc.refreshTokenGrant(client.config, tokens.refresh_token);
    assert.ok(next.access_token);
    assert.equal(next.id_token, undefined);
  });

test('openid that is not registered may not be asked for', async () => {
  const client = await relyingParty(servers.provider, { scope: 'profile' });
  assert.equal(answerOf(await ask(new Browser(), client, { scope: 'openid profile' })).get('error'), 'invalid_scope');
});
