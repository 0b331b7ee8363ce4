// Attacks on the sign-in pages, as far as HTTP goes. Numbers in brackets: lines of the misuse list (docs/misuse.md).
import assert from 'node:assert/strict';
import { request as plainRequest } from 'node:http';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, redirectUri, relyingParty } from '../lib/fixture.mjs';
import { Provider, Register, until } from '../lib/servers.mjs';
import { Tap } from '../lib/tap.mjs';

let register, tap, provider, portal, residents;

/** A provider of its own, for tests of limits, with the same register. */
async function start(settings) {
  const one = await Provider.start(tap, settings);
  atEnd(() => one.stop());
  return one;
}

before(async () => {
  register = await Register.start(['--otp-attempts', '100']);
  atEnd(() => register.stop());
  tap = await Tap.before(register);
  provider = await start({ 'otp.resend_wait': 0, 'otp.sends_per_kidc': 1000, 'otp.attempts': 5 });
  portal = await relyingParty(provider);
  residents = (await register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone);
});

/** A resident whom no other test uses. */
const someone = () => residents.pop().kidc;

/** A browser at a portal's first page. */
async function open({ rp = portal, parameters, browser = new Browser() } = {}) {
  const { url, checks } = await authorizationRequest(rp.config, parameters);
  return { browser, checks, rp, page: await browser.go(url) };
}

async function openCode(kidc, options) {
  const visit = await open(options);
  const sent = await register.sent(kidc);
  visit.page = await visit.browser.submit(visit.page, 'continue', { kidc });
  visit.code = await register.code(kidc, sent);
  return visit;
}

async function openConsent(kidc, options) {
  const visit = await openCode(kidc, options);
  visit.page = await visit.browser.submit(visit.page, 'continue', { otp: visit.code });
  assert.match(visit.page.body, /value="allow"/, 'at consent');
  return visit;
}

async function userinfo({ rp, checks }, callback) {
  const tokens = await oidc.authorizationCodeGrant(rp.config, new URL(callback), checks);
  return { tokens, userinfo: await oidc.fetchUserInfo(rp.config, tokens.access_token, tokens.claims().sub) };
}

const wrongOf = (code) => String((Number(code) + 1) % 1000000).padStart(6, '0');
const atPortal = (page) => page.location?.startsWith(redirectUri);
const asksForKidc = (page) => assert.match(page.body, /name="kidc"/);

/** That nothing was given away: no code, and no redirect to a portal. */
function assertNothing(page, what) {
  assert.ok(!atPortal(page), `${what}: redirected to ${page.location}`);
  assert.ok(!/[?&]code=/.test(page.location ?? ''), what);
}

// ---- forms ----

const steps = {
  'the KIdC form': { action: 'continue', open: async (kidc) => ({ ...(await open()), values: { kidc } }) },
  'the code form': { action: 'continue', open: async (kidc) => { const visit = await openCode(kidc); return { ...visit, values: { otp: visit.code } }; } },
  'the consent form': { action: 'allow', open: async (kidc) => ({ ...(await openConsent(kidc)), values: {} }) },
};

