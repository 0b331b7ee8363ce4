// Token exchange (RFC 8693), as ministries use it over CamDX: a portal calls the land registry in a resident's name, and the registry calls the tax office.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture } from '../lib/fixture.mjs';
import { keyedClient } from '../lib/keyed.mjs';
import { ProofKey } from '../lib/dpop.mjs';
import { until } from '../lib/servers.mjs';

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange', accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const land = 'https://land.gov.example', tax = 'https://tax.gov.example', health = 'https://health.gov.example';
let servers, portal, registry, taxOffice, hospital, brought;

/** A protected resource that may exchange what it is called with, where a rule says so. */
const service = (resource, more) => keyedClient(servers.provider, { metadata: {
  redirect_uris: undefined, grant_types: ['client_credentials', grant], response_types: [], scope: 'records.read', resources: [resource], audience: [tax], ...more } });
const rule = (name, client, to, ...more) => servers.provider.command('exchange', 'add', name, '--client', client.metadata.client_id, '--to', to, '--scope', 'tax.read tax.pay', ...more);

before(async () => {
  servers = await fixture();
  portal = await keyedClient(servers.provider, { metadata: { allowed_resources: [land, tax, health], grant_types: ['authorization_code', 'refresh_token'] } });
  [registry, taxOffice, hospital] = [await service(land), await service(tax), await service(health)];
  rule('taxes', registry, tax, '--of-client', portal.metadata.client_id);
  rule('onward', taxOffice, health);
  brought = (await signedIn()).access_token;
});

/** A resident's tokens at the portal, for `resource`. */
async function signedIn(resource = land, { scope = 'openid profile', kidc = servers.resident.kidc, client = portal } = {}) {
  const { url, checks } = await authorizationRequest(client.config, { scope, resource });
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), kidc);
  const tokens = await oidc.authorizationCodeGrant(client.config, new URL(page.location), checks, { resource });
  return { ...tokens, sub: tokens.claims().sub, browser, client };
}

const basic = ({ client_id: id, client_secret: secret }) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
async function post(by, fields, headers = {}) {
  const all = Object.entries({ grant_type: grant, subject_token: brought, subject_token_type: accessToken, resource: tax, ...fields }).filter(([, value]) => value !== undefined);
  const answer = await fetch(`${servers.provider.issuer}/token`, { method: 'POST', headers: { authorization: basic(by.metadata), ...headers }, body: new URLSearchParams(all) });
  return { status: answer.status, json: await answer.json(), cache: answer.headers.get('cache-control') };
}

async function refused(error, by, fields, what = JSON.stringify(fields)) {
  const { status, json } = await post(by, fields);
  assert.deepEqual([json.error, status], [error, 400], what);
  assert.equal(json.access_token, undefined);
}

