// Rich authorization requests (RFC 9396): types that the operator registers, shown to people in words, carried in tokens, narrowed.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture } from '../lib/fixture.mjs';
import { keyedClient, push, pushedUrl, requestObject } from '../lib/keyed.mjs';

const transfer = { type: 'land_transfer', title: 'Transfer a plot of land', 'title#km': 'ផ្ទេរ​ដី​មួយ​ដុំ', fields: [
  { name: 'plot', label: 'Plot', 'label#km': 'ដី', kind: 'string', required: true },
  { name: 'price', label: 'Price', 'label#km': 'តម្លៃ', kind: 'amount' },
  { name: 'actions', label: 'May', 'label#km': 'អាច', kind: 'strings', values: { sign: { label: 'sign for you', 'label#km': 'ចុះ​ហត្ថលេខា' }, read: { label: 'read it', 'label#km': 'អាន' } } },
  { name: 'witnesses', label: 'Witnesses', kind: 'number' },
  { name: 'urgent', label: 'Urgent', kind: 'boolean' }] };
const plot = { type: 'land_transfer', plot: 'KD-7 <b>"1"</b>', price: { amount: '120.50', currency: 'USD' }, actions: ['sign', 'read'], witnesses: 2, urgent: true };
const other = { type: 'land_transfer', plot: 'KD-8' };
let servers, portal;

function registerType(definition) {
  const file = join(servers.provider.data, `${definition.type}.json`);
  writeFileSync(file, JSON.stringify(definition));
  servers.provider.command('type', 'add', file);
}

before(async () => {
  servers = await fixture();
  registerType(transfer);
  registerType({ type: 'health_record', title: 'Read a health record', fields: [] });
  portal = await keyedClient(servers.provider, { metadata: { grant_types: ['authorization_code', 'refresh_token'], authorization_details_types: ['land_transfer', 'gone_meanwhile'] } });
});

const request = (details, parameters, client = portal) =>
  authorizationRequest(client.config, { authorization_details: typeof details === 'string' ? details : JSON.stringify(details), ...parameters });

/** What the portal is told when it asks for `details`. */
async function refusal(details, parameters, client) {
  const page = await new Browser().go((await request(details, parameters, client)).url);
  assert.ok(page.location, `not refused (${page.status}): ${JSON.stringify(details)}`);
  return new URL(page.location).searchParams.get('error');
}

async function consentPage(details, parameters, browser = new Browser()) {
  const { url, checks } = await request(details, parameters);
  const page = await browser.go(url);
  return { page: /value="allow"/.test(page.body) ? page : await browser.signIn(servers.register, page, servers.resident.kidc), checks, browser };
}

async function tokensFor(details, more, parameters) {
  const { page, checks, browser } = await consentPage(details, parameters);
  const { location } = await browser.submit(page, 'allow');
  return { tokens: await oidc.authorizationCodeGrant(portal.config, new URL(location), checks, more), browser };
}

const detailsOf = async (tokens) => {
  const inside = jose.decodeJwt(tokens.access_token).authorization_details;
  const introspected = await oidc.tokenIntrospection(portal.config, tokens.access_token);
  assert.deepEqual(introspected.authorization_details, inside);
  assert.deepEqual(tokens.authorization_details, inside);
  return inside;
};

