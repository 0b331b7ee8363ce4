// After whole sign-ins, with everything secret about them known: none of it stands in the log, nor anywhere in the data folder's bytes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, relyingParty, signIn } from '../lib/fixture.mjs';
import { Provider, Register } from '../lib/servers.mjs';
import { Tap } from '../lib/tap.mjs';

let register, tap, provider, resident, wrongCode;
const secrets = {}; // what it is → the text
const people = {};

const keep = (what, text) => {
  assert.ok(text, `${what} is known`);
  secrets[what] = text;
};

/** The files of the data folder, whole. */
function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.isFile()) yield { path, bytes: readFileSync(path) };
  }
}

before(async () => {
  register = await Register.start();
  atEnd(() => register.stop());
  tap = await Tap.before(register);
  provider = await Provider.start(tap, { 'log.level': 'debug', 'otp.resend_wait': 0, 'life.refresh_grace': 300 });
  atEnd(() => provider.stop());
  // Long names, so that chance does not write one of them.
  const shortest = (one) => Math.min(one.familyNameEn.length, one.givenNameEn.length);
  [resident] = (await register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone && one.email).sort((one, two) => shortest(two) - shortest(one));
  await useEverything();
  await provider.server.stop('SIGTERM');
});

async function useEverything() {
  const scope = 'openid profile email phone address identity kidc offline_access';
  const grants = ['--grant', 'authorization_code', '--grant', 'refresh_token', '--grant', 'client_credentials'];
  const portal = await relyingParty(provider, { scope, args: [...grants, '--name', 'Positive control portal'] });
  const app = await relyingParty(provider, { scope, auth: 'none', args: grants.slice(0, 4) });
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const file = join(provider.data, '..', `konsao-test-jwks-${process.pid}.json`);
  atEnd(() => rmSync(file));
  writeFileSync(file, JSON.stringify({ keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'a', alg: 'ES256', use: 'sig' }] }));
  const machine = await relyingParty(provider, { auth: 'private_key_jwt', scope: 'records:read', args: ['--grant', 'client_credentials', '--jwks', file], configure: () => oidc.PrivateKeyJwt({ key: privateKey, kid: 'a' }) });
  keep('a client secret', portal.metadata.client_secret);

  // By hand, so that each secret is seen.
  const browser = new Browser();
  const { url, checks } = await authorizationRequest(portal.config, { scope, login_hint: resident.kidc, nonce: 'nonce-Zq81mXv03' });
  keep('a PKCE verifier', checks.pkceCodeVerifier);
  let page = await browser.go(url);
  keep('a form token', browser.fill(page, 'continue').body.get('csrf'));
  keep('a browser cookie', browser.cookies.get('konsao_browser'));
  const sent = await register.sent(resident.kidc);
  page = await browser.submit(page, 'continue', { kidc: resident.kidc });
  const code = await register.code(resident.kidc, sent);
  wrongCode = String((Number(code) + 1) % 1000000).padStart(6, '0');
  page = await browser.submit(page, 'continue', { otp: wrongCode });
  page = await browser.submit(page, 'continue', { otp: code });
  keep('a one-time code', code);
  keep('a wrong one-time code', wrongCode);
  keep('a session cookie', browser.cookies.get('konsao_session'));
  page = await browser.submit(page, 'allow');
  keep('an authorization code', new URL(page.location).searchParams.get('code'));
  const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), { ...checks, expectedNonce: 'nonce-Zq81mXv03' });
  keepTokens('', tokens);
  await oidc.fetchUserInfo(portal.config, tokens.access_token, tokens.claims().sub);
  await oidc.tokenIntrospection(portal.config, tokens.access_token);
  keepTokens(' after a refresh', await oidc.refreshTokenGrant(portal.config, tokens.refresh_token));

  const public_ = await signIn({ register, config: app.config, kidc: resident.kidc, parameters: { scope } });
  keepTokens(' of a public client', public_.tokens);
  keepTokens(' after rotation', await oidc.refreshTokenGrant(app.config, public_.tokens.refresh_token));
  keepTokens(' of an organization', await oidc.clientCredentialsGrant(machine.config));
  const left = await signIn({ register, config: portal.config, kidc: resident.kidc, parameters: { scope: 'openid profile' } });
  await left.browser.go(oidc.buildEndSessionUrl(portal.config, { id_token_hint: left.tokens.id_token }));
  keepTokens(' before a logout', left.tokens);

  // Things that go wrong are logged as well.
  const wrong = (path, fields, headers) => fetch(provider.issuer + path, { method: 'POST', body: new URLSearchParams(fields), headers });
  keep('a wrong client secret', 'wrong-secret-4kq0ZpLw77');
  await wrong('/token', { grant_type: 'client_credentials' }, { authorization: `Basic ${Buffer.from(`${portal.metadata.client_id}:wrong-secret-4kq0ZpLw77`).toString('base64')}` });
  keep('a wrong token', 'wrong-token-8sJd02mmQx');
  await fetch(`${provider.issuer}/userinfo`, { headers: { authorization: 'Bearer wrong-token-8sJd02mmQx' } });
  await fetch(`${provider.issuer}/userinfo?access_token=wrong-token-8sJd02mmQx`);
  await fetch(`${provider.issuer}/nothing/wrong-token-8sJd02mmQx-${secrets['an authorization code']}?token=wrong-token-8sJd02mmQx`);
  await wrong('/token', { grant_type: 'authorization_code', code: secrets['an authorization code'] });
  await wrong(`/signin/${secrets['an authorization code']}`, { kidc: resident.kidc, otp: code });
  await register.misbehave({ call: '*', how: 'malformed', body: `{"kidc":"${resident.kidc}","kycToken":"register-token-1xPz6"}`, times: 3 });
  keep('what the register said when it misbehaved', 'register-token-1xPz6');
  const lost = new Browser();
  page = await lost.go((await authorizationRequest(portal.config)).url);
  await lost.submit(page, 'continue', { kidc: resident.kidc });
  await register.behave();

  const kycTokens = tap.calls.filter((call) => call.name === 'authenticate' && call.status === 200).map((call) => JSON.parse(call.answer).kycToken);
  assert.ok(kycTokens.length >= 3);
  kycTokens.forEach((token, i) => keep(`the register's token ${i}`, token));
  for (const name of ['familyNameKh', 'givenNameKh', 'familyNameEn', 'givenNameEn', 'phone', 'email']) people[name] = resident[name];
  people.dateOfBirth = resident.dateOfBirth;
}

