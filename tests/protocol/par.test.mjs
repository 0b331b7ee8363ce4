// Pushed authorization requests (RFC 9126): the client hands its request over itself, the browser brings a reference, and one completion uses it up.
// Names in brackets: lines of the misuse list.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';
import { fapiMetadata, keyedClient, push, pushedUrl } from '../lib/keyed.mjs';
import { Provider, until } from '../lib/servers.mjs';
import { atEnd } from '../lib/cleanup.mjs';

let servers, issuer, portal, bank;
const prefix = 'urn:ietf:params:oauth:request_uri:';

before(async () => {
  servers = await fixture();
  issuer = servers.provider.issuer;
  portal = await relyingParty(servers.provider);
  bank = await keyedClient(servers.provider, { metadata: fapiMetadata() });
});

/** A good request of the client, with changes (undefined: left out), and what its answer must be checked with. */
async function request(client = portal, change = {}) {
  const { url, checks } = await authorizationRequest(client.config);
  return { fields: { ...Object.fromEntries(url.searchParams), ...change }, checks };
}

/** Pushes a good request; answers with where the browser goes. */
async function pushed(client = portal, change = {}, at = issuer) {
  const { fields, checks } = await request(client, change);
  const answer = await push(client, at, fields);
  assert.equal(answer.status, 201, JSON.stringify(answer.json));
  return { url: pushedUrl(client, at, answer.json.request_uri), requestUri: answer.json.request_uri, checks, fields };
}

async function shownError(browser, url, status = 400) {
  const page = await browser.request(url);
  assert.equal(page.location, undefined, `redirected to ${page.location}`);
  assert.equal(page.status, status);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  return page;
}

const allow = (browser, page) => browser.signInAndAllow(servers.register, page, servers.resident.kidc);
const answerOf = (page) => new URL(page.location).searchParams;

