// The authenticator at /app, in a real browser of a phone's size: set up, unlocked, asked, answered, looked through, removed; without a network, without a camera, by keyboard.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { Waiting } from '../lib/asking.mjs';
import { Authenticator } from '../lib/authenticator.mjs';
import { Browser } from '../lib/browser.mjs';
import { checkPage, newPage, shoot, startChromium } from '../lib/chromium.mjs';
import { fixture, relyingParty } from '../lib/fixture.mjs';
import { enrol, follow, go, newPhone, press, screen } from '../lib/phone.mjs';
import { root, until } from '../lib/servers.mjs';

let servers, provider, register, portal, chromium, next = 0;

before(async () => {
  servers = await fixture({ 'otp.resend_wait': 0, trusted_proxy: '127.0.0.1', 'support.phone': '1234', 'authenticator.android': 'kh.example.konsao AA:BB CC:DD', 'authenticator.ios': 'TEAM.kh.example.konsao' });
  ({ provider, register } = servers);
  portal = await relyingParty(provider, { args: ['--name-km', 'សេវាសាកល្បង', '--purpose', 'To open your file', '--purpose-km', 'ដើម្បីបើកឯកសារ', '--uri', 'https://business.example.gov.kh'] });
  chromium = await startChromium();
});

/* A resident for each test that sets a phone up; the last one for those that don't come to its end. */
const someone = () => servers.residents[next++].kidc;
const nobody = () => servers.residents.at(-1).kidc;
const well = async (page) => assert.deepEqual(await checkPage(page), []);
const parameters = { scope: 'openid profile email phone' };
const text = (page) => page.innerText('#main');

/** A phone that is set up. */
async function phone(options) {
  const page = await newPhone(chromium, provider, options);
  page.kidc = options?.kidc ?? someone();
  await enrol(page, register, page.kidc, options);
  return page;
}

/** A browser that waits, and the phone with its request on the screen. */
async function asked(page, headers) {
  const waiting = await Waiting.open(portal, { parameters, headers });
  await follow(page, await waiting.code());
  await screen(page, 'request');
  return waiting;
}

async function pick(page, waiting) {
  await press(page, 'approve');
  await screen(page, 'pick');
  const { number } = await waiting.state();
  await page.click(`.number:text-is("${number}")`);
}

for (const lang of ['km', 'en'])
  test(`the whole of it on a phone, ${lang}: set up, scan, approve, history, consents, devices`, async () => {
    const page = await newPhone(chromium, provider, { lang });
    const look = async (name) => {
      await well(page);
      await shoot(page, `app-${name}-${lang}-phone`);
    };
    await enrol(page, register, someone(), { look });
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    await page.click('a[href="#/"].quiet');
    await screen(page, 'home');
    await look('home');

    const waiting = await asked(page);
    await look('request');
    assert.match(await text(page), lang === 'km' ? /សេវាសាកល្បង/ : /Test portal/);
    assert.match(await text(page), /business\.example\.gov\.kh/);
    assert.match(await text(page), lang === 'km' ? /ដើម្បីបើកឯកសារ/ : /To open your file/);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.do), 'decline', 'no is what is ready to be pressed');
    await page.uncheck('[name=claim]:not([disabled])');
    await press(page, 'approve');
    await screen(page, 'pick');
    await look('pick');
    await page.click(`.number:text-is("${(await waiting.state()).number}")`);
    await screen(page, 'done');
    await look('done');
    assert.equal((await waiting.state()).state, 'approved');
    const answer = await waiting.finish();
    assert.match(answer.location, /[?&]code=/);

    for (const name of ['history', 'consents', 'devices', 'settings']) {
      await go(page, name);
      await look(name);
    }
    await go(page, 'history');
    assert.equal(await page.locator('.entry').count(), 2, 'the device and the sign-in');
  });

test('what is approved without a claim does not hand it over', async () => {
  const page = await phone();
  const waiting = await asked(page);
  const left = await page.getAttribute('[name=claim]:not([disabled])', 'value');
  const all = await page.locator('[name=claim]').evaluateAll((boxes) => boxes.map((box) => box.parentElement.textContent.trim()));
  await page.uncheck(`[name=claim][value="${left}"]`);
  await pick(page, waiting);
  await screen(page, 'done');
  await waiting.finish();
  await go(page, 'consents');
  const shared = await page.innerText('.entry');
  assert.ok(!shared.includes(all[0]) && shared.includes(all[1]), shared);
});