describe('an exchange that a rule permits', () => {
  test('openid-client: the answer says what it is, the token is for the one service, and says who acts', async () => {
    const answer = await oidc.genericGrantRequest(registry.config, grant, { subject_token: brought, subject_token_type: accessToken, resource: tax });
    assert.deepEqual([answer.issued_token_type, answer.token_type, answer.scope], [accessToken, 'bearer', 'tax.read tax.pay']);
    assert.equal(answer.refresh_token, undefined);
    assert.equal(answer.id_token, undefined);
    const jwks = jose.createRemoteJWKSet(new URL(`${servers.provider.issuer}/jwks`));
    const { payload } = await jose.jwtVerify(answer.access_token, jwks, { issuer: servers.provider.issuer, audience: tax, typ: 'at+jwt' });
    assert.deepEqual([payload.aud, payload.client_id, payload.act], [tax, registry.metadata.client_id, { sub: registry.metadata.client_id }]);
    const before = jose.decodeJwt(brought);
    assert.deepEqual([payload.acr, payload.amr, payload.auth_time], [before.acr, before.amr, before.auth_time]);
  });

  test('nothing of it is cached; `audience` names the service as well as `resource`', async () => {
    const { json, cache } = await post(registry, { resource: undefined, audience: tax, requested_token_type: accessToken });
    assert.equal(jose.decodeJwt(json.access_token).aud, tax);
    assert.equal(cache, 'no-store');
    assert.equal((await post(registry, { audience: tax })).status, 200, 'both, the same');
  });

  test('the resident has another sub there than at the portal: the same each time, another at each service, another for another resident', async () => {
    const subOf = async (by, fields) => jose.decodeJwt((await post(by, fields)).json.access_token).sub;
    const mine = await subOf(registry);
    const again = await signedIn();
    assert.equal(await subOf(registry, { subject_token: again.access_token }), mine);
    const atTax = await signedIn(tax);
    const there = await subOf(taxOffice, { subject_token: atTax.access_token, resource: health });
    const somebody = await signedIn(land, { kidc: servers.residents[1].kidc });
    const theirs = await subOf(registry, { subject_token: somebody.access_token });
    assert.equal(new Set([mine, there, theirs, again.sub, jose.decodeJwt(brought).sub]).size, 4, 'the portal’s sub is in both its tokens');
    assert.ok(![mine, there, theirs].includes(again.sub));
  });

  test('the service that it is for introspects it; the one that made it may too; others learn nothing', async () => {
    const { json } = await post(registry);
    const seen = await oidc.tokenIntrospection(taxOffice.config, json.access_token);
    assert.deepEqual([seen.active, seen.aud, seen.act, seen.scope], [true, tax, { sub: registry.metadata.client_id }, 'tax.read tax.pay']);
    assert.equal((await oidc.tokenIntrospection(registry.config, json.access_token)).active, true);
    for (const stranger of [hospital, portal]) assert.deepEqual(await oidc.tokenIntrospection(stranger.config, json.access_token), { active: false });
  });

  test('it opens nothing at userinfo, and refreshes nothing', async () => {
    const { json } = await post(registry);
    assert.equal((await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${json.access_token}` } })).status, 401);
    const answer = await post(portal, { grant_type: 'refresh_token', refresh_token: json.access_token, subject_token: undefined, subject_token_type: undefined, resource: undefined });
    assert.equal(answer.json.error, 'invalid_grant');
  });

  test('a chain of exchanges names each actor, the newest outside', async () => {
    const first = (await post(registry)).json.access_token;
    const second = await post(taxOffice, { subject_token: first, resource: health });
    assert.equal(second.status, 200, JSON.stringify(second.json));
    assert.deepEqual(jose.decodeJwt(second.json.access_token).act, { sub: taxOffice.metadata.client_id, act: { sub: registry.metadata.client_id } });
  });

  test('a chain ends: a token cannot be exchanged without limit', async () => {
    const [ping, pong] = [await service('https://ping.example'), await service('https://pong.example')];
    rule('start', registry, 'https://ping.example');
    rule('on', ping, 'https://pong.example');
    rule('back', pong, 'https://ping.example');
    let answer = await post(registry, { resource: 'https://ping.example' }), turns = 0;
    for (; answer.status === 200 && turns < 30; turns++)
      answer = await post(turns % 2 ? pong : ping, { subject_token: answer.json.access_token, resource: turns % 2 ? 'https://ping.example' : 'https://pong.example' });
    assert.deepEqual([answer.json.error, turns > 2 && turns < 30], ['invalid_request', true], `${turns} turns`);
  });

  test('an organization’s token keeps the organization as its subject', async () => {
    const own = (await oidc.clientCredentialsGrant(hospital.config)).access_token;
    rule('own', taxOffice, land);
    const { json } = await post(taxOffice, { subject_token: own, resource: land });
    const claims = jose.decodeJwt(json.access_token);
    assert.deepEqual([claims.sub, claims.act, claims.aud], [hospital.metadata.client_id, { sub: taxOffice.metadata.client_id }, land]);
  });

  test('an opaque token is exchanged like a JWT, and becomes what the client that exchanges registered', async () => {
    const kiosk = await keyedClient(servers.provider, { metadata: { allowed_resources: [health], access_token_format: 'opaque' } });
    rule('kiosk', hospital, tax);
    const { access_token: token } = await signedIn(health, { client: kiosk });
    assert.ok(!token.includes('.'));
    const { json } = await post(hospital, { subject_token: token });
    assert.equal(jose.decodeJwt(json.access_token).aud, tax);
  });
});

describe('[25] no exchange', () => {
  test('without a rule: for another service, of another client, by another client', async () => {
    await refused('invalid_target', registry, { resource: health });
    await refused('invalid_target', hospital, { subject_token: (await signedIn(health)).access_token, resource: land });
    const other = await keyedClient(servers.provider, { metadata: { allowed_resources: [land] } });
    await refused('invalid_target', registry, { subject_token: (await signedIn(land, { client: other })).access_token }, 'the rule is for the portal’s tokens');
    for (const resource of [`${tax}/`, tax.toUpperCase(), 'tax', servers.provider.issuer]) await refused('invalid_target', registry, { resource });
  });

  test('of a token that is for somebody else', async () => {
    await refused('invalid_request', taxOffice, { resource: health }, 'it is for the land registry');
    await refused('invalid_request', hospital, {}, 'it is for the land registry');
    await refused('invalid_request', registry, { subject_token: (await signedIn(tax)).access_token }, 'it is for the tax office');
    const userinfo = await oidc.genericGrantRequest(portal.config, 'refresh_token', { refresh_token: (await signedIn()).refresh_token });
    await refused('invalid_request', registry, { subject_token: userinfo.access_token }, 'it is for userinfo');
  });

  test('of anything that is no access token', async () => {
    const tokens = await signedIn();
    for (const subject_token of ['x', tokens.id_token, tokens.refresh_token, `${brought}x`, brought.replace(/[^.]*$/, 'AAAA'), `${brought} `])
      await refused('invalid_request', registry, { subject_token }, subject_token.slice(0, 20));
  });

  test('with a wider scope than the rule gives; a narrower one is given', async () => {
    for (const scope of ['tax.admin', 'tax.read tax.admin', 'openid', 'profile', 'TAX.READ']) await refused('invalid_scope', registry, { scope });
    const { json } = await post(registry, { scope: 'tax.read' });
    assert.deepEqual([json.scope, jose.decodeJwt(json.access_token).scope], ['tax.read', 'tax.read']);
    assert.equal((await post(registry, { scope: ' ' })).json.error, 'invalid_scope', 'an empty scope');
  });

  test('of a token that lacks the scope which the rule demands', async () => {
    rule('documents', registry, 'https://documents.example', '--with-scope', 'profile address');
    await refused('invalid_target', registry, { resource: 'https://documents.example' });
    const wide = await signedIn(land, { scope: 'openid profile address' });
    assert.equal((await post(registry, { subject_token: wide.access_token, resource: 'https://documents.example' })).status, 200);
  });

  test('that is asked for in another form', async () => {
    for (const [fields, error] of [
      [{ subject_token: undefined }], [{ subject_token: '' }], [{ subject_token_type: undefined }], [{ subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }],
      [{ subject_token_type: 'urn:ietf:params:oauth:token-type:jwt' }], [{ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }],
      [{ requested_token_type: 'urn:ietf:params:oauth:token-type:id_token' }], [{ actor_token: brought, actor_token_type: accessToken }], [{ actor_token_type: accessToken }],
      [{ resource: undefined }, 'invalid_target'], [{ resource: '' }, 'invalid_target'], [{ audience: health }, 'invalid_target']])
      await refused(error ?? 'invalid_request', registry, fields);
  });

  test('with several resources: the token is for one service, never silently for the first of them', async () => {
    const body = new URLSearchParams({ grant_type: grant, subject_token: brought, subject_token_type: accessToken });
    body.append('resource', tax);
    body.append('resource', health);
    const answer = await fetch(`${servers.provider.issuer}/token`, { method: 'POST', headers: { authorization: basic(registry.metadata) }, body });
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).error, 'invalid_target');
  });

  test('by a client that is not registered for it, or fails to authenticate, or is public', async () => {
    await refused('unauthorized_client', portal, {});
    const answer = await post({ metadata: { client_id: registry.metadata.client_id, client_secret: 'wrong' } });
    assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_client']);
  });

  test('that outlives the token brought; a rule makes it shorter, never longer', async () => {
    rule('short', registry, 'https://short.example', '--life', '30');
    rule('long', registry, 'https://long.example', '--life', '86400');
    const until = jose.decodeJwt(brought).exp;
    const exp = async (resource) => jose.decodeJwt((await post(registry, { resource })).json.access_token).exp;
    assert.ok((await exp(tax)) <= until);
    assert.ok((await exp('https://long.example')) <= until);
    assert.ok((await exp('https://short.example')) <= Math.floor(Date.now() / 1000) + 30);
    const { json } = await post(registry, { resource: 'https://short.example' });
    assert.ok(json.expires_in <= 30);
  });

  test('of a token that was revoked, or whose session ended; and what was exchanged ends with it', async () => {
    const mine = await signedIn();
    const { json } = await post(registry, { subject_token: mine.access_token });
    const active = async () => (await oidc.tokenIntrospection(taxOffice.config, json.access_token)).active;
    assert.equal(await active(), true);
    await oidc.tokenRevocation(portal.config, mine.refresh_token);
    await refused('invalid_request', registry, { subject_token: mine.access_token }, 'revoked');
    assert.equal(await active(), false);
    const again = await signedIn();
    await again.browser.go(oidc.buildEndSessionUrl(portal.config, { id_token_hint: again.id_token }));
    await refused('invalid_request', registry, { subject_token: again.access_token }, 'signed out');
  });

  test('after the rule was removed, or the client that the token was issued to', async () => {
    rule('passing', registry, 'https://passing.example');
    assert.equal((await post(registry, { resource: 'https://passing.example' })).status, 200);
    servers.provider.command('exchange', 'remove', 'passing', '--client', registry.metadata.client_id);
    await refused('invalid_target', registry, { resource: 'https://passing.example' });
    const gone = await keyedClient(servers.provider, { metadata: { allowed_resources: [land] } });
    rule('gone', registry, 'https://gone.example');
    const { access_token: subject_token } = await signedIn(land, { client: gone });
    servers.provider.command('client', 'remove', '--yes', gone.metadata.client_id);
    await until('the removed client to be gone', async () => (await post(registry, { subject_token, resource: 'https://gone.example' })).json.error === 'invalid_request');
  });
});

test('the audit record says who exchanged whose token under which rule for whom, and holds no token', async () => {
  const { json } = await post(registry);
  const events = await until('the entry', () => {
    const found = JSON.parse(servers.provider.command('audit', 'show', '--json', '--action', 'token.exchange', '--client', registry.metadata.client_id, '--limit', '1000'));
    return found.length > 0 && found;
  });
  assert.ok(events.some((one) => one.detail === `of ${portal.metadata.client_id}, rule taxes, for ${tax}`), JSON.stringify(events[0]));
  assert.ok(!JSON.stringify(events).includes(json.access_token) && !JSON.stringify(events).includes(brought));
});

test('a token that is bound to a DPoP key: the exchanged one is bound to the key of who exchanges', async () => {
  const key = await ProofKey.make();
  const url = `${servers.provider.issuer}/token`;
  const { status, json } = await post(registry, {}, { DPoP: await key.proof('POST', url) });
  assert.equal(status, 200, JSON.stringify(json));
  assert.deepEqual([json.token_type, jose.decodeJwt(json.access_token).cnf], ['DPoP', { jkt: key.thumbprint }]);
});

test('discovery and registration know the grant', async () => {
  const metadata = await (await fetch(`${servers.provider.issuer}/.well-known/oauth-authorization-server`)).json();
  assert.ok(metadata.grant_types_supported.includes(grant));
  const registered = JSON.parse(servers.provider.command('client', 'show', '--json', registry.metadata.client_id));
  assert.ok(registered.grant_types.includes(grant));
});
