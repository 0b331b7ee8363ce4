// Signing in with a passkey in the browser itself, and every way in which that may go wrong, through the real server and register. Numbers in brackets: lines of the misuse list (docs/misuse.md).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import { Authenticator as Device } from '../lib/authenticator.mjs';
import { Browser, forms } from '../lib/browser.mjs';
import { relyingParty } from '../lib/fixture.mjs';
import { AT, Authenticator as Passkeys, BE, BS, UP, UV, decode, encode } from '../lib/passkey.mjs';
import { visits, asksForKidc, assertNothing, atPortal } from '../lib/visits.mjs';

const device = 'urn:konsao:acr:device', otp = 'urn:konsao:acr:otp';
let register, tap, provider, portal, start, someone, open, openConsent, userinfo;

before(async () => {
  ({ register, tap, provider, portal, start, someone, open, openConsent, userinfo } = await visits({ 'authenticator.wait': '0s' })); // residents are few: they enrol again and again
});

/** A resident's device with a passkey. `how`: of its passkeys, as in passkey.mjs. */
async function enrol({ at = provider, kidc = someone(), name = 'Phone', ...how } = {}) {
  const device = Object.assign(new Device(at, { passkeys: new Passkeys(how) }), { kidc, name });
  await device.enrol(register, kidc, name);
  return device;
}

/** What the device's passkey says to a question. `wrong`: as in passkey.mjs. */
const answerOf = (device, question, wrong, origin = device.origin) => device.passkeys.get(question, origin, wrong);
const audit = (action, at = provider) => JSON.parse(at.command('audit', 'show', '--json', '--limit', '1000', '--action', action));
const last = (action, at) => audit(action, at).at(-1);
const csrfOf = (page) => forms(page.body).flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf').value;
const interactionOf = ({ page }) => page.url.split('/').at(-1).split('?')[0];
const issuerOf = ({ page }) => new URL(page.url).origin;

/** What the page's script asks for. */
async function options(visit, { csrf = csrfOf(visit.page), browser = visit.browser, headers = { origin: issuerOf(visit) } } = {}) {
  const answer = await browser.request(`${issuerOf(visit)}/passkey/${interactionOf(visit)}`, { method: 'POST', body: new URLSearchParams(csrf === undefined ? {} : { csrf }), headers });
  return { ...answer, json: JSON.parse(answer.body) };
}

/** Sends the page's form with what a passkey said. */
function send(visit, credential, { browser = visit.browser } = {}) {
  const body = new URLSearchParams({ csrf: csrfOf(visit.page), action: 'passkey', credential: typeof credential === 'string' ? credential : JSON.stringify(credential) });
  return browser.go(`${issuerOf(visit)}/signin/${interactionOf(visit)}`, { method: 'POST', body, headers: { origin: issuerOf(visit) } });
}

/** A visit to the first page, the passkey of `phone`, and what becomes of them. `wrong`: as in passkey.mjs. */
async function signInWith(phone, { wrong, origin, ...how } = {}) {
  const visit = await open(how);
  const { json } = await options(visit);
  return { ...visit, first: visit.page, page: await send(visit, answerOf(phone, json.options, wrong, origin)) };
}

/** What a person reads on a page, for messages. */
const read = ({ status, body }) => `${status}: ${body.replace(/[^]*<main/, '<main').replaceAll(/<[^>]*>|\s+/g, ' ').slice(0, 300)}`;
const signedIn = (page) => assert.ok(/value="allow"/.test(page.body) || atPortal(page), read(page));
const refused = ({ page, browser }, status, words) => {
  assert.equal(page.status, status, read(page));
  assertNothing(page, 'refused');
  assert.ok(words.test(page.body), read(page));
  assert.deepEqual([...browser.cookies.keys()].filter((name) => /session/.test(name)), []);
};
const notAccepted = /Passkey នេះ/, late = /ចំណាយ/, copied = /ច្បាប់​ចម្លង/;

// ---- what is right ----