test('the whole flow by openid-client: the browser brings client_id and request_uri, nothing else', async () => {
  const { url, checks } = await authorizationRequest(portal.config);
  const short = await oidc.buildAuthorizationUrlWithPAR(portal.config, url.searchParams);
  assert.deepEqual([...short.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  assert.match(short.searchParams.get('request_uri'), /^urn:ietf:params:oauth:request_uri:[\w-]{43}$/);
  const browser = new Browser();
  const page = await allow(browser, await browser.go(short));
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks);
  assert.equal(tokens.claims().nonce, checks.expectedNonce);
});

test('the answer: 201, JSON that nobody keeps, a reference of 256 bits, its life; and no cookie', async () => {
  const { fields } = await request();
  const answer = await push(portal, issuer, fields);
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.match(answer.headers.get('content-type'), /^application\/json/);
  assert.equal(answer.headers.get('set-cookie'), null);
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
  assert.deepEqual(Object.keys(answer.json).sort(), ['expires_in', 'request_uri']);
  assert.equal(answer.json.expires_in, 60);
  const references = new Set();
  for (let i = 0; i < 20; i++) references.add((await push(portal, issuer, fields)).json.request_uri);
  assert.equal(references.size, 20);
});

test('a public client may push as well, and so may one with private_key_jwt', async () => {
  const open = await relyingParty(servers.provider, { auth: 'none' });
  const short = await oidc.buildAuthorizationUrlWithPAR(open.config, (await authorizationRequest(open.config)).url.searchParams);
  assert.ok(short.searchParams.get('request_uri').startsWith(prefix));
  await pushed(bank);
});

test('who does not prove to be the client pushes nothing', async () => {
  const { fields } = await request();
  const post = (body, headers) => fetch(`${issuer}/par`, { method: 'POST', body, headers });
  const basic = (secret) => ({ authorization: `Basic ${Buffer.from(`${portal.metadata.client_id}:${secret}`).toString('base64')}` });
  for (const answer of [
    await post(new URLSearchParams(fields)),
    await post(new URLSearchParams(fields), basic('wrong')),
    await post(new URLSearchParams({ ...fields, client_id: bank.metadata.client_id }), basic(portal.metadata.client_secret)),
  ]) {
    assert.equal(answer.status, 401);
    assert.equal((await answer.json()).error, 'invalid_client');
  }
});

test('no other method, and nothing but a form', async () => {
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'])
    assert.equal((await fetch(`${issuer}/par?${new URLSearchParams((await request()).fields)}`, { method })).status, 405);
  const answer = await fetch(`${issuer}/par`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error, 'invalid_request');
});

const faults = {
  'request_uri in the body': [{ request_uri: `${prefix}${'A'.repeat(43)}` }, 'invalid_request'],
  'request_uri of elsewhere in the body': [{ request_uri: 'https://elsewhere.example/x' }, 'invalid_request'],
  'redirect_uri is missing': [{ redirect_uri: undefined }, 'invalid_request'],
  'redirect_uri is not registered': [{ redirect_uri: 'https://elsewhere.example/callback' }, 'invalid_request'],
  'response_type is missing': [{ response_type: undefined }, 'invalid_request'],
  'response_type=token': [{ response_type: 'token' }, 'unsupported_response_type'],
  'an unknown response_mode': [{ response_mode: 'carrier_pigeon' }, 'invalid_request'],
  'no scope': [{ scope: undefined }, 'invalid_scope'],
  'a known scope that is not registered': [{ scope: 'openid offline_access' }, 'invalid_scope'],
  'PKCE is missing': [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  'PKCE plain': [{ code_challenge_method: 'plain' }, 'invalid_request'],
  'PKCE without a method': [{ code_challenge_method: undefined }, 'invalid_request'],
  'an unknown prompt': [{ prompt: 'dance' }, 'invalid_request'],
  'prompt=none login': [{ prompt: 'none login' }, 'invalid_request'],
  'max_age that is no number': [{ max_age: 'soon' }, 'invalid_request'],
  'claims that are not JSON': [{ claims: '{' }, 'invalid_request'],
  'an id_token_hint that nobody signed': [{ id_token_hint: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' }, 'invalid_request'],
  'a state of 3 KB': [{ state: 'x'.repeat(3000) }, 'invalid_request'],
  'a registration': [{ registration: '{}' }, 'registration_not_supported'],
  'dpop_jkt that is no thumbprint': [{ dpop_jkt: 'short' }, 'invalid_request'],
};
for (const [name, [change, error]] of Object.entries(faults))
  test(`${name} → ${error}, at once`, async () => {
    const { fields } = await request(portal, change);
    const answer = await push(portal, issuer, fields);
    assert.equal(answer.status, 400);
    assert.equal(answer.json.error, error);
    assert.match(answer.json.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });

test('[7] a repeated parameter is refused', async () => {
  const { fields } = await request();
  const body = new URLSearchParams(fields);
  body.append('scope', 'openid');
  assert.equal((await push(portal, issuer, body)).json.error, 'invalid_request');
});

test('what is too large is refused', async () => {
  const { fields } = await request(portal, { vendor_thing: 'x'.repeat(40000) });
  assert.equal((await push(portal, issuer, fields)).status, 413);
});

test('a client that must push: its plain requests are refused', async () => {
  const { url, checks } = await authorizationRequest(bank.config);
  const page = await new Browser().request(url);
  const answer = answerOf(page);
  assert.ok(page.location.startsWith(redirectUri));
  assert.equal(answer.get('error'), 'invalid_request');
  assert.equal(answer.get('state'), checks.expectedState);
  assert.equal(answer.get('iss'), issuer);
  url.searchParams.set('redirect_uri', 'https://elsewhere.example/');
  await shownError(new Browser(), url);
});

test('beside request_uri only client_id counts', async () => {
  const { requestUri, checks } = await pushed();
  const browser = new Browser();
  const url = pushedUrl(portal, issuer, requestUri, {
    state: 'outer', nonce: 'outer', redirect_uri: 'https://elsewhere.example/', scope: 'openid email', prompt: 'none', response_mode: 'form_post', max_age: 'x',
  });
  const page = await allow(browser, await browser.go(url));
  assert.ok(page.location.startsWith(redirectUri));
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks);
  assert.equal(tokens.claims().nonce, checks.expectedNonce);
  assert.equal(tokens.scope, 'openid profile');
});

test('a state that was not pushed is not made up from beside it', async () => {
  const { requestUri } = await pushed(portal, { state: undefined });
  const browser = new Browser();
  const page = await allow(browser, await browser.go(pushedUrl(portal, issuer, requestUri, { state: 'outer' })));
  assert.equal(answerOf(page).get('state'), null);
  assert.ok(answerOf(page).get('code'));
});

test('state and nonce of 384 characters come back whole', async () => {
  const state = 's'.repeat(384), nonce = 'n'.repeat(384);
  const { url, checks } = await pushed(portal, { state, nonce });
  const browser = new Browser();
  const page = await allow(browser, await browser.go(url));
  assert.equal(answerOf(page).get('state'), state);
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), { ...checks, expectedState: state, expectedNonce: nonce });
  assert.equal(tokens.claims().nonce, nonce);
});

test('an unknown reference, one of another client, one in another form: an error page, never a redirect', async () => {
  const { requestUri } = await pushed();
  for (const [client, uri] of [[portal, `${prefix}${'A'.repeat(43)}`], [portal, prefix], [portal, `${requestUri}x`], [portal, requestUri.slice(0, -1)], [bank, requestUri]]) {
    const page = await shownError(new Browser(), pushedUrl(client, issuer, uri, { redirect_uri: redirectUri, state: 'x' }));
    assert.match(page.body, /invalid_request_uri/);
  }
  await shownError(new Browser(), `${issuer}/authorize?${new URLSearchParams({ request_uri: requestUri })}`);
  await shownError(new Browser(), `${pushedUrl(portal, issuer, requestUri)}&request=x`);
  await shownError(new Browser(), `${pushedUrl(portal, issuer, requestUri)}&request_uri=${encodeURIComponent(requestUri)}`);
});

test('too late to begin: an error page; begun in time: completed after that', async () => {
  const hasty = await Provider.start(servers.register, { 'life.pushed': '5s' });
  atEnd(() => hasty.stop());
  const rp = await relyingParty(hasty);
  const { url } = await pushed(rp, {}, hasty.issuer);
  const browser = new Browser();
  const page = await browser.go(url);
  assert.equal(page.status, 200);
  await until('the reference to expire', async () => (await new Browser().request(url)).status === 400);
  assert.match((await shownError(new Browser(), url)).body, /invalid_request_uri/);
  assert.ok(answerOf(await allow(browser, page)).get('code'));
});

test('[27] looked at twice, completed once: the second tab ends on a page, and the first code stays good', async () => {
  const { url, checks } = await pushed();
  const [one, two] = [new Browser(), new Browser()];
  const [first, second] = [await one.go(url), await two.go(url)];
  const done = await allow(one, first);
  assert.ok(answerOf(done).get('code'));
  const late = await allow(two, second);
  assert.equal(late.location, undefined);
  assert.equal(late.status, 409);
  await shownError(new Browser(), url);
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(done.location), checks);
  assert.ok(tokens.access_token);
});

test('[27] the same in two tabs of one browser that is signed in already', async () => {
  const { browser } = await signIn({ register: servers.register, config: portal.config, kidc: servers.resident.kidc });
  const { url } = await pushed(portal, { prompt: 'consent' });
  const [first, second] = [await browser.go(url), await browser.go(url)];
  assert.ok(answerOf(await browser.submit(first, 'allow')).get('code'));
  const late = await browser.submit(second, 'allow');
  assert.equal(late.location, undefined);
  assert.equal(late.status, 409);
});

test('[27] a silent sign-in uses it up as well: of twenty at once one gets a code, and no later one', async () => {
  const { browser } = await signIn({ register: servers.register, config: portal.config, kidc: servers.resident.kidc });
  const { url } = await pushed(portal, { prompt: 'none' });
  const pages = await Promise.all(Array.from({ length: 20 }, () => browser.request(url)));
  const won = pages.filter((page) => page.location);
  assert.equal(won.length, 1);
  assert.ok(answerOf(won[0]).get('code'));
  for (const page of pages) if (page !== won[0]) assert.ok([400, 409].includes(page.status), String(page.status));
  await shownError(browser, url);
});

test('[27] an error uses it up: access_denied, login_required', async () => {
  const denied = await pushed();
  const browser = new Browser();
  const page = await browser.submit(await browser.go(denied.url), 'cancel');
  assert.equal(answerOf(page).get('error'), 'access_denied');
  assert.equal(answerOf(page).get('state'), denied.checks.expectedState);
  await shownError(new Browser(), denied.url);
  const silent = await pushed(portal, { prompt: 'none' });
  assert.equal(answerOf(await new Browser().request(silent.url)).get('error'), 'login_required');
  await shownError(new Browser(), silent.url);
});

test('[27] after another tab completed it, refusing it tells the client nothing', async () => {
  const { url } = await pushed();
  const [one, two] = [new Browser(), new Browser()];
  const [first, second] = [await one.go(url), await two.go(url)];
  await allow(one, first);
  const late = await two.submit(second, 'cancel');
  assert.equal(late.location, undefined);
  assert.equal(late.status, 409);
});

test('an answer that got lost can be fetched again, as without PAR', async () => {
  const { url, checks } = await pushed(portal, { prompt: 'consent' });
  const browser = new Browser();
  const consent = await browser.signIn(servers.register, await browser.go(url), servers.resident.kidc);
  const { url: target, body } = browser.fill(consent, 'allow');
  const resume = (await browser.request(target, { method: 'POST', body })).location;
  const lost = await browser.request(resume), again = await browser.request(resume);
  assert.ok(answerOf(lost).get('code'));
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(again.location), checks);
  assert.ok(tokens.access_token);
});

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