test('decline, and the browser is told', async () => {
  const page = await phone();
  const waiting = await asked(page);
  await press(page, 'decline');
  await screen(page, 'declined');
  await well(page);
  const { state, reason } = await waiting.state();
  assert.deepEqual([state, reason], ['ended', 'declined']);
});

test('a wrong number ends the request, and says so', async () => {
  const page = await phone();
  const waiting = await asked(page);
  await press(page, 'approve');
  await screen(page, 'pick');
  const { number } = await waiting.state();
  const wrong = (await page.locator('.number').allTextContents()).find((one) => one !== number);
  await page.click(`.number:text-is("${wrong}")`);
  await screen(page, 'ended');
  assert.match(await text(page), /not the number on the screen/);
  await well(page);
  assert.equal((await waiting.state()).reason, 'wrong_number');
});

test('a browser in another network: the phone warns, and the number is typed', async () => {
  const page = await phone();
  const waiting = await asked(page, { 'x-forwarded-for': '203.0.113.7' });
  assert.match(await text(page), /another place than this phone/);
  await well(page);
  await press(page, 'approve');
  await screen(page, 'type');
  await well(page);
  await press(page, 'typed');
  await page.waitForSelector('#number[aria-invalid]');
  const { number } = await waiting.state();
  await page.fill('#number', number.replace(/\d/g, (digit) => String.fromCodePoint(0x17e0 + Number(digit))));
  await press(page, 'typed');
  await screen(page, 'done');
  assert.equal((await waiting.state()).state, 'approved');
});

for (const scheme of ['light', 'dark'])
  test(`on a desktop, ${scheme}`, async () => {
    const page = await phone({ scheme, size: { width: 1280, height: 800 } });
    for (const lang of ['km', 'en']) {
      await page.goto(`${page.app}?lang=${lang}`);
      await screen(page, 'home');
      await well(page);
      await shoot(page, `app-home-${lang}-desktop-${scheme}`);
      await asked(page);
      await well(page);
      await shoot(page, `app-request-${lang}-desktop-${scheme}`);
      assert.deepEqual(await weak(page), []);
      await press(page, 'decline');
      await screen(page, 'declined');
    }
  });

