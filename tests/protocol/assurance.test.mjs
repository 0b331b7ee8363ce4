// How strong a sign-in was (acr, amr), what clients ask for, and that a weak one never passes where a strong one is needed, whatever the way in.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Waiting } from '../lib/asking.mjs';
import { Authenticator } from '../lib/authenticator.mjs';
import { Browser, forms } from '../lib/browser.mjs';
import { authorizationRequest, fixture, relyingParty, signIn } from '../lib/fixture.mjs';
import { keyedClient } from '../lib/keyed.mjs';

const otp = 'urn:konsao:acr:otp', device = 'urn:konsao:acr:device';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange', deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code', ciba = 'urn:openid:params:grant-type:ciba';
const refreshing = ['--grant', 'authorization_code', '--grant', 'refresh_token'];
let servers, provider, register, portal, strict, phone, next = 0;

before(async () => {
  servers = await fixture({ 'limit.asked_per_resident': 1000 });
  ({ provider, register } = servers);
  portal = await relyingParty(provider, { args: refreshing });
  strict = await relyingParty(provider, { args: [...refreshing, '--minimum-acr', device] });
  phone = new Authenticator(provider);
  phone.kidc = servers.residents.pop().kidc;
  await phone.enrol(register, phone.kidc);
});

const someone = () => servers.residents[next++ % servers.residents.length].kidc;
const ask = async (browser, client, parameters) => browser.go((await authorizationRequest(client.config, parameters)).url);
const answerOf = (page) => new URL(page.location).searchParams;
const byCode = (client = portal, kidc = someone(), more = {}) => signIn({ register, config: client.config, kidc, ...more });
const essential = (...values) => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }) });

/** What the phone approves becomes a sign-in: where the browser then is. */
async function approve(waiting, by = phone) {
  const asked = await by.scan(await waiting.code());
  await by.approve(asked, { number: (await waiting.state()).number });
  return waiting.finish();
}

/** A request at a client that is answered by a phone: the page, and tokens if it led to some. */
async function byPhone(client, { by, parameters, browser } = {}) {
  const waiting = await Waiting.open(client, { parameters, browser });
  const page = await approve(waiting, by);
  const tokens = page.location ? await oidc.authorizationCodeGrant(client.config, new URL(page.location), waiting.checks) : undefined;
  return { page, tokens, claims: tokens?.claims(), browser: waiting.browser };
}

/** The page's own form token. */
const csrfOf = (page) => forms(page.body).flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf').value;
/** A form that no page of ours shows: what a hostile or an old page sends. */
const post = (browser, page, fields) => browser.go(page.url, { method: 'POST', body: new URLSearchParams({ csrf: csrfOf(page), ...fields }), headers: { origin: provider.issuer } });

/** That the page offers no code, and takes none. */
async function assertNoCode(browser, page) {
  const kidc = someone(), sent = await register.sent(kidc);
  assert.equal(page.status, 200, `${page.location}`);
  assert.doesNotMatch(page.body, /name="kidc"/);
  const refused = await post(browser, page, { action: 'continue', kidc });
  assert.equal(refused.status, 403);
  assert.match(refused.body, /role="alert"/);
  assert.doesNotMatch(refused.body, /name="(kidc|otp)"/);
  assert.equal(await register.sent(kidc), sent, 'no code is sent');
}

describe('what is said of a sign-in', () => {
  test('discovery publishes the levels, weakest first', async () => {
    const { acr_values_supported: values } = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json();
    assert.deepEqual(values, [otp, device]);
  });

  test('a code: one factor', async () => {
    const { claims } = await byCode();
    assert.deepEqual([claims.acr, claims.amr], [otp, ['otp']]);
  });

  test('a phone: a key that can’t leave it, its owner, more than one factor', async () => {
    const { claims } = await byPhone(portal);
    assert.deepEqual([claims.acr, claims.amr], [device, ['hwk', 'user', 'mfa']]);
  });

  test('the access token, introspection and a refreshed ID token say the same', async () => {
    const { tokens } = await byPhone(portal);
    assert.equal(jose.decodeJwt(tokens.access_token).acr, device);
    assert.equal((await oidc.tokenIntrospection(portal.config, tokens.access_token)).acr, device);
    assert.equal((await oidc.refreshTokenGrant(portal.config, tokens.refresh_token)).claims().acr, device);
  });

  test('the level that was asked for is told, when a stronger one was reached', async () => {
    const { browser, claims } = await byPhone(portal, { parameters: { acr_values: otp } });
    assert.equal(claims.acr, otp);
    const again = (parameters) => byCode(portal, undefined, { browser, parameters });
    assert.equal((await again({})).claims.acr, device, 'a later request of the same session');
    assert.equal((await again({ acr_values: `${otp} ${device}` })).claims.acr, device);
    assert.equal((await again({ ...essential(otp), prompt: 'none' })).claims.acr, otp);
  });
});

