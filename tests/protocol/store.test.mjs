// What is acknowledged is there: after kill -9 at each step of a sign-in, after a restart, and when the operator changes something while it runs.
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';
import { checkWith } from '../lib/libjwt.mjs';
import { until } from '../lib/servers.mjs';

let servers, provider, register, portal, resident;

before(async () => {
  servers = await fixture({ 'otp.sends_per_kidc': 1000, 'otp.resend_wait': 0, 'key.min_age': 0, 'otp.attempts': 3 }, ['--otp-attempts', '100']);
  ({ provider, register } = servers);
  portal = await relyingParty(provider, { args: ['--grant', 'authorization_code', '--grant', 'refresh_token'] });
});

beforeEach(() => (resident = servers.residents.pop()));

const flow = (options = {}) => signIn({ register, config: portal.config, kidc: resident.kidc, ...options });
const crash = () => provider.restart('SIGKILL');
const jwks = async () => (await fetch(`${provider.issuer}/jwks`)).json();
const bearer = (token) => fetch(`${provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } });

test('[21] kill -9 between any two steps of a sign-in: the person and the portal go on where they were', async () => {
  const browser = new Browser();
  const { url, checks } = await authorizationRequest(portal.config, { scope: 'openid email phone' });
  let page = await browser.go(url);
  await crash();
  const sent = await register.sent(resident.kidc);
  page = await browser.submit(page, 'continue', { kidc: resident.kidc });
  await crash();
  page = await browser.submit(page, 'continue', { otp: await register.code(resident.kidc, sent) });
  assert.match(page.body, /value="allow"/);
  await crash();
  const { url: target, body } = browser.fill(page, 'allow');
  page = await browser.request(target, { method: 'POST', body });
  await crash();
  page = await browser.go(page.location);
  assert.ok(page.location.startsWith(redirectUri), page.location);
  await crash();
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks);
  await crash();
  const userinfo = await oidc.fetchUserInfo(portal.config, tokens.access_token, tokens.claims().sub);
  assert.equal(userinfo.email, resident.email);
  assert.equal((await oidc.tokenIntrospection(portal.config, tokens.access_token)).active, true);
  assert.ok((await oidc.refreshTokenGrant(portal.config, tokens.refresh_token)).access_token);
  const again = await browser.go((await authorizationRequest(portal.config, { scope: 'openid email phone', prompt: 'none' })).url);
  assert.ok(new URL(again.location).searchParams.has('code'), 'session and consent are there');
});

test('[21][23] what was used up before kill -9 stays used up: code, refresh rotation, revocation, logout', async () => {
  const app = await relyingParty(provider, { auth: 'none', args: ['--grant', 'authorization_code', '--grant', 'refresh_token'] });
  const { tokens, callback, checks } = await flow({ config: app.config });
  const revoked = await flow();
  await oidc.tokenRevocation(portal.config, revoked.tokens.refresh_token);
  const left = await flow();
  await left.browser.go(oidc.buildEndSessionUrl(portal.config, { id_token_hint: left.tokens.id_token }));
  await crash();
  assert.equal((await bearer(revoked.tokens.access_token)).status, 401, 'revoked');
  await assert.rejects(oidc.refreshTokenGrant(portal.config, revoked.tokens.refresh_token), { error: 'invalid_grant' });
  assert.equal((await bearer(left.tokens.access_token)).status, 401, 'logged out');
  const silent = await left.browser.go((await authorizationRequest(portal.config, { prompt: 'none' })).url);
  assert.equal(new URL(silent.location).searchParams.get('error'), 'login_required');
  assert.equal((await bearer(tokens.access_token)).status, 200);
  await assert.rejects(oidc.authorizationCodeGrant(app.config, callback, checks), { error: 'invalid_grant' }, 'a used code');
  assert.equal((await bearer(tokens.access_token)).status, 401, 'and its reuse ends what it gave');
});

test('[32] an assertion that was used before kill -9 is not good a second time', async () => {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const { writeFileSync } = await import('node:fs');
  const file = `${provider.data}/rp.json`;
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'a', alg: 'ES256', use: 'sig' }] }));
  const rp = await relyingParty(provider, { auth: 'private_key_jwt', scope: 'records:read', args: ['--grant', 'client_credentials', '--jwks', file], configure: () => oidc.PrivateKeyJwt({ key: privateKey, kid: 'a' }) });
  const { client_id } = rp.metadata;
  const jwt = await new jose.SignJWT({ jti: crypto.randomUUID() }).setIssuer(client_id).setSubject(client_id).setAudience(provider.issuer).setIssuedAt().setExpirationTime('60s')
    .setProtectedHeader({ alg: 'ES256', kid: 'a' }).sign(privateKey);
  const send = () => fetch(`${provider.issuer}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_assertion: jwt, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }) });
  assert.equal((await send()).status, 200);
  await crash();
  assert.equal((await send()).status, 401);
});

test('[46] wrong codes are counted across kill -9', async () => {
  const guess = async () => {
    const browser = new Browser();
    const sent = await register.sent(resident.kidc);
    const page = await browser.submit(await browser.go((await authorizationRequest(portal.config)).url), 'continue', { kidc: resident.kidc });
    if (page.status === 429) return page.status;
    const wrong = String((Number(await register.code(resident.kidc, sent)) + 1) % 1000000).padStart(6, '0');
    return (await browser.submit(page, 'continue', { otp: wrong })).status;
  };
  assert.equal(await guess(), 422);
  await crash();
  assert.equal(await guess(), 422);
  await crash();
  assert.equal(await guess(), 429, 'the third of three freezes');
  await crash();
  assert.equal(await guess(), 429);
});