/** Texts whose contrast with what is behind them is below 4.5 to 1 (3 to 1 when large). */
const weak = (page) => page.evaluate(() => {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      const [r, g, b, alpha = 1] = channels(backgroundColor);
      if (alpha === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    const { color, fontSize, fontWeight, visibility } = getComputedStyle(one);
    if (!own || visibility === 'hidden' || one.getClientRects().length === 0) continue;
    const [a, b] = [light(channels(color)), light(behind(one))].sort((x, y) => y - x);
    const large = parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) found.push(`${one.textContent.trim().slice(0, 30)}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return found;
});

test('what is no code, and what is over, is said in words', async () => {
  const page = await phone();
  await follow(page, `${page.app}#q=nonsense`);
  await page.waitForSelector('[role=alert]');
  assert.match(await text(page), /no Konsao code/);
  await follow(page, `${page.app}#q=AAAAAAAAAAAAAAAAAAAAAA.1.AAAAAAAAAAAAAAAAAAAAAA`);
  await screen(page, 'ended');
  await well(page);
  const waiting = await asked(page);
  await waiting.begin('qr', { anew: '1' });
  await press(page, 'decline');
  await screen(page, 'declined');
});

test('a phone that is not set up says that the code will have to be scanned again', async () => {
  const waiting = await Waiting.open(portal);
  const page = await newPhone(chromium, provider);
  await follow(page, await waiting.code());
  await screen(page, 'welcome');
  assert.match(await text(page), /scan the code on the screen again/);
  await enrol(page, register, someone());
  assert.match(await text(page), /scan the code on the screen again/);
});

test('on the same phone: no number, and back to the service', async () => {
  const page = await phone();
  const waiting = await Waiting.open(portal, { way: 'same_device', parameters });
  await follow(page, await waiting.code());
  await screen(page, 'request');
  await page.route('**/signin/*', (route) => route.fulfill({ body: 'the browser of the page' }));
  await Promise.all([page.waitForURL('**/signin/*'), press(page, 'approve')]);
  const { pathname, search } = new URL(page.url());
  assert.equal(pathname, `/signin/${waiting.interaction}`);
  assert.match((await waiting.finish(search)).location, /[?&]code=/);
});

test('“this was not me” ends it; a consent is withdrawn', async () => {
  const page = await phone();
  const waiting = await asked(page);
  await pick(page, waiting);
  await screen(page, 'done');
  await waiting.finish();
  await go(page, 'consents');
  await press(page, 'withdraw');
  await page.click('dialog [value=no]');
  assert.equal(await page.locator('.entry').count(), 1, 'asked first');
  await press(page, 'withdraw');
  await page.click('dialog [value=yes]');
  await page.waitForFunction(() => document.querySelectorAll('.entry').length === 0);
  await well(page);
  await go(page, 'history');
  await press(page, 'disown');
  await well(page);
  await page.click('dialog [value=yes]');
  await page.waitForSelector('.entry .note');
  assert.match(await text(page), /not you\. Its access has ended/);
});

test('a second device waits, the first is told, looks, and vouches for it', async () => {
  const kidc = someone();
  const first = await phone({ kidc, name: 'First' });
  await first.click('a[href="#/"].quiet');
  const second = await phone({ kidc, name: 'Second' });
  assert.match(await text(second), /This device waits/);
  await go(second, 'devices');
  assert.match(await text(second), /Second/);
  assert.doesNotMatch(await text(second), /First/);
  await first.waitForSelector('.note:has-text("Second")');
  await well(first);
  await shoot(first, 'app-notice-en-phone');
  await go(first, 'devices');
  await well(first);
  await shoot(first, 'app-devices-waiting-en-phone');
  await press(first, 'vouch');
  await first.waitForFunction(() => !document.querySelector('[data-do=vouch]'));
  await go(second, '');
  await well(second);
  await press(second, 'look');
  await second.waitForSelector('a[href="#/scan"]');
  assert.match(await text(second), /Good to go/);
  const waiting = await asked(second);
  await pick(second, waiting);
  await screen(second, 'done');
});

test('a device is renamed; another is removed and says so; the last one says how to come back', async () => {
  const kidc = someone();
  const first = await phone({ kidc, name: 'First' });
  const second = await phone({ kidc, name: 'Second' });
  await go(first, 'devices');
  await first.click('.entry:has-text("First") [data-do=rename]');
  await first.fill('dialog input', 'ទូរស័ព្ទ​ខ្ញុំ');
  await first.click('dialog [value=yes]');
  await first.waitForSelector('.entry:has-text("ទូរស័ព្ទ​ខ្ញុំ")');
  await first.click('.entry:has-text("Second") p [data-do=remove]');
  await first.click('dialog [value=yes]');
  await first.waitForFunction(() => document.querySelectorAll('.entry').length === 1);
  await screen(second, 'removed');
  await well(second);
  await first.click('.entry p [data-do=remove]');
  assert.match(await first.innerText('dialog'), /your last one/);
  await well(first);
  await first.click('dialog [value=yes]');
  await screen(first, 'removed');
  await well(first);
  await first.reload();
  await screen(first, 'welcome');
});

test('a phone that lost its data but has its passkey is taken up again', async () => {
  const page = await phone();
  await page.evaluate(() => new Promise((done) => {
    const request = indexedDB.open('konsao', 1);
    request.onsuccess = () => { const all = request.result.transaction('kept', 'readwrite'); all.objectStore('kept').clear(); all.oncomplete = done; };
  }));
  await page.goto('about:blank');
  await page.goto(page.app);
  await screen(page, 'welcome');
  await press(page, 'restore');
  await screen(page, 'ready');
  const waiting = await asked(page);
  await pick(page, waiting);
  await screen(page, 'done');
});

test('who has no passkey to take up again is told to set the device up', async () => {
  const page = await newPhone(chromium, provider);
  await screen(page, 'welcome');
  await press(page, 'restore');
  await page.waitForSelector('[role=alert]');
  assert.match(await text(page), /no key \(passkey\) for Konsao/);
  await well(page);
});

test('who closes the app to read the code finds the code’s screen again', async () => {
  const page = await newPhone(chromium, provider);
  const kidc = nobody();
  await page.click('a[href="#/enrol"]');
  const sent = await register.sent(kidc);
  await page.fill('#kidc', kidc);
  await press(page, 'send');
  await screen(page, 'code');
  await page.goto('about:blank');
  await page.goto(`${page.app}#/enrol`);
  await screen(page, 'code');
  await page.fill('#otp', await register.code(kidc, sent));
  await press(page, 'code');
  await screen(page, 'passkey');
});

test('wrong numbers and codes are said at the field, and can be mended', async () => {
  const page = await newPhone(chromium, provider);
  const kidc = nobody();
  await page.click('a[href="#/enrol"]');
  await screen(page, 'number');
  for (const wrong of ['', '12', kidc.slice(0, -1) + ((Number(kidc.at(-1)) + 1) % 10)]) {
    await page.fill('#kidc', wrong);
    await press(page, 'send');
    await page.waitForSelector('#kidc[aria-invalid]');
    await well(page);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'kidc');
  }
  const sent = await register.sent(kidc);
  await page.fill('#kidc', kidc);
  await press(page, 'send');
  await screen(page, 'code');
  const code = await register.code(kidc, sent);
  await page.fill('#otp', code === '000000' ? '000001' : '000000');
  await press(page, 'code');
  await page.waitForSelector('#otp[aria-invalid]');
  assert.match(await text(page), /Tries left: \d/);
  await well(page);
  const khmer = code.replace(/\d/g, (digit) => String.fromCodePoint(0x17e0 + Number(digit)));
  await page.fill('#otp', khmer);
  await press(page, 'code');
  await screen(page, 'passkey');
});

