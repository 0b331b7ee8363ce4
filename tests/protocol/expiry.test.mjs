// What has a life ends with it. Short lives, and waiting for the end that the token itself names.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, relyingParty, signIn } from '../lib/fixture.mjs';
import { until } from '../lib/servers.mjs';

let servers, portal;

before(async () => {
  servers = await fixture({ 'life.code': 5, 'life.access': 10, 'life.id_token': 10, 'life.session': 60 });
  portal = await relyingParty(servers.provider, { args: ['--grant', 'authorization_code', '--grant', 'refresh_token'] });
});

test('a code that nobody exchanged in time is refused, and gives nothing later either', async () => {
  const browser = new Browser();
  const { url, checks } = await authorizationRequest(portal.config);
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  const issued = Date.now();
  await until('the code to be too old', () => Date.now() > issued + 6000);
  for (let i = 0; i < 2; i++) await assert.rejects(oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks), { error: 'invalid_grant' });
});

test('[22] refresh tokens end with the session (here with what the register gave it); with offline_access they go on', async () => {
  const short = await fixture({ 'life.access': 10, 'life.id_token': 10 }, ['--kyc-life', '4']);
  const rp = await relyingParty(short.provider, { scope: 'openid profile offline_access', args: ['--grant', 'authorization_code', '--grant', 'refresh_token'] });
  const flow = (scope, kidc) => signIn({ register: short.register, config: rp.config, kidc, parameters: { scope } });
  const [bound, offline] = [await flow('openid profile', short.residents[0].kidc), await flow('openid profile offline_access', short.residents[1].kidc)];
  assert.ok((await oidc.refreshTokenGrant(rp.config, bound.tokens.refresh_token)).access_token);
  const end = await until('the bound one to end', () => oidc.refreshTokenGrant(rp.config, bound.tokens.refresh_token).then(() => undefined, (error) => error));
  assert.equal(end.error, 'invalid_grant');
  assert.ok((await oidc.refreshTokenGrant(rp.config, offline.tokens.refresh_token)).access_token);
});

test('[24] introspection and userinfo stop in the second in which the access token does; the refresh token goes on', async () => {
  const { tokens, claims } = await signIn({ register: servers.register, config: portal.config, kidc: servers.residents[1].kidc });
  const { exp } = await oidc.tokenIntrospection(portal.config, tokens.access_token);
  let seen;
  await until('the token to end', async () => {
    const asked = Date.now() / 1000;
    const { active } = await oidc.tokenIntrospection(portal.config, tokens.access_token);
    if (active) assert.ok(asked < exp + 0.01, 'never active beyond its end');
    seen = Date.now() / 1000;
    return !active;
  });
  assert.ok(seen >= exp - 1, 'nor inactive before');
  const userinfo = await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(userinfo.status, 401);
  assert.match(userinfo.headers.get('www-authenticate'), /invalid_token/);
  assert.deepEqual(await oidc.tokenIntrospection(portal.config, tokens.access_token), { active: false }, 'and nothing else is told of it');
  const again = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token);
  assert.equal(again.claims().auth_time, claims.auth_time);
});

test('an ID token that has expired still says who wants to sign out', async () => {
  const { tokens, claims, browser } = await signIn({ register: servers.register, config: portal.config, kidc: servers.residents[2].kidc });
  await until('the ID token to expire', () => Date.now() / 1000 > claims.exp + 1);
  const page = await browser.request(oidc.buildEndSessionUrl(portal.config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'http://localhost:9999/bye' }));
  assert.ok(page.location?.startsWith('http://localhost:9999/bye'), `${page.status} ${page.location}`);
});
