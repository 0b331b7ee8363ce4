// What happens to codes and tokens that are misused: replayed, stolen, downgraded, revoked. Names in brackets: lines of the misuse list.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';

let servers, portal;
const withRefresh = ['--grant', 'authorization_code', '--grant', 'refresh_token'];

before(async () => {
  servers = await fixture({ 'life.refresh_grace': 2 });
  portal = await relyingParty(servers.provider, { args: withRefresh, scope: 'openid profile email phone address identity offline_access' });
});

const flow = (options = {}) => signIn({ register: servers.register, config: portal.config, kidc: servers.resident.kidc, ...options });
const basic = ({ client_id, client_secret }) => `Basic ${Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`).toString('base64')}`;

async function post(path, fields, headers = {}) {
  const answer = await fetch(servers.provider.issuer + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text ? JSON.parse(text) : undefined };
}

/** A fresh code, and the form that would exchange it. */
async function freshCode(rp = portal, parameters) {
  const browser = new Browser();
  const { url, checks } = await authorizationRequest(rp.config, parameters);
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  return {
    form: { grant_type: 'authorization_code', code: new URL(page.location).searchParams.get('code'), redirect_uri: redirectUri, code_verifier: checks.pkceCodeVerifier },
    authorization: { authorization: basic(rp.metadata) }, page, browser,
  };
}

const active = async (token, rp = portal) => (await oidc.tokenIntrospection(rp.config, token)).active;

test('[17] a code works once; its second use ends what the first issued', async () => {
  const { form, authorization } = await freshCode();
  const first = await post('/token', form, authorization);
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('cache-control'), 'no-store');
  assert.equal(await active(first.json.access_token), true);
  const second = await post('/token', form, authorization);
  assert.equal(second.status, 400);
  assert.equal(second.json.error, 'invalid_grant');
  assert.equal(await active(first.json.access_token), false);
  const refreshed = await post('/token', { grant_type: 'refresh_token', refresh_token: first.json.refresh_token }, authorization);
  assert.equal(refreshed.json.error, 'invalid_grant');
});

test('[17] twenty exchanges of one code at once: one at most wins, and nothing that was issued stays alive', async () => {
  const { form, authorization } = await freshCode();
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/token', form, authorization)));
  const won = answers.filter((answer) => answer.status === 200);
  assert.ok(won.length <= 1, `${won.length} won`);
  for (const answer of answers) if (answer.status !== 200) assert.equal(answer.json.error, 'invalid_grant');
  for (const answer of won) assert.equal(await active(answer.json.access_token), false);
});

test('[17] a code of another client is refused and burnt', async () => {
  const other = await relyingParty(servers.provider);
  const { form, authorization } = await freshCode();
  assert.equal((await post('/token', form, { authorization: basic(other.metadata) })).json.error, 'invalid_grant');
  assert.equal((await post('/token', form, authorization)).json.error, 'invalid_grant');
});

for (const [name, change] of Object.entries({
  'a wrong verifier': { code_verifier: 'x'.repeat(43) },
  '[19] a short verifier': { code_verifier: 'x' },
  '[18] no verifier': { code_verifier: undefined },
  'another redirect_uri': { redirect_uri: 'https://evil.example/' },
  'no redirect_uri': { redirect_uri: undefined },
}))
  test(`${name} → invalid_grant, and the code is used up`, async () => {
    const { form, authorization } = await freshCode();
    const wrong = Object.fromEntries(Object.entries({ ...form, ...change }).filter(([, value]) => value !== undefined));
    assert.equal((await post('/token', wrong, authorization)).json.error, 'invalid_grant');
    assert.equal((await post('/token', form, authorization)).json.error, 'invalid_grant');
  });

test('[18] PKCE downgrade: a verifier for a code that was asked for without a challenge is refused', async () => {
  const lax = await relyingParty(servers.provider, { args: ['--no-pkce'] });
  const { url, checks } = await authorizationRequest(lax.config);
  url.searchParams.delete('code_challenge');
  url.searchParams.delete('code_challenge_method');
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  const form = { grant_type: 'authorization_code', code: new URL(page.location).searchParams.get('code'), redirect_uri: redirectUri };
  const answer = await post('/token', { ...form, code_verifier: checks.pkceCodeVerifier }, { authorization: basic(lax.metadata) });
  assert.equal(answer.json.error, 'invalid_grant');
});

test('an unknown, empty or forged code is invalid_grant', async () => {
  for (const code of ['x', 'A'.repeat(43), `${'A'.repeat(42)}=`]) {
    const answer = await post('/token', { grant_type: 'authorization_code', code, redirect_uri: redirectUri }, { authorization: basic(portal.metadata) });
    assert.equal(answer.json.error, 'invalid_grant');
  }
});

test('client authentication: every wrong way is invalid_client with 401, and basic is challenged', async () => {
  const { client_id, client_secret } = portal.metadata;
  const form = { grant_type: 'client_credentials' };
  for (const [fields, headers] of [
    [{ ...form, client_id }, {}],
    [{ ...form, client_id, client_secret }, {}],
    [form, { authorization: basic({ client_id, client_secret: 'wrong' }) }],
    [form, { authorization: basic({ client_id, client_secret: '' }) }],
    [form, { authorization: basic({ client_id: 'nobody', client_secret }) }],
    [form, { authorization: 'Basic %%%' }],
    [form, { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` }],
    [{ ...form, client_id: 'another' }, { authorization: basic(portal.metadata) }],
    [{ ...form, client_secret }, { authorization: basic(portal.metadata) }],
    [form, {}],
  ]) {
    const answer = await post('/token', fields, headers);
    assert.equal(answer.status, 401, JSON.stringify([fields, headers]));
    assert.equal(answer.json.error, 'invalid_client');
    assert.match(answer.headers.get('www-authenticate'), /^Basic /);
  }
});