test('who does not unlock approves nothing, and can try again', async () => {
  const page = await phone();
  const waiting = await asked(page);
  await page.cdp.send('WebAuthn.setUserVerified', { authenticatorId: page.passkeys, isUserVerified: false });
  await pick(page, waiting);
  await page.waitForSelector('[role=alert]');
  assert.match(await text(page), /did not unlock/);
  assert.equal((await waiting.state()).state, 'scanned');
  await page.cdp.send('WebAuthn.setUserVerified', { authenticatorId: page.passkeys, isUserVerified: true });
  await page.click(`.number:text-is("${(await waiting.state()).number}")`);
  await screen(page, 'done');
});

test('without a network the app opens, and says that there is none', async () => {
  const page = await phone();
  await until('the service worker to keep the app', () => page.evaluate(async () => (await navigator.serviceWorker.ready) && Boolean(await caches.match('/app?lang=en'))));
  await page.reload();
  await screen(page, 'home');
  await page.context().setOffline(true);
  await page.reload();
  await screen(page, 'home');
  await page.waitForSelector('#offline:not(:empty)');
  assert.match(await page.innerText('#offline'), /No network/);
  await shoot(page, 'app-offline-en-phone');
  assert.equal(await page.evaluate(() => document.fonts.size > 0 && [...document.fonts].some((font) => font.status === 'loaded')), true, 'in our own letters');
  page.failures = page.failures.filter((failure) => !/ERR_INTERNET_DISCONNECTED/.test(failure));
  await well(page);
  await page.context().setOffline(false);
  await page.waitForSelector('#offline:empty', { state: 'attached' });
});

test('the language is changed at once, and stays, with and without a network', async () => {
  const page = await newPhone(chromium, provider, { lang: 'km' });
  await screen(page, 'welcome');
  await page.evaluate(() => navigator.serviceWorker.ready);
  await until('the service worker to be in charge', () => page.evaluate(() => Boolean(navigator.serviceWorker.controller)));
  await page.click('[name=lang][value=en]');
  await screen(page, 'welcome');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.goto('about:blank');
  await page.goto(page.app);
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.context().setOffline(true);
  await page.click('[name=lang][value=km]');
  await screen(page, 'welcome');
  assert.equal(await page.getAttribute('html', 'lang'), 'km');
});

for (const lang of ['km', 'en'])
  test(`the first view is under 100 KB over the wire, ${lang}`, async () => {
    const page = await newPage(chromium, { size: 'phone' });
    const cdp = await page.context().newCDPSession(page);
    let bytes = 0;
    await cdp.send('Network.enable');
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await page.goto(`${provider.issuer}/app?lang=${lang}`, { waitUntil: 'networkidle' });
    await screen(page, 'welcome');
    assert.ok(bytes > 20000 && bytes < 100 * 1024, `${bytes} bytes`);
  });

