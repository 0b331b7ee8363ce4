// What an intruder found, each mended: two portals that compare notes, sign-outs that did not sign out, codes that outlive their grant.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser, forms } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';
import { until } from '../lib/servers.mjs';

let servers, portal;
const bye = 'http://localhost:9999/bye';

before(async () => {
  servers = await fixture();
  portal = await relyingParty(servers.provider, { args: ['--grant', 'authorization_code', '--grant', 'refresh_token'] });
});

const flow = (options = {}) => signIn({ register: servers.register, config: portal.config, kidc: servers.resident.kidc, ...options });
const authorization = ({ client_id, client_secret }) => ({ authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` });

test('two portals cannot tell by sid that they serve the same person; one portal sees the same session again', async () => {
  const other = await relyingParty(servers.provider, { args: ['--sector', 'other.example'] });
  const first = await flow();
  const elsewhere = await flow({ config: other.config, browser: first.browser });
  const again = await flow({ browser: first.browser });
  assert.notEqual(first.claims.sub, elsewhere.claims.sub);
  assert.notEqual(first.claims.sid, elsewhere.claims.sid);
  assert.equal(first.claims.sid, again.claims.sid);
});

test('a logout that a portal posts from its own site signs out, although the browser sends no cookie with it', async () => {
  const { tokens, browser } = await flow();
  const posted = await new Browser().request(`${servers.provider.issuer}/logout`, {
    method: 'POST', body: new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'a b' }),
  });
  assert.equal(new URL(posted.location).origin, servers.provider.issuer, 'it comes back by GET, with its cookies');
  const done = await browser.request(posted.location);
  assert.equal(done.location, `${bye}?state=a%20b`);
  const again = await browser.go((await authorizationRequest(portal.config, { prompt: 'none' })).url);
  assert.equal(new URL(again.location).searchParams.get('error'), 'login_required');
});

test('a request posted from another site does not take the browser of a sign-in in progress away', async () => {
  const browser = new Browser();
  const page = await browser.go((await authorizationRequest(portal.config)).url);
  const { url } = await authorizationRequest(portal.config);
  const posted = await new Browser().request(url.origin + url.pathname, { method: 'POST', body: url.searchParams });
  assert.equal(posted.headers.getSetCookie().length, 0);
  assert.equal((await browser.go(posted.location)).status, 200);
  assert.equal((await browser.signIn(servers.register, await browser.go(page.url), servers.resident.kidc)).url.startsWith(servers.provider.issuer), true);
});

test('a code does not work after logout, for clients with and without refresh tokens', async () => {
  const plain = await relyingParty(servers.provider);
  for (const rp of [plain, portal]) {
    const { tokens, browser } = await flow({ config: rp.config });
    const { url, checks } = await authorizationRequest(rp.config);
    const page = await browser.go(url);
    const code = new URL(page.location).searchParams.get('code');
    await browser.go(oidc.buildEndSessionUrl(rp.config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye }));
    const answer = await fetch(`${servers.provider.issuer}/token`, {
      method: 'POST', headers: authorization(rp.metadata),
      body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: checks.pkceCodeVerifier }),
    });
    assert.equal((await answer.json()).error, 'invalid_grant');
  }
});

test('a narrowed refresh opens no more at userinfo than its scope', async () => {
  const { tokens, claims } = await flow({ parameters: { scope: 'openid profile phone', claims: '{"userinfo":{"email":null}}' } });
  const narrow = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token, { scope: 'openid phone' });
  const userinfo = await oidc.fetchUserInfo(portal.config, narrow.access_token, claims.sub);
  assert.deepEqual(Object.keys(userinfo).sort(), ['email', 'email_verified', 'phone_number', 'phone_number_verified', 'sub']);
  const whole = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token);
  assert.ok((await oidc.fetchUserInfo(portal.config, whole.access_token, claims.sub)).name, 'the refresh token itself keeps all');
  for (const scope of [' ', '  ']) await assert.rejects(oidc.refreshTokenGrant(portal.config, tokens.refresh_token, { scope }), { error: 'invalid_scope' });
});

test('a resident\'s token is for the provider alone, whatever audience the client\'s organization tokens have', async () => {
  const rp = await relyingParty(servers.provider, { args: ['--audience', 'https://api.example'] });
  const { tokens } = await flow({ config: rp.config });
  assert.equal((await oidc.tokenIntrospection(rp.config, tokens.access_token)).aud, servers.provider.issuer);
});

test('a condition on acr or sub that is not understood is an error, never passed over', async () => {
  const { claims: { sub } } = await flow();
  for (const wish of [{ acr: { essential: true, value: 5 } }, { acr: { essential: true, values: ['a b'] } }, { acr: { essential: true, values: [] } }, { sub: { value: 5 } }, { sub: { values: [] } }]) {
    const page = await new Browser().go((await authorizationRequest(portal.config, { claims: JSON.stringify({ id_token: wish }) })).url);
    assert.equal(new URL(page.location).searchParams.get('error'), 'invalid_request', JSON.stringify(wish));
  }
  const { browser } = await flow();
  const ask = async (values) => new URL((await browser.go((await authorizationRequest(portal.config, { prompt: 'none', claims: JSON.stringify({ id_token: { sub: { values } } }) })).url)).location).searchParams;
  assert.equal((await ask(['somebody', 'else'])).get('error'), 'login_required');
  assert.ok((await ask(['somebody', sub])).get('code'));
});

test('an address that begins too many sign-ins is told to come back, and nothing is stored', async () => {
  const small = await fixture({ 'limit.requests_per_ip': 3 });
  const rp = await relyingParty(small.provider);
  const answers = [];
  for (let i = 0; i < 5; i++) answers.push(await new Browser().request((await authorizationRequest(rp.config)).url));
  assert.deepEqual(answers.map((page) => new URL(page.location).searchParams.get('error')), [null, null, null, 'temporarily_unavailable', 'temporarily_unavailable']);
});

test('a long prompt is refused', async () => {
  const page = await new Browser().go((await authorizationRequest(portal.config, { prompt: 'login '.repeat(50) })).url);
  assert.equal(new URL(page.location).searchParams.get('error'), 'invalid_request');
});

test('a browser that goes away while the register is slow, and comes back, gets its code all the same', async () => {
  const browser = new Browser();
  const rp = await relyingParty(servers.provider);
  const { url, checks } = await authorizationRequest(rp.config);
  const consent = await browser.signIn(servers.register, await browser.go(url), servers.resident.kidc);
  const id = consent.url.split('/').pop();
  await servers.register.misbehave({ call: 'attributes', how: 'delay', ms: 600, times: 1 });
  const form = forms(consent.body).find((one) => one.fields.some((field) => field.value === 'allow'));
  const body = new URLSearchParams(form.fields.filter((field) => field.name && field.tag === 'input' && (field.type !== 'checkbox' || field.checked)).map((field) => [field.name, field.value]));
  body.append('action', 'allow');
  const allowed = await browser.request(consent.url, { method: 'POST', body });
  const reads = (await servers.register.json('/reads')).length;
  const gone = new AbortController();
  const lost = browser.request(allowed.location, { signal: gone.signal }).catch(() => 'lost');
  await until('the register to be asked', async () => (await servers.register.json('/reads')).length > reads).catch(() => {});
  gone.abort();
  await lost;
  const page = await browser.go(`${servers.provider.issuer}/authorize/${id}`);
  const tokens = await oidc.authorizationCodeGrant(rp.config, new URL(page.location), checks);
  assert.equal((await oidc.tokenIntrospection(rp.config, tokens.access_token)).active, true);
  const late = await browser.go(`${servers.provider.issuer}/authorize/${id}`);
  assert.equal(late.location, undefined, 'a used code is not made anew');
  assert.equal((await oidc.tokenIntrospection(rp.config, tokens.access_token)).active, true);
});