describe('what is asked for', () => {
  test('people read it in words on the consent page, in both languages, and markup stays text', async () => {
    for (const [lang, words] of Object.entries({ en: ['Transfer a plot of land', 'Plot', 'Price', 'May', 'sign for you, read it'], km: ['ផ្ទេរ​ដី​មួយ​ដុំ', 'ដី', 'តម្លៃ', 'អាច', 'ចុះ​ហត្ថលេខា, អាន'] })) {
      const { page } = await consentPage([plot], { ui_locales: lang });
      for (const word of [...words, 'KD-7 &lt;b&gt;', '120.50 USD', '>2<', '✓']) assert.ok(page.body.includes(word), `${lang}: ${word}`);
      assert.ok(!page.body.includes('<b>"1"</b>'), '[13] markup of a client');
    }
  });

  test('[28] a type that is unknown, removed, not the client’s, or no text is refused', async () => {
    for (const type of ['nothing', 'health_record', 'gone_meanwhile', '', 'LAND_TRANSFER', 'land_transfer ', 1, null, ['land_transfer'], { a: 1 }])
      assert.equal(await refusal([{ ...other, type }]), 'invalid_authorization_details', JSON.stringify(type));
    assert.equal(await refusal([other, { type: 'nothing' }]), 'invalid_authorization_details', 'one of two');
    const none = await keyedClient(servers.provider);
    assert.equal(await refusal([other], {}, none), 'invalid_authorization_details', 'a client without types');
  });

  test('[28][54] what has another form than its type says is refused', async () => {
    const wrong = ['{}', '[]', '"land_transfer"', 'null', '[', '[null]', '[[]]', '["land_transfer"]', '[{}]', '[{"plot":"x"}]', '[{"type":"land_transfer"}]',
      `[{"type":"land_transfer","type":"land_transfer","plot":"x"}]`, `[{"type":"land_transfer","plot":"x"}],"more":[]`, `[{"type":"land_transfer","plot":"x"}]}`,
      `${'['.repeat(500)}${']'.repeat(500)}`, JSON.stringify(Array(9).fill(other))];
    for (const text of wrong) assert.equal(await refusal(text), 'invalid_authorization_details', text.slice(0, 60));
    for (const change of [{ plot: 1 }, { plot: '' }, { plot: ['x'] }, { plot: 'x\u0000y' }, { plot: 'x\ny' }, { plot: null }, { plot: 'x'.repeat(301) }, { unknown: 'x' }, { locations: ['https://x.example'] },
      { witnesses: '2' }, { witnesses: 1.5 }, { urgent: 'true' }, { actions: 'sign' }, { actions: [] }, { actions: ['steal'] }, { actions: ['sign', 1] }, { price: '120' },
      { price: { amount: 120, currency: 'USD' } }, { price: { amount: '120' } }, { price: { amount: '-1', currency: 'USD' } }, { price: { amount: '1e9', currency: 'USD' } },
      { price: { amount: '1', currency: 'usd' } }, { price: { amount: '1', currency: 'USD', more: 1 } }, { price: { amount: '1.2.3', currency: 'USD' } }])
      assert.equal(await refusal([{ ...other, ...change }]), 'invalid_authorization_details', JSON.stringify(change));
    const long = await push(portal, servers.provider.issuer, (await request([{ ...other, plot: 'x'.repeat(9000) }])).url.searchParams);
    assert.equal(long.json.error, 'invalid_authorization_details');
  });

  test('it is always asked anew: no earlier consent, no other window and no prompt=none answers it', async () => {
    const { browser } = await tokensFor([other]);
    const again = await browser.go((await request([other])).url);
    assert.match(again.body, /value="allow"/);
    assert.match(again.body, /KD-8/);
    const silent = await browser.go((await request([other], { prompt: 'none' })).url);
    assert.equal(new URL(silent.location).searchParams.get('error'), 'consent_required');
  });

  test('refused on the consent page, it gives nothing', async () => {
    const { page, browser } = await consentPage([other]);
    const said = new URL((await browser.submit(page, 'deny')).location).searchParams;
    assert.deepEqual([said.get('error'), said.get('code')], ['access_denied', null]);
  });

  test('pushed, and inside a signed request, it is checked in the same way', async () => {
    const { issuer } = servers.provider;
    const { url, checks } = await request([other]);
    const pushed = await push(portal, issuer, url.searchParams);
    assert.equal(pushed.status, 201, JSON.stringify(pushed.json));
    const browser = new Browser();
    const page = await browser.signInAndAllow(servers.register, await browser.go(pushedUrl(portal, issuer, pushed.json.request_uri)), servers.resident.kidc);
    assert.deepEqual(await detailsOf(await oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks)), [other]);
    url.searchParams.set('authorization_details', JSON.stringify([{ type: 'nothing' }]));
    assert.equal((await push(portal, issuer, url.searchParams)).json.error, 'invalid_authorization_details');
    const claims = { ...Object.fromEntries(url.searchParams), authorization_details: [{ type: 'nothing' }] };
    const signed = await push(portal, issuer, { request: await requestObject(portal, issuer, claims) });
    assert.equal(signed.json.error, 'invalid_authorization_details');
    claims.authorization_details = [plot];
    assert.equal((await push(portal, issuer, { request: await requestObject(portal, issuer, claims) })).status, 201);
  });
});

