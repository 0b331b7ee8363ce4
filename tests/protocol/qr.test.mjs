// The waiting browser, through the real server: what it begins, how it waits, whom it is refused to, and how often an answer works. (approve.test.mjs has the phone's side.)
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Phone, Waiting, readSvg } from '../lib/asking.mjs';
import { Browser, forms } from '../lib/browser.mjs';
import { authorizationRequest, fixture, relyingParty, signIn } from '../lib/fixture.mjs';
import { atPortal } from '../lib/visits.mjs';

let register, provider, residents, portal, phone;

before(async () => {
  ({ register, provider, residents } = await fixture({ 'limit.asked_per_resident': 1000, 'limit.channels_per_ip': 10000, 'otp.resend_wait': 0, trusted_proxy: '127.0.0.1' }));
  portal = await relyingParty(provider);
  phone = await Phone.enrol({ register, provider, kidc: residents[0].kidc });
});

const json = (answer) => ({ status: answer.status, headers: answer.headers, ...JSON.parse(answer.body) });
const channelOf = (waiting) => `${provider.issuer}/channel/${waiting.interaction}`;
const ask = async (browser, url, headers) => json(await browser.request(url, { headers }));
const waitFor = (waiting, seen, browser = waiting.browser) => ask(browser, `${channelOf(waiting)}?seen=${encodeURIComponent(seen)}`);
const csrfOf = (page) => forms(page.body).flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf').value;

/** POST of the page's script. */
async function begin(browser, page, values = {}, headers = {}) {
  const interaction = new URL(page.url).pathname.split('/').at(-1);
  const body = new URLSearchParams({ csrf: csrfOf(page), way: 'qr', ...values });
  return json(await browser.request(`${provider.issuer}/channel/${interaction}`, { method: 'POST', body, headers }));
}

async function page(parameters, rp = portal, browser = new Browser()) {
  const { url, checks } = await authorizationRequest(rp.config, parameters);
  return { browser, checks, page: await browser.go(url) };
}

/** A request that the phone approved, not yet taken by its browser. */
async function approved(options) {
  const waiting = await Waiting.open(portal, options);
  const scan = await phone.scan(await waiting.code());
  assert.equal(scan.status, 200, scan.body);
  const { number } = await waiting.state();
  const answer = await phone.approve(scan.json, { number });
  assert.equal(answer.status, 200, answer.body);
  return { waiting, answer: answer.json };
}

/** Milliseconds until `promise` is fulfilled. */
async function timed(promise) {
  const begun = Date.now();
  return { value: await promise, ms: Date.now() - begun };
}

// ---- begin ----

test('the codes of one answer are those of its steps, and no two are alike', async () => {
  const { browser, page: first } = await page();
  const state = await begin(browser, first);
  assert.equal(state.state, 'waiting');
  const texts = state.codes.map(({ svg }) => readSvg(svg));
  assert.equal(new Set(texts).size, texts.length);
  texts.forEach((text, i) => assert.match(text, new RegExp(`^${provider.issuer}/q/${state.seen.split('.')[0]}\\.${state.first + i}\\.[\\w-]{22}$`)));
  assert.ok(texts.length * state.step_ms > 25000 + state.step_ms, 'enough until the next answer');
  assert.match(state.headers.get('cache-control'), /no-store/);
});

