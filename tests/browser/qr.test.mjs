// The page that waits for a phone, in a real browser: the code turns and can be read, and the page finds its way through all that happens to pages. The phone's
// own part is elsewhere; where a test needs what the server says of it, the answer of GET /channel/ID is put in its place.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { checkPage, newPage, shoot, startChromium } from '../lib/chromium.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, fixture, relyingParty } from '../lib/fixture.mjs';
import { until } from '../lib/servers.mjs';

const android = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';
const reasons = ['declined', 'wrong_number', 'scanned_twice', 'stale_code', 'foreign_cookie', 'altered', 'frozen', 'no_right', 'reported', 'replaced'];
let servers, portal, chromium, folder;

before(async () => {
  servers = await fixture();
  portal = await relyingParty(servers.provider);
  chromium = await startChromium();
  folder = mkdtempSync(join(tmpdir(), 'konsao-qr-'));
  atEnd(() => rmSync(folder, { recursive: true }));
});

/** A page at the first step. `page.calls` lists its requests to the channel. */
async function open({ lang = 'en', rp = portal, width = 1280, ...options } = {}) {
  const page = await newPage(chromium, { viewport: { width, height: 800 }, ...options });
  page.calls = [];
  page.running = new Set();
  page.on('request', (request) => {
    if (!request.url().includes('/channel/')) return;
    page.calls.push(request);
    page.running.add(request);
  });
  for (const ending of ['requestfinished', 'requestfailed']) page.on(ending, (request) => page.running.delete(request));
  page.begun = () => page.calls.filter((call) => call.method() === 'POST').length;
  page.asked = () => page.calls.filter((call) => call.method() === 'GET');
  await page.goto((await authorizationRequest(rp.config, { ui_locales: lang })).url.href);
  return page;
}

const code = (page) => page.locator('.scan-code svg').first();
const drawn = (page) => page.getAttribute('.scan-code svg path[stroke]', 'd');
const well = async (page) => assert.deepEqual(await checkPage(page), []);
const focused = (page, selector) => page.waitForFunction((text) => document.activeElement?.matches(text), selector);