function keepTokens(which, tokens) {
  for (const [name, text] of Object.entries({ 'access token': tokens.access_token, 'refresh token': tokens.refresh_token, 'ID token': tokens.id_token })) {
    if (!text) continue;
    keep(`the ${name}${which}`, text);
    if (text.includes('.')) keep(`the signature of the ${name}${which}`, text.split('.')[2]);
  }
}

/** A text in each form in which bytes could carry it. */
function* forms(text) {
  yield ['as it is', Buffer.from(text)];
  yield ['in UTF-16', Buffer.from(text, 'utf16le')];
  yield ['in hex', Buffer.from(Buffer.from(text).toString('hex'))];
  yield ['in capital hex', Buffer.from(Buffer.from(text).toString('hex').toUpperCase())];
  if (text.length >= 9)
    for (const shift of [0, 1, 2]) {
      const bytes = Buffer.from(text).subarray(shift);
      yield [`in base64, shifted by ${shift}`, Buffer.from(bytes.toString('base64').slice(0, Math.floor(bytes.length / 3) * 4))];
      yield [`in base64url, shifted by ${shift}`, Buffer.from(bytes.toString('base64url').slice(0, Math.floor(bytes.length / 3) * 4))];
    }
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) yield ['decoded', Buffer.from(text, 'base64url')];
}

