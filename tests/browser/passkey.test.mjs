// A resident signs in with a passkey in the browser itself: Chromium, with an authenticator of its own (virtual, over CDP), that the app at /app made the passkey on.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { checkPage, chooseNumber, newPage, shoot, startChromium } from '../lib/chromium.mjs';
import { authorizationRequest, fixture, redirectUri, relyingParty } from '../lib/fixture.mjs';
import { enrol, newPhone, small } from '../lib/phone.mjs';

let servers, portal, chromium;

before(async () => {
  servers = await fixture({ 'authenticator.wait': '0s' });
  portal = await relyingParty(servers.provider, { args: ['--name-km', 'សេវាសាកល្បង', '--purpose', 'To open your business file', '--purpose-km', 'ដើម្បីបើកឯកសារអាជីវកម្មរបស់អ្នក'] });
  chromium = await startChromium();
});

/** A device with a passkey: its browser. The portal's end of the line is played by the browser itself. */
async function device(options = {}) {
  const page = await newPhone(chromium, servers.provider, options);
  await page.route(`${redirectUri}*`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Portal</title><h1>Portal</h1>' }));
  return page;
}

async function enrolled(options) {
  const page = await device(options);
  await enrol(page, servers.register, servers.resident.kidc, { name: 'Laptop' });
  return page;
}

async function open(page, { lang = 'en', rp = portal, parameters = {} } = {}) {
  const { url, checks } = await authorizationRequest(rp.config, { scope: 'openid profile email', ui_locales: lang, prompt: 'login consent', ...parameters });
  page.checks = checks;
  await page.goto(url.href);
  return page;
}

const button = (page) => page.locator('[data-passkey] button');
const well = async (page) => assert.deepEqual(await checkPage(page), []);
const atConsent = (page) => page.waitForSelector('button[value=allow]');
const said = (page) => page.textContent('[data-passkey] [data-fault]:not([hidden])');
const userVerified = (page, isUserVerified) => page.cdp.send('WebAuthn.setUserVerified', { authenticatorId: page.passkeys, isUserVerified });

async function allow(page) {
  await page.click('button[value=allow]');
  await page.waitForURL(`${redirectUri}*`);
  return (await oidc.authorizationCodeGrant(portal.config, new URL(page.url()), page.checks)).claims();
}

test('set up in the app, then one button: the portal is told how it went', async () => {
  const page = await open(await enrolled());
  await button(page).click();
  await atConsent(page);
  assert.equal(await page.locator('.steps').count(), 0, 'no number and no code were typed');
  const claims = await allow(page);
  assert.equal(claims.acr, 'urn:konsao:acr:device');
  assert.ok(claims.amr.includes('mfa'));
  assert.deepEqual(page.failures, []);
});

for (const lang of ['km', 'en'])
  for (const [name, size] of Object.entries({ phone: small, desktop: { width: 1280, height: 900 } }))
    test(`the first page offers it and can be read and used: ${lang}, ${name}`, async () => {
      const page = await open(await device({ size, lang }), { lang });
      await button(page).waitFor();
      await well(page);
      await shoot(page, `passkey-${lang}-${name}`);
      await userVerified(page, false);
      await button(page).click();
      await said(page);
      await well(page);
      await shoot(page, `passkey-cancelled-${lang}-${name}`);
    });

test('where nothing else is strong enough it stands alone, with the reason above it', async () => {
  const strict = await relyingParty(servers.provider, { args: ['--minimum-acr', 'urn:konsao:acr:device', '--qr-network', '192.0.2.0/24'] });
  const page = await open(await enrolled(), { rp: strict });
  await button(page).waitFor();
  assert.equal(await page.locator('[data-phone], input[name=kidc]').count(), 0);
  await well(page);
  await shoot(page, 'passkey-alone');
  await button(page).click();
  await atConsent(page);
});

test('by keyboard alone', async () => {
  const page = await open(await enrolled());
  await button(page).waitFor();
  for (let presses = 0; !(await button(page).evaluate((it) => it === document.activeElement)); presses++) {
    assert.ok(presses < 30, 'the button can be reached');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await atConsent(page);
});

test('who cancels is told so, at the button, and can try again', async () => {
  const page = await open(await enrolled());
  await userVerified(page, false);
  await button(page).click();
  assert.match(await said(page), /cancelled/);
  assert.ok(await button(page).evaluate((it) => it === document.activeElement && !it.disabled));
  assert.equal(await page.getAttribute('[data-passkey] [data-fault]', 'role'), 'alert');
  await userVerified(page, true);
  await button(page).click();
  await atConsent(page);
});

test('without a network it says so, and works once that is back', async () => {
  const page = await open(await enrolled());
  await page.route('**/passkey/*', (route) => route.abort());
  await button(page).click();
  assert.match(await said(page), /connection/);
  await page.unroute('**/passkey/*');
  await button(page).click();
  await atConsent(page);
});

test('when the page is over, because another tab went on, it is loaded anew', async () => {
  const page = await open(await enrolled());
  const other = await page.context().newPage();
  await other.goto(page.url());
  await chooseNumber(other);
  await other.fill('input[name=kidc]', servers.resident.kidc);
  await other.click('[data-number] button[value=continue]');
  await other.waitForSelector('input[name=otp]');
  await button(page).click();
  await page.waitForSelector('input[name=otp]');
});

test('a copied passkey is refused in words', async () => {
  const page = await enrolled();
  await open(page);
  await button(page).click();
  await atConsent(page);
  const { credentials: [credential] } = await page.cdp.send('WebAuthn.getCredentials', { authenticatorId: page.passkeys });
  assert.ok(credential.signCount > 0);
  await page.cdp.send('WebAuthn.removeCredential', { authenticatorId: page.passkeys, credentialId: credential.credentialId });
  await page.cdp.send('WebAuthn.addCredential', { authenticatorId: page.passkeys, credential: { ...credential, signCount: 0 } });
  await open(page);
  await button(page).click();
  await page.waitForSelector('.note.bad[role=alert] .note-title');
  assert.match(await page.textContent('main'), /A copy of this passkey was used elsewhere/);
  await well(page);
  await shoot(page, 'passkey-copied');
});

test('at the field for the number the browser offers it by itself', async () => {
  const page = await device();
  await page.addInitScript(() => {
    const get = navigator.credentials.get.bind(navigator.credentials);
    window.asked = [];
    PublicKeyCredential.isConditionalMediationAvailable = async () => true;
    navigator.credentials.get = (options) => (window.asked.push(options.mediation ?? 'modal'), options.mediation === 'conditional' ? new Promise((_, no) => options.signal.addEventListener('abort', () => no(options.signal.reason))) : get(options));
  });
  await enrol(page, servers.register, servers.resident.kidc);
  await open(page);
  await button(page).waitFor();
  assert.deepEqual(await page.evaluate(() => window.asked), [], 'the field is not shown yet');
  await chooseNumber(page);
  await page.waitForFunction(() => window.asked.length === 1);
  assert.match(await page.getAttribute('#kidc', 'autocomplete'), /^username webauthn$/);
  await button(page).click();
  await atConsent(page);
});

test('what the browser offers at the field signs in', async () => {
  const page = await enrolled();
  await page.addInitScript(() => { // the person picks it out of the list
    const get = navigator.credentials.get.bind(navigator.credentials);
    PublicKeyCredential.isConditionalMediationAvailable = async () => true;
    navigator.credentials.get = ({ publicKey }) => get({ publicKey });
  });
  await open(page);
  await button(page).waitFor();
  await chooseNumber(page);
  await atConsent(page);
});

test('where browsers have no passkeys nothing of it is shown', async () => {
  const page = await newPage(chromium);
  await page.addInitScript(() => delete window.PublicKeyCredential);
  await open(page);
  await page.waitForSelector('[data-phone][data-state]');
  assert.ok(await page.locator('[data-passkey]').isHidden());
  await well(page);
});

test('without scripts nothing of it is shown either, and the number’s form is', async () => {
  const page = await newPage(chromium, { scripts: false });
  await open(page);
  assert.ok(await page.locator('[data-passkey]').isHidden());
  assert.ok(await page.locator('input[name=kidc]').isVisible());
});