test('everything is in reach of the keyboard, and focus follows the screens', async () => {
  const page = await newPhone(chromium, provider);
  await screen(page, 'welcome');
  const tabTo = async (selector) => {
    for (let i = 0; i < 40; i++) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`the keyboard does not reach ${selector}`);
  };
  const kidc = someone();
  const sent = await register.sent(kidc);
  await tabTo('a[href="#/enrol"]');
  await page.keyboard.press('Enter');
  await screen(page, 'number');
  await page.keyboard.type(kidc);
  await page.keyboard.press('Enter');
  await screen(page, 'code');
  await page.keyboard.type(await register.code(kidc, sent));
  await page.keyboard.press('Enter');
  await screen(page, 'passkey');
  await tabTo('form[data-do=make] .button');
  await page.keyboard.press('Enter');
  await screen(page, 'ready');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  const waiting = await asked(page);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.do), 'approve');
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none', 'focus can be seen');
  await page.keyboard.press('Enter');
  await screen(page, 'pick');
  const { number } = await waiting.state();
  await tabTo('.number');
  while ((await page.evaluate(() => document.activeElement.textContent)) !== number) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await screen(page, 'done');
});

test('targets are large, and text may be twice as large, on every screen', async () => {
  const page = await phone();
  await asked(page);
  const small = () => page.evaluate(() => [...document.querySelectorAll('button, a, input:not([type=checkbox]), label.claim, summary')]
    .map((one) => [one.textContent.trim().slice(0, 30), one.getBoundingClientRect()])
    .filter(([, { width, height }]) => width > 1 && (height < 44 || width < 44)).map(([name, { width, height }]) => `${name} ${width}×${height}`));
  assert.deepEqual(await small(), []);
  for (const name of ['', 'history', 'consents', 'devices', 'scan', 'settings']) {
    await go(page, name);
    if (name === 'scan') await page.waitForSelector('[data-said]');
    assert.deepEqual((await small()).filter((one) => !one.startsWith('1234')), [], name);
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    const over = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.className || one.tagName));
    assert.deepEqual(over, [], `${name} does not scroll sideways`);
    await page.evaluate(() => (document.documentElement.style.fontSize = ''));
  }
});

test('without a camera the scan screen says what to do instead, and a link does', async () => {
  const page = await phone();
  await go(page, 'scan');
  await page.waitForSelector('[data-said]');
  await well(page);
  const waiting = await Waiting.open(portal, { parameters });
  await page.fill('#link', await waiting.code());
  await press(page, 'link');
  await screen(page, 'request');
  await go(page, 'scan');
  await page.waitForSelector('[data-said]');
  await page.fill('#link', 'https://elsewhere.example/q/x.1.y');
  await press(page, 'link');
  await page.waitForSelector('#link[aria-invalid]');
});

/* A camera that films a canvas: what drawFilm draws. */
const filming = `
  window.film = document.createElement('canvas');
  film.width = 640; film.height = 480;
  window.drawFilm = async (svg) => {
    const image = new Image();
    image.src = 'data:image/svg+xml,' + encodeURIComponent(svg);
    await image.decode();
    const context = film.getContext('2d');
    context.fillStyle = '#cdd';
    context.fillRect(0, 0, 640, 480);
    context.drawImage(image, 160, 80, 320, 320);
  };
  delete window.BarcodeDetector;
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.wanted = wanted;
    return film.captureStream(10);
  };`;