test('client_secret_basic is form-decoded, as RFC 6749 says', async () => {
  const odd = await relyingParty(servers.provider, { args: ['--id', 'portal:with spaces+plus', ...withRefresh] }).catch(() => undefined);
  const rp = odd ?? portal;
  const encoded = `${encodeURIComponent(rp.metadata.client_id).replaceAll('%20', '+')}:${encodeURIComponent(rp.metadata.client_secret)}`;
  const answer = await post('/token', { grant_type: 'authorization_code', code: 'x' }, { authorization: `basic ${Buffer.from(encoded).toString('base64')}` });
  assert.equal(answer.json.error, 'invalid_grant', 'the client was recognised, the code was not');
});

test('client_secret_post works for a client registered for it, and only for that', async () => {
  const rp = await relyingParty(servers.provider, { auth: 'client_secret_post' });
  const { tokens } = await flow({ config: rp.config });
  assert.ok(tokens.access_token);
  assert.equal((await post('/token', { grant_type: 'authorization_code', code: 'x' }, { authorization: basic(rp.metadata) })).json.error, 'invalid_client');
});

test('too many wrong secrets from one address are slowed down with 429', async () => {
  const rp = await relyingParty(servers.provider);
  const statuses = new Set();
  for (let i = 0; i < 80 && !statuses.has(429); i++)
    statuses.add((await post('/token', { grant_type: 'client_credentials' }, { authorization: basic({ ...rp.metadata, client_secret: `guess${i}` }) })).status);
  assert.deepEqual([...statuses], [401, 429]);
});

test('the token endpoint refuses what is not a form', async () => {
  const url = `${servers.provider.issuer}/token`;
  const headers = { authorization: basic(portal.metadata) };
  const json = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{"grant_type":"client_credentials"}' });
  assert.equal((await json.json()).error, 'invalid_request');
  const twice = await fetch(url, { method: 'POST', headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body: 'grant_type=authorization_code&code=a&code=b' });
  assert.equal((await twice.json()).error, 'invalid_request');
  assert.equal((await fetch(url)).status, 405);
  assert.equal((await post('/token', { grant_type: 'password', username: 'a', password: 'b' }, headers)).json.error, 'unsupported_grant_type');
  assert.equal((await post('/token', { grant_type: 'client_credentials' }, headers)).json.error, 'unauthorized_client');
  assert.equal((await post('/token', {}, headers)).json.error, 'invalid_request');
});

