// OpenID Connect Session Management 1.0: what portals are told of the browser's session, and what the page for their frames goes by. (tests/browser runs its script.)
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as jose from 'jose';
import { Browser, forms } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty, signIn } from '../lib/fixture.mjs';

const bye = 'http://localhost:9999/bye';
const app = 'kh.gov.example:/callback';
let register, provider, residents, portal;

before(async () => {
  ({ register, provider, residents } = await fixture());
  const file = join(provider.data, 'portal.json');
  writeFileSync(file, JSON.stringify({ response_types: ['code', 'code id_token'], grant_types: ['authorization_code', 'implicit', 'refresh_token'] }));
  portal = await relyingParty(provider, { args: ['--from', file] });
});

const shown = (browser) => browser.cookies.get('konsao_state');
const hash = (...parts) => createHash('sha256').update(parts.join(' ')).digest('base64url');

/** Whether the page in the frame of a portal at `origin` would say "unchanged". */
function holds(sessionState, browser, { id = portal.metadata.client_id, origin = new URL(redirectUri).origin } = {}) {
  const [state = ''] = shown(browser)?.split('.') ?? [];
  const [value, salt] = sessionState.split('.');
  return value === hash(id, origin, state, salt);
}

/** The parameters of an answer, wherever they are. */
function answerOf(page) {
  if (page.location) return Object.fromEntries(new URLSearchParams(page.location.split(/[?#]/)[1]));
  const form = forms(page.body).find((one) => one.action === redirectUri);
  return form && Object.fromEntries(form.fields.filter(({ name }) => name).map(({ name, value }) => [name, value]));
}

/** Asks, signs in if need be: the answer's parameters. */
async function ask(browser, parameters, { rp = portal, kidc = residents[0].kidc } = {}) {
  const { url } = await authorizationRequest(rp.config, parameters);
  let page = await browser.go(url);
  if (!answerOf(page)) page = await browser.signInAndAllow(register, page, kidc);
  return answerOf(page);
}

const logout = (browser, tokens) => browser.request(`${provider.issuer}/logout?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye })}`);

for (const [mode, type] of [['query', 'code'], ['form_post', 'code'], ['fragment', 'code id_token'], ['form_post', 'code id_token'], ['query.jwt', 'code'], ['form_post.jwt', 'code'], ['fragment.jwt', 'code id_token']])
  test(`session_state comes in ${mode} with ${type}, and verifies`, async () => {
    const browser = new Browser();
    const answer = await ask(browser, { response_mode: mode, response_type: type });
    if (mode.endsWith('jwt')) assert.deepEqual(Object.keys(answer), ['response']);
    const { session_state: value } = answer.response ? jose.decodeJwt(answer.response) : answer;
    assert.match(value, /^[\w-]{43}\.[\w-]{22}$/);
    assert.ok(holds(value, browser));
    assert.ok(!holds(value, browser, { origin: 'http://localhost:9998' }), 'for no other origin');
    assert.ok(!holds(value, browser, { id: 'another' }), 'for no other client');
  });

test('there is none without openid, and none for an app, and then the browser shows nothing', async () => {
  const browser = new Browser();
  const plain = await ask(browser, { scope: 'profile', nonce: undefined });
  assert.ok(plain.code && !('session_state' in plain));
  const native = await ask(browser, { redirect_uri: app }, { rp: await relyingParty(provider, { auth: 'none', args: ['--redirect-uri', app] }) });
  assert.ok(native.code && !('session_state' in native));
  assert.equal(shown(browser), undefined);
});

test('errors carry none, whether somebody is signed in or not', async () => {
  const browser = new Browser();
  const none = await ask(browser, { prompt: 'none' });
  assert.equal(none.error, 'login_required');
  const { claims } = await signIn({ register, config: portal.config, kidc: residents[0].kidc, browser });
  const other = await ask(browser, { prompt: 'none', claims: JSON.stringify({ id_token: { sub: { value: `x${claims.sub}` } } }) });
  assert.equal(other.error, 'login_required');
  for (const one of [none, other]) assert.ok(!('session_state' in one));
});

test('it changes with logout, and with another sign-in; not while the session goes on', async () => {
  const { browser, callback, tokens } = await signIn({ register, config: portal.config, kidc: residents[0].kidc });
  const first = callback.searchParams.get('session_state');
  await ask(browser, { prompt: 'none' });
  assert.ok(holds(first, browser), 'single sign-on');
  await ask(browser, { prompt: 'login' });
  assert.ok(holds(first, browser), 'the same person proved it again');
  await logout(browser, tokens);
  assert.equal(shown(browser), undefined);
  assert.ok(!holds(first, browser));
  const { session_state: second } = await ask(browser);
  assert.ok(holds(second, browser));
  assert.ok(!holds(first, browser), 'another session of the same person');
});

test('it changes as soon as somebody else signs in in the same browser', async () => {
  const { browser, callback } = await signIn({ register, config: portal.config, kidc: residents[0].kidc });
  const { url } = await authorizationRequest(portal.config, { prompt: 'login' });
  const consent = await browser.signIn(register, await browser.go(url), residents[1].kidc);
  assert.ok(!consent.location, 'nothing was answered yet');
  assert.equal(shown(browser), undefined);
  const back = await browser.submit(consent, 'allow');
  assert.ok(holds(answerOf(back).session_state, browser));
  assert.ok(!holds(callback.searchParams.get('session_state'), browser));
});

test('it links nobody: no two answers have anything in common, of two portals or of one', async () => {
  const other = await relyingParty(provider);
  const browser = new Browser();
  const answers = [await ask(browser), await ask(browser), await ask(browser, {}, { rp: other })];
  const parts = answers.flatMap(({ session_state: value }) => value.split('.'));
  assert.equal(new Set(parts).size, 6);
  const [state] = shown(browser).split('.');
  assert.ok(!parts.includes(state));
  assert.ok(holds(answers[2].session_state, browser, { id: other.metadata.client_id }));
});

test('the cookie says when the session ends, and may be read by scripts; that of the session may not', async () => {
  const browser = new Browser();
  const { url } = await authorizationRequest(portal.config);
  const page = await browser.signInAndAllow(register, await browser.go(url), residents[0].kidc);
  const [line] = page.headers.getSetCookie().filter((one) => one.startsWith('konsao_state='));
  const [, end] = line.match(/^konsao_state=[\w-]{43}\.(\d+); Path=\/; SameSite=Lax$/);
  const left = Number(end) - Date.now() / 1000;
  assert.ok(left > 60 && left <= 8 * 3600, `${left} seconds`);
  assert.ok(browser.cookies.get('konsao_session'));
  for (const one of page.headers.getSetCookie().filter((set) => set.startsWith('konsao_session='))) assert.match(one, /HttpOnly/);
});

test('the cookie signs nobody in, and a made-up one does nothing', async () => {
  const { browser, tokens } = await signIn({ register, config: portal.config, kidc: residents[0].kidc });
  const thief = new Browser();
  for (const name of ['konsao_state', 'konsao_session']) thief.cookies.set(name, shown(browser));
  assert.equal((await ask(thief, { prompt: 'none' })).error, 'login_required');
  browser.cookies.set('konsao_state', 'made-up.9999999999');
  assert.ok((await ask(browser, { prompt: 'none' })).code);
  assert.notEqual(shown(browser), 'made-up.9999999999');
  await logout(browser, tokens);
  assert.equal((await ask(browser, { prompt: 'none' })).error, 'login_required');
});

test('the page is the same for everybody, may be framed by anyone, and runs our script and nothing else', async () => {
  const metadata = await (await fetch(`${provider.issuer}/.well-known/openid-configuration`)).json();
  assert.equal(metadata.check_session_iframe, `${provider.issuer}/session/check`);
  const { browser } = await signIn({ register, config: portal.config, kidc: residents[0].kidc });
  const [known, unknown] = [await browser.request(metadata.check_session_iframe), await new Browser().request(metadata.check_session_iframe)];
  assert.equal(known.status, 200);
  assert.equal(known.body, unknown.body);
  assert.equal(known.headers.get('content-security-policy'), "default-src 'none'; script-src 'self'; frame-ancestors *; base-uri 'none'; form-action 'none'");
  assert.equal(known.headers.get('x-frame-options'), null);
  assert.deepEqual(known.headers.getSetCookie(), []);
  assert.match(known.body, /<body><\/body>/);
  const [, script] = known.body.match(/<script src="([^"]+)" defer><\/script>/);
  const answer = await browser.request(new URL(script, provider.issuer));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /javascript/);
  const home = await browser.request(`${provider.issuer}/`);
  assert.match(home.headers.get('content-security-policy'), /frame-ancestors 'none'/);
  assert.equal(home.headers.get('x-frame-options'), 'DENY');
});
