// Back offices: who may sign in to a client with officers_only, what it is told of an official, and that a right that is withdrawn or over ends everything at once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, relyingParty, signIn } from '../lib/fixture.mjs';
import { keyedClient } from '../lib/keyed.mjs';
import { build, until } from '../lib/servers.mjs';

const organization = 'ក្រសួងមហាផ្ទៃ', land = 'https://land.gov.example', tax = 'https://tax.gov.example';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
let servers, provider, register, portal, office, next = 0;

before(async () => {
  servers = await fixture();
  ({ provider, register } = servers);
  portal = await relyingParty(provider);
  office = await backOffice();
});

const someone = () => servers.residents[next++ % servers.residents.length].kidc;

function backOffice(...args) {
  return relyingParty(provider, { args: ['--officers-only', '--organization', 'KH/GOV/MOI', '--grant', 'authorization_code', '--grant', 'refresh_token', ...args] });
}

/** `konsao officer …` with a KIdC on its standard input. */
function officer(verb, client, kidc, ...args) {
  return execFileSync(join(build, 'konsao'), ['officer', verb, '--client', client.metadata.client_id, ...args, ...provider.flags()], { input: `${kidc}\n`, encoding: 'utf8', stdio: 'pipe' });
}

const grant = (kidc, roles = ['registrar'], { client = office, more = [] } = {}) =>
  officer('grant', client, kidc, '--organization', organization, ...roles.flatMap((role) => ['--role', role]), ...more);
const revoke = (kidc, client = office) => officer('revoke', client, kidc);

/** A resident who was granted the right and has signed in with it. */
async function official({ client = office, roles, more, parameters, kidc = someone() } = {}) {
  grant(kidc, roles, { client, more });
  return { kidc, ...(await signIn({ register, config: client.config, kidc, parameters })) };
}

