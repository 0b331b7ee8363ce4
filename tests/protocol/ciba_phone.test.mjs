// A client asks for a person by CIBA, and the person's own phone shows it at once and answers, without any browser.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Authenticator } from '../lib/authenticator.mjs';
import { fixture } from '../lib/fixture.mjs';
import { Description } from '../lib/openapi.mjs';

const ciba = 'urn:openid:params:grant-type:ciba';
const described = new Description(); /* each answer is held against it */
let register, provider, residents, clerk, config, phone;

before(async () => {
  ({ register, provider, residents } = await fixture({ 'limit.asked_per_resident': 3, 'otp.resend_wait': 0 }));
  clerk = provider.client('--name', 'Counter', '--grant', ciba, '--scope', 'openid profile phone');
  config = await oidc.discovery(new URL(provider.issuer), clerk.client_id, undefined, oidc.ClientSecretBasic(clerk.client_secret), { execute: [oidc.allowInsecureRequests] });
  phone = await enrolled(0);
});

async function enrolled(i) {
  const one = new Authenticator(provider, { send: described.fetch });
  await one.enrol(register, residents[i].kidc);
  return Object.assign(one, { kidc: residents[i].kidc });
}

const ask = (kidc, more) => oidc.initiateBackchannelAuthentication(config, { scope: 'openid profile', login_hint: kidc, ...more });
const poll = async ({ auth_req_id }) => {
  const answer = await fetch(`${provider.issuer}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: ciba, auth_req_id }),
    headers: { authorization: `Basic ${Buffer.from(`${clerk.client_id}:${clerk.client_secret}`).toString('base64')}` } });
  return answer.json();
};

/** The one request that waits on a phone. */
async function shown(by = phone) {
  const answer = await by.request('requests', { authenticator: by.id, seen: null });
  assert.equal(answer.json.requests.length, 1, answer.body);
  return answer.json.requests[0];
}

test('the phone that waits hears of it at once, shows who asks and the message, and its yes gives the client tokens', async () => {
  const { seen, requests } = await phone.requests();
  assert.deepEqual(requests, []);
  const began = performance.now();
  const news = phone.requests(seen);
  const request = await ask(phone.kidc, { binding_message: 'តុ ៧ W4SCT' });
  const [waiting] = (await news).requests;
  assert.ok(performance.now() - began < 5000, 'told, not timed out');
  assert.deepEqual([waiting.client_name, waiting.binding_message], ['Counter', 'តុ ៧ W4SCT']);

  const answer = await phone.request('requests/open', { authenticator: phone.id, request: waiting.request });
  const asked = answer.json;
  assert.deepEqual([asked.way, asked.numbers, asked.typed], ['request', null, false]);
  assert.deepEqual([asked.shown.client_name, asked.shown.binding_message], ['Counter', 'តុ ៧ W4SCT']);
  assert.deepEqual(await phone.approve(asked), { result: 'approved', continue: null });

  const tokens = await oidc.pollBackchannelAuthenticationGrant(config, { ...request, interval: 1 });
  assert.equal(tokens.claims().acr, 'urn:konsao:acr:device');
  assert.deepEqual(tokens.claims().amr, ['hwk', 'user', 'mfa']);
  assert.ok((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).family_name);
  assert.deepEqual((await phone.requests()).requests, []);
});

test('it is in the history, and "this was not me" ends the tokens at once', async () => {
  const request = await ask(phone.kidc);
  await phone.approve(await phone.open((await shown()).request));
  const tokens = await oidc.pollBackchannelAuthenticationGrant(config, { ...request, interval: 1 });
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true);
  await phone.unlock();
  const { entries } = await phone.inside('history');
  assert.deepEqual([entries[0].event, entries[0].client_name], ['signed_in', 'Counter']);
  await phone.inside('history/disown', { entry: entries[0].id });
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
});

test('declined: the client hears access_denied, and the resident finds it in the history', async () => {
  const request = await ask(phone.kidc);
  await phone.decline(await phone.open((await shown()).request));
  assert.equal((await poll(request)).error, 'access_denied');
  await phone.unlock();
  assert.deepEqual((await phone.inside('history')).entries.slice(0, 1).map(({ event, reason }) => [event, reason]), [['declined', 'declined']]);
});

test('nobody else sees it, opens it or answers it', async () => {
  const other = await enrolled(1);
  const request = await ask(phone.kidc);
  const { request: id } = await shown();
  assert.deepEqual((await other.requests()).requests, []);
  const opened = await other.request('requests/open', { authenticator: other.id, request: id });
  assert.deepEqual([opened.status, opened.json.error], [404, 'unknown_entry']);
  const asked = await phone.open(id);
  const approved = await other.request('approve', other.approval({ ...asked, options: { ...asked.options, allowCredentials: [] } }));
  assert.deepEqual([approved.status, approved.json.error], [410, 'ended']);
  assert.equal((await poll(request)).error, 'authorization_pending');
  assert.equal((await phone.approve(asked)).result, 'approved');
});

test('one answer counts: an approval again, a second opening, and one after the end give nothing', async () => {
  const request = await ask(phone.kidc);
  const { request: id } = await shown();
  const [first, second] = [await phone.open(id), await phone.open(id)];
  const approval = phone.approval(first);
  await phone.call('approve', approval);
  const again = await phone.request('approve', approval);
  assert.deepEqual([again.status, again.json.error], [410, 'ended']);
  const late = await phone.request('approve', phone.approval(second));
  assert.deepEqual([late.status, late.json.error], [410, 'ended']);
  const reopened = await phone.request('requests/open', { authenticator: phone.id, request: id });
  assert.deepEqual([reopened.status, reopened.json.error], [410, 'ended']);
  const tokens = await oidc.pollBackchannelAuthenticationGrant(config, { ...request, interval: 1 });
  assert.ok(tokens.access_token);
});

test('what is no request is refused in words', async () => {
  for (const request of ['x', 'AAAA', 'not base64url!'])
    assert.equal((await phone.request('requests/open', { authenticator: phone.id, request })).json.error, 'unknown_entry');
  for (const request of [7, null, '', 'x'.repeat(65)])
    assert.equal((await phone.request('requests/open', { authenticator: phone.id, request })).json.error, 'invalid_request');
});

test('[47] who declined as often as the limit says is not asked any more for a while', async () => {
  const tired = await enrolled(2);
  let answer;
  for (let i = 0; i < 4; i++) {
    await ask(tired.kidc);
    const { request } = await shown(tired);
    answer = await tired.request('requests/open', { authenticator: tired.id, request });
    if (answer.status === 200) await tired.decline(answer.json);
  }
  assert.deepEqual([answer.status, answer.json.error], [429, 'too_many_requests']);
  assert.ok(answer.json.retry_after > 0);
});