test('a passkey signs in: no code is sent, and the tokens say how it went', async () => {
  const phone = await enrol();
  const sent = await register.sent(phone.kidc);
  const visit = await signInWith(phone, { parameters: { prompt: 'consent' } });
  signedIn(visit.page);
  const callback = (await visit.browser.submit(visit.page, 'allow')).location;
  const { tokens, userinfo: info } = await userinfo(visit, callback);
  const { amr, acr, auth_time: at } = tokens.claims();
  assert.deepEqual(amr, ['hwk', 'user', 'mfa']);
  assert.equal(acr, device);
  assert.ok(Math.abs(at - Date.now() / 1000) < 10);
  assert.ok(info.name);
  assert.equal(await register.sent(phone.kidc), sent);
  const entry = last('signin.passkey');
  assert.deepEqual([entry.outcome, entry.client_id, entry.detail], ['ok', portal.metadata.client_id, `authenticator=${phone.id}`]);
  const [first] = (await phone.inside('history')).entries;
  assert.deepEqual([first.event, first.client_id, first.authenticator_name], ['signed_in', portal.metadata.client_id, phone.name]);
});

for (const [alg, name] of [[-8, 'EdDSA'], [-257, 'RS256']])
  test(`so does one of ${name}`, async () => signedIn((await signInWith(await enrol({ alg }))).page));

test('a passkey that may be on other devices too is not said to be bound to one', async () => {
  const visit = await signInWith(await enrol({ flags: BE | BS }), { parameters: { prompt: 'consent' } });
  const { tokens } = await userinfo(visit, (await visit.browser.submit(visit.page, 'allow')).location);
  assert.deepEqual(tokens.claims().amr, ['swk', 'user', 'mfa']);
});

test('one that does not count signs in again and again', async () => {
  const phone = await enrol({ counts: false });
  signedIn((await signInWith(phone)).page);
  signedIn((await signInWith(phone)).page);
});

test('the session goes on without a page, and is the same person’s as one by a code', async () => {
  const phone = await enrol();
  const visit = await signInWith(phone, { parameters: { prompt: 'consent' } });
  const first = await userinfo(visit, (await visit.browser.submit(visit.page, 'allow')).location);
  const again = await open({ browser: visit.browser });
  assert.ok(atPortal(again.page), read(again.page));
  const byCode = await openConsent(phone.kidc);
  const other = await userinfo(byCode, (await byCode.browser.submit(byCode.page, 'allow')).location);
  assert.equal(first.tokens.claims().sub, other.tokens.claims().sub);
});

test('step-up: who came by a code and must be stronger comes by a passkey', async () => {
  const phone = await enrol();
  const visit = await openConsent(phone.kidc);
  await visit.browser.submit(visit.page, 'allow');
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: [device] } } });
  const stronger = await open({ browser: visit.browser, parameters: { claims } });
  assert.doesNotMatch(stronger.page.body, /name="kidc"/, 'a code is not enough');
  const page = await send(stronger, answerOf(phone, (await options(stronger)).json.options));
  const callback = page.location ?? (await stronger.browser.submit(page, 'allow')).location;
  const { tokens } = await userinfo(stronger, callback);
  assert.equal(tokens.claims().acr, device);
});

test('the question: any passkey of ours, user verification, another challenge each time, and nothing is kept of it', async () => {
  const visit = await open();
  const [one, two] = [await options(visit), await options(visit)];
  for (const { status, headers, json } of [one, two]) {
    assert.equal(status, 200);
    assert.match(headers.get('cache-control'), /no-store/);
    assert.deepEqual({ ...json.options, challenge: '' }, { challenge: '', timeout: 120000, rpId: 'localhost', allowCredentials: [], userVerification: 'required' });
    assert.ok(decode(json.options.challenge).length >= 16);
  }
  assert.notEqual(one.json.options.challenge, two.json.options.challenge);
});

// ---- what a passkey says wrongly ----

const otherOrigin = 'https://evil.example';
const faults = {
  'a page of another origin': ['origin', () => ({ clientData: { origin: otherOrigin } })],
  'another port of this host': ['origin', () => ({ clientData: { origin: 'http://localhost:1' } })],
  'https instead of http': ['origin', () => ({ clientData: { origin: provider.issuer.replace('http:', 'https:') } })],
  'our page in a frame of another site': ['origin', () => ({ clientData: { crossOrigin: true } })],
  'the same, with topOrigin': ['origin', () => ({ clientData: { topOrigin: otherOrigin } })],
  'another RP ID': ['rp_id', () => ({ rpId: 'evil.example' })],
  'a registration instead of an assertion': ['type', () => ({ clientData: { type: 'webauthn.create' } })],
  'nobody present': ['not_present', () => ({ flags: UV })],
  'nobody verified': ['not_verified', () => ({ flags: UP })],
  'backed up, though it can not be': ['flags', () => ({ flags: UP | UV | BS })],
  'backup eligible, though it was not': ['flags', () => ({ flags: UP | UV | BE })],
  'a credential that comes along': ['flags', () => ({ flags: UP | UV | AT })],
  'bytes after the end, signed': ['flags', () => ({ tail: Buffer.from([0]) })],
  'a signature by another passkey': ['signature', ({ other }) => ({ signer: other.passkeys.passkeys[0] })],
  'a signature of zeros': ['signature', () => ({ signature: Buffer.from('3006020100020100', 'hex') })],
  'no user handle': ['credential', () => ({ userHandle: null })],
  'another resident’s user handle': ['credential', ({ other }) => ({ userHandle: other.passkeys.passkeys[0].userHandle })],
  'a made-up user handle': ['credential', () => ({ userHandle: randomBytes(32) })],
  'another resident’s credential id': ['credential', ({ other }) => ({ id: other.passkeys.passkeys[0].id })],
  'an unknown credential': ['unknown', () => ({ id: randomBytes(32) })],
  'an empty user handle': ['malformed', () => ({ userHandle: Buffer.alloc(0) })],
};
const shape = ({ body }) => body.replaceAll(/[\w-]{22,}/g, '').replaceAll(/\d+/g, '');