test('[CSRF] nothing begins without the page’s token, from elsewhere, or without the browser’s cookie', async () => {
  const { browser, page: first } = await page();
  const { page: others } = await page();
  for (const [attack, values, headers] of [
    ['no token', { csrf: '' }], ['made up', { csrf: 'A'.repeat(43) }], ['of another browser', { csrf: csrfOf(others) }],
    ['cross-site', {}, { 'sec-fetch-site': 'cross-site' }], ['same-site', {}, { 'sec-fetch-site': 'same-site' }], ['another origin', {}, { origin: 'https://evil.example' }],
  ])
    assert.deepEqual([attack, (await begin(browser, first, values, headers)).status], [attack, 403]);
  for (const stranger of [new Browser(), (await page()).browser])
    assert.deepEqual(await begin(stranger, first).then(({ status, error }) => [status, error]), [403, 'elsewhere']);
  assert.equal((await begin(browser, first, { way: 'pigeon' })).status, 400);
  assert.equal((await ask(browser, channelOf({ interaction: new URL(first.url).pathname.split('/').at(-1) }))).state, 'expired', 'there is none');
  const twice = await browser.request(channelOf({ interaction: new URL(first.url).pathname.split('/').at(-1) }),
    { method: 'POST', body: `csrf=${csrfOf(first)}&way=qr&way=qr`, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.ok([400, 403].includes(twice.status), 'a parameter twice');
});

test('a browser has one channel for a request; another one takes its place, and the phone that scanned the first is told', async () => {
  const { browser, page: first } = await page();
  const one = await begin(browser, first);
  assert.equal((await begin(browser, first)).seen, one.seen, 'a reload finds it');
  const scan = await phone.scan(readSvg(one.codes[0].svg));
  assert.equal(scan.status, 200, scan.body);
  const { number } = await ask(browser, `${provider.issuer}/channel/${new URL(first.url).pathname.split('/').at(-1)}`);
  const two = await begin(browser, first, { anew: 'yes' });
  assert.notEqual(two.seen.split('.')[0], one.seen.split('.')[0]);
  const late = await phone.approve(scan.json, { number });
  assert.deepEqual([late.status, late.json.error, late.json.reason], [410, 'ended', 'replaced']);
});

test('of ten tabs that begin at once, all show the same channel', async () => {
  const { browser, page: first } = await page();
  const states = await Promise.all(Array.from({ length: 10 }, () => begin(browser, first)));
  const ids = states.filter(({ state }) => state === 'waiting').map(({ seen }) => seen.split('.')[0]);
  assert.ok(ids.length > 0);
  assert.equal(new Set(ids).size, 1);
  assert.ok(states.every(({ status }) => status === 200 || status === 503));
});

test('[flooding] channels are limited for an address, and the page is told when to try again', async () => {
  const other = await fixture({ 'limit.channels_per_ip': 3 });
  const rp = await relyingParty(other.provider);
  const tries = [];
  for (let i = 0; i < 4; i++) tries.push(await Waiting.open(rp).then(() => 200, (refused) => refused));
  assert.deepEqual(tries.slice(0, 3), [200, 200, 200]);
  assert.match(String(tries[3].message), /throttled.*retry_after/s);
});

// ---- wait ----

test('a request waits until something happens, and is then answered at once', async () => {
  const waiting = await Waiting.open(portal);
  const { seen } = await waiting.state();
  const news = timed(waitFor(waiting, seen));
  const code = await waiting.code();
  assert.equal(await Promise.race([news.then(() => 'answered'), waiting.state().then(() => 'waits')]), 'waits');
  const scan = await phone.scan(code);
  const { value, ms } = await news;
  assert.equal(value.state, 'scanned');
  assert.match(value.number, /^\d\d$/);
  assert.ok(ms < 10000, `${ms} ms, the whole scan included`);
  const approval = timed(waitFor(waiting, value.seen));
  await phone.approve(scan.json, { number: value.number });
  assert.equal((await approval).value.state, 'approved');
});

test('many wait for one channel and all are told', async () => {
  const waiting = await Waiting.open(portal);
  const { seen } = await waiting.state();
  const all = Array.from({ length: 16 }, () => waitFor(waiting, seen));
  await phone.scan(await waiting.code());
  assert.deepEqual([...new Set((await Promise.all(all)).map(({ state }) => state))], ['scanned']);
});

test('what is not known, or another request’s, is told as over', async () => {
  const [waiting, other] = await Promise.all([Waiting.open(portal), Waiting.open(portal)]);
  const { seen } = await other.state();
  for (const unknown of [seen, `${'A'.repeat(22)}.1`, `${'A'.repeat(300)}.1`, 'x.1', '.1']) assert.equal((await waitFor(waiting, unknown)).state, 'expired', unknown);
  for (const unreadable of ['x', '.', 'x.y', `${seen.split('.')[0]}.-1`]) assert.equal((await waitFor(waiting, unreadable)).state, 'waiting', unreadable);
  assert.equal((await waiting.browser.request(`${provider.issuer}/channel/made-up`)).status, 404);
});

// ---- another browser ----

test('[another browser’s cookie] who knows the address alone is refused, and ends nothing', async () => {
  const waiting = await Waiting.open(portal);
  for (const stranger of [new Browser(), (await page()).browser]) {
    const answer = await ask(stranger, channelOf(waiting));
    assert.deepEqual([answer.status, answer.error], [403, 'elsewhere']);
  }
  assert.equal((await waiting.state()).state, 'waiting');
});

test('[another browser’s cookie] who knows the channel too ends it', async () => {
  for (const stranger of [new Browser(), (await page()).browser]) {
    const waiting = await Waiting.open(portal);
    const { seen } = await waiting.state();
    const told = waitFor(waiting, seen);
    const answer = await waitFor(waiting, seen, stranger);
    assert.deepEqual([answer.status, answer.error], [403, 'elsewhere']);
    const { state, reason } = await told;
    assert.deepEqual([state, reason], ['ended', 'foreign_cookie']);
  }
});

test('[relayed link] an approved request of the same device, opened in another browser, signs nobody in and is ended', async () => {
  for (const stranger of [new Browser(), (await page()).browser]) {
    const { waiting, answer } = await approvedHere();
    const other = await stranger.go(answer.continue);
    assert.equal(other.status, 403);
    assert.match(other.body, /approved|បាន​យល់ព្រម/);
    assert.ok(!stranger.cookies.has('konsao_session'));
    const mine = await waiting.browser.go(answer.continue);
    assert.ok(!atPortal(mine), 'not here either any more');
    assert.deepEqual((({ state, reason }) => [state, reason])(await waiting.state()), ['ended', 'foreign_cookie']);
  }
});

/** The same, on one device: approved, with the address to go on at. */
async function approvedHere() {
  const waiting = await Waiting.open(portal, { way: 'same_device' });
  const scan = await phone.scan(await waiting.code());
  assert.equal(scan.status, 200, scan.body);
  const answer = await phone.approve(scan.json, { number: '' });
  assert.equal(answer.status, 200, answer.body);
  assert.ok(answer.json.continue);
  return { waiting, answer: answer.json };
}

test('the answer of the same device needs its secret, also in the browser that asked', async () => {
  const { waiting, answer } = await approvedHere();
  for (const query of ['', '?continue=', `?continue=${'A'.repeat(43)}`]) assert.ok(!atPortal(await waiting.finish(query)), query);
  const page = await waiting.browser.go(answer.continue);
  assert.ok(atPortal(page), page.body);
});

// ---- what an approval becomes ----

test('the browser is signed in as the phone says, by a session that is always new', async () => {
  const browser = new Browser();
  await signIn({ register, config: portal.config, kidc: residents[1].kidc, browser });
  const before = browser.cookies.get('konsao_session');
  const { waiting } = await approved({ browser, parameters: { prompt: 'login' } });
  const answer = await waiting.finish();
  assert.ok(atPortal(answer), answer.body);
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(answer.location), waiting.checks);
  assert.deepEqual(tokens.claims().amr, ['hwk', 'user', 'mfa']);
  assert.notEqual(browser.cookies.get('konsao_session'), before);
  const old = Object.assign(new Browser(), { cookies: new Map([['konsao_session', before]]) });
  const silent = await old.go((await authorizationRequest(portal.config, { prompt: 'none' })).url);
  assert.equal(new URL(silent.location).searchParams.get('error'), 'login_required', 'the session that was there is over');
});

test('an answer works once: of two tabs at once one finishes, the other finds it finished', async () => {
  const { waiting } = await approved();
  const answers = await Promise.all([waiting.finish(), waiting.finish(), waiting.finish()]);
  const callbacks = new Set(answers.filter((answer) => atPortal(answer) && /[?&]code=/.test(answer.location)).map(({ location }) => location));
  const tokens = await Promise.allSettled([...callbacks].map((callback) => oidc.authorizationCodeGrant(portal.config, new URL(callback), waiting.checks)));
  assert.equal(tokens.filter(({ status }) => status === 'fulfilled').length, 1, 'a newer code takes the older one’s place');
  assert.equal((await ask(waiting.browser, channelOf(waiting))).state, 'moved', 'a page that still waits goes on too');
});

test('an approval of another browser’s request gives this one nothing', async () => {
  const { waiting } = await approved();
  const stranger = (await page()).browser;
  const other = await stranger.go(`${provider.issuer}/signin/${waiting.interaction}`);
  assert.ok(!atPortal(other));
  assert.ok(!stranger.cookies.has('konsao_session'));
  assert.ok(atPortal(await waiting.finish()), 'and it still works where it belongs');
});

test('another person than the request is for ends as with any other way of signing in', async () => {
  const { tokens } = await signIn({ register, config: portal.config, kidc: residents[2].kidc });
  const { waiting } = await approved({ parameters: { id_token_hint: tokens.id_token } });
  const answer = await waiting.finish();
  assert.equal(new URL(answer.location).searchParams.get('error'), 'login_required');
});

test('while a phone is asked the number still works, and then the channel is over', async () => {
  const waiting = await Waiting.open(portal);
  const code = await waiting.code();
  const first = await waiting.browser.go(`${provider.issuer}/signin/${waiting.interaction}`);
  const otp = await waiting.browser.submit(first, 'continue', { kidc: residents[3].kidc });
  assert.match(otp.body, /name="otp"/);
  assert.equal((await waiting.state()).state, 'moved');
  assert.notEqual((await phone.scan(code)).status, 200);
});

// ---- where ----

test('a client’s codes are for its own networks alone', async () => {
  const rp = await relyingParty(provider, { args: ['--qr-network', '203.0.113.0/24'] });
  const from = (address) => ({ headers: { 'x-forwarded-for': address } });
  const counter = new Browser(), home = new Browser();
  for (const [browser, address, offered] of [[counter, '203.0.113.9', true], [home, '198.51.100.9', false]]) {
    const { url } = await authorizationRequest(rp.config);
    const started = await browser.request(url, from(address));
    const shown = { ...(await browser.request(started.location, from(address))) };
    assert.equal(/data-phone/.test(shown.body), offered);
    assert.match(shown.body, /name="kidc"/);
    const answer = await begin(browser, shown, {}, { 'x-forwarded-for': address });
    assert.equal(answer.status, offered ? 200 : 403);
  }
});

test('what is no network is refused when the client is registered', () => {
  for (const wrong of ['203.0.113.1/24', '203.0.113.0/33', 'localhost', ''])
    assert.throws(() => provider.client('--name', 'x', '--redirect-uri', 'http://localhost:9/x', '--qr-network', wrong === '' ? ' ' : wrong), /qr_networks/);
});

test('a code that is opened by a camera app leads to the authenticator', async () => {
  const waiting = await Waiting.open(portal);
  const code = await waiting.code();
  const answer = await new Browser().request(code);
  assert.equal(answer.status, 303);
  assert.equal(answer.location, `${provider.issuer}/app#q=${code.split('/').at(-1)}`);
  assert.equal((await waiting.state()).state, 'waiting', 'and nothing has happened yet');
});
