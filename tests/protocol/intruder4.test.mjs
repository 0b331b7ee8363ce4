// What an intruder found in signing in by phone, and what stands against it now.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Phone, Waiting } from '../lib/asking.mjs';
import { Authenticator } from '../lib/authenticator.mjs';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { fixture, relyingParty } from '../lib/fixture.mjs';
import { Provider } from '../lib/servers.mjs';

const ciba = 'urn:openid:params:grant-type:ciba';
let register, provider, residents, portal, counter, config;

before(async () => {
  ({ register, provider, residents } = await fixture({ 'otp.resend_wait': 0, 'authenticator.wait': 0, 'limit.asked_per_resident': 1000 }));
  portal = await relyingParty(provider);
  counter = provider.client('--name', 'Counter', '--grant', ciba, '--scope', 'openid profile');
  config = await oidc.discovery(new URL(provider.issuer), counter.client_id, undefined, oidc.ClientSecretBasic(counter.client_secret), { execute: [oidc.allowInsecureRequests] });
});

const someone = () => residents.pop().kidc;
const enrolled = (kidc, name) => Phone.enrol({ register, provider, kidc, name });
const asks = (kidc, more) => oidc.initiateBackchannelAuthentication(config, { scope: 'openid profile', login_hint: kidc, ...more });

async function poll({ auth_req_id }) {
  const authorization = `Basic ${Buffer.from(`${counter.client_id}:${counter.client_secret}`).toString('base64')}`;
  const answer = await fetch(`${provider.issuer}/token`, { method: 'POST', headers: { authorization }, body: new URLSearchParams({ grant_type: ciba, auth_req_id }) });
  return answer.json();
}

/** The one request that waits for the phone's owner, opened there. */
async function opened(phone) {
  const { requests: [{ request }] } = (await phone.ask('requests', { seen: null })).json;
  return (await phone.ask('requests/open', { request })).json;
}

// ---- passkeys ----

test('[48] of several who bring a passkey of one credential id at the same moment, one gets an authenticator', async () => {
  for (let round = 0; round < 4; round++) {
    const id = randomBytes(32), phones = Array.from({ length: 3 }, () => new Authenticator(provider));
    for (const phone of phones) await phone.prove(register, someone());
    const answers = await Promise.all(phones.map((phone) => phone.request('enrolments/passkey', { enrolment: phone.begun.enrolment, name: 'Phone',
      credential: phone.passkeys.create(phone.proved.options, phone.origin, { id }) })));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1, answers.map(({ body }) => body).join('\n'));
  }
});

// ---- requests without a browser ----

test('a request that another phone approved already can not be declined any more: its owner is not told that it was', async () => {
  const kidc = someone(), [one, other] = [await enrolled(kidc), await enrolled(kidc, 'Other')];
  for (const reason of ['declined', 'reported']) {
    const request = await asks(kidc);
    const [first, second] = [await opened(one), await opened(other)];
    assert.equal((await one.approve(first, { number: '' })).status, 200);
    const answer = await other.decline(second, reason);
    assert.deepEqual([answer.status, answer.json.error, answer.json.reason], [410, 'ended', 'approved']);
    assert.ok((await poll(request)).access_token);
    assert.deepEqual((await other.decline(second, reason)).json.reason, 'approved', 'and again, once the client has its tokens');
  }
});

test('approved and declined at the same moment: what the phone is told is what the client gets', async () => {
  const phone = await enrolled(someone());
  for (let wait = 0; wait < 12; wait++) {
    const request = await asks(phone.kidc), asked = await opened(phone);
    const later = new Promise((done) => setTimeout(done, wait)); // to meet each step of the approval
    const [yes, no] = await Promise.all([phone.approve(asked, { number: '' }), later.then(() => phone.decline(asked, 'reported'))]);
    const { access_token: token, error } = await poll(request);
    assert.equal(yes.status === 200, Boolean(token), `${yes.body} ${no.body} ${error}`);
    assert.equal(no.status === 200, error === 'access_denied', `${yes.body} ${no.body} ${error}`);
  }
});

test('a claim that is asked for by its value is given when it has that value, also by phone', async () => {
  const phone = await enrolled(someone());
  const given = async (birthdate) => {
    const request = await asks(phone.kidc, { claims: JSON.stringify({ userinfo: { birthdate } }) });
    await phone.approve(await opened(phone), { number: '' });
    const { access_token: token, id_token: about } = await poll(request);
    return (await oidc.fetchUserInfo(config, token, jose.decodeJwt(about).sub)).birthdate;
  };
  const value = await given(null);
  assert.match(value, /^\d{4}-/);
  assert.deepEqual([await given({ value }), await given({ value: '1900-01-01' })], [value, undefined]);
});

test('[flooding] requests of clients are opened as often as an address may begin sign-ins, not without end', async () => {
  const strict = await Provider.start(register, { 'limit.requests_per_ip': 3 });
  atEnd(() => strict.stop());
  const client = strict.client('--name', 'Counter', '--grant', ciba, '--scope', 'openid');
  const there = await oidc.discovery(new URL(strict.issuer), client.client_id, undefined, oidc.ClientSecretBasic(client.client_secret), { execute: [oidc.allowInsecureRequests] });
  const phone = await Phone.enrol({ register, provider: strict, kidc: someone() });
  await oidc.initiateBackchannelAuthentication(there, { scope: 'openid', login_hint: phone.kidc });
  const { requests: [{ request }] } = (await phone.ask('requests', { seen: null })).json;
  const answers = [];
  for (let i = 0; i < 4; i++) answers.push((await phone.ask('requests/open', { request })).status);
  assert.deepEqual(answers, [200, 200, 200, 503]);
});

// ---- removed ----

test('[47] what a device approved and no browser has taken yet ends when the device is removed', async () => {
  const kidc = someone(), [own, thiefs] = [await enrolled(kidc), await enrolled(kidc, 'Other')];
  const waiting = await Waiting.open(portal);
  const asked = (await thiefs.scan(await waiting.code())).json;
  const { number } = await waiting.state();
  assert.equal((await thiefs.approve(asked, { number })).status, 200);
  assert.equal((await own.within('authenticators/remove', { id: thiefs.id })).status, 200);
  assert.deepEqual(await waiting.state().then(({ state, reason }) => ({ state, reason })), { state: 'ended', reason: 'reported' });
  const page = await waiting.finish();
  assert.equal(page.location, undefined);
  assert.match(page.body, /data-phone/, 'the sign-in page');
});

// ---- other browsers ----

test('[relayed link] who was made to approve another browser’s request finds it in the history', async () => {
  const phone = await enrolled(someone(), 'Mine');
  const [approved, scanned] = [await Waiting.open(portal, { way: 'same_device' }), await Waiting.open(portal)];
  const { json: { continue: link } } = await phone.approve((await phone.scan(await approved.code())).json, { number: '' });
  assert.equal((await new Browser().go(link)).status, 403);
  await phone.scan(await scanned.code());
  const { seen } = await scanned.state();
  await new Browser().request(`${provider.issuer}/channel/${scanned.interaction}?seen=${seen}`);
  const { entries } = (await phone.within('history')).json;
  for (const { event, reason, client_name: name, authenticator_name: device } of entries.slice(0, 2))
    assert.deepEqual([event, reason, name, device], ['declined', 'foreign_cookie', 'Test portal', 'Mine']);
});
