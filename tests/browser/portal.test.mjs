// The demonstration portal, a relying party that we did not write (mod_auth_openidc), in a real browser: what arrives there, single sign-on, logout, cancelling.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { certificate } from '../lib/certificates.mjs';
import { checkPage, chooseNumber, newPage, shoot, startChromium } from '../lib/chromium.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { fixture } from '../lib/fixture.mjs';
import { Portal } from '../lib/portal.mjs';
import { Remote } from '../lib/remote.mjs';
import { until } from '../lib/servers.mjs';

let remote, servers, first, second, chromium;

before(async () => {
  remote = await Remote.start();
  servers = await fixture({ ...remote.settings, 'otp.resend_wait': 0, 'otp.sends_per_kidc': 1000 });
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
  await page.click(`button[name=action][value=${action}]:visible`);
  await page.waitForLoadState('load');
};
const well = async (page) => assert.deepEqual(await checkPage(page), []);
const claim = async (page, name) => (await page.locator(`[data-claim="${name}"]`).count()) ? page.innerText(`[data-claim="${name}"]`) : undefined;
const asksForNumber = (page) => page.locator('input[name=kidc]').count();

/** From a portal's page to consent. */
async function signIn(page, resident) {
  const sent = await servers.register.sent(resident.kidc);
  await chooseNumber(page);
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

// ---- what else Debian's mod_auth_openidc can ----

/** Whether the portal itself still knows who this is: it answers, and sends nobody to the provider. */
const isKnown = async (page, at) => (await page.request.get(`${at.url}/account`, { maxRedirects: 0 })).status() === 200;

/** A portal with more metadata and directives: both are functions of its URL. */
async function extendedPortal(name, metadata, directives) {
  const [client, conf] = ['json', 'conf'].map((type) => join(servers.provider.data, `portal-${name}.${type}`));
  const one = await Portal.start(servers.provider, (url) => {
    writeFileSync(client, JSON.stringify(metadata(url)));
    writeFileSync(conf, directives(url));
    return ['--name', `Portal ${name}`, '--client', client, '--directives', conf];
  });
  atEnd(() => one.stop());
  return one;
}

/** Signs out at the second portal: what is heard of it elsewhere came from the provider. */
async function signOutElsewhere(page) {
  await page.goto(`${second.url}/en/account`);
  if (!page.url().startsWith(second.url)) await press(page, 'allow');
  await page.click('.heading a.button');
  await page.waitForLoadState('load');
  if (await page.locator('button[value=logout]').count()) await press(page, 'logout');
}

test('[50] mod_auth_openidc by private_key_jwt; back-channel logout ends its session though no browser comes by', async () => {
  const { files, cert } = certificate('rsa', 'portal');
  const jwk = { ...createPublicKey(cert).export({ format: 'jwk' }), kid: 'portal', use: 'sig', alg: 'RS256' };
  const third = await extendedPortal('three', () => ({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] }, backchannel_logout_uri: `${remote.url}/three`, backchannel_logout_session_required: true }),
    () => `OIDCPublicKeyFiles portal#${files.cert}\nOIDCPrivateKeyFiles portal#${files.key}\nOIDCProviderTokenEndpointAuth private_key_jwt\nOIDCProviderBackChannelLogoutSupported On\n`);
  // its server is plain HTTP; the provider calls https alone
  remote.answers['/three'] = async ({ body, headers }) => {
    const answer = await fetch(`${third.url}/oidc/callback?logout=backchannel`, { method: 'POST', body, headers: { 'content-type': headers['content-type'] } });
    return { status: answer.status, body: await answer.text() };
  };
  const page = await signedIn(servers.residents[0], third);
  const other = await signedIn(servers.residents[1], third);
  assert.equal(await isKnown(page, third), true);
  await signOutElsewhere(page);
  await remote.arrived('/three');
  await until('the portal to forget the session', async () => !(await isKnown(page, third)));
  assert.equal(await isKnown(other, third), true, 'another person stays signed in');
});

test('front-channel logout: the page of the provider takes mod_auth_openidc along', async () => {
  const fourth = await extendedPortal('four', (url) => ({ token_endpoint_auth_method: 'client_secret_post', frontchannel_logout_uri: `${url}/oidc/callback?logout=get`, frontchannel_logout_session_required: false }),
    () => 'OIDCProviderTokenEndpointAuth client_secret_post\n');
  const page = await signedIn(servers.residents[7], fourth);
  assert.equal(await isKnown(page, fourth), true);
  await signOutElsewhere(page);
  await until('the portal to forget the session', async () => !(await isKnown(page, fourth)));
});

test('code id_token by form_post, asked for in a signed request, with signed userinfo', async () => {
  const { files, cert } = certificate('rsa', 'portal');
  const jwk = { ...createPublicKey(cert).export({ format: 'jwk' }), kid: 'portal', use: 'sig', alg: 'RS256' };
  const object = JSON.stringify({ request_object_type: 'request', crypto: { sign_alg: 'RS256' }, copy_and_remove_from_request: ['state', 'nonce', 'code_challenge', 'code_challenge_method', 'ui_locales'],
    copy_from_request: ['client_id', 'response_type', 'response_mode', 'redirect_uri', 'scope'] });
  const fifth = await extendedPortal('five', () => ({ token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code', 'implicit'], response_types: ['code id_token'], jwks: { keys: [jwk] },
    request_object_signing_alg: 'RS256', require_signed_request_object: true, id_token_signed_response_alg: 'PS256', userinfo_signed_response_alg: 'ES256' }),
    () => `OIDCResponseType "code id_token"\nOIDCResponseMode form_post\nOIDCPrivateKeyFiles portal#${files.key}\nOIDCIDTokenSignedResponseAlg PS256\nOIDCUserInfoSignedResponseAlg ES256\nOIDCRequestObject ${JSON.stringify(object)}\n`);
  const resident = servers.residents[8];
  const page = await signedIn(resident, fifth);
  assert.equal(await claim(page, 'name#km'), `${resident.familyNameKh} ${resident.givenNameKh}`);
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