function* kidcForms() {
  const digits = resident.kidc.replace('-', '');
  const values = [...digits].map(Number);
  for (const text of [resident.kidc, digits, digits.slice(0, 9), [...digits].map((digit) => String.fromCodePoint(0x17e0 + Number(digit))).join(''), `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6, 9)}`])
    for (const [how, bytes] of forms(text)) yield [`the KIdC ${text} ${how}`, bytes];
  yield ['the KIdC as raw digits', Buffer.from(values)];
  yield ['the KIdC as nine raw digits', Buffer.from(values.slice(0, 9))];
  yield ['the KIdC as packed digits', Buffer.from(digits, 'hex')];
  const number = Buffer.alloc(8);
  for (const value of [BigInt(digits), BigInt(digits.slice(0, 9))]) {
    number.writeBigUInt64LE(value);
    yield [`the KIdC as the number ${value}`, Buffer.from(number)];
    number.writeBigUInt64BE(value);
    yield [`the KIdC as the number ${value}, big-endian`, Buffer.from(number)];
  }
}

function* everything() {
  yield* kidcForms();
  for (const [what, text] of Object.entries({ ...secrets, ...people }))
    for (const [how, bytes] of forms(text)) yield [`${what} ${how}`, bytes];
  for (const what of ['a one-time code', 'a wrong one-time code']) yield [`${what} as raw digits`, Buffer.from([...secrets[what]].map(Number))];
}

test('the log names none of it', () => {
  const log = Buffer.from(provider.server.output);
  assert.ok(log.includes('path=/token') && log.includes('/signin/*'), 'positive control: requests are logged');
  assert.ok(log.length > 5000);
  for (const [what, bytes] of everything()) {
    // Six digits stand in a random request id now and then.
    const at = bytes.length > 6 ? log.indexOf(bytes) : log.toString('latin1').search(new RegExp(`(?<![0-9a-f.])${bytes.toString('latin1')}(?![0-9a-f])`));
    assert.equal(at, -1, `${what}: ${at < 0 ? '' : JSON.stringify(log.toString('latin1', Math.max(0, at - 120), at + 60))}`);
  }
});

test('the data folder holds none of it, in any form', () => {
  const all = [...files(provider.data)];
  const some = (text) => all.some(({ bytes }) => bytes.includes(text));
  assert.ok(some('Positive control portal'), 'positive control: what is not secret is found');
  assert.ok(some('consent.allow') && some('grant.issue'), 'positive control: the audit record is there');
  for (const { path, bytes } of all)
    for (const [what, form] of everything()) {
      const at = bytes.indexOf(form);
      assert.equal(at, -1, `${path}: ${what}: ${at < 0 ? '' : JSON.stringify(bytes.toString('latin1', Math.max(0, at - 40), at + 60))}`);
    }
});

test('the scan finds each form when it is there', () => {
  for (const [what, bytes] of everything()) assert.ok(Buffer.concat([Buffer.from('before'), bytes, Buffer.from('behind')]).includes(bytes), what);
  const planted = Buffer.from(`x${JSON.stringify({ kidc: resident.kidc })}`);
  assert.ok([...everything()].some(([, bytes]) => planted.includes(bytes)));
});

test('private keys lie sealed, and nobody else may read the folder', () => {
  for (const { path, bytes } of files(provider.data)) {
    assert.ok(!bytes.includes('PRIVATE KEY') && !/"d":"|"p":"|"k":"/.test(bytes.toString('latin1')), path);
    assert.equal(statSync(path).mode & 0o077, 0, `${path} is for its owner alone`);
  }
  assert.equal(statSync(provider.data).mode & 0o077, 0);
});

test('the audit record tells who by a hash, and verifies', () => {
  const shown = provider.command('audit', 'show', '--json');
  assert.match(shown, /signin\.otp/);
  for (const [what, bytes] of everything()) assert.ok(!Buffer.from(shown).includes(bytes), what);
  provider.command('audit', 'verify');
});

test('log.level decides what is logged: at error nothing of a request, at info what was refused, at debug what was served inline as well', async () => {
  const seen = {};
  for (const level of ['error', 'info', 'debug']) {
    const other = await Provider.start(register, { 'log.level': level });
    await fetch(`${other.issuer}/nothing-here`);
    await other.stop();
    seen[level] = [/path=\/nothing-here status=404/, /path=\/health status=200/].map((line) => line.test(other.server.output));
  }
  assert.deepEqual(seen, { error: [false, false], info: [true, false], debug: [true, true] });
});
