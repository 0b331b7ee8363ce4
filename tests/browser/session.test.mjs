// Session management in a real browser: a portal's page with our page in a frame, before and after signing out.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { before, test } from 'node:test';
import { chooseNumber, newPage, startChromium } from '../lib/chromium.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, fixture, relyingParty } from '../lib/fixture.mjs';

let servers, chromium, portal, stranger;

/** A site with empty pages. */
async function site() {
  const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><link rel="icon" href="data:,"><title>Portal</title>'));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  atEnd(() => server.close());
  return server.address().port;
}

before(async () => {
  servers = await fixture({ 'otp.resend_wait': 0, 'otp.sends_per_kidc': 1000 });
  const port = await site();
  portal = { url: `http://localhost:${port}`, far: `http://127.0.0.1:${port}` };
  stranger = `http://localhost:${await site()}`;
  portal.client = await relyingParty(servers.provider, { args: ['--redirect-uri', `${portal.url}/callback`, '--redirect-uri', `${portal.far}/callback`] });
  chromium = await startChromium();
});

const press = async (page, action) => {
  await page.click(`button[name=action][value=${action}]:visible`);
  await page.waitForLoadState('load');
};

/** Signs in; ends on the portal's page, with our page in a frame there. */
async function signedIn(page, resident, at = portal.url) {
  const { url } = await authorizationRequest(portal.client.config, { redirect_uri: `${at}/callback`, prompt: 'login' });
  await page.goto(url.href);
  const sent = await servers.register.sent(resident.kidc);
  await chooseNumber(page);
  await page.fill('input[name=kidc]', resident.kidc);
  await press(page, 'continue');
  await page.fill('input[name=otp]', await servers.register.code(resident.kidc, sent));
  await press(page, 'continue');
  if (!page.url().startsWith(at)) await press(page, 'allow');
  const sessionState = new URL(page.url()).searchParams.get('session_state');
  await frame(page, 'op', `${servers.provider.issuer}/session/check`);
  return sessionState;
}

/** Puts a frame into the page, and waits until it has loaded. */
const frame = (page, id, src) => page.evaluate(([name, address]) => new Promise((loaded) => {
  const element = Object.assign(document.createElement('iframe'), { id: name, name, src: address, onload: loaded });
  document.body.append(element);
}), [id, src]);

/** What our page answers to `message`, sent by the window `from` (the page itself, or one of its frames); in vain: what it is asked afterwards. */
const asked = (from, message, origin = servers.provider.issuer) => from.evaluate(([data, of]) => new Promise((answer) => {
  addEventListener('message', (event) => event.origin === of && answer(event.data), { once: true });
  (window.frames.op ?? parent.frames.op).postMessage(data, '*');
}), [message, origin]);

const question = (sessionState, id = portal.client.metadata.client_id) => `${id} ${sessionState}`;

test('unchanged, until the person signs out', async () => {
  const page = await newPage(chromium);
  const sessionState = await signedIn(page, servers.residents[0]);
  assert.equal(await asked(page, question(sessionState)), 'unchanged');
  const other = await page.context().newPage();
  await other.goto(`${servers.provider.issuer}/logout`);
  await press(other, 'logout');
  assert.equal(await asked(page, question(sessionState)), 'changed');
  assert.deepEqual(page.failures, []);
});

test('changed, when somebody else has signed in in another tab', async () => {
  const page = await newPage(chromium);
  const before = await signedIn(page, servers.residents[1]);
  const after = await signedIn(await page.context().newPage(), servers.residents[2]);
  assert.equal(await asked(page, question(before)), 'changed');
  assert.equal(await asked(page, question(after)), 'unchanged');
});

test('another client, another hash and another salt are changed; what is no question is an error', async () => {
  const page = await newPage(chromium);
  const sessionState = await signedIn(page, servers.residents[3]);
  const [hash, salt] = sessionState.split('.');
  for (const wrong of [question(sessionState, 'another'), question(`${hash}.x${salt}`), question(`${'A'.repeat(43)}.${salt}`)])
    assert.equal(await asked(page, wrong), 'changed', wrong);
  for (const wrong of ['', ' ', sessionState, ` ${sessionState}`, question(hash), `two words ${sessionState}`, question(`${sessionState}.x`), question(sessionState) + '\n', null, 7, { toString: 'x' }])
    assert.equal(await asked(page, wrong), 'error', JSON.stringify(wrong));
  assert.equal(await asked(page, question(sessionState)), 'unchanged');
});

test('a frame of the portal is answered like its page; one of a stranger in the same page is not', async () => {
  const page = await newPage(chromium);
  const sessionState = await signedIn(page, servers.residents[4]);
  await frame(page, 'rp', `${portal.url}/frame`);
  await frame(page, 'stranger', `${stranger}/frame`);
  assert.equal(await asked(page.frame('rp'), question(sessionState)), 'unchanged');
  await page.frame('stranger').evaluate((data) => {
    window.answers = [];
    addEventListener('message', (event) => window.answers.push(event.data));
    parent.frames.op.postMessage(data, '*');
    parent.frames.op.postMessage('nonsense', '*');
  }, question(sessionState));
  assert.equal(await asked(page.frame('rp'), question(sessionState)), 'unchanged', 'asked later, so that the stranger had its turn');
  assert.deepEqual(await page.frame('stranger').evaluate(() => window.answers), []);
});

test('another site learns nothing with a value that it took', async () => {
  const page = await newPage(chromium);
  const sessionState = await signedIn(page, servers.residents[5]);
  await page.goto(`${stranger}/`);
  await frame(page, 'op', `${servers.provider.issuer}/session/check`);
  assert.equal(await asked(page, question(sessionState)), 'changed');
});

test('a session that has run out is changed, without a request', async () => {
  const page = await newPage(chromium);
  const sessionState = await signedIn(page, servers.residents[6]);
  const [cookie] = (await page.context().cookies(servers.provider.issuer)).filter(({ name }) => name === 'konsao_state');
  await page.context().addCookies([{ ...cookie, value: cookie.value.replace(/\d+$/, String(Math.floor(Date.now() / 1000) - 1)) }]);
  assert.equal(await asked(page, question(sessionState)), 'changed');
});

test('where the browser keeps cookies out of other sites\' frames the answer is an error, not a logout', async () => {
  const strict = await startChromium('--test-third-party-cookie-phaseout');
  const page = await newPage(strict);
  const sessionState = await signedIn(page, servers.residents[7], portal.far);
  assert.equal(await asked(page, question(sessionState)), 'error');
});