test('[48] an unknown passkey, a removed one and a wrong answer look the same, sign nobody in, and are on record', async () => {
  const phone = await enrol(), other = await enrol();
  const pages = new Map();
  for (const [fault, [outcome, wrong]] of Object.entries(faults)) {
    const calls = tap.calls.length;
    const visit = await signInWith(phone, { wrong: wrong({ other }) });
    refused(visit, 422, notAccepted);
    assert.equal(tap.calls.length, calls, `${fault}: the register was not asked`);
    assert.equal(last('signin.passkey').outcome, outcome, fault);
    pages.set(fault, shape(visit.page));
  }
  assert.equal(new Set(pages.values()).size, 1, 'one page for all of them');
  signedIn((await signInWith(phone)).page); // and none of it did the passkey any harm
});

test('[48] a removed authenticator signs nobody in', async () => {
  const phone = await enrol();
  signedIn((await signInWith(phone)).page);
  await phone.inside('authenticators/remove', { id: phone.id });
  refused(await signInWith(phone), 422, notAccepted);
  assert.equal(last('signin.passkey').outcome, 'unknown');
});

test('[48] a copied passkey: whoever is behind is refused, the operator and the resident are told', async () => {
  const phone = await enrol();
  const thief = Object.assign(new Device(provider, { passkeys: phone.passkeys.copy() }), { kidc: phone.kidc });
  signedIn((await signInWith(phone)).page);
  const calls = tap.calls.length;
  refused(await signInWith(thief), 403, copied);
  assert.equal(tap.calls.length, calls, 'the register was not asked');
  const entry = last('passkey.cloned');
  assert.equal(entry.detail, `authenticator=${phone.id}`);
  assert.ok((await phone.inside('history')).entries.some(({ event }) => event === 'cloned'));
  refused(await signInWith(phone, { wrong: { count: 0 } }), 403, copied);
  signedIn((await signInWith(phone)).page);
});

test('[48] a counter that tells of a copy says nothing to who can not sign', async () => {
  const phone = await enrol(), other = await enrol();
  signedIn((await signInWith(phone)).page);
  refused(await signInWith(phone, { wrong: { count: 0, signer: other.passkeys.passkeys[0] } }), 422, notAccepted);
  assert.equal(last('signin.passkey').outcome, 'signature');
});

test('malformed answers are refused', async () => {
  const phone = await enrol();
  const right = async (visit) => answerOf(phone, (await options(visit)).json.options);
  const wrong = {
    nothing: () => '', 'no JSON': () => '{', 'an array': () => '[]', null: () => 'null', 'an empty object': () => ({}),
    'deeply nested': () => '['.repeat(5000), 'very long': () => JSON.stringify({ id: 'A'.repeat(30000) }),
    'no response': (it) => ({ ...it, response: undefined }), 'no id': (it) => ({ ...it, id: undefined }),
    'rawId of another': (it) => ({ ...it, rawId: encode(randomBytes(32)) }), 'another type': (it) => ({ ...it, type: 'password' }),
    'no signature': (it) => ({ ...it, response: { ...it.response, signature: undefined } }),
    'padded base64': (it) => ({ ...it, response: { ...it.response, signature: `${it.response.signature}==` } }),
    'no authenticator data': (it) => ({ ...it, response: { ...it.response, authenticatorData: '' } }),
    'client data that is none': (it) => ({ ...it, response: { ...it.response, clientDataJSON: encode('{}') } }),
    'a member twice': (it) => JSON.stringify(it).replace('{', '{"type":"public-key",'),
  };
  for (const [name, make] of Object.entries(wrong)) {
    const visit = await open();
    const page = await send(visit, make(await right(visit)));
    assert.equal(page.status, 422, `${name}: ${read(page)}`);
    assertNothing(page, name);
  }
});