test('the camera reads the code from the browser’s screen, with our own decoder', async () => {
  const page = await phone({ scripts: [filming] });
  const waiting = await Waiting.open(portal, { parameters });
  await page.click('a[href="#/scan"]');
  await screen(page, 'scan');
  await page.evaluate((svg) => window.drawFilm(svg), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await page.waitForFunction(() => document.querySelector('video').readyState >= 2);
  await well(page);
  await until('the code to be seen', async () => {
    const state = await waiting.state();
    if (state.state !== 'waiting') return true;
    const svg = state.codes[0].svg.includes('xmlns=') ? state.codes[0].svg : state.codes[0].svg.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"');
    await page.evaluate((drawn) => window.drawFilm(drawn), svg);
    return false;
  });
  await screen(page, 'request');
  const { audio, video } = await page.evaluate(() => window.wanted);
  assert.deepEqual([audio, video.facingMode], [false, 'environment']);
  assert.equal(await page.evaluate(() => window.film.captureStream && document.querySelector('video')), null, 'the camera is off');
  await pick(page, waiting);
  await screen(page, 'done');
});

test('a sign-in that is for a device says so on the phone', async () => {
  const kiosk = provider.client('--name', 'Kiosk', '--scope', 'openid profile', '--auth', 'none', '--grant', 'urn:ietf:params:oauth:grant-type:device_code');
  const begun = await fetch(`${provider.issuer}/device_authorization`, { method: 'POST', body: new URLSearchParams({ client_id: kiosk.client_id, scope: 'openid profile' }) });
  const { user_code: code } = await begun.json();
  const waiting = Object.assign(new Waiting(), { browser: new Browser(), issuer: provider.issuer });
  waiting.page = await waiting.browser.go(`${provider.issuer}/device`, { method: 'POST', body: new URLSearchParams({ user_code: code }) });
  waiting.interaction = waiting.page.url.split('/').at(-1);
  await waiting.begin();
  const page = await phone();
  await follow(page, await waiting.code());
  await screen(page, 'request');
  assert.match(await text(page), /Kiosk[^]*begun on another device/);
  await well(page);
});

test('a clerk’s request comes by itself, with its message, and is approved without a number', async () => {
  const clerk = provider.client('--name', 'Counter 7', '--scope', 'openid profile', '--grant', 'urn:openid:params:grant-type:ciba');
  const basic = { authorization: `Basic ${Buffer.from(`${clerk.client_id}:${clerk.client_secret}`).toString('base64')}` };
  const page = await phone();
  await go(page, 'settings');
  const ask = (path, fields) => fetch(provider.issuer + path, { method: 'POST', headers: basic, body: new URLSearchParams(fields) }).then((answer) => answer.json());
  const { auth_req_id: id } = await ask('/backchannel', { scope: 'openid profile', login_hint: page.kidc, binding_message: 'W4-SCT-19' });
  await page.click('#news a');
  await screen(page, 'home');
  await well(page);
  assert.match(await text(page), /Counter 7[^]*W4-SCT-19/);
  await press(page, 'open');
  await screen(page, 'request');
  assert.match(await text(page), /W4-SCT-19/);
  await well(page);
  await press(page, 'approve');
  await screen(page, 'done');
  await well(page);
  const tokens = await ask('/token', { grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id: id });
  assert.ok(tokens.id_token, JSON.stringify(tokens));
});

test('a clerk’s request that another device approved meanwhile is not said to be declined', async () => {
  const clerk = provider.client('--name', 'Counter 8', '--scope', 'openid profile', '--grant', 'urn:openid:params:grant-type:ciba');
  const basic = { authorization: `Basic ${Buffer.from(`${clerk.client_id}:${clerk.client_secret}`).toString('base64')}` };
  const page = await phone();
  const other = new Authenticator(provider);
  await other.enrol(register, page.kidc, 'Other');
  await go(page, 'devices');
  await press(page, 'vouch');
  await page.waitForFunction(() => !document.querySelector('[data-do=vouch]'));
  await go(page, '');
  await fetch(`${provider.issuer}/backchannel`, { method: 'POST', headers: basic, body: new URLSearchParams({ scope: 'openid profile', login_hint: page.kidc }) });
  await page.waitForSelector('[data-do=open]');
  await press(page, 'open');
  await screen(page, 'request');
  await other.approve(await other.open((await other.requests()).requests[0].request));
  await press(page, 'report');
  await screen(page, 'ended');
  assert.match(await text(page), /approved already/);
});

test('without passkeys the app says that the browser is too old', async () => {
  const page = await newPhone(chromium, provider, { scripts: ['delete window.PublicKeyCredential'] });
  await screen(page, 'old');
});

test('nothing of the page is written by data: a name that is markup stays a name', async () => {
  const page = await phone({ name: '<img src=x onerror=alert(1)>' });
  await go(page, 'devices');
  assert.equal(await page.locator('#main img').count(), 0);
  assert.match(await text(page), /<img src=x/);
  await well(page);
});

test('the app can be installed: manifest and worker', async () => {
  const manifest = await (await fetch(`${provider.issuer}/app/manifest.webmanifest?lang=km`)).json();
  assert.deepEqual([manifest.lang, manifest.start_url, manifest.scope, manifest.display], ['km', '/app', '/app', 'standalone']);
  assert.match(manifest.name, /កូនសោ/);
  assert.deepEqual(manifest.icons.map(({ sizes, purpose }) => `${sizes} ${purpose}`), ['192x192 any', '512x512 any', '512x512 maskable', 'any any']);
  for (const { src, type } of manifest.icons) assert.equal((await fetch(provider.issuer + src)).headers.get('content-type'), type);
  const worker = await fetch(`${provider.issuer}/app/sw.js`);
  assert.equal(worker.headers.get('service-worker-allowed'), '/app');
  const files = JSON.parse((await worker.text()).match(/const files = (\[.*?\]);/)[1]);
  for (const file of files) assert.equal((await fetch(provider.issuer + file)).status, 200, file);
  const html = await (await fetch(`${provider.issuer}/app`)).text();
  for (const [, src] of html.matchAll(/<(?:script[^>]* src|link rel="stylesheet" href)="([^"]+)"/g)) assert.ok(files.includes(src), `the worker keeps ${src}`);
});

test('every error of the API has words, and every event and reason that the history may give', () => {
  const read = (file) => readFileSync(join(root, file), 'utf8');
  const words = new Set([...read('templates/partials/app_words.html').matchAll(/data-word="(\w+)"/g)].map(([, word]) => word));
  const elsewhere = new Set(['invalid_request', 'unknown_authenticator']); // "something went wrong"; a screen of its own
  const errors = [...read('idp/signin/authenticator/errors.c').matchAll(/= \{"(\w+)",/g)].map(([, code]) => code);
  assert.ok(errors.length > 20);
  assert.deepEqual(errors.filter((code) => !elsewhere.has(code) && !words.has(`error_${code}`)), []);
  const untold = new Set(['declined', 'replaced', 'expired']); // the entry itself says it; or it is no entry
  const reasons = [...read('idp/records/channel.c').matchAll(/\[END_\w+\] = "(\w+)"/g)].map(([, name]) => name);
  assert.ok(reasons.length >= 10);
  assert.deepEqual([...reasons, 'approved'].filter((reason) => !untold.has(reason) && !words.has(`reason_${reason}`)), []);
  const events = [...read('idp/signin/authenticator/devices.c').matchAll(/\[HISTORY_\w+\] = "(\w+)"/g)].map(([, name]) => name);
  assert.ok(events.length >= 8);
  assert.deepEqual(events.filter((event) => !words.has(`event_${event}`)), []);
});

test('native apps are named where systems look for them, when there are any', async () => {
  const get = async (issuer, path) => fetch(`${issuer}/.well-known/${path}`);
  const [android] = await (await get(provider.issuer, 'assetlinks.json')).json();
  assert.deepEqual(android.target, { namespace: 'android_app', package_name: 'kh.example.konsao', sha256_cert_fingerprints: ['AA:BB', 'CC:DD'] });
  const ios = await (await get(provider.issuer, 'apple-app-site-association')).json();
  assert.deepEqual(ios.applinks.details, [{ appIDs: ['TEAM.kh.example.konsao'], components: [{ '/': '/q/*' }, { '/': '/app' }] }]);
  const none = await fixture();
  for (const path of ['assetlinks.json', 'apple-app-site-association']) assert.equal((await get(none.provider.issuer, path)).status, 404);
});

/* Made once from the drawing, so that the build needs no program for it; KONSAO_ICONS=write makes them anew. */
test('the icons are the drawing', async () => {
  const page = await newPage(chromium, { home: `${provider.issuer}/app` });
  const svg = readFileSync(join(root, 'templates/assets/mark.svg'), 'utf8');
  const wide = svg.replace('viewBox="0 0 48 48"', 'viewBox="-6 -6 60 60"').replace('width="48" height="48" rx="12"', 'x="-6" y="-6" width="60" height="60"');
  for (const [name, size, drawing] of [['icon-192', 192, svg], ['icon-512', 512, svg], ['icon-maskable-512', 512, wide]]) {
    const file = join(root, `templates/assets/${name}.png`);
    const draw = (source) => page.evaluate(async ([address, side]) => {
      const image = new Image();
      image.src = address;
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side });
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0, side, side);
      return { png: canvas.toDataURL('image/png').split(',')[1], pixels: [...context.getImageData(0, 0, side, side).data].filter((_, i) => i % 997 === 0) };
    }, [source, size]);
    const drawn = await draw(`data:image/svg+xml,${encodeURIComponent(drawing)}`);
    if (process.env.KONSAO_ICONS === 'write') writeFileSync(file, Buffer.from(drawn.png, 'base64'));
    const kept = await draw(`data:image/png;base64,${readFileSync(file).toString('base64')}`);
    const off = kept.pixels.filter((value, i) => Math.abs(value - drawn.pixels[i]) > 8).length;
    assert.ok(off < kept.pixels.length / 100, `${name}: ${off} of ${kept.pixels.length} samples differ`);
  }
});