describe('what is granted', () => {
  test('it is in the token answer, in the access token and in introspection, as it was asked', async () => {
    assert.deepEqual(await detailsOf((await tokensFor([plot, other])).tokens), [plot, other]);
  });

  test('without it nothing of the kind is in any of them', async () => {
    const { url, checks } = await authorizationRequest(portal.config, { prompt: 'consent' });
    const browser = new Browser();
    const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
    const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks);
    assert.equal(await detailsOf(tokens), undefined);
  });

  test('a request may be for this alone, without a scope', async () => {
    const { url, checks } = await request([other]);
    url.searchParams.delete('scope');
    url.searchParams.delete('nonce');
    const browser = new Browser();
    const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
    const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), { ...checks, expectedNonce: undefined });
    assert.equal(tokens.id_token, undefined);
    assert.deepEqual(await detailsOf(tokens), [other]);
  });

  test('the token request narrows it; what was not granted, or is changed, is refused', async () => {
    const { tokens } = await tokensFor([plot, other], { authorization_details: JSON.stringify([other]) });
    assert.deepEqual(await detailsOf(tokens), [other]);
    for (const wrong of [[{ ...other, plot: 'KD-9' }], [{ ...other, urgent: true }], [other, { type: 'health_record' }], [], {}, 'x'])
      await assert.rejects(tokensFor([other], { authorization_details: JSON.stringify(wrong) }), (error) => error.error === 'invalid_authorization_details', JSON.stringify(wrong));
  });

  test('refreshing narrows it for that token alone, and never widens', async () => {
    const { tokens } = await tokensFor([plot, other]);
    const refresh = (details) => oidc.refreshTokenGrant(portal.config, tokens.refresh_token, details && { authorization_details: JSON.stringify(details) });
    assert.deepEqual(await detailsOf(await refresh([plot])), [plot]);
    assert.deepEqual(await detailsOf(await refresh()), [plot, other]);
    await assert.rejects(refresh([{ ...plot, witnesses: 3 }]), (error) => error.error === 'invalid_authorization_details');
  });

  test('the audit record names no values of it', async () => {
    await tokensFor([plot]);
    const events = servers.provider.command('audit', 'show', '--json', '--client', portal.metadata.client_id, '--limit', '1000');
    assert.ok(events.includes('grant.issue') && !events.includes('KD-7'));
  });

  test('a type that was removed meanwhile: requests of it are refused at once', async () => {
    registerType({ ...transfer, type: 'gone_meanwhile' });
    assert.match((await consentPage([{ ...other, type: 'gone_meanwhile' }])).page.body, /Transfer a plot|ផ្ទេរ/);
    servers.provider.command('type', 'remove', 'gone_meanwhile');
    assert.equal(await refusal([{ ...other, type: 'gone_meanwhile' }]), 'invalid_authorization_details');
  });
});

test('a type that is taken away while a person reads: nothing is allowed that could not be shown', async () => {
  registerType({ type: 'gone_meanwhile', title: 'Something', fields: [{ name: 'what', label: 'What', kind: 'string' }] });
  const { browser, page } = await consentPage([{ type: 'gone_meanwhile', what: 'x' }]);
  servers.provider.command('type', 'remove', 'gone_meanwhile');
  const end = new URL((await browser.submit(page, 'allow')).location);
  assert.equal(end.searchParams.get('error'), 'access_denied');
  assert.equal(end.searchParams.get('code'), null);
});