for (const [name, step] of Object.entries(steps))
  test(`[CSRF] ${name}: without its token, with another's, from elsewhere: 403, and nothing happens`, async () => {
    const kidc = someone();
    const { browser, page, values, checks } = await step.open(kidc);
    const [theirs, other] = [await step.open(someone()), await open({ browser })];
    const form = browser.fill(page, step.action, values);
    const stranger = theirs.browser.fill(theirs.page, step.action, theirs.values).body.get('csrf');
    const ours = browser.fill(other.page, 'continue', { kidc }).body.get('csrf');
    const calls = tap.calls.length;
    const post = (csrf, headers) => {
      const body = new URLSearchParams(form.body);
      if (csrf === undefined) body.delete('csrf');
      else body.set('csrf', csrf);
      return browser.request(form.url, { method: 'POST', body, headers });
    };
    const good = form.body.get('csrf');
    for (const [attack, answer] of Object.entries({
      'no token': await post(undefined),
      'an empty token': await post(''),
      'a made-up token': await post('A'.repeat(good.length)),
      'a token of another browser': await post(stranger),
      'a token of another interaction of this browser': await post(ours),
      'a token that is changed at its end': await post(good.slice(0, -2) + (good.endsWith('AA') ? 'BB' : 'AA')),
      'a token that is longer': await post(`${good}A`),
      'Origin of elsewhere': await post(good, { origin: 'https://evil.example' }),
      'Origin that begins the same': await post(good, { origin: `${provider.issuer}.evil.example` }),
      'Origin with another port': await post(good, { origin: 'http://localhost:1' }),
      'Sec-Fetch-Site: cross-site': await post(good, { 'sec-fetch-site': 'cross-site' }),
      'Sec-Fetch-Site: same-site': await post(good, { 'sec-fetch-site': 'same-site' }),
    })) {
      assert.equal(answer.status, 403, attack);
      assertNothing(answer, attack);
      assert.deepEqual(answer.headers.getSetCookie().filter((line) => /session/.test(line)), [], attack);
    }
    assert.equal(tap.calls.length, calls, 'the register was not asked');
    const twice = await browser.request(form.url, { method: 'POST', body: `${form.body}&csrf=${good}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    assert.equal(twice.status, 400, 'a token twice');
    const json = await browser.request(form.url, { method: 'POST', body: JSON.stringify(Object.fromEntries(form.body)), headers: { 'content-type': 'text/plain' } });
    assert.equal(json.status, 400, 'a body that a form of elsewhere could send as text/plain');
    const fetched = await browser.request(`${form.url}?${form.body}`);
    assertNothing(fetched, 'the same by GET');
    assert.equal(tap.calls.length, calls);
    const last = await browser.submit(page, step.action, values);
    assert.ok(last.status < 400, 'what the form itself sends, works');
    assert.ok(checks);
  });

test('[CSRF] the token of a step that is over does nothing but show where things are', async () => {
  const kidc = someone();
  const { browser, page } = await open();
  const { url, body } = browser.fill(page, 'continue', { kidc });
  const sent = await register.sent(kidc);
  await browser.submit(page, 'continue', { kidc });
  const before = tap.count('otp', kidc);
  const again = await browser.go(url, { method: 'POST', body });
  assert.match(again.body, /name="otp"/);
  assert.equal(tap.count('otp', kidc), before, 'no second code');
  const code = await browser.submit(again, 'continue', { otp: await register.code(kidc, sent) });
  assertNothing(await browser.go(url, { method: 'POST', body }), 'the first form at consent');
  const allow = browser.fill(code, 'allow');
  for (const action of ['continue', 'resend', 'nonsense', 'ALLOW', 'allow ', '']) {
    allow.body.set('action', action);
    assertNothing(await browser.go(allow.url, { method: 'POST', body: allow.body }), `action "${action}" at consent`);
  }
});

test('[CSRF] a consent form that was shown for one person does not count for the next', async () => {
  const [one, two] = [someone(), someone()];
  const { browser, page } = await openConsent(one);
  const allow = browser.fill(page, 'allow');
  const switched = await browser.submit(page, 'switch');
  asksForKidc(switched);
  const sent = await register.sent(two);
  const code = await browser.submit(switched, 'continue', { kidc: two });
  const consent = await browser.submit(code, 'continue', { otp: await register.code(two, sent) });
  const old = await browser.request(allow.url, { method: 'POST', body: allow.body });
  assert.ok(!old.location?.includes('/authorize/'), 'the old form is not an answer');
  assert.ok(atPortal(await browser.submit(consent, 'allow')));
});

// ---- browsers and cookies ----

test('[40] another browser cannot take part in an interaction, at any step, nor fetch its result', async () => {
  const kidc = someone();
  const { browser, page, code, checks, rp } = await openCode(kidc);
  const id = page.url.split('/').pop();
  const stranger = (await open()).browser;
  const form = browser.fill(page, 'continue', { otp: code });
  const tries = async (what) => {
    for (const other of [stranger, new Browser()]) {
      for (const path of [`/signin/${id}`, `/authorize/${id}`]) {
        const seen = await other.request(provider.issuer + path);
        assert.ok([403, 404, 410].includes(seen.status), `${what} ${path}: ${seen.status}`);
        assert.ok(!seen.body.includes('name="otp"') && !seen.body.includes('value="allow"'), what);
        assertNothing(seen, what);
      }
      const posted = await other.request(form.url, { method: 'POST', body: form.body });
      assert.ok([403, 404, 410].includes(posted.status), `${what}: ${posted.status}`);
    }
  };
  const asked = tap.count('authenticate', kidc);
  await tries('at the code');
  assert.equal(tap.count('authenticate', kidc), asked, 'a stranger with the code in hand gets nowhere');
  const consent = await browser.submit(page, 'continue', { otp: code });
  await tries('at consent');
  const allow = browser.fill(consent, 'allow');
  const done = await browser.request(allow.url, { method: 'POST', body: allow.body });
  assert.equal(done.location, `${provider.issuer}/authorize/${id}`);
  await tries('finished');
  const callback = await browser.go(done.location);
  assert.ok((await userinfo({ rp, checks }, callback.location)).userinfo.sub);
  assertNothing(await browser.go(done.location), 'the result a second time');
});

test('[40] the browser cookie alone does not fetch a result: the session must be there as well', async () => {
  const { browser, page } = await openConsent(someone());
  const allow = browser.fill(page, 'allow');
  const done = await browser.request(allow.url, { method: 'POST', body: allow.body });
  const thief = new Browser();
  thief.cookies.set('konsao_browser', browser.cookies.get('konsao_browser'));
  const stolen = await thief.go(done.location);
  assertNothing(stolen, 'without the session');
  asksForKidc(stolen);
});

test('[38] cookies that are changed, cut, emptied, doubled or huge are no cookies, and never an error of ours', async () => {
  const { browser, page } = await openConsent(someone());
  const good = Object.fromEntries(browser.cookies);
  const { konsao_browser: mine, konsao_session: session } = good;
  const flip = (value) => (value[0] === 'A' ? 'B' : 'A') + value.slice(1);
  const ask = async (cookie, url = page.url) => (await fetch(url, { headers: cookie === undefined ? {} : { cookie }, redirect: 'manual' }));
  const both = (one, two) => `konsao_browser=${one}; konsao_session=${two}`;
  assert.equal((await ask(both(mine, session))).status, 200, 'the good ones');
  for (const cookie of [undefined, '', '=', ';;;', both(flip(mine), session), both(mine.slice(1), session), both('', session), both(mine + 'A', session),
    `konsao_browser=${mine}; ${both(mine, session)}`, `konsao_browser=${flip(mine)}; ${both(mine, session)}`, `konsao_browser="${mine}"; konsao_session=${session}`,
    `Konsao_Browser=${mine}; konsao_session=${session}`, both('%00', session), both('../../etc/passwd', session), both('x'.repeat(5000), session)]) {
    const seen = await ask(cookie);
    assert.ok([400, 403, 404].includes(seen.status), `${cookie?.slice(0, 80)}: ${seen.status}`);
    assert.ok(!(await seen.text()).includes('value="allow"'));
  }
  assert.equal((await ask(both(mine, session))).status, 200, 'the good ones still work');
});

test('[38] a changed session cookie is nobody, each way it can be changed', async () => {
  const { browser } = await openConsent(someone());
  const session = browser.cookies.get('konsao_session');
  const { url } = await authorizationRequest(portal.config, { prompt: 'none' });
  const error = async (cookie) => new URL((await fetch(url, { headers: { cookie }, redirect: 'manual' })).headers.get('location')).searchParams.get('error');
  assert.equal(await error(`konsao_session=${session}`), 'consent_required', 'the good one is somebody');
  for (let i = 0; i < session.length; i += 6) {
    const changed = session.slice(0, i) + (session[i] === 'x' ? 'y' : 'x') + session.slice(i + 1);
    assert.equal(await error(`konsao_session=${changed}`), 'login_required', `changed at ${i}`);
  }
  for (const value of ['', session.slice(1), `${session}A`, session.toLowerCase(), `${session}; konsao_session=${session}`])
    assert.equal(await error(`konsao_session=${value}`), 'login_required', value.slice(0, 50));
});

test('[40] session fixation: a planted session cookie is never taken on, made up or real', async () => {
  const attacker = await openConsent(someone());
  const real = attacker.browser.cookies.get('konsao_session');
  for (const planted of ['A'.repeat(43), real]) {
    const victim = someone();
    const visit = await open({ parameters: { prompt: 'login' }, browser: Object.assign(new Browser(), { cookies: new Map([['konsao_session', planted]]) }) });
    const sent = await register.sent(victim);
    const code = await visit.browser.submit(visit.page, 'continue', { kidc: victim });
    const consent = await visit.browser.submit(code, 'continue', { otp: await register.code(victim, sent) });
    const own = visit.browser.cookies.get('konsao_session');
    assert.notEqual(own, planted, 'the cookie changes at the sign-in');
    const callback = await visit.browser.submit(consent, 'allow');
    const { tokens } = await userinfo(visit, callback.location);
    const { url } = await authorizationRequest(portal.config, { prompt: 'none' });
    const thief = new Browser();
    thief.cookies.set('konsao_session', planted);
    const stolen = new URL((await thief.request(url)).location).searchParams;
    assert.equal(stolen.get('error'), 'login_required', 'what was planted is nobody: not the victim, and not the attacker any more');
    assert.ok(tokens.claims().sid);
  }
});

test('[40] each sign-in has a new cookie, and the one before is dead', async () => {
  const kidc = someone();
  const { browser, page } = await openConsent(kidc);
  await browser.submit(page, 'allow');
  const first = browser.cookies.get('konsao_session');
  const again = await openCode(kidc, { browser, parameters: { prompt: 'login' } });
  await browser.submit(again.page, 'continue', { otp: again.code });
  assert.notEqual(browser.cookies.get('konsao_session'), first);
  const old = new Browser();
  old.cookies.set('konsao_session', first);
  const { url } = await authorizationRequest(portal.config, { prompt: 'none' });
  assert.equal(new URL((await old.request(url)).location).searchParams.get('error'), 'login_required');
});

// ---- codes ----

test('[46] fifty wrong codes at once, from fifty browsers: the register is asked five times at most', async () => {
  const kidc = someone();
  const visits = [];
  for (let i = 0; i < 50; i++) visits.push(await openCode(kidc));
  const wrong = wrongOf(visits.at(-1).code);
  const pages = await Promise.all(visits.map(({ browser, page }) => browser.submit(page, 'continue', { otp: wrong })));
  assert.equal(tap.count('authenticate', kidc), 5);
  assert.equal(pages.filter((page) => page.status === 422).length, 4, 'the fifth try freezes');
  assert.equal(pages.filter((page) => page.status === 429).length, 46);
  for (const page of pages) assertNothing(page, 'a wrong code');
  const late = await open();
  const frozen = await late.browser.submit(late.page, 'continue', { kidc });
  assert.equal(frozen.status, 429, 'the right code does not help any more');
  assert.equal(tap.count('authenticate', kidc), 5);
  assert.equal(tap.count('otp', kidc), 50, 'no code is sent to a number that is frozen');
});

test('[46] twenty guesses at once in one browser: one at a time is judged', async () => {
  const kidc = someone();
  const { browser, page, code } = await openCode(kidc);
  await Promise.all(Array.from({ length: 20 }, (_, i) => browser.submit(page, 'continue', { otp: wrongOf(Number(code) + i) })));
  assert.ok(tap.count('authenticate', kidc) <= 5, String(tap.count('authenticate', kidc)));
});

test('[46] a code works once: of two browsers with the same code, at once, one gets in', async () => {
  const kidc = someone();
  const one = await openCode(kidc);
  const two = await openCode(kidc);
  const pages = await Promise.all([one, two].map(({ browser, page }) => browser.submit(page, 'continue', { otp: two.code })));
  assert.equal(pages.filter((page) => page.body.includes('value="allow"')).length, 1);
  const three = await open();
  const entered = await three.browser.submit(three.page, 'continue', { kidc });
  const replay = await three.browser.submit(entered, 'continue', { otp: two.code });
  assert.equal(replay.status, 422, 'nor later');
});

test('[46] a right code entered twice at once in one browser signs in once', async () => {
  const kidc = someone();
  const { browser, page, code, rp, checks } = await openCode(kidc);
  const pages = await Promise.all([1, 2, 3].map(() => browser.submit(page, 'continue', { otp: code })));
  for (const seen of pages) assert.ok(seen.status < 500);
  assert.equal(tap.count('authenticate', kidc, 200), 1);
  const where = await browser.go(page.url);
  const callback = where.body.includes('value="allow"') ? await browser.submit(where, 'allow') : where;
  assert.ok((await userinfo({ rp, checks }, callback.location)).tokens);
});

test('codes are sent three times in one sign-in, however they are asked for', async () => {
  const kidc = someone();
  const { browser, page } = await openCode(kidc);
  await Promise.all(Array.from({ length: 12 }, () => browser.submit(page, 'resend')));
  let last = await browser.go(page.url);
  while (/value="resend"/.test(last.body)) last = await browser.submit(last, 'resend');
  assert.equal(tap.count('otp', kidc), 3);
  const { url, body } = browser.fill(last, 'continue', { otp: '' });
  body.set('action', 'resend');
  const more = await browser.go(url, { method: 'POST', body });
  assert.equal(more.status, 429);
  assert.equal(tap.count('otp', kidc), 3);
});

test('limits for a number and for an address count across browsers, by the address that the trusted proxy saw', async () => {
  const strict = await start({ 'limit.signins_per_ip': 5, 'otp.sends_per_kidc': 2, 'otp.resend_wait': 60, trusted_proxy: '127.0.0.1' });
  const rp = await relyingParty(strict);
  const enter = async (kidc, address) => {
    const { browser, page } = await open({ rp });
    const { url, body } = browser.fill(page, 'continue', { kidc });
    const headers = { 'x-forwarded-for': address };
    return { browser, page: await browser.request(url, { method: 'POST', body, headers }) };
  };
  const kidc = someone();
  const first = await enter(kidc, '192.0.2.1');
  const code = await first.browser.go(first.page.location);
  const early = await first.browser.submit(code, 'resend');
  assert.equal(early.status, 429, 'too early for another code');
  assert.equal((await enter(kidc, '192.0.2.2')).page.status, 303);
  assert.equal((await enter(kidc, '192.0.2.3')).page.status, 429, 'a third browser, from a third address');
  assert.equal(tap.count('otp', kidc), 2);
  const statuses = [];
  for (let i = 0; i < 7; i++) statuses.push((await enter(someoneElse(i), `10.0.0.${i}, 192.0.2.9`)).page.status);
  assert.deepEqual(statuses, [303, 303, 303, 303, 303, 429, 429], 'what the client itself writes in front of the header is not believed');
  assert.equal((await enter(someoneElse(0), '192.0.2.10')).page.status, 303, 'others go on');
  const six = [];
  for (let i = 0; i < 6; i++) six.push((await enter(someoneElse(i), `2001:db8::${i + 1}`)).page.status);
  assert.equal(six[5], 429, 'an IPv6 network counts as one');
});

/** Numbers with a right check digit that the register does not know. */
const unknown = ['100000000', '100000001', '100000002', '100000003', '100000004', '100000005', '100000006'];
const table = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790'];
const damm = (digits) => [...digits].reduce((interim, digit) => table[interim][digit], '0');
const someoneElse = (i) => `${unknown[i]}-${damm(unknown[i])}`;

test('without a trusted proxy X-Forwarded-For is not believed', async () => {
  const strict = await start({ 'limit.signins_per_ip': 3 });
  const rp = await relyingParty(strict);
  const statuses = [];
  for (let i = 0; i < 5; i++) {
    const { browser, page } = await open({ rp });
    const { url, body } = browser.fill(page, 'continue', { kidc: someoneElse(i) });
    statuses.push((await browser.request(url, { method: 'POST', body, headers: { 'x-forwarded-for': `192.0.2.${i}`, forwarded: `for=192.0.2.${i}` } })).status);
  }
  assert.deepEqual(statuses, [303, 303, 303, 429, 429]);
});

test('[39] a number that does not exist looks like one that does, at each step', async () => {
  const look = async (kidc) => {
    const { browser, page } = await open();
    const first = await browser.submit(page, 'continue', { kidc });
    const seen = [first, await browser.submit(first, 'continue', { otp: '12' }), await browser.submit(first, 'continue', { otp: '000000' }), await browser.submit(first, 'resend')];
    return seen.map((one) => `${one.status} ${one.body}`.replace(/name="csrf" value="[^"]*"/g, '').replace(/•+\d{4}-\d/g, 'masked')
      .replace(/\d\d:\d\d:\d\d/g, 'time').replace(/data-seconds="\d+"/g, '').replace(/\/signin\/[\w-]+/g, 'here').replace(/(?<=<code>)[0-9a-f]{32}/g, 'id'));
  };
  const [known, not] = [await look(someone()), await look(someoneElse(6))];
  for (const [i, page] of known.entries()) assert.equal(page, not[i], `page ${i}`);
});

test('a number with a wrong check digit never reaches the register', async () => {
  const { browser, page } = await open();
  const calls = tap.calls.length;
  for (const kidc of ['100000000-0', '123', '', '1'.repeat(5000), '../../v1/status/1', '1000000000 OR 1=1', '１２３４５６７８９０', '100000000\r\nX-Road-Client: x']) {
    const answer = await browser.submit(page, 'continue', { kidc: kidc === '100000000-0' && damm('100000000') === '0' ? '100000000-1' : kidc });
    assert.ok([400, 422].includes(answer.status), kidc.slice(0, 20));
  }
  assert.equal(tap.calls.length, calls);
});

// ---- prompt, max_age, consent ----

test('[42] prompt=login is not answered by an older session, by cancelling, by going back or by another tab', async () => {
  const kidc = someone();
  const { browser, page } = await openConsent(kidc);
  await browser.submit(page, 'allow');
  const asked = await open({ browser, parameters: { prompt: 'login' } });
  asksForKidc(asked.page);
  const id = asked.page.url.split('/').pop();
  const tab = await open({ browser });
  assert.ok(new URL(tab.page.location).searchParams.has('code'), 'another tab is answered by the session');
  for (const path of [`/authorize/${id}`, `/signin/${id}`]) {
    const seen = await browser.go(provider.issuer + path);
    assertNothing(seen, path);
    asksForKidc(seen);
  }
  const code = await browser.submit(await browser.go(asked.page.url), 'continue', { kidc });
  const back = await browser.submit(code, 'switch');
  asksForKidc(back);
  const cancelled = await browser.submit(back, 'cancel');
  assert.equal(new URL(cancelled.location).searchParams.get('error'), 'access_denied');
  assertNothing(await browser.go(`${provider.issuer}/authorize/${id}`), 'after cancelling');
});

test('[42] max_age is held to the second, silently as well', async () => {
  const kidc = someone();
  const visit = await openConsent(kidc);
  const { tokens } = await userinfo(visit, (await visit.browser.submit(visit.page, 'allow')).location);
  await until('the sign-in to be two seconds old', () => Date.now() / 1000 > tokens.claims().auth_time + 2);
  const ask = async (parameters) => (await visit.browser.go((await authorizationRequest(portal.config, parameters)).url)).location;
  assert.equal(new URL(await ask({ max_age: '1', prompt: 'none' })).searchParams.get('error'), 'login_required');
  assert.equal(await ask({ max_age: '1' }), undefined);
  assert.ok(new URL(await ask({ max_age: '3600', prompt: 'none' })).searchParams.has('code'));
});

test('[43] consent given to one client is none for another, nor for more than was shown', async () => {
  const kidc = someone();
  const { browser, page } = await openConsent(kidc, { parameters: { scope: 'openid email' } });
  await browser.submit(page, 'allow');
  const silently = async (rp, scope) => new URL((await open({ rp, browser, parameters: { scope, prompt: 'none' } })).page.location).searchParams;
  assert.ok((await silently(portal, 'openid email')).has('code'));
  assert.equal((await silently(portal, 'openid email phone')).get('error'), 'consent_required');
  assert.equal((await silently(await relyingParty(provider), 'openid email')).get('error'), 'consent_required');
  const stranger = await openConsent(someone(), { parameters: { scope: 'openid email' } });
  assert.ok(stranger, 'another person is asked');
});

test('[43] claims that were not asked for are not granted, whatever the consent form says', async () => {
  const trusted = await relyingParty(provider, { scope: 'openid profile email phone address identity kidc' });
  for (const claim of [['kidc'], ['phone_number', 'email'], ['email phone_number'], ['email\tphone_number'], ['*'], ['claim'], [''], ['email', 'email'], Array(200).fill('phone_number'), ['birthdate', 'picture', 'address']]) {
    const kidc = residents[0].kidc;
    const visit = await openConsent(kidc, { rp: trusted, parameters: { scope: 'openid email', prompt: 'login consent' } });
    const { url, body } = visit.browser.fill(visit.page, 'allow');
    body.delete('claim');
    for (const one of claim) body.append('claim', one);
    const before = tap.calls.length;
    const callback = await visit.browser.go(url, { method: 'POST', body });
    if (!atPortal(callback)) {
      assert.equal(callback.status, 400, String(claim));
      continue;
    }
    const given = Object.keys((await userinfo(visit, callback.location)).userinfo).sort();
    assert.deepEqual(given, claim.includes('email') ? ['email', 'sub'] : ['sub'], JSON.stringify(claim));
    for (const call of tap.calls.slice(before).filter((one) => one.name === 'attributes'))
      assert.ok(!/phone|kidc|dateOfBirth/.test(call.body), 'the register was not asked for more');
  }
});

// ---- what pages carry ----

const payload = '"><script>alert(1)</script>\'&{{csrf}}<!--';
const clean = (page, what) => {
  assert.ok(!/<script>|<script [^>]*>[^<]/.test(page.body), `${what}: a script`);
  assert.ok(!page.body.includes('"><script'), what);
  assert.ok(!page.body.includes('alert(1)</script>'), what);
};

test('[13] markup in a client\'s name, in state, in hints and in what is typed stays text', async () => {
  const name = '<b onclick=alert(1)>&"\' {{csrf}}';
  const rp = await relyingParty(provider, { args: ['--name', name] }).catch(() => relyingParty(provider));
  const parameters = { state: payload, login_hint: payload, ui_locales: `en ${payload}`, nonce: payload, response_mode: 'form_post' };
  const { browser, page } = await open({ rp, parameters });
  clean(page, 'the first page');
  assert.ok(!page.body.includes('<b onclick'));
  clean(await browser.submit(page, 'continue', { kidc: payload }), 'what was typed');
  clean(await browser.go(`${page.url}?lang=${encodeURIComponent(payload)}`), 'the language');
  const cancelled = await browser.submit(page, 'cancel');
  clean(cancelled, 'the form for the portal');
  assert.ok(cancelled.body.includes('name="state"'), 'positive control: the state is in it');
  for (const path of [`/authorize?client_id=${encodeURIComponent(payload)}`, `/authorize?client_id=${portal.metadata.client_id}&redirect_uri=${encodeURIComponent(`javascript:${payload}`)}`,
    `/${encodeURIComponent(payload)}`, `/signin/${encodeURIComponent(payload)}`, `/logout?post_logout_redirect_uri=${encodeURIComponent(payload)}&state=${encodeURIComponent(payload)}`,
    `/logout?state=${encodeURIComponent(payload)}`, `/?lang=${encodeURIComponent(payload)}`, `/assets/${encodeURIComponent(payload)}`])
    clean(await browser.go(provider.issuer + path), path);
});

test('[8] no page, form or redirect leads to javascript: or data:', async () => {
  for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', ' javascript:alert(1)', 'java\tscript:alert(1)', 'JAVASCRIPT:alert(1)']) {
    assert.throws(() => provider.client('--name', 'Bad', '--redirect-uri', uri), undefined, `${uri} can be registered`);
    assert.throws(() => provider.client('--name', 'Bad', '--redirect-uri', redirectUri, '--post-logout-redirect-uri', uri), undefined, uri);
    assert.throws(() => provider.client('--name', 'Bad', '--redirect-uri', redirectUri, '--client-uri', uri), undefined, uri);
  }
});

/** One page of each kind, by the browser's eyes. */
async function everyPage() {
  const pages = {};
  const kidc = someone();
  const { browser, page } = await open();
  pages.kidc = page;
  pages['a wrong KIdC'] = await browser.submit(page, 'continue', { kidc: '1' });
  const sent = await register.sent(kidc);
  pages.code = await browser.submit(page, 'continue', { kidc });
  const code = await register.code(kidc, sent);
  pages['a wrong code'] = await browser.submit(pages.code, 'continue', { otp: wrongOf(code) });
  pages.consent = await browser.submit(pages.code, 'continue', { otp: code });
  const other = await open({ browser, parameters: { response_mode: 'form_post', prompt: 'login' } });
  pages['form_post'] = await browser.submit(other.page, 'cancel');
  pages.elsewhere = await new Browser().go(page.url);
  pages.expired = await browser.go(`${provider.issuer}/signin/${'A'.repeat(22)}`);
  pages.forged = await browser.request(page.url, { method: 'POST', body: new URLSearchParams({ csrf: 'x' }) });
  pages['an OAuth error'] = await browser.go(`${provider.issuer}/authorize?client_id=nobody`);
  pages.logout = await browser.go(`${provider.issuer}/logout`);
  pages['logged out'] = await new Browser().go(`${provider.issuer}/logout`);
  pages.home = await browser.go(`${provider.issuer}/`);
  pages.nothing = await browser.go(`${provider.issuer}/nothing`);
  pages['the wrong method'] = await browser.request(`${provider.issuer}/token`);
  pages['too large'] = await browser.request(page.url, { method: 'POST', body: 'x'.repeat(100000) });
  return pages;
}

test('every page: a policy without inline code, no framing, no sniffing, no storing, no referrer', async () => {
  for (const [name, page] of Object.entries(await everyPage())) {
    if (!page.headers.get('content-type')?.startsWith('text/html')) {
      assert.fail(`${name} is no page: ${page.status} ${page.headers.get('content-type')}`);
    }
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /(^|; )default-src 'none'/, name);
    assert.match(policy, /frame-ancestors 'none'/, name);
    assert.match(policy, /base-uri 'none'/, name);
    assert.match(policy, /form-action 'self'/, name);
    assert.ok(!/unsafe|\*|http:\/\/(?!localhost:9999)/.test(policy), `${name}: ${policy}`);
    assert.equal(page.headers.get('x-frame-options'), 'DENY', name);
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff', name);
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer', name);
    assert.equal(page.headers.get('cache-control'), 'no-store', name);
    assert.equal(page.headers.get('access-control-allow-origin'), null, name);
    assert.equal(page.headers.get('server'), null, name);
    assert.ok(!/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|javascript:/i.test(page.body), `${name}: inline code`);
    for (const [, url] of page.body.matchAll(/<(?:script|img|link|iframe|object|embed)\b[^>]*\s(?:src|href)="([^"]*)"/g)) assert.match(url, /^\/(?!\/)/, `${name} loads ${url}`);
  }
});

test('cookies: HttpOnly, SameSite=Lax, for this host alone; and Secure where the issuer is https', async () => {
  const seen = [];
  const kidc = someone();
  const browser = new Browser();
  const request = browser.request;
  browser.request = async function (...args) {
    const page = await request.apply(this, args);
    seen.push(...page.headers.getSetCookie());
    return page;
  };
  const { page, code } = await openCode(kidc, { browser });
  await browser.submit(page, 'continue', { otp: code });
  assert.ok(seen.some((line) => line.includes('browser=')) && seen.some((line) => line.includes('session=')), 'both cookies were set');
  for (const line of seen) {
    assert.match(line, /; HttpOnly/);
    assert.match(line, /; SameSite=Lax/);
    assert.match(line, /; Path=\/(;|$)/);
    assert.ok(!/domain=/i.test(line));
  }
  const secure = await start({ issuer: 'https://id.example' });
  const { client_id } = secure.client('--name', 'Secure', '--redirect-uri', 'https://portal.example/cb', '--scope', 'openid profile', '--auth', 'client_secret_basic');
  const query = new URLSearchParams({ client_id, redirect_uri: 'https://portal.example/cb', response_type: 'code', scope: 'openid', state: 'x', code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' });
  const answer = await fetch(`http://localhost:${secure.port}/authorize?${query}`, { redirect: 'manual' });
  assert.match(answer.headers.get('location'), /^https:\/\/id\.example\/signin\//);
  const lines = answer.headers.getSetCookie();
  assert.equal(lines.length, 1);
  for (const line of lines) {
    assert.match(line, /; Secure/);
    assert.match(line, /^__Host-/, '[41] a subdomain cannot overwrite it');
  }
  const bare = lines[0].slice(7).split(';')[0];
  const path = new URL(answer.headers.get('location')).pathname;
  const seenBy = (cookie) => fetch(`http://localhost:${secure.port}${path}`, { headers: { cookie } }).then((page) => page.status);
  assert.equal(await seenBy(lines[0].split(';')[0]), 200);
  assert.equal(await seenBy(bare), 403, '[41] the same cookie without the prefix, as a subdomain could set it, counts for nothing');
});

test('[45] Host and X-Forwarded-* never get into a link, a redirect, a form or the discovery', async () => {
  const { url } = await authorizationRequest(portal.config);
  const ask = (path, headers) => new Promise((done, fail) => {
    plainRequest({ host: '127.0.0.1', port: provider.port, path, headers }, (answer) => {
      let body = '';
      answer.on('data', (data) => (body += data)).on('end', () => done({ status: answer.statusCode, headers: answer.headers, body }));
    }).on('error', fail).end();
  });
  const evil = 'evil.example';
  const lies = { host: evil, 'x-forwarded-host': evil, 'x-forwarded-proto': 'https', 'x-forwarded-port': '444', 'x-forwarded-prefix': `/${evil}`, forwarded: `host=${evil};proto=https`, 'x-original-url': `/${evil}`, 'x-rewrite-url': `/${evil}`, 'x-host': evil };
  const redirect = await ask(url.pathname + url.search, lies);
  assert.ok(redirect.headers.location.startsWith(`${provider.issuer}/signin/`));
  const cookie = redirect.headers['set-cookie'][0].split(';')[0];
  for (const path of [new URL(redirect.headers.location).pathname, '/', '/nothing', '/logout', '/.well-known/openid-configuration', '/authorize?client_id=nobody']) {
    const answer = await ask(path, { ...lies, cookie });
    assert.ok(!answer.body.includes(evil) && !JSON.stringify(answer.headers).includes(evil), path);
  }
  for (const host of ['', 'localhost:1', 'localhost:8080@evil.example', 'a b', '[::1']) assert.ok((await ask('/health', { host })).status < 500, host);
});

test('[15] cross-origin reading: never of pages, never with cookies, not for an Origin of null', async () => {
  for (const origin of ['null', 'https://evil.example']) {
    for (const path of ['/authorize', '/logout', '/', '/introspect', `/signin/${'A'.repeat(22)}`]) {
      const answer = await fetch(provider.issuer + path, { headers: { origin }, redirect: 'manual' });
      assert.equal(answer.headers.get('access-control-allow-origin'), null, path);
    }
    for (const path of ['/token', '/userinfo', '/jwks', '/.well-known/openid-configuration']) {
      const answer = await fetch(provider.issuer + path, { headers: { origin } });
      assert.ok([null, '*'].includes(answer.headers.get('access-control-allow-origin')), path);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null, path);
    }
  }
});

// ---- logout ----

async function signedIn(rp = portal, kidc = someone()) {
  const visit = await openConsent(kidc, { rp });
  return { ...visit, ...(await userinfo(visit, (await visit.browser.submit(visit.page, 'allow')).location)) };
}

const isSignedIn = async (browser) => {
  const answer = new URL((await browser.request((await authorizationRequest(portal.config, { prompt: 'none' })).url)).location).searchParams;
  return answer.get('error') !== 'login_required';
};
const logoutUrl = (parameters) => `${provider.issuer}/logout?${new URLSearchParams(parameters)}`;
const bye = 'http://localhost:9999/bye';

test('[44] logout by a page of elsewhere asks first; its form cannot be forged', async () => {
  const { browser } = await signedIn();
  const stranger = await signedIn();
  const asked = await browser.go(logoutUrl({}));
  assert.match(asked.body, /value="logout"/);
  assert.ok(await isSignedIn(browser), 'a GET alone ends nothing');
  assert.match((await browser.go(`${provider.issuer}/logout`, { method: 'POST', body: new URLSearchParams({ client_id: portal.metadata.client_id }) })).body, /value="logout"/);
  const theirs = stranger.browser.fill(await stranger.browser.go(logoutUrl({})), 'logout').body.get('csrf');
  const { url, body } = browser.fill(asked, 'logout');
  for (const csrf of [undefined, '', 'x', theirs]) {
    const forged = new URLSearchParams(body);
    forged.delete('csrf');
    if (csrf !== undefined) forged.set('csrf', csrf);
    const answer = await browser.request(url, { method: 'POST', body: forged });
    assert.equal(answer.status, 403, String(csrf));
    assert.ok(await isSignedIn(browser), String(csrf));
  }
  assert.equal((await browser.request(`${url}?${body}`)).status, 405, 'by GET');
  await browser.submit(asked, 'stay');
  assert.ok(await isSignedIn(browser), 'staying');
  await browser.submit(asked, 'logout');
  assert.ok(!(await isSignedIn(browser)));
  assert.ok(await isSignedIn(stranger.browser));
});

test('[44] an id_token_hint of another session, another client, with alg none, of another kind, changed: no logout', async () => {
  const mine = await signedIn();
  const theirs = await signedIn();
  const other = await relyingParty(provider);
  const [head, body, signature] = mine.tokens.id_token.split('.');
  const encode = (object) => Buffer.from(typeof object === 'string' ? object : JSON.stringify(object)).toString('base64url');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
  for (const [what, hint] of Object.entries({
    'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
    'alg none with our kid and signature': `${encode({ alg: 'none', typ: 'JWT', kid })}.${body}.${signature}`,
    'alg HS256': `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${body}.${signature}`,
    'alg ES256 with the RS256 key': `${encode({ alg: 'ES256', typ: 'JWT', kid })}.${body}.${signature}`,
    'no signature': `${head}.${body}.`,
    'changed claims': `${head}.${encode({ ...claims, sub: 'x' })}.${signature}`,
    'an access token': mine.tokens.access_token,
    'five parts': `${mine.tokens.id_token}.x.x`,
    'padding': `${mine.tokens.id_token}=`,
    'a kid that is a path': `${encode({ alg: 'RS256', typ: 'JWT', kid: '../../../../dev/null' })}.${body}.${signature}`,
    garbage: 'x', empty: '..', huge: 'A'.repeat(5000),
  })) {
    const answer = await mine.browser.request(logoutUrl({ id_token_hint: hint, post_logout_redirect_uri: bye }));
    assert.ok([400, 414].includes(answer.status), `${what}: ${answer.status}`);
    assert.equal(answer.location, undefined, what);
    assert.ok(await isSignedIn(mine.browser), what);
  }
  const foreign = await mine.browser.request(logoutUrl({ id_token_hint: theirs.tokens.id_token, post_logout_redirect_uri: bye }));
  assert.equal(foreign.location, undefined, 'the hint of another session');
  assert.match(foreign.body, /value="logout"/, 'is asked about');
  assert.ok((await isSignedIn(mine.browser)) && (await isSignedIn(theirs.browser)));
  const mismatch = await mine.browser.request(logoutUrl({ id_token_hint: mine.tokens.id_token, client_id: other.metadata.client_id, post_logout_redirect_uri: bye }));
  assert.equal(mismatch.status, 400, 'a hint of one client, the client_id of another');
  const narrow = provider.client('--name', 'Narrow', '--redirect-uri', redirectUri, '--scope', 'openid', '--auth', 'client_secret_basic');
  assert.equal((await mine.browser.request(logoutUrl({ client_id: narrow.client_id, post_logout_redirect_uri: bye }))).status, 400, 'the address of another client');
  assert.ok(await isSignedIn(mine.browser));
});

const redirects = ['http://evil.example/', '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', 'http:evil.example', 'https:/evil.example', 'http://localhost:9999@evil.example/bye',
  'http://localhost:9999%40evil.example/bye', 'http://localhost:9999\\@evil.example/bye', 'http://evil.example#http://localhost:9999/bye', 'http://evil.example?http://localhost:9999/bye', 'http://localhost:9999/bye/../x',
  'http://localhost:9999/bye/', 'http://localhost:9999/bye?x', 'http://localhost:9999/bye#x', 'http://localhost:9999/BYE', 'http://localhost:9999/bye%00', 'http://localhost:9999/bye%0d%0aset-cookie:a=b',
  'http://localhost:9999/bye ', ' http://localhost:9999/bye', 'http://localhost:9999/bye\t', 'http://localhost:9999/bye\r\nset-cookie: a=b', 'http://LOCALHOST:9999/bye', 'http://localhost.evil.example:9999/bye', 'http://localhost:99999/bye',
  'http://127.0.0.1:9999/bye', 'http://[::1]:9999/bye', 'https://localhost:9999/bye', 'ftp://localhost:9999/bye', 'javascript:alert(1)', 'data:text/html,x', '/bye', 'bye', '.', '%2F%2Fevil.example', '〱evil.example', 'http://evil。example',
  'http://localhost:9999/callback', 'http://localhost:9999', 'http://localhost:9999/bye;x', 'http://localhost:9999/./bye', 'http://user@localhost:9999/bye', 'http://localhost:09999/bye', 'http://0x7f.1:9999/bye', 'blob:http://localhost:9999/bye'];

test('[6] post_logout_redirect_uri: only what is registered, byte for byte, and only with a good hint', async () => {
  const { browser, tokens } = await signedIn();
  for (const target of redirects)
    for (const parameters of [{ id_token_hint: tokens.id_token }, { client_id: portal.metadata.client_id }, {}]) {
      const answer = await browser.request(logoutUrl({ ...parameters, post_logout_redirect_uri: target }));
      assert.equal(answer.status, 400, target);
      assert.equal(answer.location, undefined, target);
      assert.ok(!answer.body.includes('href="http://evil'), target);
    }
  assert.ok(await isSignedIn(browser), 'nothing was ended');
  const twice = await browser.request(`${logoutUrl({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye })}&post_logout_redirect_uri=http://evil.example`);
  assert.equal(twice.status, 400);
  const without = await browser.request(logoutUrl({ client_id: portal.metadata.client_id, post_logout_redirect_uri: bye }));
  assert.equal(without.location, undefined, 'without a hint nothing is redirected to');
  const state = 'a&b=c#d\r\nx: y';
  const good = await browser.request(logoutUrl({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state }));
  assert.equal(new URL(good.location).searchParams.get('state'), state);
  assert.ok(good.location.startsWith(`${bye}?state=`));
});

test('[6] nothing else redirects to where a parameter says', async () => {
  const { browser } = await signedIn();
  for (const name of ['next', 'return_to', 'returnTo', 'redirect', 'redirect_uri', 'url', 'continue', 'goto', 'target', 'post_logout_redirect_uri'])
    for (const path of ['/', '/signin/x', '/authorize/x', '/logout/confirm', '/assets/x', '/health']) {
      const answer = await browser.request(`${provider.issuer}${path}?${new URLSearchParams({ [name]: 'http://evil.example' })}`);
      assert.ok(!answer.location || new URL(answer.location).origin === provider.issuer, `${path}?${name}`);
    }
});