// ---- challenges ----

test('[48] a challenge works once', async () => {
  const phone = await enrol();
  const visit = await open();
  const credential = answerOf(phone, (await options(visit)).json.options);
  signedIn(await send(visit, credential));
  const { browser } = visit;
  browser.cookies.delete([...browser.cookies.keys()].find((name) => /session/.test(name)));
  const again = await open({ browser });
  refused({ browser, page: await send(again, credential) }, 422, late);
  signedIn((await signInWith(phone)).page);
});

test('[48] of twenty who send the same answer at once, one is signed in', async () => {
  const phone = await enrol();
  const visit = await open();
  const credential = answerOf(phone, (await options(visit)).json.options);
  const successes = () => audit('signin.passkey').filter(({ outcome }) => outcome === 'ok').length;
  const before = successes();
  await Promise.all(Array.from({ length: 20 }, () => send(visit, credential)));
  assert.equal(successes(), before + 1);
});

test('[48] a challenge of another sign-in, of another purpose, or of nobody’s signs nobody in', async () => {
  const phone = await enrol();
  const elsewhere = await open();
  const theirs = (await options(elsewhere)).json.options;
  const unlock = (await phone.call('unlock/options', {})).options;
  const flipped = decode(theirs.challenge);
  flipped[flipped.length - 1] ^= 1;
  const challenges = {
    'of another interaction': theirs.challenge, 'of unlocking the app': unlock.challenge, 'with a bit turned': encode(flipped),
    'made up': encode(randomBytes(40)), empty: '', short: encode(randomBytes(8)), padded: `${theirs.challenge}=`,
  };
  for (const [name, challenge] of Object.entries(challenges)) {
    const visit = await open();
    const page = await send(visit, answerOf(phone, { ...theirs, challenge }));
    assert.equal(page.status, 422, name);
    refused({ browser: visit.browser, page }, 422, late);
    assert.equal(last('signin.passkey').outcome, 'challenge', name);
  }
});

test('[48] an answer to a phone’s request, brought to the browser, signs nobody in', async () => {
  const phone = await enrol();
  const visit = await open();
  const page = await send(visit, answerOf(phone, { rpId: 'localhost', challenge: encode(randomBytes(32)) }));
  refused({ browser: visit.browser, page }, 422, late);
});

test('a phishing page that passes the question on gets an answer of its own origin, which is refused', async () => {
  const phone = await enrol();
  const visit = await open(); // the attacker's
  const question = (await options(visit)).json.options;
  const page = await send(visit, answerOf(phone, question, {}, 'https://id-gov-kh.example'));
  refused({ browser: visit.browser, page }, 422, notAccepted);
});

// ---- whose form it is ----

test('[CSRF] the question is asked by our own page, in the browser that it is for', async () => {
  const visit = await open(), theirs = await open();
  const csrf = csrfOf(visit.page);
  for (const [name, how, status] of [
    ['no token', { csrf: undefined }, 403], ['an empty token', { csrf: '' }, 403], ['a made-up token', { csrf: 'A'.repeat(csrf.length) }, 403],
    ['a token of another sign-in', { csrf: csrfOf(theirs.page) }, 403], ['Origin of elsewhere', { headers: { origin: otherOrigin } }, 403],
    ['Sec-Fetch-Site: cross-site', { headers: { 'sec-fetch-site': 'cross-site' } }, 403], ['another browser', { browser: theirs.browser }, 404], ['no browser of ours', { browser: new Browser() }, 404],
  ]) {
    if (how.csrf === undefined && 'csrf' in how) {
      const answer = await visit.browser.request(`${provider.issuer}/passkey/${interactionOf(visit)}`, { method: 'POST', body: new URLSearchParams({ x: '1' }), headers: { origin: provider.issuer } });
      assert.equal(answer.status, status, name);
      continue;
    }
    const answer = await options(visit, how);
    assert.equal(answer.status, status, name);
    assert.equal(answer.json.options, undefined, name);
  }
  assert.equal((await visit.browser.request(`${provider.issuer}/passkey/${interactionOf(visit)}`)).status, 405);
  assert.equal((await options(visit)).status, 200);
});