/** What a camera reads off the page. */
async function read(page) {
  const file = join(folder, 'code.png');
  await page.locator('.scan-frame').screenshot({ path: file });
  return execFileSync('zbarimg', ['--quiet', '--raw', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function parts(text) {
  const [, id, step] = text.match(new RegExp(`^${servers.provider.issuer}/q/([\\w-]{22})\\.(\\d+)\\.[\\w-]{22}$`)) ?? assert.fail(`no code of ours: ${text}`);
  return { id, step: Number(step) };
}

const waits = (page) => until('the one request that waits', () => page.running.size === 1 && /seen=/.test([...page.running][0].url()));

/** The page's next questions are answered with these, one each; after them there is no news. Asks the first one now. */
async function say(page, ...answers) {
  await waits(page);
  if (!page.answers)
    await page.route('**/channel/*', (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const answer = page.answers.shift();
      return answer && route.fulfill({ json: answer });
    });
  page.answers = answers;
  await wake(page);
}

/** Makes the page ask at once, as when it comes to the front. */
const wake = (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

for (const [lang, width, colorScheme] of [['km', 360, 'light'], ['en', 360, 'dark'], ['km', 1280, 'dark'], ['en', 1280, 'light']])
  test(`the code can be read, ${lang}, ${width} px, ${colorScheme}`, async () => {
    const page = await open({ lang, width });
    await page.emulateMedia({ colorScheme });
    await code(page).waitFor();
    parts(await read(page));
    await well(page);
    await shoot(page, `qr-waiting-${lang}-${width}-${colorScheme}`);
  });

test('the code turns every three seconds, without a request and without a jump', async () => {
  const page = await open();
  await code(page).waitFor();
  const place = await page.locator('.scan-frame').boundingBox();
  const size = await code(page).boundingBox();
  await page.evaluate(() => {
    window.empty = 0;
    new MutationObserver(() => { window.empty += document.querySelector('.scan-code svg') ? 0 : 1; }).observe(document.querySelector('.scan-code'), { childList: true });
  });
  const seen = [];
  for (let before; seen.length < 4; before = await drawn(page)) {
    await page.waitForFunction((path) => document.querySelector('.scan-code svg path[stroke]').getAttribute('d') !== path, before);
    seen.push({ ...parts(await read(page)), at: Date.now() });
  }
  assert.equal(new Set(seen.map(({ id }) => id)).size, 1);
  for (let i = 2; i < seen.length; i++) {
    assert.equal(seen[i].step, seen[i - 1].step + 1);
    assert.ok(Math.abs(seen[i].at - seen[i - 1].at - 3000) < 1200, `${seen[i].at - seen[i - 1].at} ms`);
  }
  assert.deepEqual(await page.locator('.scan-frame').boundingBox(), place);
  assert.deepEqual(await code(page).boundingBox(), size);
  assert.equal(await page.evaluate(() => window.empty), 0, 'never without a code');
  assert.equal(page.calls.length, 2, 'the one that began it, and the one that waits');
  assert.match(await page.innerText('[data-clock]'), /^2:[45]\d$/);
  assert.deepEqual(page.failures, []);
});

test('a screen reader is told of changes alone, not of each code', async () => {
  const page = await open();
  await code(page).waitFor();
  await page.evaluate(() => {
    window.said = [];
    new MutationObserver(() => window.said.push(document.querySelector('[role=status][data-say]').textContent)).observe(document.querySelector('[data-say]'), { childList: true, characterData: true, subtree: true });
  });
  const first = await drawn(page);
  await page.waitForFunction((path) => document.querySelector('.scan-code svg path[stroke]').getAttribute('d') !== path, first);
  assert.deepEqual(await page.evaluate(() => window.said), []);
  assert.equal(await page.getAttribute('.scan-code', 'role'), 'img');
  assert.ok(await page.getAttribute('.scan-code', 'aria-label'));
  await say(page, { state: 'scanned', way: 'qr', seen: 'x.2', expires_in: 90, number: '41' });
  await page.waitForFunction(() => window.said.length > 0);
  assert.match((await page.evaluate(() => window.said)).join(), /4 1/);
});

for (const [lang, width] of [['km', 360], ['en', 1280]])
  test(`scanned: the number is shown large, and a new code is one click away, ${lang}, ${width} px`, async () => {
    const page = await open({ lang, width });
    await code(page).waitFor();
    await say(page, { state: 'scanned', way: 'qr', seen: 'x.2', expires_in: 90, number: '07' });
    await page.waitForSelector('[data-digits]:visible');
    assert.equal(await page.innerText('[data-digits]'), '07');
    assert.ok((await page.locator('[data-digits]').evaluate((element) => parseFloat(getComputedStyle(element).fontSize))) >= 64);
    assert.equal(await code(page).count(), 0, 'the code is gone');
    await well(page);
    await shoot(page, `qr-scanned-${lang}-${width}`);
    await page.click('[data-when=scanned] [data-do=anew]');
    await code(page).waitFor();
    assert.equal(page.begun(), 2);
  });

test('approved: the page goes on by itself, and does not come back', async () => {
  const page = await open();
  await code(page).waitFor();
  const address = page.url();
  const reached = page.waitForRequest((request) => request.isNavigationRequest() && request.url() === address);
  await say(page, { state: 'approved', way: 'qr', seen: 'x.3', expires_in: 90 });
  await reached;
});

for (const lang of ['km', 'en'])
  test(`each end is told in words of its own, with a new code to begin again, ${lang}`, async () => {
    const page = await open({ lang, width: lang === 'km' ? 360 : 1280 });
    await code(page).waitFor();
    const texts = new Set();
    for (const reason of reasons) {
      await say(page, { state: 'ended', way: 'qr', seen: 'x.2', expires_in: 90, reason });
      await page.waitForSelector('[data-when=told]:visible');
      const text = await page.innerText('[data-text]');
      assert.ok(text.length > 10 && !texts.has(text), `${reason}: ${text}`);
      assert.equal(/[\u1780-\u17ff]/.test(text), lang === 'km', text);
      texts.add(text);
      assert.equal(await page.innerText('[data-say]').then((said) => said.trim()), text.trim());
      assert.equal(page.begun(), texts.size, 'nothing begins by itself');
      if (reason === 'wrong_number') {
        await well(page);
        await shoot(page, `qr-ended-${lang}`);
      }
      await page.click('[data-when=told] [data-do=anew]');
      await code(page).waitFor();
    }
  });

test('a code that expired is replaced while somebody looks, a few times; then by a click', async () => {
  const page = await open();
  await code(page).waitFor();
  await say(page, ...Array.from({ length: 5 }, () => ({ state: 'expired' })));
  await page.waitForSelector('[data-when=told]:visible');
  assert.equal(page.begun(), 5, 'the first, and four by itself');
  await page.click('[data-when=told] [data-do=anew]');
  await code(page).waitFor();
  assert.equal(page.begun(), 6);
});

test('a lost network is said, tried again, and forgotten when it is back', async () => {
  const other = await fixture();
  const page = await open({ rp: await relyingParty(other.provider) });
  await code(page).waitFor();
  const before = await drawn(page);
  await waits(page);
  await other.provider.server.stop('SIGKILL');
  await page.waitForSelector('[data-lost]:visible');
  assert.ok(await code(page).isVisible(), 'the code is still good');
  await shoot(page, 'qr-offline-en');
  assert.deepEqual((await checkPage(page)).filter((fault) => !/Failed to load resource: net::/.test(fault)), []);
  await until('another try', () => page.asked().length > 2);
  await other.provider.run();
  await page.waitForSelector('[data-lost]', { state: 'hidden' });
  await page.waitForFunction((path) => document.querySelector('.scan-code svg path[stroke]')?.getAttribute('d') !== path, before);
  assert.match(await page.textContent('[data-say]'), /connected|code is shown/i);
});

test('codes that ran out while nobody answered are taken away', async () => {
  const page = await open();
  await page.clock.install();
  await page.reload();
  await code(page).waitFor();
  await page.route('**/channel/*', (route) => route.abort('internetdisconnected'));
  await page.clock.fastForward(40000);
  await page.waitForSelector('.scan-code svg', { state: 'detached' });
  await page.waitForSelector('[data-lost]:visible');
  assert.ok(await page.locator('.scan-wait').isVisible());
  await page.unroute('**/channel/*');
  await page.clock.fastForward(20000);
  await code(page).waitFor();
  parts(await read(page));
});

test('after a sleep the page asks at once how things are', async () => {
  const page = await open();
  await page.clock.install();
  await page.reload();
  await code(page).waitFor();
  await waits(page);
  await page.route(/\/channel\/[\w-]+$/, (route) => route.fulfill({ json: { state: 'scanned', way: 'qr', seen: 'x.2', expires_in: 90, number: '41' } }));
  await page.clock.fastForward(60 * 60 * 1000);
  await page.waitForSelector('[data-digits]:visible');
});

test('one request waits at a time, whatever happens to the page', async () => {
  const page = await open();
  await code(page).waitFor();
  let most = 0;
  page.on('request', () => { most = Math.max(most, page.running.size); });
  for (let i = 0; i < 10; i++) await wake(page);
  await page.click('[data-to=number]');
  await page.click('[data-to=phone]');
  await code(page).waitFor();
  await waits(page);
  assert.ok(most <= 2, `${most} at a time: one that is being given up, and the next`);
});

test('while the number is typed nothing waits', async () => {
  const page = await open();
  await code(page).waitFor();
  await waits(page);
  const given = page.waitForEvent('requestfailed');
  await page.click('[data-to=number]');
  await given;
  await focused(page, 'input[name=kidc]');
  assert.equal(page.asked().length, 1);
  await well(page);
});

test('the back button and a reload find the same channel', async () => {
  const page = await open();
  await code(page).waitFor();
  const { id } = parts(await read(page));
  await page.reload();
  await code(page).waitFor();
  assert.equal(parts(await read(page)).id, id);
  await page.goto(`${servers.provider.issuer}/`);
  await page.goBack();
  await code(page).waitFor();
  assert.equal(parts(await read(page)).id, id);
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await until('it asks', () => page.asked().some((call) => !/seen=/.test(call.url())));
  assert.equal(parts(await read(page)).id, id);
});

test('what another tab did is followed', async () => {
  const page = await open();
  await code(page).waitFor();
  const tab = await page.context().newPage();
  await tab.goto(page.url());
  await tab.click('[data-to=number]');
  await tab.fill('input[name=kidc]', servers.residents[5].kidc);
  await tab.click('button[name=action][value=continue]:visible');
  await tab.waitForSelector('input[name=otp]');
  await wake(page);
  await page.waitForSelector('input[name=otp]');
});

test('on a phone the authenticator on it comes first, and a code is one touch away', async () => {
  for (const lang of ['km', 'en']) {
    const page = await open({ lang, width: 360, userAgent: android, hasTouch: true, isMobile: true });
    assert.ok(await page.locator('[data-do=open]').isVisible());
    assert.equal(await code(page).count(), 0);
    assert.equal(page.calls.length, 0, 'nothing begins before it is asked for');
    await well(page);
    await shoot(page, `qr-phone-${lang}`);
    await page.tap('[data-do=show]');
    await code(page).waitFor();
    parts(await read(page));
    await page.reload();
    await page.tap('[data-do=open]');
    await page.waitForURL(/\/app#q=[\w-]{22}\.\d+\.[\w-]{22}$/);
  }
});

test('a small window with a coarse pointer is a phone too; a small window alone is not', async () => {
  assert.ok(await (await open({ width: 400, hasTouch: true, isMobile: true })).locator('[data-do=open]').isVisible());
  const page = await open({ width: 400 });
  await code(page).waitFor();
  assert.ok(!(await page.locator('[data-do=open]').isVisible()));
});

test('on a small screen that was scrolled down, what is new comes into view, and focus stays in the page', async () => {
  const page = await open({ lang: 'km', width: 360 });
  await code(page).waitFor();
  const inView = (selector) => page.locator(selector).evaluate((one) => { const { top, bottom } = one.getBoundingClientRect(); return top >= 0 && bottom <= innerHeight; });
  await page.evaluate(() => scrollTo(0, 10000));
  await say(page, { state: 'scanned', way: 'qr', seen: 'x.2', expires_in: 90, number: '07' });
  await page.waitForSelector('[data-digits]:visible');
  assert.ok(await inView('[data-digits]'));
  await page.focus('[data-when=scanned] [data-do=anew]');
  await page.keyboard.press('Enter');
  await focused(page, '[data-phone] h1');
  await code(page).waitFor();
  await page.evaluate(() => scrollTo(0, 10000));
  await say(page, { state: 'ended', way: 'qr', seen: 'x.3', expires_in: 90, reason: 'scanned_twice' });
  await page.waitForSelector('[data-when=told]:visible');
  assert.ok(await inView('[data-text]'));
  await page.click('[data-to=number]');
  await focused(page, 'input[name=kidc]');
  assert.ok(await inView('label[for=kidc]'));
});

test('by keyboard alone', async () => {
  const page = await open();
  await code(page).waitFor();
  const tabTo = async (selector) => {
    for (let i = 0; i < 30; i++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((text) => document.activeElement?.matches(text), selector)) return;
    }
    assert.fail(`the keyboard does not reach ${selector}`);
  };
  await tabTo('a[href$="/app"]');
  await tabTo('[data-to=number]');
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none', 'focus can be seen');
  await page.keyboard.press('Enter');
  await focused(page, 'input[name=kidc]');
  await tabTo('[data-to=phone]');
  await page.keyboard.press('Space');
  await focused(page, '[data-phone] h1');
  await code(page).waitFor();
});

test('without JavaScript the number is asked for, and nothing else is seen', async () => {
  const page = await open({ scripts: false });
  assert.ok(await page.locator('input[name=kidc]').isVisible());
  assert.equal(await page.locator('[data-phone] :visible').count(), 0);
  assert.equal(await page.locator('[data-to]:visible').count(), 0);
  await well(page);
});

test('a number that was typed wrong is corrected where it was typed', async () => {
  const page = await open();
  await page.click('[data-to=number]');
  await page.fill('input[name=kidc]', '123');
  await page.click('button[name=action][value=continue]:visible');
  await page.waitForSelector('input[name=kidc][aria-invalid]');
  assert.ok(await page.locator('input[name=kidc]').isVisible());
  assert.equal(page.begun(), 1, 'no further channel');
});

test('where a code by message is too weak, the phone alone is offered; without JavaScript the page says what is missing', async () => {
  const [, strong] = (await (await fetch(`${servers.provider.issuer}/.well-known/openid-configuration`)).json()).acr_values_supported;
  const strict = await relyingParty(servers.provider);
  servers.provider.command('client', 'set', strict.metadata.client_id, '--minimum-acr', strong);
  const page = await open({ rp: strict });
  await code(page).waitFor();
  assert.equal(await page.locator('input[name=kidc], [data-to=number]').count(), 0);
  await well(page);
  const bare = await open({ rp: strict, scripts: false });
  assert.match(await bare.innerText('main'), /JavaScript/);
  assert.equal(await bare.locator('input[name=kidc]').count(), 0);
  assert.ok(await bare.locator('button[value=cancel]:visible').count());
  await well(bare);
});

test('a client whose codes are for its counters alone does not show them elsewhere', async () => {
  const [here, elsewhere] = await Promise.all([relyingParty(servers.provider, { args: ['--qr-network', '127.0.0.0/8', '--qr-network', '::1'] }),
    relyingParty(servers.provider, { args: ['--qr-network', '203.0.113.0/24'] })]);
  await code(await open({ rp: here })).waitFor();
  const page = await open({ rp: elsewhere });
  assert.ok(await page.locator('input[name=kidc]').isVisible());
  assert.equal(await page.locator('[data-phone]').count(), 0);
});

test('who asks for less motion gets a bar that moves seldom', async () => {
  const page = await open();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.reload();
  await code(page).waitFor();
  assert.equal(await page.locator('[data-bar]').evaluate((bar) => getComputedStyle(bar).transitionDuration), '0s');
});