describe('a client’s minimum', () => {
  test('leaves out the code, and refuses a form that asks for one', async () => {
    const browser = new Browser();
    await assertNoCode(browser, await ask(browser, strict));
  });

  test('a phone gets in', async () => {
    assert.equal((await byPhone(strict)).claims.acr, device);
  });

  test('whatever the request says it is content with', async () => {
    for (const parameters of [{ acr_values: otp }, essential(otp)]) {
      const browser = new Browser();
      await assertNoCode(browser, await ask(browser, strict, parameters));
    }
    assert.equal((await byPhone(strict, { parameters: essential(otp) })).claims.acr, otp, 'told what was asked for: an essential acr is one of its values');
  });

  test('silently: a one-time-code session never passes, a phone’s does', async () => {
    const { browser } = await byCode();
    for (const parameters of [{ prompt: 'none' }, { prompt: 'none', acr_values: otp }, { prompt: 'none', max_age: '10000' }])
      assert.equal(answerOf(await ask(browser, strict, parameters)).get('error'), 'login_required');
    const page = await ask(browser, strict, { ui_locales: 'en' });
    assert.match(page.body, /The service asks for a safer sign-in/);
    await assertNoCode(browser, page);
    const first = await byPhone(strict);
    assert.ok(answerOf(await ask(first.browser, strict, { prompt: 'none' })).get('code'));
  });

  test('raised while the code is on its way: it is refused, and the register is not asked', async () => {
    const client = await relyingParty(provider), kidc = someone(), browser = new Browser(), sent = await register.sent(kidc);
    const page = await browser.submit(await ask(browser, client), 'continue', { kidc });
    provider.command('client', 'set', client.metadata.client_id, '--minimum-acr', device);
    const refused = await browser.submit(page, 'continue', { otp: await register.code(kidc, sent) });
    assert.equal(refused.status, 403);
    await assertNoCode(browser, await browser.go(page.url));
  });

  test('raised while consent is asked for: no code comes of it', async () => {
    const client = await relyingParty(provider), browser = new Browser();
    const consent = await browser.signIn(register, await ask(browser, client), someone());
    provider.command('client', 'set', client.metadata.client_id, '--minimum-acr', device);
    const page = await browser.submit(consent, 'allow');
    assert.equal(page.location, undefined);
    await assertNoCode(browser, page);
  });

  test('for a device: neither a code nor the session of one', async () => {
    const metadata = provider.client('--name', 'Kiosk', '--auth', 'none', '--grant', deviceGrant, '--scope', 'openid profile', '--minimum-acr', device);
    const config = await oidc.discovery(new URL(provider.issuer), metadata.client_id, undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
    const begin = () => oidc.initiateDeviceAuthorization(config, { scope: 'openid profile' });
    const enter = async (browser, { user_code }) => browser.go(`${provider.issuer}/device`, { method: 'POST', body: new URLSearchParams({ user_code }) });
    for (const browser of [new Browser(), (await byCode()).browser]) await assertNoCode(browser, await enter(browser, await begin()));
    const { browser } = await byPhone(portal), request = await begin();
    await browser.submit(await enter(browser, request), 'allow');
    assert.equal((await oidc.pollDeviceAuthorizationGrant(config, { ...request, interval: 0 })).claims().acr, device);
  });

  test('for CIBA: in a browser neither a code nor the session of one; the phone itself answers', async () => {
    const client = await keyedClient(provider, { metadata: { redirect_uris: undefined, response_types: [], grant_types: [ciba], scope: 'openid profile', minimum_acr: device } });
    const request = await oidc.initiateBackchannelAuthentication(client.config, { scope: 'openid profile', login_hint: phone.kidc });
    const { requests: [{ request: id }] } = await phone.requests();
    await phone.approve(await phone.open(id));
    assert.equal((await oidc.pollBackchannelAuthenticationGrant(client.config, { ...request, interval: 0 })).claims().acr, device);
    for (const how of ['new', 'signed in']) {
      const kidc = someone(), { auth_req_id: id } = await oidc.initiateBackchannelAuthentication(client.config, { scope: 'openid profile', login_hint: kidc });
      const browser = how === 'new' ? new Browser() : (await byCode(portal, kidc)).browser;
      const key = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(id))).toString('base64url');
      await assertNoCode(browser, await browser.go(`${provider.issuer}/approve/${key}`));
    }
  });

  test('for an exchange: a token of a weaker sign-in is refused, one of a phone is not', async () => {
    const land = 'https://land.gov.example', tax = 'https://tax.gov.example';
    const caller = await keyedClient(provider, { metadata: { allowed_resources: [land] } });
    const registry = await keyedClient(provider, { metadata: { redirect_uris: undefined, grant_types: ['client_credentials', exchangeGrant], response_types: [], scope: 'records.read', resources: [land], audience: [tax], minimum_acr: device } });
    provider.command('exchange', 'add', 'tax', '--client', registry.metadata.client_id, '--to', tax, '--scope', 'tax.read');
    const exchange = (token) => oidc.genericGrantRequest(registry.config, exchangeGrant, { subject_token: token, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token', resource: tax });
    const tokenOf = async (page, checks) => (await oidc.authorizationCodeGrant(caller.config, new URL(page.location), checks, { resource: land })).access_token;
    const { url, checks } = await authorizationRequest(caller.config, { resource: land }), browser = new Browser();
    const weak = await tokenOf(await browser.signInAndAllow(register, await browser.go(url), someone()), checks);
    await assert.rejects(exchange(weak), { error: 'invalid_request' });
    const waiting = await Waiting.open(caller, { parameters: { resource: land } });
    const strong = await tokenOf(await approve(waiting), waiting.checks);
    assert.equal(jose.decodeJwt((await exchange(strong)).access_token).acr, device);
  });

  test('that nobody reaches (any more) is an error for the client, not a page without a way', async () => {
    const client = await relyingParty(provider);
    provider.command('client', 'set', client.metadata.client_id, '--minimum-acr', 'high', '--set', 'assurance.levels=low=otp high=passkey,qr');
    for (const browser of [new Browser(), (await byCode()).browser])
      for (const parameters of [{}, { prompt: 'none' }])
        assert.equal(answerOf(await ask(browser, client, parameters)).get('error'), 'unmet_authentication_requirements');
  });
});

describe('a wish (acr_values)', () => {
  const wish = { acr_values: device, ui_locales: 'en' };

  test('that the session does not reach asks for a stronger sign-in; every way is still there', async () => {
    const { browser } = await byCode();
    const page = await ask(browser, portal, wish);
    assert.match(page.body, /The service asks for a safer sign-in/);
    assert.match(page.body, /name="kidc"/);
    assert.equal((await byPhone(portal, { parameters: wish, browser })).claims.acr, device);
    assert.ok((await ask(browser, portal, wish)).location, 'and now the session reaches it');
  });

  test('who has no phone signs in by code again, and is told as what it is; nobody is asked twice', async () => {
    const kidc = someone(), { browser } = await byCode(portal, kidc);
    const { url, checks } = await authorizationRequest(portal.config, wish);
    const page = await browser.signIn(register, await browser.go(url), kidc);
    const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks);
    assert.equal(tokens.claims().acr, otp);
  });

  test('with prompt=none gives what there is', async () => {
    const { browser } = await byCode();
    const { claims } = await byCode(portal, undefined, { browser, parameters: { ...wish, prompt: 'none' } });
    assert.equal(claims.acr, otp);
  });

  test('that nobody can fulfil asks nobody', async () => {
    const { browser } = await byCode();
    assert.ok(answerOf(await ask(browser, portal, { acr_values: 'urn:made:up' })).get('code'));
  });

  test('one of several that is reached is enough', async () => {
    const { browser } = await byCode();
    assert.ok(answerOf(await ask(browser, portal, { acr_values: `${device} ${otp}` })).get('code'));
  });

  test('by registration (default_acr_values) is a wish too', async () => {
    const client = await keyedClient(provider, { metadata: { default_acr_values: [device] } });
    const { browser } = await byCode();
    const page = await ask(browser, client, { ui_locales: 'en' });
    assert.match(page.body, /The service asks for a safer sign-in/);
    assert.match(page.body, /name="kidc"/);
  });
});

