// A resident signs in, in a real browser: in both languages, on a phone and on a desktop, with and without scripts, by keyboard, and when things go wrong.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { checkPage, chooseNumber, newPage, shoot, startChromium } from '../lib/chromium.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, fixture, relyingParty } from '../lib/fixture.mjs';
import { freePort, until } from '../lib/servers.mjs';

let servers, portal, chromium, callback, claimsOf;
const texts = { km: { allow: 'យល់ព្រម' }, en: { allow: 'Allow' } };

before(async () => {
  servers = await fixture({ 'otp.resend_wait': 0, 'register.timeout_ms': 1500, 'register.connect_timeout_ms': 1000, 'register.breaker_failures': 1000 });
  // The portal's end of the line: a page that says what came back.
  const port = await freePort();
  callback = `http://localhost:${port}/callback`;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += data)).on('end', () => {
      if (!request.url.startsWith('/callback')) return response.writeHead(404).end();
      claimsOf = new URL(request.url, callback).searchParams;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><html lang="en"><title>Portal</title><h1>Portal</h1><p id="error">${claimsOf.get('error') ?? 'signed in'}</p>`);
    });
  }).listen(port);
  await new Promise((done) => server.once('listening', done));
  atEnd(() => server.close());
  chromium = await startChromium();
  portal = await client();
});

const client = () => relyingParty(servers.provider, {
  args: ['--redirect-uri', callback, '--name-km', 'សេវាសាកល្បង', '--purpose', 'To open your business file', '--purpose-km', 'ដើម្បីបើកឯកសារអាជីវកម្មរបស់អ្នក', '--uri', 'https://business.example.gov.kh'],
});

async function open({ lang = 'km', rp = portal, parameters = {}, ...options } = {}) {
  const page = await newPage(chromium, options);
  const { url, checks } = await authorizationRequest(rp.config, { redirect_uri: callback, scope: 'openid profile email phone address identity', ui_locales: lang, ...parameters });
  page.checks = checks;
  await page.goto(url.href);
  return page;
}

const press = (page, action) => Promise.all([page.waitForLoadState('load'), page.click(`button[name=action][value=${action}]:visible`)]).then(() => page.waitForLoadState('load'));

async function enterKidc(page, kidc = servers.resident.kidc) {
  page.sent = await servers.register.sent(servers.resident.kidc);
  await chooseNumber(page);
  await page.fill('input[name=kidc]', kidc);
  await press(page, 'continue');
}

async function enterCode(page, code) {
  await page.fill('input[name=otp]', code ?? (await servers.register.code(servers.resident.kidc, page.sent)));
  await press(page, 'continue');
}

const well = async (page) => assert.deepEqual(await checkPage(page), []);
const atPortal = (page) => page.waitForURL(`${callback}?**`);

for (const lang of ['km', 'en'])
  for (const size of ['phone', 'desktop'])
    test(`the whole flow, ${lang}, ${size}`, async () => {
      const page = await open({ lang, size, rp: await client() });
      assert.equal(await page.getAttribute('html', 'lang'), lang);
      await well(page);
      await shoot(page, `phone-${lang}-${size}`);
      await chooseNumber(page);
      await well(page);
      await shoot(page, `kidc-${lang}-${size}`);
      await enterKidc(page);
      await well(page);
      assert.ok(!(await page.content()).includes(servers.resident.kidc), 'the number is masked once entered');
      await shoot(page, `otp-${lang}-${size}`);
      await enterCode(page);
      await well(page);
      const body = await page.innerText('body');
      assert.match(body, lang === 'km' ? /សេវាសាកល្បង/ : /Test portal/);
      assert.match(body, /business\.example\.gov\.kh/);
      assert.match(body, lang === 'km' ? /ដើម្បីបើក/ : /To open your business file/);
      assert.equal(await page.locator('input[name=claim][value=birthdate]').count(), 1);
      await shoot(page, `consent-${lang}-${size}`);
      await press(page, 'allow');
      await atPortal(page);
      assert.ok(claimsOf.get('code'));
    });

test('without JavaScript it works just as well', async () => {
  const page = await open({ scripts: false, rp: await client() });
  await enterKidc(page);
  await enterCode(page);
  await press(page, 'allow');
  await atPortal(page);
  assert.ok(claimsOf.get('code'));
});

test('by keyboard alone', async () => {
  const page = await open({ lang: 'en', rp: await client() });
  const tabTo = async (selector) => {
    for (let i = 0; i < 40; i++) {
      if (await page.evaluate((text) => document.activeElement?.matches(text), selector)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`the keyboard does not reach ${selector}`);
  };
  page.sent = await servers.register.sent(servers.resident.kidc);
  await tabTo('[data-to=number]');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.matches('input[name=kidc]'));
  await page.keyboard.type(servers.resident.kidc);
  await page.keyboard.press('Enter');
  await page.waitForSelector('input[name=otp]');
  await tabTo('input[name=otp]');
  await page.keyboard.type(await servers.register.code(servers.resident.kidc, page.sent));
  await page.keyboard.press('Enter');
  await page.waitForSelector('button[value=allow]');
  await tabTo('input[name=claim]:not([disabled])');
  await page.keyboard.press('Space');
  await tabTo('button[value=allow]');
  assert.notEqual(await page.evaluate(() => { const style = getComputedStyle(document.activeElement); return style.outlineStyle + style.boxShadow; }), 'nonenone', 'focus can be seen');
  await page.keyboard.press('Enter');
  await atPortal(page);
});

test('the language can be changed on every step, and stays', async () => {
  const page = await open({ lang: 'km', rp: await client() });
  await page.click('[name=lang][value=en]');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await enterKidc(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.click('[name=lang][value=km]');
  assert.equal(await page.getAttribute('html', 'lang'), 'km');
  await enterCode(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'km');
});

test('Khmer digits, spaces and a missing dash are accepted', async () => {
  const khmer = (text) => text.replace(/\d/g, (digit) => String.fromCodePoint(0x17e0 + Number(digit)));
  const { kidc } = servers.resident;
  for (const typed of [khmer(kidc), kidc.replace('-', ''), ` ${kidc.slice(0, 3)} ${kidc.slice(3, 6)} ${kidc.slice(6)} `]) {
    const page = await open({ rp: await client() });
    await enterKidc(page, typed);
    await enterCode(page, khmer(await servers.register.code(kidc, page.sent)));
    assert.equal(await page.locator('button[value=allow]').count(), 1);
    await page.context().close();
  }
});

test('a mistyped number is told at once, and the register is not asked', async () => {
  const page = await open({ lang: 'en' });
  const calls = (await servers.register.outbox()).length;
  const { kidc } = servers.resident;
  await enterKidc(page, kidc.slice(0, -1) + ((Number(kidc.at(-1)) + 1) % 10));
  await well(page);
  await page.waitForSelector('[role=alert]');
  assert.equal(await page.getAttribute('input[name=kidc]', 'aria-invalid'), 'true');
  await shoot(page, 'kidc-wrong-en-desktop');
  assert.equal((await servers.register.outbox()).length, calls);
  await enterKidc(page);
  assert.equal(await page.locator('input[name=otp]').count(), 1);
});

test('a wrong code says how to go on; the right one still works', async () => {
  const page = await open({ lang: 'en', rp: await client(), size: 'phone' });
  await enterKidc(page);
  const code = await servers.register.code(servers.resident.kidc, page.sent);
  await enterCode(page, String((Number(code) + 1) % 1000000).padStart(6, '0'));
  await well(page);
  await page.waitForSelector('[role=alert]');
  await shoot(page, 'otp-wrong-en-phone');
  await enterCode(page, code);
  assert.equal(await page.locator('button[value=allow]').count(), 1);
});

test('send again: a new code replaces the old one', async () => {
  const page = await open({ lang: 'en', rp: await client() });
  await enterKidc(page);
  const old = await servers.register.code(servers.resident.kidc, page.sent);
  const before = await servers.register.sent(servers.resident.kidc);
  await press(page, 'resend');
  await well(page);
  const fresh = await servers.register.code(servers.resident.kidc, before);
  if (fresh !== old) {
    await enterCode(page, old);
    await page.waitForSelector('[role=alert]');
  }
  await enterCode(page, fresh);
  assert.equal(await page.locator('button[value=allow]').count(), 1);
});

test('sending again is limited, with a clear message', async () => {
  const page = await open({ lang: 'en', rp: await client() });
  await enterKidc(page, servers.residents[3].kidc);
  for (let i = 0; i < 10 && (await page.locator('button[value=resend]').count()) > 0; i++) await press(page, 'resend');
  assert.equal(await page.locator('button[value=resend]').count(), 0);
  assert.ok((await servers.register.sent(servers.residents[3].kidc)) <= 3);
  await well(page);
  await shoot(page, 'otp-resend-limit-en-desktop');
});

test('an expired code: the page says so and offers a new one', async () => {
  const short = await fixture({ 'otp.resend_wait': 0 }, ['--otp-life', '2']);
  const rp = await relyingParty(short.provider, { args: ['--redirect-uri', callback] });
  const page = await open({ lang: 'en', rp });
  await chooseNumber(page);
  await page.fill('input[name=kidc]', short.resident.kidc);
  await press(page, 'continue');
  await until('the code to expire', async () => { await page.reload(); return (await page.locator('[role=alert]').count()) > 0; });
  await well(page);
  await shoot(page, 'otp-expired-en-desktop');
  const sent = await short.register.sent(short.resident.kidc);
  await press(page, 'resend');
  await page.fill('input[name=otp]', await short.register.code(short.resident.kidc, sent));
  await press(page, 'continue');
  assert.equal(await page.locator('button[value=allow]').count(), 1);
});

test('the register is unreachable: at the number, at the code, at the consent; each goes on where it was', async () => {
  const page = await open({ lang: 'en', rp: await client() });
  const down = (call) => servers.register.misbehave({ call, how: 'drop' });
  await down('*');
  await enterKidc(page);
  await well(page);
  await shoot(page, 'unreachable-en-desktop');
  await servers.register.behave();
  if (await page.locator('input[name=kidc]').count()) await enterKidc(page);
  else await press(page, 'continue');
  const code = await servers.register.code(servers.resident.kidc, page.sent);
  await down('*');
  await enterCode(page, code);
  await well(page);
  await servers.register.behave();
  if (await page.locator('input[name=otp]').count()) await enterCode(page, code);
  else { await press(page, 'continue'); if (await page.locator('input[name=otp]').count()) await enterCode(page, code); }
  await down('*');
  await press(page, 'allow');
  await well(page);
  await servers.register.behave();
  await page.click('main a.button, main form button[value=continue], main a[href^="/authorize/"]');
  await atPortal(page);
  assert.ok(claimsOf.get('code'));
});

test('five wrong codes freeze the number; an unknown number behaves the same to the letter', async () => {
  const known = servers.residents[4].kidc;
  const unknown = await unknownKidc();
  const seen = [];
  for (const kidc of [known, unknown]) {
    const page = await open({ lang: 'en', rp: portal });
    await enterKidc(page, kidc);
    const steps = [];
    for (let i = 0; i < 6 && (await page.locator('input[name=otp]').count()); i++) {
      steps.push((await page.innerText('main')).replaceAll(kidc.slice(5), '').replace(/\d{1,2}:\d\d(:\d\d)?/g, 'TIME').replace(/\b\d+ (seconds|s)\b/g, 'N s'));
      await enterCode(page, '000000');
    }
    await well(page);
    steps.push((await page.innerText('main')).replace(/\d{1,2}:\d\d(:\d\d)?/g, 'TIME'));
    if (kidc === known) await shoot(page, 'frozen-en-desktop');
    seen.push(steps);
    await page.context().close();
  }
  assert.equal(seen[0].length, seen[1].length);
  assert.deepEqual(seen[0], seen[1]);
  assert.match(seen[0].at(-1), /TIME/, 'it says until when');
});

async function unknownKidc() {
  const table = ['0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790'];
  const known = new Set((await servers.register.residents()).map((one) => one.kidc));
  for (let number = 111111111; ; number++) {
    const digits = String(number);
    const kidc = `${digits}-${[...digits].reduce((row, digit) => Number(table[row][digit]), 0)}`;
    if (!known.has(kidc)) return kidc;
  }
}

test('suspended, deceased-flagged, a minor: told only after the right code, with a way back', async () => {
  const all = await servers.register.residents();
  for (const one of [all.find((r) => r.status === 'SUSPENDED' && r.phone), all.find((r) => r.status === 'DECEASED_FLAGGED' && r.phone), all.find((r) => r.minor && r.phone)]) {
    assert.ok(one, 'the sample residents have one of each');
    const page = await open({ lang: 'en', rp: portal });
    const sent = await servers.register.sent(one.kidc);
    await enterKidc(page, one.kidc);
    assert.equal(await page.locator('input[name=otp]').count(), 1);
    await enterCode(page, await servers.register.code(one.kidc, sent));
    await well(page);
    assert.equal(await page.locator('button[value=allow]').count(), 0);
    await shoot(page, `forbidden-${one.status.toLowerCase()}${one.minor ? '-minor' : ''}-en-desktop`);
    await press(page, 'cancel');
    await atPortal(page);
    assert.equal(claimsOf.get('error'), 'access_denied');
    await page.context().close();
  }
});

test('a number without a phone looks like any other', async () => {
  const none = (await servers.register.residents()).find((one) => one.status === 'ACTIVE' && !one.phone);
  const page = await open({ lang: 'en' });
  await enterKidc(page, none.kidc);
  assert.equal(await page.locator('input[name=otp]').count(), 1);
});

test('cancel goes back to the portal with access_denied', async () => {
  for (const step of [async () => {}, (page) => enterKidc(page)]) {
    const page = await open({ lang: 'en' });
    await step(page);
    await press(page, 'cancel');
    await atPortal(page);
    assert.equal(claimsOf.get('error'), 'access_denied');
    await page.context().close();
  }
});

test('two tabs at once do not get into each other\'s way', async () => {
  const [one, two] = [await open({ lang: 'en', rp: await client() }), undefined];
  const rp = await client();
  const { url } = await authorizationRequest(rp.config, { redirect_uri: callback, ui_locales: 'en' });
  const second = await one.context().newPage();
  second.failures = [];
  await second.goto(url.href);
  await enterKidc(one);
  await enterCode(one);
  await second.reload();
  assert.equal(await second.locator('button[value=allow]').count(), 1, 'signed in there as well');
  await press(second, 'allow');
  await atPortal(second);
  await press(one, 'allow');
  await atPortal(one);
  assert.equal(two, undefined);
});

test('the back button after signing in does no harm: the sign-in is over, and its tokens live on', async () => {
  const page = await open({ lang: 'en', rp: portal, parameters: { prompt: 'login' } });
  await enterKidc(page);
  await enterCode(page);
  if (await page.locator('button[value=allow]').count()) await press(page, 'allow');
  await atPortal(page);
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.url()), page.checks);
  await page.goBack();
  await page.waitForLoadState('load');
  await well(page);
  assert.ok(page.url().startsWith(servers.provider.issuer), page.url());
  assert.equal((await oidc.tokenIntrospection(portal.config, tokens.access_token)).active, true);
});

test('another browser\'s interaction, an old one, a made-up one: a clear page', async () => {
  const page = await open({ lang: 'en' });
  const stranger = await newPage(chromium, { home: page.url() });
  assert.equal(await stranger.locator('input[name=kidc]').count(), 0);
  await well(stranger);
  await stranger.goto(`${servers.provider.issuer}/signin/made-up`);
  await well(stranger);
  await shoot(stranger, 'expired-km-desktop');
});

test('errors that are not redirected have a page that says what is wrong', async () => {
  const page = await newPage(chromium, { size: 'phone', home: `${servers.provider.issuer}/authorize?client_id=nobody` });
  await well(page);
  await shoot(page, 'error-km-phone');
  await page.goto(`${servers.provider.issuer}/nothing-here`);
  await well(page);
  await page.goto(servers.provider.issuer);
  await well(page);
  await shoot(page, 'home-km-phone');
});

test('signing out asks first when the portal brings no hint, and then it is done', async () => {
  const page = await open({ lang: 'en', rp: await client() });
  await enterKidc(page);
  await enterCode(page);
  await page.goto(`${servers.provider.issuer}/logout?ui_locales=en`);
  await well(page);
  await shoot(page, 'logout-en-desktop');
  await press(page, 'logout');
  await well(page);
  await page.goto((await authorizationRequest(portal.config, { redirect_uri: callback, prompt: 'none' })).url.href);
  await atPortal(page);
  assert.equal(claimsOf.get('error'), 'login_required');
});

test('every text is in the language of the page', async () => {
  const page = await open({ lang: 'en', rp: await client() });
  const khmer = (text) => /[\u1780-\u17ff]/.test(text.replaceAll('កូនសោ', '').replaceAll('ខ្មែរ', '').replaceAll('ភាសាខ្មែរ', ''));
  assert.ok(!khmer(await page.innerText('main')), await page.innerText('main'));
  await enterKidc(page);
  assert.ok(!khmer(await page.innerText('main')));
  await enterCode(page);
  assert.ok(!khmer(await page.innerText('main')), await page.innerText('main'));
  assert.ok((await page.innerText('main')).includes(texts.en.allow));
  await until('Khmer', async () => { await page.click('[name=lang][value=km]'); return (await page.innerText('main')).includes(texts.km.allow); });
});
