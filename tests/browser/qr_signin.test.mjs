// From end to end with two Chromiums: one at a desk, and a phone whose camera looks at that one's screen. What is approved on the phone arrives at the portal.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Camera } from '../lib/camera.mjs';
import { checkPage, chooseNumber, newPage, sizes, startChromium } from '../lib/chromium.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, fixture, relyingParty } from '../lib/fixture.mjs';
import { faultsOfGuide, picture } from '../lib/guide.mjs';
import { enrol, go, newPhone, press, screen } from '../lib/phone.mjs';
import { Portal } from '../lib/portal.mjs';
import { build, until } from '../lib/servers.mjs';

const android = { isMobile: true, hasTouch: true, userAgent: 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36' };
const strong = 'urn:konsao:acr:device', weak = 'urn:konsao:acr:otp';
let servers, provider, register, camera, desk, shop, callback, portal, office, own;

before(async () => {
  servers = await fixture({ 'otp.resend_wait': 0, 'limit.asked_per_resident': 1000, 'authenticator.wait': '0s' });
  ({ provider, register } = servers);
  [desk, camera] = await Promise.all([startChromium(), Camera.start()]);
  shop = await Portal.start(provider);
  atEnd(() => shop.stop());
  callback = await site();
  portal = await relyingParty(provider, { args: ['--redirect-uri', callback, '--name', 'Land Office', '--name-km', 'ការិយាល័យសុរិយោដី', '--uri', 'https://land.example.gov.kh'] });
  office = await relyingParty(provider, { args: ['--redirect-uri', callback, '--name', 'Registrar’s desk', '--name-km', 'តុអត្រានុកូលដ្ឋាន', '--officers-only', '--organization', 'KH/GOV/MOI'] });
  own = await phone(servers.residents[1]);
});

const well = async (page) => assert.deepEqual(await checkPage(page), []);
const code = (page) => page.locator('.scan-code svg').first();
const drawn = (page) => page.getAttribute('.scan-code svg path[stroke]', 'd');
const told = (page) => page.waitForSelector('[data-when=told]:visible').then(() => page.innerText('[data-text]'));

/** A resident's phone, set up by its own screens. `look(page, step)` is called at each. */
async function phone(resident, { lang = 'en', look = async () => {} } = {}) {
  const page = await newPhone(camera.chromium, provider, { lang, size: sizes.phone, context: android });
  page.resident = resident;
  await enrol(page, register, resident.kidc, { look: (step) => look(page, `app-${step}`) });
  await page.click('a[href="#/"].quiet');
  await screen(page, 'home');
  await look(page, 'app-home');
  return page;
}

/** What portals have at their end of the line: a page. */
async function site() {
  const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><link rel="icon" href="data:,"><title>Portal</title><h1>Portal</h1>'));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  atEnd(() => server.close().closeAllConnections());
  return `http://localhost:${server.address().port}/callback`;
}

/** Sends a browser off with a client's request. */
async function ask(page, client = portal, parameters = {}) {
  const { url, checks } = await authorizationRequest(client.config, { redirect_uri: callback, scope: 'openid profile phone', ui_locales: 'en', ...parameters });
  Object.assign(page, { client, checks });
  await page.goto(url.href);
  return page;
}

/** A new browser at the desk, with a client's request. */
const atDesk = async (client, parameters) => ask(await newPage(desk), client, parameters);

/** The portal has its answer: the ID token's claims, after openid-client looked at all of it. */
async function arrives(page) {
  await page.waitForURL(`${callback}*`);
  const tokens = await oidc.authorizationCodeGrant(page.client.config, new URL(page.url()), page.checks);
  const claims = tokens.claims();
  return { ...(await oidc.fetchUserInfo(page.client.config, tokens.access_token, claims.sub)), ...claims };
}

/** Agrees, where the browser is asked. */
async function allow(page) {
  const asked = page.locator('button[value=allow]');
  await until('the portal, or consent', async () => page.url().startsWith(callback) || (await asked.count()));
  if (!page.url().startsWith(callback)) await asked.click();
}

/** The scanner finds what the camera sees at once: what comes next is waited for. */
async function openScanner(phoneOf) {
  await phoneOf.evaluate(() => (location.hash = '#/scan'));
  await screen(phoneOf, 'request', 'ended');
}

/** The scanner while it has found nothing yet, which is too short a time to look at. */
async function heldScanner(phoneOf, look) {
  await phoneOf.evaluate(() => { self.decodeQR = () => null; });
  await phoneOf.click('.launch-scan');
  await phoneOf.waitForFunction(() => document.querySelector('#main video')?.currentTime > 0);
  await look();
  await phoneOf.evaluate(() => { delete self.decodeQR; });
  await phoneOf.click('#tabs a[href="#/"]');
  await screen(phoneOf, 'home');
}

/** Opens the scanner, and holds it before the screen until the phone has the request. */
async function scan(phoneOf, page) {
  await code(page).waitFor();
  await camera.lookAt(page, '.scan-frame');
  await openScanner(phoneOf);
  await camera.away();
}

/** Approves, with the number that the desk shows (or one of the others). */
async function approve(phoneOf, page, { right = true } = {}) {
  const number = await page.innerText('[data-digits]');
  await press(phoneOf, 'approve');
  await screen(phoneOf, 'pick');
  const numbers = await phoneOf.locator('.number').allTextContents();
  assert.ok(numbers.includes(number), `${number} is one of ${numbers}`);
  await phoneOf.click(`.number:text-is("${right ? number : numbers.find((one) => one !== number)}")`);
  await screen(phoneOf, 'done', 'ended');
}

for (const lang of ['km', 'en'])
  test(`from a phone that knows nothing to the portal's page, ${lang}`, async () => {
    const resident = servers.residents[lang === 'km' ? 2 : 3];
    const look = async (page, step) => {
      await well(page);
      await picture(page, step, lang);
    };
    const mine = await phone(resident, { lang, look });
    const page = await newPage(desk, { home: `${shop.url}${lang === 'en' ? '/en' : ''}/` });
    await look(page, 'desk-portal');
    await page.click('.hero a.button');
    await code(page).waitFor();
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    await look(page, 'desk-code');
    await camera.lookAt(page, '.scan-frame');
    await heldScanner(mine, () => look(mine, 'app-scan'));
    await mine.click('.launch-scan');
    await screen(mine, 'request');
    await camera.away();
    assert.match(await mine.innerText('.who-name'), lang === 'km' ? /សេវាចុះបញ្ជីអាជីវកម្ម/ : /Business Registration/);
    assert.match(await mine.innerText('.from'), /Chrom/);
    await look(mine, 'app-request');
    await page.waitForSelector('[data-digits]:visible');
    await look(page, 'desk-number');
    const number = await page.innerText('[data-digits]');
    await press(mine, 'approve');
    await screen(mine, 'pick');
    await look(mine, 'app-pick');
    await mine.click(`.number:text-is("${number}")`);
    await screen(mine, 'done');
    await look(mine, 'app-done');
    await page.waitForURL(`${shop.url}/**/account`.replace('/**', lang === 'en' ? '/en' : ''));
    assert.equal(await page.innerText('[data-claim="name#km"]'), `${resident.familyNameKh} ${resident.givenNameKh}`);
    assert.equal(await page.innerText('[data-claim=birthdate]'), resident.dateOfBirth);
    assert.ok(!(await page.content()).includes(resident.kidc), 'the portal never has the KIdC');
    await look(page, 'desk-account');
    await go(mine, 'history');
    assert.equal(await mine.locator('.entry').count(), 2, 'the device and the sign-in');
    await look(mine, 'app-history');
    await mine.context().close();
    await page.context().close();
  });

test('a code that has turned is read off the screen; the portal is told what was approved, and how it went', async () => {
  const page = await atDesk();
  await code(page).waitFor();
  const first = await drawn(page);
  await page.waitForFunction((path) => document.querySelector('.scan-code svg path[stroke]').getAttribute('d') !== path, first);
  await scan(own, page);
  await own.uncheck('[name=claim][value=phone_number]');
  await approve(own, page);
  const claims = await arrives(page);
  assert.equal(claims['name#km'], `${own.resident.familyNameKh} ${own.resident.givenNameKh}`);
  assert.equal(claims.phone_number, undefined, 'what was unchecked');
  assert.deepEqual([claims.acr, claims.amr], [strong, ['hwk', 'user', 'mfa']]);
  assert.deepEqual([...page.failures, ...own.failures], []);
});

test('a back office: the phone says the role, the ID token has it', async () => {
  execFileSync(join(build, 'konsao'), ['officer', 'grant', '--client', office.metadata.client_id, '--organization', 'ក្រសួងមហាផ្ទៃ', '--role', 'registrar', ...provider.flags()],
    { input: `${own.resident.kidc}\n`, stdio: 'pipe' });
  const page = await atDesk(office);
  await scan(own, page);
  assert.match(await own.innerText('.person'), /registrar/);
  await approve(own, page);
  const claims = await arrives(page);
  assert.deepEqual([claims.organization, claims.roles, claims.acr], ['ក្រសួងមហាផ្ទៃ', ['registrar'], strong]);
});

test('a back office where nothing was granted: the phone says so, and so does the desk', async () => {
  const other = await phone(servers.residents[4]);
  const page = await atDesk(office);
  await scan(other, page);
  assert.equal(await other.getAttribute('body', 'data-screen'), 'ended');
  await told(page);
  await well(page);
  await other.context().close();
});

test('a wrong number ends it on both; a new code, and the right number, go through', async () => {
  const page = await atDesk();
  await scan(own, page);
  await approve(own, page, { right: false });
  assert.match(await own.innerText('#main'), /not the number/);
  assert.match(await told(page), /number/);
  await page.click('[data-when=told] [data-do=anew]');
  await scan(own, page);
  await approve(own, page);
  assert.equal((await arrives(page)).acr, strong);
});

test('declined on the phone: the desk says so, and nobody is signed in', async () => {
  const page = await atDesk();
  await scan(own, page);
  await press(own, 'decline');
  await screen(own, 'declined');
  assert.match(await told(page), /declined/i);
  await ask(page, portal, { prompt: 'none' });
  assert.equal(new URL(page.url()).searchParams.get('error'), 'login_required');
});

test('a picture of a code that is over opens nothing, and ends that channel; a new code does', async () => {
  const page = await atDesk();
  await code(page).waitFor();
  await camera.lookAt(page, '.scan-frame');
  await camera.away();
  for (let turns = 0, before = await drawn(page); turns < 2; turns++, before = await drawn(page))
    await page.waitForFunction((path) => document.querySelector('.scan-code svg path[stroke]').getAttribute('d') !== path, before);
  await openScanner(own);
  assert.equal(await own.getAttribute('body', 'data-screen'), 'ended');
  await told(page);
  await well(own);
  await page.click('[data-when=told] [data-do=anew]');
  await scan(own, page);
  await approve(own, page);
  assert.equal((await arrives(page)).acr, strong);
});

test('approved while the desk has no network: it goes on once it has', async () => {
  const page = await atDesk();
  await scan(own, page);
  const number = await page.innerText('[data-digits]');
  await page.context().setOffline(true);
  await press(own, 'approve');
  await screen(own, 'pick');
  await own.click(`.number:text-is("${number}")`);
  await screen(own, 'done');
  assert.ok(!page.url().startsWith(callback));
  await page.context().setOffline(false);
  assert.equal((await arrives(page)).acr, strong);
});

test('from a one-time code up to the phone: the same person, a stronger sign-in', async () => {
  const page = await atDesk();
  const sent = await register.sent(own.resident.kidc);
  await chooseNumber(page);
  await page.fill('input[name=kidc]', own.resident.kidc);
  await page.click('button[name=action][value=continue]:visible');
  await page.fill('input[name=otp]', await register.code(own.resident.kidc, sent));
  await page.click('button[name=action][value=continue]:visible');
  await allow(page);
  const before = await arrives(page);
  assert.deepEqual([before.acr, before.amr], [weak, ['otp']]);
  await ask(page, portal, { claims: JSON.stringify({ id_token: { acr: { essential: true, values: [strong] } } }) });
  assert.equal(await page.locator('input[name=kidc]:visible').count(), 0);
  await scan(own, page);
  await approve(own, page);
  const after = await arrives(page);
  assert.deepEqual([after.acr, after.amr, after.sub], [strong, ['hwk', 'user', 'mfa'], before.sub]);
});

for (const lang of ['km', 'en'])
  test(`on the phone itself: its own authenticator, without a number, and back to the portal, ${lang}`, async () => {
    const mine = await phone(servers.residents[lang === 'km' ? 5 : 6], { lang });
    await ask(mine, portal, { ui_locales: lang });
    await mine.waitForSelector('[data-do=open]:visible');
    await well(mine);
    await picture(mine, 'same-open', lang);
    await mine.tap('[data-do=open]');
    await screen(mine, 'request');
    await picture(mine, 'same-request', lang);
    await press(mine, 'approve');
    assert.equal((await arrives(mine)).acr, strong);
    await mine.context().close();
  });

test('a passkey in the browser itself, without scanning', async () => {
  await ask(own, portal, { prompt: 'login' });
  await own.click('[data-passkey] button');
  await allow(own);
  const claims = await arrives(own);
  assert.equal(claims.acr, strong);
  assert.ok(claims.amr.includes('hwk') && claims.amr.includes('mfa'));
});

test('the guide shows these steps, each in both languages and at both sizes', () => assert.deepEqual(faultsOfGuide(), []));