const introspect = (token, client = office) => oidc.tokenIntrospection(client.config, token);
const userinfo = (token) => fetch(`${provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
const refresh = (tokens, client = office) => oidc.refreshTokenGrant(client.config, tokens.refresh_token);
const ask = async (browser, client, parameters) => browser.go((await authorizationRequest(client.config, parameters)).url);
const answerOf = (page) => new URL(page.location).searchParams;
const audit = (action) => JSON.parse(provider.command('audit', 'show', '--json', '--action', action));
const refusals = (client) => audit('officer.refuse').filter((entry) => entry.client_id === client.metadata.client_id);

function assertNoRight(page) {
  assert.equal(page.status, 403, page.body);
  assert.match(page.body, /value="somebody_else"/);
  assert.doesNotMatch(page.body, /value="allow"/);
}

describe('an official', () => {
  test('signs in as everybody does, sees what will be told, and the ID token has organization and roles', async () => {
    const kidc = someone(), browser = new Browser();
    grant(kidc, ['registrar', 'approver']);
    const { url, checks } = await authorizationRequest(office.config);
    const consent = await browser.signIn(register, await browser.go(url), kidc);
    assert.match(consent.body, new RegExp(`${organization}.*registrar, approver`));
    const done = await browser.submit(consent, 'allow');
    const tokens = await oidc.authorizationCodeGrant(office.config, new URL(done.location), checks);
    const claims = tokens.claims();
    assert.equal(claims.organization, organization);
    assert.deepEqual(claims.roles, ['registrar', 'approver']);
    const jwt = jose.decodeJwt(tokens.access_token);
    assert.deepEqual([jwt.organization, jwt.roles, jwt.client_organization], [undefined, undefined, 'KH/GOV/MOI'], 'what may change is not in a token that nobody asks about');
    const told = await introspect(tokens.access_token);
    assert.deepEqual([told.active, told.organization, told.roles, told.client_organization], [true, organization, ['registrar', 'approver'], 'KH/GOV/MOI']);
    assert.equal((await userinfo(tokens.access_token)).status, 200);
  });

  test('other clients are told nothing of it', async () => {
    const { browser, kidc } = await official();
    const { claims, tokens } = await signIn({ register, config: portal.config, kidc, browser });
    assert.deepEqual([claims.organization, claims.roles], [undefined, undefined]);
    const told = await introspect(tokens.access_token, portal);
    assert.deepEqual([told.active, told.organization, told.roles], [true, undefined, undefined]);
  });

  test('by a session from elsewhere, silently too, once consent was given', async () => {
    const { browser } = await official({ roles: ['clerk'] });
    const { url, checks } = await authorizationRequest(office.config, { prompt: 'none' });
    const page = await browser.go(url);
    const tokens = await oidc.authorizationCodeGrant(office.config, new URL(page.location), checks);
    assert.deepEqual(tokens.claims().roles, ['clerk']);
  });

  test('new roles count at once: at introspection, and in the next ID token', async () => {
    const { kidc, tokens } = await official({ roles: ['clerk'] });
    grant(kidc, ['head', 'clerk']);
    assert.deepEqual((await introspect(tokens.access_token)).roles, ['head', 'clerk']);
    const again = await refresh(tokens);
    assert.deepEqual(again.claims().roles, ['head', 'clerk']);
  });

  test('an ID token that comes through the browser says it as well', async () => {
    const hybrid = await keyedClient(provider, { metadata: { officers_only: true, response_types: ['code id_token'], grant_types: ['authorization_code', 'implicit'] } });
    const kidc = someone();
    grant(kidc, ['clerk'], { client: hybrid });
    const browser = new Browser();
    const page = await browser.signInAndAllow(register, await ask(browser, hybrid, { response_type: 'code id_token' }), kidc);
    const claims = jose.decodeJwt(new URLSearchParams(new URL(page.location).hash.slice(1)).get('id_token'));
    assert.deepEqual([claims.organization, claims.roles], [organization, ['clerk']]);
  });

  test('discovery names the claims', async () => {
    const { claims_supported: claims } = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json();
    assert.ok(claims.includes('organization') && claims.includes('roles'));
  });
});

describe('no right', () => {
  test('a page says so after the sign-in and before consent, the attempt is in the audit record, and the way back says access_denied', async () => {
    const kidc = someone(), browser = new Browser(), earlier = refusals(office).length;
    const page = await browser.signIn(register, await ask(browser, office, { ui_locales: 'en' }), kidc);
    assertNoRight(page);
    assert.match(page.body, /You have no right to use this service/);
    const entries = refusals(office);
    assert.equal(entries.length, earlier + 1);
    assert.match(entries.at(-1).actor, /^resident:/);
    assertNoRight(await browser.go(page.url)); // looked at again
    const back = await browser.submit(page, 'cancel');
    assert.equal(answerOf(back).get('error'), 'access_denied');
    assert.equal(answerOf(back).get('code'), null);
  });

  test('somebody else signs in from that page', async () => {
    const kidc = someone(), colleague = someone(), browser = new Browser();
    grant(colleague, ['clerk']);
    const { url, checks } = await authorizationRequest(office.config);
    const page = await browser.signIn(register, await browser.go(url), kidc);
    const start = await browser.submit(page, 'somebody_else');
    assert.match(start.body, /name="kidc"/);
    const done = await browser.signInAndAllow(register, start, colleague);
    const tokens = await oidc.authorizationCodeGrant(office.config, new URL(done.location), checks);
    assert.deepEqual(tokens.claims().roles, ['clerk']);
  });

  test('by an existing session: the same page, and access_denied for prompt=none', async () => {
    const { browser } = await signIn({ register, config: portal.config, kidc: someone() });
    const earlier = refusals(office).length;
    assert.equal(answerOf(await ask(browser, office, { prompt: 'none' })).get('error'), 'access_denied');
    await until('the attempt to be recorded', () => refusals(office).length === earlier + 1);
    assertNoRight(await ask(browser, office));
    assertNoRight(await ask(browser, office, { prompt: 'consent' }));
    assert.equal(answerOf(await ask(new Browser(), office, { prompt: 'none' })).get('error'), 'login_required');
  });

  test('a right at another client does not count', async () => {
    const other = await backOffice(), kidc = someone(), browser = new Browser();
    grant(kidc, ['registrar'], { client: other });
    assertNoRight(await browser.signIn(register, await ask(browser, office), kidc));
    assert.ok((await signIn({ register, config: other.config, kidc, browser })).claims.roles);
  });

  test('another person’s right does not count', async () => {
    grant(someone());
    const browser = new Browser();
    assertNoRight(await browser.signIn(register, await ask(browser, office), someone()));
  });

  test('withdrawn between the consent page and "allow": access_denied', async () => {
    const kidc = someone(), browser = new Browser();
    grant(kidc);
    const consent = await browser.signIn(register, await ask(browser, office), kidc);
    revoke(kidc);
    assert.equal(answerOf(await browser.submit(consent, 'allow')).get('error'), 'access_denied');
  });

  test('withdrawn before the code is exchanged: invalid_grant', async () => {
    const kidc = someone(), browser = new Browser();
    grant(kidc);
    const { url, checks } = await authorizationRequest(office.config);
    const page = await browser.signInAndAllow(register, await browser.go(url), kidc);
    revoke(kidc);
    await assert.rejects(oidc.authorizationCodeGrant(office.config, new URL(page.location), checks), { error: 'invalid_grant' });
  });
});

describe('a right that is gone', () => {
  test('withdrawn: introspection, userinfo and refreshing stop at once, and a new right wakes nothing of it', async () => {
    const { kidc, tokens } = await official();
    revoke(kidc);
    for (const what of ['withdrawn', 'and granted again']) {
      assert.deepEqual(await introspect(tokens.access_token), { active: false }, what);
      const answer = await userinfo(tokens.access_token);
      assert.equal(answer.status, 401, what);
      assert.match(answer.headers.get('www-authenticate'), /error="invalid_token"/);
      await assert.rejects(refresh(tokens), { error: 'invalid_grant' }, what);
      grant(kidc);
    }
  });

  test('over: tokens end with it, nothing is issued on it, and the person gets the page', async () => {
    const { kidc, tokens, browser } = await official({ more: ['--expires', '5s'] });
    const { exp } = await introspect(tokens.access_token);
    assert.ok(exp <= Date.now() / 1000 + 5, 'the access token lives no longer than the right');
    await until('the right to be over', async () => !(await introspect(tokens.access_token)).active);
    assert.equal((await userinfo(tokens.access_token)).status, 401);
    await assert.rejects(refresh(tokens), { error: 'invalid_grant' });
    await until('the refusal to be recorded', () => refusals(office).some(({ detail }) => detail === 'refresh_token'));
    assertNoRight(await ask(browser, office));
    grant(kidc, ['clerk']); // prolonged: the session at the client goes on
    assert.deepEqual((await refresh(tokens)).claims().roles, ['clerk']);
  });

  test('removed with the client: a new one of the same name begins without rights', async () => {
    const kidc = someone(), browser = new Browser(), again = ['--id', 'phoenix'];
    const first = await backOffice(...again);
    const { tokens } = await official({ client: first, kidc });
    provider.command('client', 'remove', 'phoenix', '--yes');
    const second = await backOffice(...again);
    assertNoRight(await browser.signIn(register, await ask(browser, second), kidc));
    assert.deepEqual(await introspect(tokens.access_token, second), { active: false });
  });
});

describe('a client that becomes a back office', () => {
  test('what it was given before is worth nothing, except for its own tokens', async () => {
    const client = await relyingParty(provider, { scope: 'openid profile records.read', args: ['--grant', 'authorization_code', '--grant', 'refresh_token', '--grant', 'client_credentials', '--organization', 'KH/GOV/MOI'] });
    const own = await oidc.clientCredentialsGrant(client.config);
    const { tokens } = await signIn({ register, config: client.config, kidc: someone() });
    assert.equal((await introspect(tokens.access_token, client)).active, true);
    provider.command('client', 'set', client.metadata.client_id, '--officers-only');
    assert.deepEqual(await introspect(tokens.access_token, client), { active: false });
    assert.equal((await userinfo(tokens.access_token)).status, 401);
    await assert.rejects(refresh(tokens, client), { error: 'invalid_grant' });
    const told = await introspect(own.access_token, client);
    assert.deepEqual([told.active, told.organization, told.roles], [true, 'KH/GOV/MOI', undefined]);
  });
});

describe('services behind a back office', () => {
  /** The land registry, which asks about tokens and exchanges them; its back office, and somebody signed in there. */
  async function chain(more) {
    const registry = await keyedClient(provider, { metadata: { redirect_uris: undefined, grant_types: ['client_credentials', exchangeGrant], response_types: [], scope: 'records.read', resources: [land], audience: [tax], organization: 'KH/GOV/MLMUPC' } });
    const client = await keyedClient(provider, { metadata: { officers_only: true, allowed_resources: [land], organization: 'KH/GOV/MOI', grant_types: ['authorization_code', 'refresh_token'] } });
    provider.command('exchange', 'add', 'tax', '--client', registry.metadata.client_id, '--to', tax, '--scope', 'tax.read');
    const kidc = someone(), browser = new Browser();
    grant(kidc, ['clerk'], { client, more });
    const { url, checks } = await authorizationRequest(client.config, { resource: land });
    const page = await browser.signInAndAllow(register, await browser.go(url), kidc);
    const tokens = await oidc.authorizationCodeGrant(client.config, new URL(page.location), checks, { resource: land });
    const exchange = () => oidc.genericGrantRequest(registry.config, exchangeGrant, { subject_token: tokens.access_token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: tax });
    return { registry, client, kidc, tokens, exchange };
  }

  test('a service that is called with the token is told whom the official works for, and as what', async () => {
    const { registry, tokens, kidc, client } = await chain();
    const told = await introspect(tokens.access_token, registry);
    assert.deepEqual([told.organization, told.roles, told.client_organization], [organization, ['clerk'], 'KH/GOV/MOI']);
    revoke(kidc, client);
    assert.deepEqual(await introspect(tokens.access_token, registry), { active: false });
  });

  test('an exchanged token says who calls, carries no roles along, and ends with the right', async () => {
    const { registry, kidc, client, exchange } = await chain();
    const { access_token: token } = await exchange();
    const told = await introspect(token, registry);
    assert.deepEqual([told.active, told.organization, told.roles, told.client_organization], [true, 'KH/GOV/MLMUPC', undefined, undefined]);
    revoke(kidc, client);
    assert.deepEqual(await introspect(token, registry), { active: false });
    await assert.rejects(exchange(), { error: 'invalid_request' });
  });

  test('a right that is shortened ends what was issued and exchanged on it before', async () => {
    const { registry, kidc, client, tokens, exchange } = await chain();
    const { access_token: token } = await exchange();
    grant(kidc, ['clerk'], { client, more: ['--expires', '2s'] });
    for (const one of [token, tokens.access_token]) await until('the token to end', async () => !(await introspect(one, registry)).active);
  });

  test('an exchanged token lives no longer than the right', async () => {
    const { exchange } = await chain(['--expires', '60s']);
    assert.ok((await exchange()).expires_in <= 60);
  });
});

describe('elsewhere', () => {
  test('a device: no right, the page, and the device is told access_denied; with one, roles', async () => {
    const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
    const metadata = provider.client('--name', 'Counter', '--auth', 'none', '--grant', deviceGrant, '--scope', 'openid profile', '--officers-only');
    const config = await oidc.discovery(new URL(provider.issuer), metadata.client_id, undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
    const enter = (browser, code) => browser.go(`${provider.issuer}/device`, { method: 'POST', body: new URLSearchParams({ user_code: code }) });
    const stranger = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' }), browser = new Browser();
    const page = await browser.signIn(register, await enter(browser, stranger.user_code), someone());
    assertNoRight(page);
    await browser.submit(page, 'cancel');
    await assert.rejects(oidc.pollDeviceAuthorizationGrant(config, { ...stranger, interval: 0 }), { error: 'access_denied' });
    const kidc = someone(), device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' }), other = new Browser();
    grant(kidc, ['counter'], { client: { metadata } });
    await other.signInAndAllow(register, await enter(other, device.user_code), kidc);
    assert.deepEqual((await oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 0 })).claims().roles, ['counter']);
  });

  test('CIBA: who was asked and has no right ends the request by going back', async () => {
    const ciba = 'urn:openid:params:grant-type:ciba';
    const client = await keyedClient(provider, { metadata: { redirect_uris: undefined, response_types: [], grant_types: [ciba], scope: 'openid profile', officers_only: true, backchannel_token_delivery_mode: 'poll' } });
    const kidc = someone(), browser = new Browser();
    const request = await oidc.initiateBackchannelAuthentication(client.config, { scope: 'openid profile', login_hint: kidc });
    const key = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(request.auth_req_id))).toString('base64url');
    const page = await browser.signIn(register, await browser.go(`${provider.issuer}/approve/${key}`), kidc);
    assertNoRight(page);
    await browser.submit(page, 'cancel');
    await assert.rejects(oidc.pollBackchannelAuthenticationGrant(client.config, { ...request, interval: 0 }), { error: 'access_denied' });
  });
});