describe('an essential acr', () => {
  test('leaves only the ways that reach it', async () => {
    const browser = new Browser();
    await assertNoCode(browser, await ask(browser, portal, essential(device)));
    assert.equal((await byPhone(portal, { parameters: essential('urn:made:up', device) })).claims.acr, device);
  });

  test('a one-time-code session does not do, and prompt=none says so', async () => {
    const { browser } = await byCode();
    assert.equal(answerOf(await ask(browser, portal, { ...essential(device), prompt: 'none' })).get('error'), 'login_required');
    await assertNoCode(browser, await ask(browser, portal, essential(device)));
  });
});

describe('the operator’s table', () => {
  test('other names and another order: a phone above the browser’s own passkey', async () => {
    const levels = { 'assurance.levels': 'low=otp middle=passkey high=qr' };
    const other = await fixture(levels);
    const { acr_values_supported: values } = await (await fetch(`${other.provider.issuer}/.well-known/openid-configuration`)).json();
    assert.deepEqual(values, ['low', 'middle', 'high']);
    const top = await relyingParty(other.provider, { args: ['--minimum-acr', 'high'] }), rp = await relyingParty(other.provider);
    const kidc = other.resident.kidc, browser = new Browser();
    const page = await ask(browser, top);
    const passkey = await browser.request(page.url.replace('/signin/', '/passkey/'), { method: 'POST', body: new URLSearchParams({ csrf: csrfOf(page) }), headers: { origin: other.provider.issuer } });
    assert.equal(passkey.status, 403, 'a passkey in the browser is not offered its question');
    const by = new Authenticator(other.provider);
    await by.enrol(other.register, kidc);
    assert.equal((await byPhone(top, { by })).claims.acr, 'high');
    const { claims } = await signIn({ register: other.register, config: rp.config, kidc });
    assert.equal(claims.acr, 'low');
  });

  test('a session from before the table was changed counts as none of its levels', async () => {
    const one = await fixture();
    const rp = await relyingParty(one.provider);
    const { browser } = await signIn({ register: one.register, config: rp.config, kidc: one.resident.kidc });
    one.provider.settings['assurance.levels'] = 'low=otp high=passkey,qr';
    await one.provider.restart();
    assert.equal(answerOf(await ask(browser, rp, { ...essential('low'), prompt: 'none' })).get('error'), 'login_required');
    assert.ok(answerOf(await ask(browser, rp, { prompt: 'none' })).get('code'));
  });
});