test('[CSRF] the answer is taken from our own page only', async () => {
  const phone = await enrol();
  const visit = await open();
  const credential = JSON.stringify(answerOf(phone, (await options(visit)).json.options));
  const post = (csrf, headers) => visit.browser.request(`${provider.issuer}/signin/${interactionOf(visit)}`,
    { method: 'POST', body: new URLSearchParams({ csrf, action: 'passkey', credential }), headers });
  assert.equal((await post('')).status, 403);
  assert.equal((await post(csrfOf(visit.page), { origin: otherOrigin })).status, 403);
  signedIn(await send(visit, credential));
});

test('once a code was sent there is no question any more, and an answer changes nothing', async () => {
  const phone = await enrol();
  const visit = await open();
  const credential = answerOf(phone, (await options(visit)).json.options);
  const codePage = await visit.browser.submit(visit.page, 'continue', { kidc: someone() });
  assert.match(codePage.body, /name="otp"/);
  assert.equal((await options(visit)).status, 409);
  assert.match((await send(visit, credential)).body, /name="otp"/);
});

// ---- devices that are too new, and the register's word ----

test('an authenticator that waits says from when it works, and works once another one vouches for it', async () => {
  const patient = await start();
  const rp = await relyingParty(patient);
  const kidc = someone();
  const phone = await enrol({ at: patient, kidc });
  const fresh = await enrol({ at: patient, kidc, name: 'New' });
  const visit = await signInWith(fresh, { rp });
  const until = new Date(Date.now() + 7 * 3600e3 + 24 * 3600e3).toISOString();
  refused(visit, 403, new RegExp(`${until.slice(8, 10)}/${until.slice(5, 7)}/${until.slice(0, 4)} \\d\\d:\\d\\d`));
  assert.equal(last('signin.passkey', patient).outcome, 'waiting');
  await phone.inside('authenticators/vouch', { id: fresh.id });
  signedIn((await signInWith(fresh, { rp })).page);
});

test('the register has the last word: suspended, frozen, away', async () => {
  const phone = await enrol();
  await register.json(`/residents/${phone.kidc}`, { method: 'POST', body: JSON.stringify({ status: 'SUSPENDED' }) });
  const suspended = await signInWith(phone);
  refused(suspended, 403, /<h1/);
  assert.equal(last('signin.passkey').outcome, 'forbidden:SUSPENDED');
  await register.json(`/residents/${phone.kidc}`, { method: 'POST', body: JSON.stringify({ status: 'ACTIVE', freeze: true }) });
  refused(await signInWith(phone), 429, /<h1/);
  assert.equal(last('signin.passkey').outcome, 'frozen');
  await register.json(`/residents/${phone.kidc}`, { method: 'POST', body: JSON.stringify({ unfreeze: true }) });
  await register.misbehave({ call: 'authenticate', how: 'error', times: 3 });
  const visit = await signInWith(phone);
  refused(visit, 503, /name="csrf"/);
  assert.equal(last('signin.passkey').outcome, 'unreachable');
  await register.behave();
  signedIn(await send(visit, answerOf(phone, (await options(visit)).json.options)));
});

// ---- where it is not strong enough, or too much ----

test('where a passkey is not strong enough for the client there is no button, no question, and no answer is taken', async () => {
  const graded = await start({ 'assurance.levels': `${otp}=otp urn:konsao:acr:passkey=passkey urn:konsao:acr:qr=qr` });
  const rp = await relyingParty(graded, { args: ['--minimum-acr', 'urn:konsao:acr:qr'] });
  const phone = await enrol({ at: graded });
  const visit = await open({ rp });
  assert.doesNotMatch(visit.page.body, /data-passkey/);
  assert.equal((await options(visit)).status, 403);
  assert.equal((await send(visit, answerOf(phone, { rpId: 'localhost', challenge: encode(randomBytes(40)) }))).status, 403);
});

test('tries from one address are counted with the numbers typed there', async () => {
  const strict = await start({ 'limit.signins_per_ip': 3 });
  const rp = await relyingParty(strict);
  const phone = await enrol({ at: strict });
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await signInWith(phone, { rp, wrong: { userHandle: null } })).page.status);
  assert.ok(statuses.includes(422) && statuses.at(-1) === 429, statuses.join());
});

test('without scripts the page shows nothing of passkeys, and the number’s form is there', async () => {
  const { page } = await open();
  asksForKidc(page);
  assert.match(page.body, /<section class="panel-passkey"[^>]* hidden>/);
  assert.match(page.body, /autocomplete="username webauthn"/);
});