test('[14] what was pushed is in no cookie, no URL, no log line and not readable in the data folder', async () => {
  const kidc = servers.residents[1].kidc;
  const marks = { state: 'markofstate', nonce: 'markofnonce', login_hint: kidc, vendor_thing: 'markofvendor' };
  const { url } = await pushed(portal, marks);
  const browser = new Browser();
  const seen = [url];
  let page = await browser.request(url);
  for (; page.location; page = await browser.request(page.location)) seen.push(page.location);
  assert.equal(page.status, 200);
  const everything = { cookies: [...browser.cookies].flat().join(), urls: seen.join(), log: servers.provider.server.output };
  for (const mark of Object.values(marks))
    for (const [where, text] of Object.entries(everything)) assert.ok(!text.includes(mark), `${mark} in ${where}`);
  for (const file of files(servers.provider.data))
    for (const mark of [kidc, marks.vendor_thing]) assert.ok(!readFileSync(file).includes(mark), `${mark} in ${file}`);
});

test('a login_hint that was pushed is filled in on the page', async () => {
  const { url } = await pushed(portal, { login_hint: servers.resident.kidc });
  const page = await new Browser().go(url);
  assert.ok(page.body.includes(`value="${servers.resident.kidc}"`) || page.body.replaceAll('-', '').includes(servers.resident.kidc.replaceAll('-', '')));
});

test('discovery says what there is', async () => {
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  assert.equal(metadata.pushed_authorization_request_endpoint, `${issuer}/par`);
  assert.equal(metadata.require_pushed_authorization_requests, false);
});