describe('a client that registers itself', () => {
  const registration = (by, body, method = 'POST', at = `${provider.issuer}/register`) =>
    fetch(at, { method, headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' }, body: JSON.stringify({ redirect_uris: ['https://app.example/cb'], client_name: 'App', ...body }) });
  const tokenFor = (...more) => JSON.parse(provider.command('registration', 'token', '--json', ...more)).initial_access_token;

  test('says nothing of minimum_acr and officers_only', async () => {
    for (const member of [{ minimum_acr: otp }, { officers_only: true }, { officers_only: false }]) {
      const answer = await registration(tokenFor(), member);
      assert.deepEqual([answer.status, (await answer.json()).error], [400, 'invalid_client_metadata'], JSON.stringify(member));
    }
  });

  test('may where its token says so, with a level that there is; and never changes what is settled', async () => {
    const allowed = ['--member', 'minimum_acr', '--member', 'officers_only'];
    assert.equal((await registration(tokenFor(...allowed), { minimum_acr: 'urn:made:up' })).status, 400);
    const made = await (await registration(tokenFor(...allowed), { minimum_acr: device })).json();
    assert.equal(made.minimum_acr, device);
    const change = (body) => registration(made.registration_access_token, { client_id: made.client_id, ...body }, 'PUT', made.registration_client_uri);
    assert.equal((await change({ minimum_acr: otp })).status, 400);
    provider.command('client', 'set', made.client_id, '--officers-only');
    assert.equal((await change({ officers_only: false })).status, 400);
    const left = await (await change({})).json();
    assert.deepEqual([left.minimum_acr, left.officers_only], [device, true], 'leaving them out takes nothing away');
  });
});
