// The main job, whole: a resident signs in to a portal; the portal's certified client library accepts every step.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser, forms } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';

let servers, portal;

before(async () => {
  servers = await fixture();
  portal = await relyingParty(servers.provider, { args: ['--grant', 'authorization_code', '--grant', 'refresh_token', '--grant', 'client_credentials'] });
});

const flow = (options = {}) => signIn({ register: servers.register, config: portal.config, kidc: servers.resident.kidc, ...options });
const jwks = async () => jose.createLocalJWKSet(await (await fetch(`${servers.provider.issuer}/jwks`)).json());

test('a resident signs in and the portal gets a signed ID token', async () => {
  const { tokens, claims } = await flow();
  const { payload, protectedHeader } = await jose.jwtVerify(tokens.id_token, await jwks(), {
    issuer: servers.provider.issuer, audience: portal.metadata.client_id, algorithms: ['RS256'], typ: 'JWT',
  });
  assert.equal(protectedHeader.alg, 'RS256', 'RS256 is the default (OpenID Connect Registration)');
  assert.deepEqual(payload.amr, ['otp']);
  assert.equal(payload.acr, 'urn:konsao:acr:otp');
  assert.ok(Math.abs(payload.auth_time - Date.now() / 1000) < 30);
  assert.ok(payload.sid.length >= 20);
  assert.equal(claims.sub.length, 43);
  const half = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16).toString('base64url');
  assert.equal(payload.at_hash, half);
  assert.equal(tokens.token_type, 'bearer');
  assert.ok(tokens.expires_in > 0);
  for (const claim of ['name', 'birthdate', 'kidc']) assert.ok(!(claim in payload), 'scope claims are given at userinfo');
});

test('an ID token is ES256 for a client that registered it', async () => {
  const es = await relyingParty(servers.provider, { args: ['--id-token-alg', 'ES256'] });
  const { tokens } = await flow({ config: es.config });
  assert.equal(jose.decodeProtectedHeader(tokens.id_token).alg, 'ES256');
  await jose.jwtVerify(tokens.id_token, await jwks(), { algorithms: ['ES256'] });
});

test('the access token is a JWT of RFC 9068', async () => {
  const { tokens, claims } = await flow();
  const { payload } = await jose.jwtVerify(tokens.access_token, await jwks(), {
    issuer: servers.provider.issuer, typ: 'at+jwt', algorithms: ['ES256'],
    requiredClaims: ['exp', 'aud', 'sub', 'client_id', 'iat', 'jti', 'auth_time', 'acr', 'scope'],
  });
  assert.equal(payload.sub, claims.sub);
  assert.equal(payload.client_id, portal.metadata.client_id);
  for (const claim of ['name', 'birthdate', 'phone_number', 'kidc']) assert.ok(!(claim in payload), 'nobody is in an access token');
});

test('userinfo gives exactly what the scopes ask for, in both scripts', async () => {
  const { tokens, claims } = await flow({ parameters: { scope: 'openid profile email phone address identity' } });
  const userinfo = await oidc.fetchUserInfo(portal.config, tokens.access_token, claims.sub);
  const { resident } = servers;
  assert.deepEqual(Object.keys(userinfo).sort(), ['address', 'address#km', 'birthdate', 'email', 'email_verified', 'family_name', 'family_name#km', 'gender',
    'given_name', 'given_name#km', 'name', 'name#km', 'nationality', 'phone_number', 'phone_number_verified', 'sub']);
  assert.equal(userinfo.family_name, resident.familyNameEn);
  assert.equal(userinfo['family_name#km'], resident.familyNameKh);
  assert.equal(userinfo['name#km'], `${resident.familyNameKh} ${resident.givenNameKh}`);
  assert.match(userinfo.birthdate, /^\d{4}-\d\d-\d\d$/);
  assert.ok(['male', 'female'].includes(userinfo.gender));
  assert.match(userinfo.address.formatted, /Cambodia$/);
});

