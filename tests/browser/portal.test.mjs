// The demonstration portal, a relying party that we did not write (mod_auth_openidc), in a real browser: what arrives there, single sign-on, logout, cancelling.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { checkPage, newPage, shoot, startChromium } from '../lib/chromium.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { fixture } from '../lib/fixture.mjs';
import { Portal } from '../lib/portal.mjs';

let servers, first, second, chromium;

before(async () => {
  servers = await fixture({ 'otp.resend_wait': 0, 'otp.sends_per_kidc': 1000 });
  first = await portal();
  second = await portal('--name', 'Tax Returns', '--name-km', 'សេវាប្រកាសពន្ធ');
  chromium = await startChromium();
});

async function portal(...options) {
  const one = await Portal.start(servers.provider, options);
  atEnd(() => one.stop());
  return one;
}

const press = async (page, action) => {
  await page.click(`button[name=action][value=${action}]`);
  await page.waitForLoadState('load');
};
const well = async (page) => assert.deepEqual(await checkPage(page), []);
const claim = async (page, name) => (await page.locator(`[data-claim="${name}"]`).count()) ? page.innerText(`[data-claim="${name}"]`) : undefined;
const asksForNumber = (page) => page.locator('input[name=kidc]').count();

/** From a portal's page to consent. */
async function signIn(page, resident) {
  const sent = await servers.register.sent(resident.kidc);
  await page.fill('input[name=kidc]', resident.kidc);
  await press(page, 'continue');
  await page.fill('input[name=otp]', await servers.register.code(resident.kidc, sent));
  await press(page, 'continue');
}

async function signedIn(resident, at = first, path = '/account') {
  const page = await newPage(chromium);
  await page.goto(at.url + path);
  await signIn(page, resident);
  if (!page.url().startsWith(at.url)) await press(page, 'allow');
  assert.ok(page.url().startsWith(at.url + path), page.url());
  return page;
}

for (const [lang, path, size] of [['km', '', 'phone'], ['en', '/en', 'desktop'], ['en', '/en', 'phone'], ['km', '', 'desktop']])
  test(`a resident signs in to the portal, ${lang}, ${size}`, async () => {
    const { resident } = servers;
    const page = await newPage(chromium, { size, home: `${first.url}${path}/` });
    assert.equal(await page.getAttribute('html', 'lang'), lang);
    await well(page);
    await shoot(page, `portal-home-${lang}-${size}`);
    await page.click('.hero a.button');
    assert.equal(await page.getAttribute('html', 'lang'), lang, 'the portal asks for pages in its own language');
    await signIn(page, resident);
    if (!page.url().startsWith(first.url)) await press(page, 'allow');
    assert.equal(page.url(), `${first.url}${path}/account`);
    assert.equal(await claim(page, 'name#km'), `${resident.familyNameKh} ${resident.givenNameKh}`);
    assert.equal(await claim(page, 'name'), `${resident.familyNameEn} ${resident.givenNameEn}`);
    assert.equal(await claim(page, 'family_name#km'), resident.familyNameKh);
    assert.equal(await claim(page, 'birthdate'), resident.dateOfBirth);
    assert.equal(await claim(page, 'phone_number'), resident.phone);
    assert.match(await claim(page, 'address#km'), /កម្ពុជា$/);
    assert.match(await claim(page, 'address'), /Cambodia$/);
    assert.match(await page.innerText('h1'), lang === 'km' ? new RegExp(resident.givenNameKh) : new RegExp(resident.givenNameEn));
    assert.ok(!(await page.content()).includes(resident.kidc), 'the portal never has the KIdC');
    await well(page);
    await shoot(page, `portal-account-${lang}-${size}`);
    assert.deepEqual(page.failures, []);
  });

test('what is declined does not arrive', async () => {
  const page = await newPage(chromium, { home: `${first.url}/en/account` });
  await signIn(page, servers.residents[1]);
  await page.uncheck('input[name=claim][value=phone_number]');
  await page.uncheck('input[name=claim][value="name#km"]');
  await press(page, 'allow');
  assert.equal(await page.locator('[data-missing=phone_number]').count(), 1);
  assert.equal(await page.locator('[data-missing="name#km"]').count(), 1);
  assert.equal(await claim(page, 'name'), `${servers.residents[1].familyNameEn} ${servers.residents[1].givenNameEn}`);
});

test('a second portal needs consent of its own, but no code; of one host, it is of one sector and has the same sub', async () => {
  const resident = servers.residents[2];
  const page = await signedIn(resident);
  const sub = await page.textContent('[data-claim=sub]');
  const sent = await servers.register.sent(resident.kidc);
  await page.goto(`${second.url}/account`);
  assert.equal(await asksForNumber(page), 0);
  await press(page, 'allow');
  assert.equal(page.url(), `${second.url}/account`);
  assert.equal(await claim(page, 'name#km'), `${resident.familyNameKh} ${resident.givenNameKh}`);
  assert.equal(await servers.register.sent(resident.kidc), sent, 'no code was sent');
  assert.equal(await page.textContent('[data-claim=sub]'), sub);
});

test('signing out at the portal ends the session at the provider as well', async () => {
  const page = await signedIn(servers.residents[3], first, '/en/account');
  await page.click('.heading a.button');
  await page.waitForLoadState('load');
  if (await page.locator('button[value=logout]').count()) await press(page, 'logout');
  assert.equal(page.url(), `${first.url}/en/signed-out`);
  await well(page);
  await page.goto(`${second.url}/account`);
  assert.equal(await asksForNumber(page), 1);
  await page.goto(`${first.url}/account`);
  assert.equal(await asksForNumber(page), 1);
});

for (const [lang, path] of [['km', ''], ['en', '/en']])
  test(`cancelling leads back to the portal, which says so and lets one try again, ${lang}`, async () => {
    const page = await newPage(chromium, { size: 'phone', home: `${first.url}${path}/account` });
    await press(page, 'cancel');
    assert.ok(page.url().startsWith(`${first.url}/oidc/callback`));
    assert.ok(await page.isVisible('.cancelled h1'));
    assert.ok(!(await page.isVisible('.other')));
    await shoot(page, `portal-cancelled-${lang}-phone`);
    await page.click(`a[href="${path}/account"]`);
    assert.equal(await asksForNumber(page), 1);
  });

test('declining at consent leads back to the portal as well', async () => {
  const page = await newPage(chromium, { home: `${first.url}/account` });
  await signIn(page, servers.residents[4]);
  await press(page, 'deny');
  assert.ok(await page.isVisible('.cancelled h1'));
  await page.goto(`${first.url}/account`);
  assert.ok(!page.url().startsWith(first.url), 'and is not signed in there');
});

test('an answer that the portal did not ask for signs nobody in', async () => {
  const page = await newPage(chromium, { home: `${first.url}/oidc/callback?code=stolen&state=made-up` });
  assert.match(await page.innerText('main'), /មិនបានសម្រេច/);
  await page.goto(`${first.url}/account`);
  assert.equal(await asksForNumber(page), 1);
});

test('the portal\'s other pages: not found, and only at whole addresses', async () => {
  const page = await newPage(chromium, { home: `${first.url}/nothing` });
  assert.match(await page.innerText('h1'), /Page not found/);
  for (const path of ['/partials/top.html', '/assets/', '/../httpd.conf', '/account/x'])
    assert.ok([403, 404].includes((await fetch(first.url + path, { redirect: 'manual' })).status), path);
});