test('kill -9 while twenty sign-ins finish: each code that a portal has seen is good', async () => {
  const visits = await Promise.all(Array.from({ length: 20 }, async () => {
    const { url, checks } = await authorizationRequest(portal.config, { scope: 'openid' });
    return { url, checks, browser: new Browser() };
  }));
  const first = await flow({ parameters: { scope: 'openid' } });
  for (const visit of visits) visit.browser.cookies = new Map(first.browser.cookies);
  const asked = visits.map(async (visit) => {
    const page = await visit.browser.go(visit.url).catch(() => undefined);
    return page?.location?.startsWith(redirectUri) && new URL(page.location);
  });
  await Promise.any(asked);
  await crash();
  const callbacks = await Promise.all(asked);
  let good = 0;
  for (const [i, callback] of callbacks.entries()) {
    if (!callback) continue;
    assert.ok((await oidc.authorizationCodeGrant(portal.config, callback, visits[i].checks)).access_token);
    good++;
  }
  assert.ok(good > 0);
});

test('an orderly restart keeps sessions, and ends with exit code 0', async () => {
  const { browser } = await flow();
  const end = await provider.server.stop('SIGTERM');
  assert.deepEqual(end, { code: 0, signal: null });
  await provider.run();
  const again = await browser.go((await authorizationRequest(portal.config, { prompt: 'none' })).url);
  assert.ok(new URL(again.location).searchParams.has('code'));
});

// ---- the operator changes things while it runs ----

test('a client that is added, changed and removed is so at once, without a restart', async () => {
  const pid = provider.server.child.pid;
  const rp = await relyingParty(provider, { scope: 'openid profile' });
  const ask = async (parameters) => (await new Browser().go((await authorizationRequest(rp.config, parameters)).url));
  assert.match((await ask()).body, /Test portal/);
  provider.command('client', 'set', rp.metadata.client_id, '--name', 'Another name');
  assert.match((await ask({ ui_locales: 'en' })).body, /Another name/);
  assert.equal((await ask({ redirect_uri: 'http://localhost:9999/second' })).status, 400);
  provider.command('client', 'set', rp.metadata.client_id, '--redirect-uri', redirectUri, '--redirect-uri', 'http://localhost:9999/second');
  assert.equal((await ask({ redirect_uri: 'http://localhost:9999/second' })).status, 200);
  provider.command('client', 'remove', '--yes', rp.metadata.client_id);
  const gone = await ask();
  assert.equal(gone.status, 400);
  assert.equal(gone.location, undefined);
  assert.equal(provider.server.child.pid, pid);
});

test('a rotated secret works at once', async () => {
  const rp = await relyingParty(provider, { scope: 'records:read', args: ['--grant', 'client_credentials'] });
  const token = async (secret) => (await fetch(`${provider.issuer}/token`, {
    method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials' }), headers: { authorization: `Basic ${Buffer.from(`${rp.metadata.client_id}:${secret}`).toString('base64')}` },
  })).status;
  assert.equal(await token(rp.metadata.client_secret), 200);
  const { client_secret } = JSON.parse(provider.command('client', 'rotate-secret', '--json', rp.metadata.client_id));
  assert.notEqual(client_secret, rp.metadata.client_secret);
  assert.equal(await token(client_secret), 200);
  assert.equal(await token(`${client_secret.slice(0, -1)}x`), 401);
});

test('[35] key rotation: who fetched the key set before it verifies what is signed after it, and after it what was signed before', async () => {
  const es = await relyingParty(provider, { args: ['--id-token-alg', 'ES256'] });
  for (const [rp, alg] of [[portal, 'RS256'], [es, 'ES256']]) {
    const old = await jwks();
    const before = (await flow({ config: rp.config })).tokens;
    provider.command('key', 'rotate');
    await until('the server to see the rotation', async () => (await jwks()).keys.length > old.keys.length);
    const after = (await flow({ config: rp.config })).tokens;
    const now = await jwks();
    const kid = (token) => jose.decodeProtectedHeader(token).kid;
    assert.notEqual(kid(after.id_token), kid(before.id_token), 'another key signs, without a restart');
    for (const set of [old, now])
      for (const tokens of [before, after])
        for (const token of [tokens.id_token, tokens.access_token]) await jose.jwtVerify(token, jose.createLocalJWKSet(set), { issuer: provider.issuer });
    assert.equal(checkWith(old.keys.find((key) => key.kid === kid(after.id_token) && key.alg === alg), after.id_token).iss, provider.issuer);
    assert.equal(new Set(now.keys.map((key) => key.kid)).size, now.keys.length);
    const hint = await new Browser().go((await authorizationRequest(rp.config, { prompt: 'none', id_token_hint: before.id_token })).url);
    assert.equal(new URL(hint.location).searchParams.get('error'), 'login_required', 'a hint that the retired key signed is still one');
  }
});

test('a backup that is made while it runs starts a provider that knows the client and the grant', async () => {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { tmpdir } = await import('node:os');
  const { tokens } = await flow();
  const folder = mkdtempSync(join(tmpdir(), 'konsao-backup-'));
  try {
    const copy = join(folder, 'copy');
    provider.command('backup', copy);
    const { data } = provider.settings;
    await provider.server.stop();
    Object.assign(provider.settings, { data: copy, master_key: join(data, 'master.key') });
    try {
      await provider.run();
      assert.ok((await oidc.refreshTokenGrant(portal.config, tokens.refresh_token)).access_token);
      await provider.server.stop();
    } finally {
      Object.assign(provider.settings, { data, master_key: join(data, 'master.key') });
    }
    await provider.run();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