test('only openid: the subject, nothing else, and the register is not asked', async () => {
  const reads = (await servers.register.json('/reads')).length;
  const { tokens, claims } = await flow({ parameters: { scope: 'openid' } });
  assert.deepEqual(await oidc.fetchUserInfo(portal.config, tokens.access_token, claims.sub), { sub: claims.sub });
  assert.equal((await servers.register.json('/reads')).length, reads);
});

test('the register sees a read of the consented attributes only, under the consent', async () => {
  await flow({ parameters: { scope: 'openid phone' }, browser: new Browser() });
  const [read] = await servers.register.json('/reads');
  assert.deepEqual(read.names, ['phone']);
  assert.equal(read.relyingParty, portal.metadata.client_id);
  assert.match(read.consentId, /^[0-9a-f-]{36}$/);
});

test('userinfo by POST, with the token in the header and in the form', async () => {
  const { tokens, claims } = await flow();
  const url = `${servers.provider.issuer}/userinfo`;
  const byHeader = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${tokens.access_token}` } });
  const byForm = await fetch(url, { method: 'POST', body: new URLSearchParams({ access_token: tokens.access_token }) });
  for (const answer of [byHeader, byForm]) {
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).sub, claims.sub);
  }
});

test('userinfo as a signed JWT for a client that registered it', async () => {
  const signed = await relyingParty(servers.provider, { args: ['--userinfo-alg', 'ES256'] });
  const { tokens, claims } = await flow({ config: signed.config });
  const answer = await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(answer.headers.get('content-type'), 'application/jwt');
  const { payload } = await jose.jwtVerify(await answer.text(), await jwks(), { issuer: servers.provider.issuer, audience: signed.metadata.client_id });
  assert.equal(payload.sub, claims.sub);
});

test('an opaque access token works like a JWT', async () => {
  const opaque = await relyingParty(servers.provider, { args: ['--opaque'] });
  const { tokens, claims } = await flow({ config: opaque.config });
  assert.ok(!tokens.access_token.includes('.'));
  assert.equal((await oidc.fetchUserInfo(opaque.config, tokens.access_token, claims.sub)).sub, claims.sub);
  assert.equal((await oidc.tokenIntrospection(opaque.config, tokens.access_token)).active, true);
});

test('subjects are pairwise by sector, and public only for clients registered for it', async () => {
  const elsewhere = ['--uri', 'https://other.example', '--sector', 'other.example'];
  const other = await relyingParty(servers.provider, { args: elsewhere });
  const open = await relyingParty(servers.provider, { args: ['--subject-type', 'public'] });
  const [here, again, there, everywhere] = [await flow(), await flow(), await flow({ config: other.config }), await flow({ config: open.config })];
  assert.equal(here.claims.sub, again.claims.sub);
  assert.equal(new Set([here.claims.sub, there.claims.sub, everywhere.claims.sub]).size, 3);
  for (const { claims } of [here, there, everywhere]) assert.ok(!claims.sub.includes(servers.resident.kidc.slice(0, 9)));
});

test('the claims parameter: placement, essential, value', async () => {
  const { resident } = servers;
  const wish = { id_token: { email: null, nationality: { value: 'XX' } }, userinfo: { 'given_name#km': { essential: true }, birthdate: { values: ['1800-01-01', resident.dateOfBirth] } } };
  const { tokens, claims } = await flow({ parameters: { scope: 'openid', claims: JSON.stringify(wish) } });
  assert.equal(claims.email, resident.email);
  assert.ok(!('nationality' in claims), 'a value that was not asked for is not given');
  const userinfo = await oidc.fetchUserInfo(portal.config, tokens.access_token, claims.sub);
  assert.deepEqual(Object.keys(userinfo).sort(), ['birthdate', 'given_name#km', 'sub']);
});

test('a voluntary claim that is declined is not given; an essential one can not be declined', async () => {
  const browser = new Browser();
  const fresh = await relyingParty(servers.provider);
  const { url, checks } = await authorizationRequest(fresh.config, { scope: 'openid email phone', claims: JSON.stringify({ userinfo: { email: { essential: true } } }) });
  const consent = await browser.signIn(servers.register, await browser.go(url), servers.resident.kidc);
  const page = await browser.submit(consent, 'allow', { claim: [] });
  const tokens = await oidc.authorizationCodeGrant(fresh.config, new URL(page.location), checks);
  const userinfo = await oidc.fetchUserInfo(fresh.config, tokens.access_token, tokens.claims().sub);
  assert.deepEqual(Object.keys(userinfo).sort(), ['email', 'email_verified', 'sub']);
});

test('kidc is given to a client registered for it, and refused to another', async () => {
  const refused = await new Browser().go((await authorizationRequest(portal.config, { scope: 'openid kidc' })).url);
  assert.equal(new URL(refused.location).searchParams.get('error'), 'invalid_scope');
  const trusted = await relyingParty(servers.provider, { scope: 'openid kidc' });
  const { tokens, claims } = await flow({ config: trusted.config, parameters: { scope: 'openid kidc' } });
  assert.equal((await oidc.fetchUserInfo(trusted.config, tokens.access_token, claims.sub)).kidc, servers.resident.kidc);
});

test('form_post: the answer comes as a form that works without scripts, with iss', async () => {
  const { url, checks } = await authorizationRequest(portal.config, { response_mode: 'form_post' });
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  assert.equal(page.status, 200);
  const [form] = forms(page.body).filter((one) => one.action === redirectUri);
  const values = Object.fromEntries(form.fields.filter((field) => field.name).map((field) => [field.name, field.value]));
  assert.equal(values.iss, servers.provider.issuer);
  assert.equal(values.state, checks.expectedState);
  const request = new Request(redirectUri, { method: 'POST', body: new URLSearchParams(values) });
  await oidc.authorizationCodeGrant(portal.config, request, checks);
});

test('a second portal in the same browser needs no code again, but its own consent', async () => {
  const { browser, claims } = await flow();
  const second = await relyingParty(servers.provider);
  const sent = await servers.register.sent(servers.resident.kidc);
  const { url, checks } = await authorizationRequest(second.config);
  const consent = await browser.go(url);
  assert.equal(consent.status, 200);
  const page = await browser.submit(consent, 'allow');
  const tokens = await oidc.authorizationCodeGrant(second.config, new URL(page.location), checks);
  assert.equal(await servers.register.sent(servers.resident.kidc), sent);
  assert.equal(tokens.claims().auth_time, claims.auth_time);
  assert.notEqual(tokens.claims().sid, claims.sid, 'portals know the session by different names');
});

test('a portal that was consented to gets its answer without a page; prompt=consent asks again', async () => {
  const { browser } = await flow();
  const again = await browser.go((await authorizationRequest(portal.config)).url);
  assert.ok(new URL(again.location).searchParams.has('code'));
  const asked = await browser.go((await authorizationRequest(portal.config, { prompt: 'consent' })).url);
  assert.equal(asked.location, undefined);
});

test('prompt=login and max_age ask for a new sign-in, and going back does not get around it', async () => {
  const { browser, claims } = await flow();
  for (const parameters of [{ prompt: 'login' }, { max_age: '0' }]) {
    const { url, checks } = await authorizationRequest(portal.config, parameters);
    const page = await browser.go(url);
    assert.equal(page.location, undefined);
    assert.match(page.body, /name="kidc"/);
    const id = page.url.split('/').pop();
    const resumed = await browser.go(`${servers.provider.issuer}/authorize/${id}`);
    assert.equal(resumed.location, undefined, 'the unfinished interaction gives no code');
    const done = await browser.signInAndAllow(servers.register, resumed, servers.resident.kidc);
    const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(done.location), { ...checks, maxAge: parameters.max_age && 60 });
    assert.ok(tokens.claims().auth_time >= claims.auth_time);
  }
});

test('prompt=none: login_required, consent_required, or a code, always with state and iss', async () => {
  const fresh = await relyingParty(servers.provider);
  const ask = async (browser, config) => {
    const { url, checks } = await authorizationRequest(config, { prompt: 'none' });
    const answer = new URL((await browser.go(url)).location);
    assert.equal(answer.searchParams.get('state'), checks.expectedState);
    assert.equal(answer.searchParams.get('iss'), servers.provider.issuer);
    return answer.searchParams;
  };
  assert.equal((await ask(new Browser(), fresh.config)).get('error'), 'login_required');
  const { browser } = await flow();
  assert.equal((await ask(browser, fresh.config)).get('error'), 'consent_required');
  assert.ok((await ask(browser, portal.config)).get('code'));
});

test('id_token_hint of another person gives login_required', async () => {
  const { browser } = await flow();
  const other = await flow({ kidc: servers.residents[1].kidc });
  const { url } = await authorizationRequest(portal.config, { prompt: 'none', id_token_hint: other.tokens.id_token });
  assert.equal(new URL((await browser.go(url)).location).searchParams.get('error'), 'login_required');
});

test('an essential acr that can not be reached gives unmet_authentication_requirements', async () => {
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:konsao:acr:nothing' } } });
  const page = await new Browser().go((await authorizationRequest(portal.config, { claims })).url);
  assert.equal(new URL(page.location).searchParams.get('error'), 'unmet_authentication_requirements');
});

test('the resident declines: access_denied at the portal; cancel at any step does the same', async () => {
  const fresh = await relyingParty(servers.provider);
  for (const leave of [
    (browser, page) => browser.submit(page, 'cancel'),
    async (browser, page) => browser.submit(await browser.submit(page, 'continue', { kidc: servers.residents[2].kidc }), 'cancel'),
    async (browser, page) => browser.submit(await browser.signIn(servers.register, page, servers.residents[2].kidc), 'deny'),
  ]) {
    const browser = new Browser();
    const { url, checks } = await authorizationRequest(fresh.config);
    const page = await leave(browser, await browser.go(url));
    const answer = new URL(page.location).searchParams;
    assert.equal(answer.get('error'), 'access_denied');
    assert.equal(answer.get('state'), checks.expectedState);
    assert.equal(answer.get('iss'), servers.provider.issuer);
  }
});

test('logout by the portal ends the session and its tokens', async () => {
  const { tokens, browser } = await flow();
  const url = oidc.buildEndSessionUrl(portal.config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'http://localhost:9999/bye', state: 'x'.repeat(128) });
  const page = await browser.go(url);
  assert.equal(page.location, `http://localhost:9999/bye?state=${'x'.repeat(128)}`);
  assert.equal((await oidc.tokenIntrospection(portal.config, tokens.access_token)).active, false);
  await assert.rejects(oidc.refreshTokenGrant(portal.config, tokens.refresh_token), { error: 'invalid_grant' });
  const again = await browser.go((await authorizationRequest(portal.config, { prompt: 'none' })).url);
  assert.equal(new URL(again.location).searchParams.get('error'), 'login_required');
});

test('[25] client_credentials: an organization token, for whom it is registered, seen by both ends only', async () => {
  const callee = await relyingParty(servers.provider, { args: ['--resource', 'https://api.interior.example'] });
  const caller = await relyingParty(servers.provider, {
    scope: 'records:read', args: ['--grant', 'client_credentials', '--audience', 'https://api.interior.example', '--organization', 'KH/GOV/MEF'],
  });
  const stranger = await relyingParty(servers.provider);
  const tokens = await oidc.clientCredentialsGrant(caller.config, { scope: 'records:read' });
  const { payload } = await jose.jwtVerify(tokens.access_token, await jwks(), { audience: 'https://api.interior.example', typ: 'at+jwt' });
  assert.equal(payload.sub, caller.metadata.client_id);
  assert.equal(payload.organization, 'KH/GOV/MEF');
  assert.equal(tokens.id_token, undefined);
  assert.equal(tokens.refresh_token, undefined);
  const seen = await oidc.tokenIntrospection(callee.config, tokens.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.scope, 'records:read');
  assert.deepEqual(await oidc.tokenIntrospection(stranger.config, tokens.access_token), { active: false });
});