test('nothing in the query of the token endpoint counts: secrets there would end up in logs', async () => {
  const { form, authorization } = await freshCode();
  const { client_id, client_secret } = portal.metadata;
  const all = new URLSearchParams({ ...form, client_id, client_secret });
  assert.equal((await post(`/token?${all}`, {})).json.error, 'invalid_request');
  assert.equal((await post(`/token?${new URLSearchParams(form)}`, {}, authorization)).json.error, 'invalid_request');
  assert.equal((await post('/token', form, authorization)).status, 200, 'the code was not touched');
});

test('refresh: a client that authenticates keeps its refresh token; the new ID token tells of the same sign-in', async () => {
  const { tokens, claims } = await flow({ parameters: { scope: 'openid profile offline_access' } });
  for (let i = 0; i < 3; i++) {
    const again = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token);
    assert.equal(again.refresh_token, undefined);
    for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'sid']) assert.deepEqual(again.claims()[claim], claims[claim]);
    const userinfo = await oidc.fetchUserInfo(portal.config, again.access_token, claims.sub);
    assert.equal(userinfo.family_name, servers.resident.familyNameEn, 'the claims are still there, without the register');
  }
});

test('refresh: a narrower scope is given, a wider one refused', async () => {
  const { tokens } = await flow({ parameters: { scope: 'openid profile' } });
  const narrow = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token, { scope: 'openid' });
  assert.equal(narrow.scope, 'openid');
  const userinfo = await (await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${narrow.access_token}` } })).json();
  assert.deepEqual(Object.keys(userinfo), ['sub'], 'and opens no more than it says');
  const whole = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token);
  assert.equal((await oidc.fetchUserInfo(portal.config, whole.access_token, whole.claims().sub)).family_name, servers.resident.familyNameEn, 'the refresh token itself is as wide as before');
  await assert.rejects(oidc.refreshTokenGrant(portal.config, tokens.refresh_token, { scope: 'openid email' }), { error: 'invalid_scope' });
});

test('refresh: a token of another client is invalid_grant, and keeps working for its own', async () => {
  const { tokens } = await flow();
  const other = await relyingParty(servers.provider, { args: withRefresh });
  await assert.rejects(oidc.refreshTokenGrant(other.config, tokens.refresh_token), { error: 'invalid_grant' });
  assert.ok((await oidc.refreshTokenGrant(portal.config, tokens.refresh_token)).access_token);
});

test('[21] a public client: rotation, a grace in which a retry gets the same successor, then reuse ends the family', async () => {
  const app = await relyingParty(servers.provider, { auth: 'none', args: withRefresh });
  const { tokens } = await flow({ config: app.config });
  const one = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  const retry = await oidc.refreshTokenGrant(app.config, tokens.refresh_token);
  assert.notEqual(one.refresh_token, tokens.refresh_token);
  assert.equal(retry.refresh_token, one.refresh_token, 'the retry is idempotent');
  const next = await oidc.refreshTokenGrant(app.config, one.refresh_token);
  const end = Date.now() + 10000;
  let reuse;
  do reuse = await oidc.refreshTokenGrant(app.config, tokens.refresh_token).catch((error) => error);
  while (reuse.access_token && Date.now() < end);
  assert.equal(reuse.error, 'invalid_grant');
  await assert.rejects(oidc.refreshTokenGrant(app.config, next.refresh_token), { error: 'invalid_grant' }, 'the whole family ended');
});

test('[21] twenty rotations of one token at once all give one successor', async () => {
  const app = await relyingParty(servers.provider, { auth: 'none', args: withRefresh });
  const { tokens } = await flow({ config: app.config });
  const all = await Promise.all(Array.from({ length: 20 }, () => oidc.refreshTokenGrant(app.config, tokens.refresh_token)));
  assert.equal(new Set(all.map((one) => one.refresh_token)).size, 1);
});

test('[21] refresh tokens and what they know survive kill -9', async () => {
  const { tokens, claims } = await flow();
  await servers.provider.restart('SIGKILL');
  const again = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token);
  assert.equal(again.claims().sub, claims.sub);
});

test('revocation: an access token ends itself, a refresh token its whole grant', async () => {
  const { tokens } = await flow();
  await oidc.tokenRevocation(portal.config, tokens.access_token);
  assert.equal(await active(tokens.access_token), false);
  const again = await oidc.refreshTokenGrant(portal.config, tokens.refresh_token);
  await oidc.tokenRevocation(portal.config, tokens.refresh_token);
  assert.equal(await active(again.access_token), false);
  await assert.rejects(oidc.refreshTokenGrant(portal.config, tokens.refresh_token), { error: 'invalid_grant' });
  await oidc.tokenRevocation(portal.config, 'unknown');
});

test('revocation and introspection by another client change and tell nothing', async () => {
  const { tokens } = await flow();
  const other = await relyingParty(servers.provider);
  await oidc.tokenRevocation(other.config, tokens.access_token);
  await oidc.tokenRevocation(other.config, tokens.refresh_token);
  assert.deepEqual(await oidc.tokenIntrospection(other.config, tokens.access_token), { active: false });
  assert.equal(await active(tokens.access_token), true);
});

test('introspection: an ID token, a refresh token, a code, garbage are not active; a public client may not ask', async () => {
  const { tokens } = await flow();
  for (const token of [tokens.id_token, tokens.refresh_token, 'garbage', `${tokens.access_token}x`, tokens.access_token.slice(0, -1)])
    assert.deepEqual(await oidc.tokenIntrospection(portal.config, token), { active: false });
  const app = await relyingParty(servers.provider, { auth: 'none' });
  assert.equal((await post('/introspect', { token: tokens.access_token, client_id: app.metadata.client_id })).json.error, 'invalid_client');
});

test('introspection tells what RFC 7662 names', async () => {
  const { tokens, claims } = await flow({ parameters: { scope: 'openid phone' } });
  const seen = await oidc.tokenIntrospection(portal.config, tokens.access_token);
  assert.equal(seen.sub, claims.sub);
  assert.equal(seen.client_id, portal.metadata.client_id);
  assert.equal(seen.scope, 'openid phone');
  assert.equal(seen.iss, servers.provider.issuer);
  assert.ok(seen.exp > seen.iat);
  assert.ok(seen.jti && seen.aud && seen.token_type === 'Bearer');
});

test('userinfo without, with a wrong, with a doubled, with a query token', async () => {
  const url = `${servers.provider.issuer}/userinfo`;
  const { tokens } = await flow();
  const authorization = `Bearer ${tokens.access_token}`;
  const none = await fetch(url);
  assert.equal(none.status, 401);
  assert.ok(!none.headers.get('www-authenticate').includes('error='));
  const wrong = await fetch(url, { headers: { authorization: 'Bearer wrong' } });
  assert.equal(wrong.status, 401);
  assert.match(wrong.headers.get('www-authenticate'), /error="invalid_token"/);
  assert.equal((await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams({ access_token: tokens.access_token }) })).status, 400);
  assert.equal((await fetch(`${url}?access_token=${tokens.access_token}`)).status, 400);
  assert.equal((await fetch(url, { headers: { authorization: `Bearer ${tokens.id_token}` } })).status, 401);
  assert.equal((await fetch(url, { headers: { authorization: `bEARER ${tokens.access_token}` } })).status, 200);
});

test('an organization token opens no userinfo', async () => {
  const caller = await relyingParty(servers.provider, { scope: 'records:read', args: ['--grant', 'client_credentials'] });
  const { access_token } = await oidc.clientCredentialsGrant(caller.config);
  assert.equal((await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })).status, 403);
  await assert.rejects(oidc.clientCredentialsGrant(caller.config, { scope: 'openid' }), { error: 'invalid_scope' });
});

test('a removed client: its tokens are not active, its flows end', async () => {
  const rp = await relyingParty(servers.provider, { args: [...withRefresh, '--resource', 'urn:test'] });
  const { tokens } = await flow({ config: rp.config });
  servers.provider.command('client', 'remove', '--yes', rp.metadata.client_id);
  assert.equal((await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })).status, 401);
  const refreshed = await post('/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }, { authorization: basic(rp.metadata) });
  assert.equal(refreshed.json.error, 'invalid_client');
});

// ---- private_key_jwt ----

async function assertionClient() {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const { writeFileSync } = await import('node:fs');
  const file = `${servers.provider.data}/jwks-${Date.now()}.json`;
  writeFileSync(file, JSON.stringify({ keys: [jwk] }));
  const rp = await relyingParty(servers.provider, {
    auth: 'private_key_jwt', scope: 'records:read', args: ['--grant', 'client_credentials', '--jwks', file], configure: () => oidc.PrivateKeyJwt({ key: privateKey, kid: 'one' }),
  });
  return { ...rp, privateKey, publicKey, jwk };
}

const seconds = (offset = 0) => Math.floor(Date.now() / 1000) + offset;

async function assertion({ metadata, privateKey }, change = {}, header = {}, key = privateKey) {
  const claims = { iss: metadata.client_id, sub: metadata.client_id, aud: servers.provider.issuer, iat: seconds(), exp: seconds(60), jti: crypto.randomUUID(), ...change };
  for (const name of Object.keys(claims)) if (claims[name] === undefined) delete claims[name];
  return new jose.SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'one', ...header }).sign(key);
}

const send = (client_assertion) => post('/token', {
  grant_type: 'client_credentials', client_assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
});

test('private_key_jwt: openid-client signs in with a key', async () => {
  const rp = await assertionClient();
  assert.ok((await oidc.clientCredentialsGrant(rp.config)).access_token);
  for (const aud of [servers.provider.issuer, `${servers.provider.issuer}/token`, ['x', servers.provider.issuer]])
    assert.equal((await send(await assertion(rp, { aud }))).status, 200);
});

test('[32] an assertion works once', async () => {
  const jwt = await assertion(await assertionClient());
  assert.equal((await send(jwt)).status, 200);
  assert.equal((await send(jwt)).json.error, 'invalid_client');
});

test('[29][30][36][37] assertions that must not work', async () => {
  const rp = await assertionClient();
  const foreign = await assertionClient();
  const own = JSON.stringify(rp.jwk);
  const plain = (object) => Buffer.from(JSON.stringify(object)).toString('base64url');
  const good = await assertion(rp);
  const [head, body, signature] = good.split('.');
  const claims = jose.decodeJwt(good);
  const hs = await new jose.SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(new TextEncoder().encode(own));
  for (const [name, jwt] of Object.entries({
    'another key': await assertion(rp, {}, {}, foreign.privateKey),
    'another client\'s': await assertion({ metadata: rp.metadata, privateKey: foreign.privateKey }),
    'sub of another': await assertion(rp, { sub: foreign.metadata.client_id }),
    expired: await assertion(rp, { exp: seconds(-120) }),
    'no exp': await assertion(rp, { exp: undefined }),
    'exp as a text': await assertion(rp, { exp: String(seconds(60)) }),
    'exp of 1e300': `${head}.${Buffer.from(JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e300')).toString('base64url')}.${signature}`,
    'valid for a year': await assertion(rp, { exp: seconds(31536000) }),
    'not yet': await assertion(rp, { nbf: seconds(600) }),
    'from the future': await assertion(rp, { iat: seconds(600) }),
    'no jti': await assertion(rp, { jti: undefined }),
    'another audience': await assertion(rp, { aud: 'https://other.example' }),
    'no audience': await assertion(rp, { aud: undefined }),
    'audience that begins with us': await assertion(rp, { aud: `${servers.provider.issuer}.evil.example` }),
    'alg none': `${plain({ alg: 'none' })}.${body}.`,
    'alg none with our kid': `${plain({ alg: 'none', kid: 'one' })}.${body}.${signature}`,
    'no alg': `${plain({ kid: 'one' })}.${body}.${signature}`,
    'HS256 with the public key as the secret': hs,
    'another kid': await assertion(rp, {}, { kid: 'two' }),
    'an empty signature': `${head}.${body}.`,
    'four parts': `${good}.x`,
    'padding': `${head}.${body}.${signature}=`,
    'white space': ` ${good}`,
    'a changed body': `${head}.${plain({ ...claims, jti: 'other' })}.${signature}`,
  })) {
    const answer = await send(jwt);
    assert.equal(answer.json.error, 'invalid_client', name);
    assert.equal(answer.status, 401, name);
  }
  assert.equal((await send(good)).status, 200, 'the good one works');
});
