// Attacks on the sign-in pages, as far as HTTP goes: forms, cookies, codes, consent. Numbers in brackets: lines of the misuse list (docs/misuse.md).
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, redirectUri, relyingParty } from '../lib/fixture.mjs';
import { until } from '../lib/servers.mjs';
import { visits, asksForKidc, assertNothing, atPortal, wrongOf } from '../lib/visits.mjs';

let register, tap, provider, portal, start, someone, alone, open, openCode, openConsent, userinfo;

before(async () => {
  ({ register, tap, provider, portal, start, someone, alone, open, openCode, openConsent, userinfo } = await visits());
});

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
    const [theirs, other] = [await step.open(someone()), await open({ browser, parameters: { prompt: 'login' } })];
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
      'a token that is changed': await post((good[0] === 'A' ? 'B' : 'A') + good.slice(1)),
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
    assertNothing(await post(good.slice(0, -2) + (good.endsWith('AA') ? 'BB' : 'AA')), 'a token that is right for another state of this form');
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
  const kidc = alone();
  const { browser, page } = await open();
  const { url, body } = browser.fill(page, 'continue', { kidc });
  const sent = await register.sent(kidc);
  await browser.submit(page, 'continue', { kidc });
  const asked = tap.count('otp', kidc);
  const again = await browser.go(url, { method: 'POST', body });
  assert.match(again.body, /name="otp"/);
  assert.equal(tap.count('otp', kidc), asked, 'no second code');
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
  const kidc = alone();
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
  const kidc = alone();
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
  const kidc = alone();
  const { browser, page, code } = await openCode(kidc);
  await Promise.all(Array.from({ length: 20 }, (_, i) => browser.submit(page, 'continue', { otp: wrongOf(Number(code) + i) })));
  assert.ok(tap.count('authenticate', kidc) <= 5, String(tap.count('authenticate', kidc)));
});

test('[46] a code works once: of two browsers with the same code, at once, one gets in', async () => {
  const kidc = alone();
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
  const kidc = alone();
  const { browser, page, code, rp, checks } = await openCode(kidc);
  const pages = await Promise.all([1, 2, 3].map(() => browser.submit(page, 'continue', { otp: code })));
  for (const seen of pages) assert.ok(seen.status < 500);
  assert.equal(tap.count('authenticate', kidc, 200), 1);
  const where = await browser.go(page.url);
  const callback = where.body.includes('value="allow"') ? await browser.submit(where, 'allow') : where;
  assert.ok((await userinfo({ rp, checks }, callback.location)).tokens);
});

test('codes are sent three times in one sign-in, however they are asked for', async () => {
  const kidc = alone();
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
  const kidc = alone();
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
  assert.ok(!(await browser.go(`${provider.issuer}/authorize/${id}`)).location?.includes('code='), 'after cancelling');
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
  const kidc = alone();
  for (const claim of [['kidc'], ['phone_number', 'email'], ['email phone_number'], ['email\tphone_number'], ['*'], ['claim'], [''], ['email', 'email'], Array(200).fill('phone_number'), ['birthdate', 'picture', 'address']]) {
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
    assert.deepEqual(given, claim.includes('email') ? ['email', 'email_verified', 'sub'] : ['sub'], JSON.stringify(claim));
    const later = await open({ rp: trusted, browser: visit.browser, parameters: { scope: 'openid email', claims: '{"userinfo":{"phone_number":null}}', prompt: 'none' } });
    assert.equal(new URL(later.page.location).searchParams.get('error'), 'consent_required', 'nor is anything kept for a later request');
    for (const call of tap.calls.slice(before).filter((one) => one.name === 'attributes'))
      assert.ok(!/phone|kidc|dateOfBirth/.test(call.body), 'the register was not asked for more');
  }
});
