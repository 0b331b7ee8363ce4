// A phone answers a request: what it is shown, what its passkey signs, and every way in which that may go wrong, through the real server and register.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { Phone, Waiting } from '../lib/asking.mjs';
import { canonical } from '../lib/authenticator.mjs';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { authorizationRequest, relyingParty, signIn } from '../lib/fixture.mjs';
import { Description } from '../lib/openapi.mjs';
import { Provider, Register, build, until } from '../lib/servers.mjs';
import { Tap } from '../lib/tap.mjs';

const described = new Description();
const hwk = ['hwk', 'user', 'mfa'];
const places = new Set();
let register, tap, provider, portal, residents, phone, second; /* two phones of two residents, for all tests */

/** A resident whom no other test uses at that provider, with a phone. */
const pools = new Map();
function someone(at = provider) {
  if (!pools.has(at)) pools.set(at, [...residents]);
  return Phone.enrol({ register, provider: at, kidc: pools.get(at).pop().kidc, described });
}
const open = (options, rp = portal) => Waiting.open(rp, options);

before(async () => {
  register = await Register.start();
  atEnd(() => register.stop());
  tap = await Tap.before(register);
  provider = await Provider.start(tap, { 'limit.asked_per_resident': 1000, trusted_proxy: '127.0.0.1', 'otp.resend_wait': 0 });
  atEnd(() => provider.stop());
  residents = (await register.residents()).filter(({ status, minor, phone: number }) => status === 'ACTIVE' && !minor && number)
    .sort((a, b) => Boolean(a.email) - Boolean(b.email)); /* those with an email are taken first */
  portal = await relyingParty(provider, { args: ['--grant', 'authorization_code', '--grant', 'refresh_token', '--name-km', 'ផតថល'] });
  phone = await someone();
  second = await someone();
});

/** A request that `phone` has scanned. */
async function scanned(options, by = phone, rp = portal) {
  const waiting = await open(options, rp);
  const answer = await by.scan(await waiting.code());
  assert.equal(answer.status, 200, answer.body);
  const { number } = await waiting.state();
  if (answer.json.numbers) places.add(answer.json.numbers.indexOf(number));
  return { waiting, scan: answer.json, number };
}

const expect = (answer, status, error, more = {}) => {
  assert.deepEqual([answer.status, answer.json?.error], [status, error], answer.body);
  for (const [name, value] of Object.entries(more)) assert.deepEqual(answer.json[name], value, name);
  return answer.json;
};
const ended = async (waiting, reason) => {
  const state = await waiting.state();
  assert.deepEqual([state.state, state.reason], ['ended', reason]);
  const page = await waiting.finish();
  assert.ok(!page.location, 'not signed in');
};

/** `konsao officer …`, which reads the KIdC. */
const officers = (args, kidc) => execFileSync(join(build, 'konsao'), [...args, ...provider.flags()], { input: kidc, encoding: 'utf8' });

/** The tokens of a request that was approved. */
async function tokensOf(waiting, query) {
  const page = await waiting.finish(query);
  assert.ok(page.location, page.body);
  return oidc.authorizationCodeGrant(waiting.portal.config, new URL(page.location), waiting.checks);
}

const isActive = async (token, { config } = portal) => (await oidc.tokenIntrospection(config, token)).active;
/** What the provider wrote down. */
const audit = (at = provider) => JSON.parse(at.command('audit', 'show', '--json'));
const entries = async (by = phone) => (await by.within('history')).json.entries;

/* ---- the whole way ---- */

test('scan, compare the number, approve: the browser goes on to the portal with tokens that say how', async () => {
  const by = await someone();
  const { waiting, scan, number } = await scanned({ parameters: { scope: 'openid profile email' } }, by);
  assert.equal(scan.way, 'qr');
  assert.ok(scan.expires_in > 170 && scan.expires_in <= 180);
  assert.equal(new Set(scan.numbers).size, 3);
  assert.ok(scan.numbers.includes(number));
  for (const one of scan.numbers) assert.match(one, /^\d\d$/);
  assert.deepEqual(Object.keys(scan.options).sort(), ['allowCredentials', 'rpId', 'timeout', 'userVerification']);
  const parked = waiting.state((await waiting.state()).seen);
  assert.deepEqual((await by.approve(scan, { number })).json, { result: 'approved', continue: null });
  assert.equal((await parked).state, 'approved', 'the waiting browser was woken');
  const tokens = await tokensOf(waiting), claims = tokens.claims();
  assert.deepEqual(claims.amr, hwk);
  assert.equal(claims.acr, 'urn:konsao:acr:device');
  const userinfo = await oidc.fetchUserInfo(portal.config, tokens.access_token, claims.sub);
  assert.ok(userinfo.name && userinfo.email);
  const [entry] = await entries(by);
  assert.deepEqual([entry.event, entry.client_id, entry.authenticator_name, entry.amr, entry.can_disown], ['signed_in', portal.metadata.client_id, by.name, hwk, true]);
  const recorded = (action) => audit().some((one) => one.action === action && one.outcome === 'ok' && one.client_id === portal.metadata.client_id && one.actor);
  for (const action of ['signin.qr', 'consent.allow', 'grant.issue']) assert.ok(recorded(action), action);
  await until('the scan, which nobody waits for, is on record', () => recorded('channel.scan'));
});

test('the phone is shown who asks, for what, from where, in its language; all of it is signed', async () => {
  const browser = { headers: { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0' } };
  const { scan: { shown }, waiting } = await scanned({ ...browser, parameters: { scope: 'openid email identity profile', claims: '{"id_token":{"email":{"essential":true}}}' } });
  const code = await (async () => { const other = await open(browser); return other.code(); })();
  assert.equal(shown.client_id, portal.metadata.client_id);
  assert.equal(shown.client_host, 'localhost');
  assert.equal(shown.browser, 'Firefox, Windows');
  assert.deepEqual([shown.browser_known, shown.networks_differ, shown.offline, shown.role, shown.place], [false, false, false, '', '']);
  const email = shown.claims.find(({ name }) => name === 'email');
  assert.equal(email.required, true);
  assert.match(email.label, /[ក-៿]/, 'in Khmer');
  assert.equal(shown.claims[0].required, false);
  phone.language = 'en-GB,en;q=0.8,km;q=0.5';
  const english = await phone.scan(code);
  phone.language = 'km';
  assert.equal(english.json.shown.claims.find(({ name }) => name === 'name').label, 'Full name (Latin script)');
  assert.match(english.body, new RegExp(canonical(english.json.shown).slice(0, 40).replace(/[^\w]/g, '.')));
  assert.ok(english.body.includes(canonical(english.json.shown)), 'as it came, it is canonical');
  assert.notEqual(english.json.shown.nonce, shown.nonce);
  assert.ok(waiting);
});

test('a lost answer is given again to the phone that scanned: the same one, whatever the code is now', async () => {
  const waiting = await open(), code = await waiting.code();
  const first = await phone.scan(code), again = await phone.scan(code);
  assert.deepEqual([again.status, again.json.shown, again.json.numbers], [200, first.json.shown, first.json.numbers]);
  const { number } = await waiting.state();
  expect(await phone.approve(again.json, { number }), 200);
  assert.ok((await tokensOf(waiting)).access_token);
});

test('what was not ticked is not given, what is required always is; and it is not ticked by itself the next time', async () => {
  const by = await someone();
  const asking = { parameters: { scope: 'openid', claims: '{"userinfo":{"name":null,"birthdate":null,"gender":{"essential":true}}}', prompt: 'consent' } };
  const off = ({ shown }) => shown.claims.filter((claim) => claim.off).map(({ name }) => name);
  const { waiting, scan, number } = await scanned(asking, by);
  assert.deepEqual(off(scan), []);
  expect(await by.approve(scan, { number, claims: ['name', 'gender'] }), 200);
  const tokens = await tokensOf(waiting);
  const userinfo = await oidc.fetchUserInfo(portal.config, tokens.access_token, tokens.claims().sub);
  assert.deepEqual(Object.keys(userinfo).sort(), ['gender', 'name', 'sub']);
  assert.deepEqual(off((await scanned(asking, by)).scan), ['birthdate']);
});

test('on the same device: no number; the browser needs the continuation that the phone alone was told', async () => {
  const { waiting, scan } = await scanned({ way: 'same_device' });
  assert.deepEqual([scan.way, scan.numbers, scan.typed], ['same_device', null, false]);
  const { continue: url, result } = expect(await phone.approve(scan, { number: '' }), 200);
  assert.equal(result, 'approved');
  const without = await waiting.finish();
  assert.ok(!without.location, 'the cookie alone does not do');
  assert.equal(new URL(url).pathname, `/signin/${waiting.interaction}`);
  const { amr, acr } = (await tokensOf(waiting, new URL(url).search)).claims();
  assert.deepEqual([amr, acr], [hwk, 'urn:konsao:acr:device']);
});

test('a browser that the resident used before is known, and no other resident’s', async () => {
  const by = await someone(), browser = new Browser();
  const first = await scanned({ browser }, by);
  assert.equal(first.scan.shown.browser_known, false);
  expect(await by.approve(first.scan, { number: first.number }), 200);
  await tokensOf(first.waiting);
  assert.equal((await scanned({ browser, parameters: { prompt: 'login' } }, by)).scan.shown.browser_known, true);
  assert.equal((await scanned({ browser, parameters: { prompt: 'login' } })).scan.shown.browser_known, false);
});

test('from another network the number is typed, and not shown among three', async () => {
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  const { scan, number, waiting } = await scanned({ headers });
  assert.deepEqual([scan.numbers, scan.typed, scan.shown.networks_differ], [null, true, true]);
  assert.match(number, /^\d\d$/);
  expect(await phone.approve(scan, { number }), 200);
  assert.ok((await waiting.state()).state, 'approved');
  const guessed = await scanned({ headers });
  expect(await phone.approve(guessed.scan, { number: '' }), 403, 'wrong_number');
  await ended(guessed.waiting, 'wrong_number');
});

test('what was approved is on disk before the phone is told', async () => {
  const other = await Provider.start(register, { 'limit.asked_per_resident': 100 });
  atEnd(() => other.stop());
  const rp = await relyingParty(other), by = await someone(other);
  const { scan, number } = await scanned({}, by, rp);
  expect(await by.approve(scan, { number }), 200);
  await other.restart('SIGKILL');
  await by.unlock();
  assert.deepEqual((await by.within('consents')).json.consents.map(({ client_id: id }) => id), [rp.metadata.client_id]);
  assert.ok(audit(other).some(({ action }) => action === 'signin.qr'));
});

/* ---- abuse ---- */

test('[47] a code that was sent on is worth nothing two steps later, and ends the request', async () => {
  const waiting = await open(), code = await waiting.code();
  const { first } = await waiting.state();
  await until('two more steps', async () => (await waiting.state()).first >= first + 2);
  expect(await phone.scan(code), 410, 'stale_code');
  await ended(waiting, 'stale_code');
  expect(await phone.scan(code), 410, 'ended', { reason: 'stale_code' });
  assert.ok(audit().some(({ action, client_id: id }) => action === 'channel.stale' && id === portal.metadata.client_id));
});

test('[47] a second scanner ends it for both', async () => {
  const waiting = await open(), code = await waiting.code();
  const { json: scan } = await phone.scan(code);
  const { number } = await waiting.state();
  expect(await second.scan(code), 409, 'scanned_twice');
  await ended(waiting, 'scanned_twice');
  expect(await phone.approve(scan, { number }), 410, 'ended', { reason: 'scanned_twice' });
  assert.equal((await entries())[0].reason, 'scanned_twice', 'the first one’s resident can read of it');
  assert.ok(!(await entries(second)).some(({ reason }) => reason), 'the second one has done nothing');
});

test('[47] of twenty phones that scan at once one gets the request, or none', async () => {
  const waiting = await open(), code = await waiting.code();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? phone : second).scan(code)));
  assert.ok(answers.filter(({ status }) => status === 200).every(({ json }) => json.shown.nonce === answers.find(({ status }) => status === 200).json.shown.nonce));
  await ended(waiting, 'scanned_twice');
});

test('[47] a wrong number ends the request at once', async () => {
  const { waiting, scan, number } = await scanned();
  expect(await phone.approve(scan, { number: scan.numbers.find((one) => one !== number) }), 403, 'wrong_number');
  await ended(waiting, 'wrong_number');
  expect(await phone.approve(scan, { number }), 410, 'ended', { reason: 'wrong_number' });
  assert.equal((await entries())[0].reason, 'wrong_number');
});

test('[47] no number, a number with more to it, or one where none is asked', async () => {
  for (const wrong of ['', '0', (right) => `${right} `, (right) => `0${right}`]) {
    const { scan, waiting, number } = await scanned();
    expect(await phone.approve(scan, { number: typeof wrong === 'function' ? wrong(number) : wrong }), 403, 'wrong_number');
    await ended(waiting, 'wrong_number');
  }
  const { scan, waiting } = await scanned({ way: 'same_device' });
  expect(await phone.approve(scan, { number: '41' }), 403, 'wrong_number');
  await ended(waiting, 'wrong_number');
});

test('[47] an approval works once: replayed, and twenty at once', async () => {
  const { waiting, scan, number } = await scanned();
  const body = phone.approval(scan, { number });
  const answers = await Promise.all(Array.from({ length: 20 }, () => phone.ask('approve', body)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1, answers.map(({ status }) => status).join());
  expect(await phone.ask('approve', body), 410, 'ended', { reason: 'approved' });
  await tokensOf(waiting);
  expect(await phone.ask('approve', body), 410, 'ended');
  const other = await scanned();
  expect(await phone.ask('approve', { ...body, channel: other.scan.channel, number: other.number }), 403, 'altered');
});

test('[47] what was altered between shown and signed: each part of it', async () => {
  const changes = {
    'the client’s name': ({ shown }) => { shown.client_name = 'Your bank'; },
    'its host': ({ shown }) => { shown.client_host = 'bank.example'; },
    'a label': ({ shown }) => { shown.claims[0].label = 'nothing'; },
    'a claim less is shown': ({ shown }) => { shown.claims.pop(); },
    'the browser': ({ shown }) => { shown.browser = 'Firefox, Linux'; },
    'the nonce': ({ shown }) => { shown.nonce = 'AAAAAAAAAAAAAAAAAAAAAA'; },
    'the number': (statement) => { statement.number = String(99 - Number(statement.number)).padStart(2, '0'); },
    'a claim less is signed': (statement) => { statement.claims.pop(); },
    'another order': (statement) => { statement.claims.reverse(); },
    'the channel': (statement) => { statement.channel = 'AAAAAAAAAAAAAAAAAAAAAA'; },
    'the decision': (statement) => { statement.decision = 'decline'; },
    'one member more': (statement) => { statement.more = true; },
  };
  for (const [what, alter] of Object.entries(changes)) {
    const { waiting, scan, number } = await scanned({ parameters: { scope: 'openid profile email' } });
    expect(await phone.approve(scan, { number, alter }), 403, 'altered', {});
    await ended(waiting, 'altered');
    expect(await phone.approve(scan, { number }), 410, 'ended', { reason: 'altered' });
    assert.ok(what);
  }
});

test('[47] claims that were not shown, and white space around the same JSON', async () => {
  const more = await scanned({ parameters: { scope: 'openid profile' } });
  expect(await phone.approve(more.scan, { number: more.number, claims: ['name', 'kidc'] }), 403, 'altered');
  await ended(more.waiting, 'altered');
  const spaced = await scanned();
  expect(await phone.approve(spaced.scan, { number: spaced.number, text: (text) => text.replace('{', '{ ') }), 403, 'altered');
  await ended(spaced.waiting, 'altered');
});

test('[47] a passkey’s answer that does not hold leaves the request as it is: foreign origin, no user verification, another’s signature …', async () => {
  const { waiting, scan, number } = await scanned();
  const wrongs = {
    origin: { origin: 'https://id.gov.kh.example' },
    rp_id: { wrong: { rpId: 'example' } },
    not_verified: { wrong: { flags: 0x01 } },
    not_present: { wrong: { flags: 0x04 } },
    type: { wrong: { clientData: { type: 'webauthn.create' } } },
    signature: { wrong: { signer: second.passkey } },
    credential: { wrong: { id: second.passkey.id } },
    malformed: { credential: {} },
  };
  for (const [reason, how] of Object.entries(wrongs))
    expect(await phone.approve(scan, { number, ...how }), 422, 'invalid_passkey', { reason });
  for (const userHandle of [null, Buffer.alloc(32, 7)])
    expect(await phone.approve(scan, { number, wrong: { userHandle } }), 422, 'invalid_passkey', { reason: 'credential' });
  assert.ok(audit().some(({ action, outcome }) => action === 'signin.qr' && outcome === 'origin'));
  expect(await phone.approve(scan, { number }), 200);
  await tokensOf(waiting);
});

test('[47] a copy of the passkey shows by its counter; nothing is written', async () => {
  const by = await someone(), copied = by.copy();
  const used = await scanned({}, by);
  expect(await by.approve(used.scan, { number: used.number }), 200);
  const { scan, number, waiting } = await scanned({ parameters: { scope: 'openid profile email', prompt: 'consent' } }, copied);
  expect(await copied.approve(scan, { number }), 403, 'cloned');
  assert.equal((await waiting.state()).state, 'scanned');
  assert.ok(audit().some(({ action, outcome }) => action === 'signin.qr' && outcome === 'counter'));
  await by.unlock();
  const [consent] = (await by.within('consents')).json.consents;
  assert.ok(!consent.claims.some(({ name }) => name === 'email'), 'the consent is as it was');
});

test('[47] who declined often is left alone for a while: also with the right code', async () => {
  const quiet = await Provider.start(register, { 'limit.asked_per_resident': 2 });
  atEnd(() => quiet.stop());
  const rp = await relyingParty(quiet), by = await someone(quiet), other = await someone(quiet);
  for (const reason of ['declined', 'reported']) {
    const { scan, waiting } = await scanned({}, by, rp);
    expect(await by.decline(scan, reason), 200);
    assert.equal((await waiting.state()).reason, reason);
  }
  const waiting = await open({}, rp);
  const { retry_after: wait } = expect(await by.scan(await waiting.code()), 429, 'too_many_requests');
  assert.ok(wait > 3000 && wait <= 3600);
  assert.equal((await waiting.state()).state, 'waiting', 'somebody else may still scan it');
  assert.equal((await other.scan(await waiting.code())).status, 200);
});

test('[47] an authenticator that was removed between scan and approval approves nothing', async () => {
  const by = await someone(), { scan, number, waiting } = await scanned({}, by);
  await by.unlock();
  expect(await by.within('authenticators/remove', { id: by.id }), 200);
  expect(await by.approve(scan, { number }), 404, 'unknown_authenticator');
  expect(await by.scan(await (await open()).code()), 404, 'unknown_authenticator');
  assert.notEqual((await waiting.state()).state, 'approved');
});

test('[47] an account that is frozen between scan and approval: the register has the last word', async () => {
  for (const [change, status] of [[{ freeze: true }, 'FROZEN'], [{ status: 'SUSPENDED' }, 'SUSPENDED']]) {
    const by = await someone(), { scan, number, waiting } = await scanned({}, by);
    await register.json(`/residents/${by.kidc}`, { method: 'POST', body: JSON.stringify(change) });
    expect(await by.approve(scan, { number }), 403, 'forbidden', { status });
    await ended(waiting, 'frozen');
    expect(await by.approve(scan, { number }), 410, 'ended', { reason: 'frozen' });
    await by.unlock();
    assert.deepEqual((await by.within('consents')).json.consents, [], status);
    assert.equal((await entries(by))[0].reason, 'frozen');
  }
});

test('[47] a register that is away: nothing is written, and the same answer works later', async () => {
  const by = await someone(), { scan, number, waiting } = await scanned({}, by);
  const body = by.approval(scan, { number });
  await register.misbehave({ call: 'authenticate', how: 'error', status: 503, times: 1 });
  expect(await by.ask('approve', body), 503, 'unreachable');
  assert.equal((await waiting.state()).state, 'scanned');
  assert.deepEqual((await by.within('consents')).json.consents, []);
  await register.behave();
  expect(await by.ask('approve', body), 200);
  await tokensOf(waiting);
});

test('[47] a second scan while the register is being asked: nobody is signed in, and what was agreed to is taken back', async () => {
  const by = await someone();
  for (const before of [[], ['name']]) {
    if (before.length) await approved(by, { parameters: { scope: 'openid', claims: '{"userinfo":{"name":null}}' } });
    const waiting = await open({ parameters: { scope: 'openid email' } }), code = await waiting.code();
    const { json: scan } = await by.scan(code), { number } = await waiting.state();
    await register.misbehave({ call: 'authenticate', how: 'delay', ms: 1500, times: 1 });
    const asked = tap.count('authenticate', by.kidc), answer = by.approve(scan, { number });
    await until('the register to be asked', () => tap.count('authenticate', by.kidc) > asked);
    expect(await second.scan(code), 409, 'scanned_twice');
    expect(await answer, 410, 'ended');
    await register.behave();
    await ended(waiting, 'scanned_twice');
    assert.ok(audit().some(({ action, outcome }) => action === 'signin.qr' && outcome === 'ended'));
    const { consents } = (await by.within('consents')).json;
    assert.deepEqual(consents.flatMap(({ claims }) => claims.map(({ name }) => name)), before);
  }
});

test('[47] codes that are none of ours: forged, of another site, cut', async () => {
  const waiting = await open(), code = await waiting.code(), last = code.split('/').at(-1), [id, step] = last.split('.');
  const forged = [`${id}.${step}.AAAAAAAAAAAAAAAAAAAAAA`, `${id}.${Number(step) + 1}.${last.split('.')[2]}`, code.replace('localhost', 'localhost.example'), code.slice(0, -1), `${code}/`, 'x',
    `${id}`, `${id}.-1.${last.split('.')[2]}`, `${provider.issuer}/app#q=${last}`];
  for (const one of forged) expect(await phone.scan(one), 422, 'invalid_code');
  assert.equal((await waiting.state()).state, 'waiting', 'nothing happened to it');
  for (const body of [{}, { code: 7 }, { code: '' }]) expect(await phone.ask('scan', body), 400, 'invalid_request');
  assert.equal((await phone.scan(last)).status, 200, 'its last part alone does');
});

test('[47] another phone answers nothing of what this one scanned, and learns nothing of it', async () => {
  const { scan, number, waiting } = await scanned();
  const wrong = { passkey: second.passkey };
  for (const answer of [await second.approve(scan, { number, wrong }), await second.decline(scan, 'declined')]) expect(answer, 410, 'ended', { reason: 'expired' });
  expect(await second.approve({ ...scan, channel: 'AAAAAAAAAAAAAAAAAAAAAA' }, { number, wrong }), 410, 'ended', { reason: 'expired' });
  expect(await second.ask('approve', { ...phone.approval(scan, { number }), authenticator: phone.id }), 404, 'unknown_authenticator');
  assert.equal((await waiting.state()).state, 'scanned');
  expect(await phone.approve(scan, { number }), 200);
});

test('calls that are signed with no key, or another than the device’s', async () => {
  const { scan, number } = await scanned(), stranger = new Phone(provider, { language: 'km' });
  Object.assign(stranger, { id: phone.id, described });
  const body = phone.approval(scan, { number });
  for (const [path, more] of [['scan', { code: 'x' }], ['approve', body], ['decline', { channel: scan.channel, reason: 'declined' }]]) {
    expect(await phone.ask(path, more, { proof: null }), 401, 'invalid_proof');
    expect(await stranger.ask(path, more), 404, 'unknown_authenticator');
  }
  expect(await phone.ask('approve', body), 200);
});

test('bodies of an approval that are not what it takes', async () => {
  const { scan, number, waiting } = await scanned();
  const good = phone.approval(scan, { number });
  for (const wrong of [{ channel: undefined }, { channel: 7 }, { number: 41 }, { number: 'x'.repeat(50) }, { claims: undefined }, { claims: 'name' }, { claims: [7] }, { claims: [''] }, { claims: ['a b'] },
    { claims: Array(100).fill('name') }, { credential: undefined }, { credential: 'x' }])
    expect(await phone.ask('approve', { ...good, ...wrong }), 400, 'invalid_request');
  for (const wrong of [{}, { reason: 'maybe' }, { reason: 7 }]) expect(await phone.ask('decline', { channel: scan.channel, ...wrong }), 400, 'invalid_request');
  assert.equal((await waiting.state()).state, 'scanned');
  expect(await phone.approve(scan, { number }), 200);
});

test('a request that went another way meanwhile: the browser typed a KIdC, or began anew', async () => {
  const typed = await scanned();
  typed.waiting.page = await typed.waiting.browser.submit(typed.waiting.page, 'continue', { kidc: residents[0].kidc });
  expect(await phone.approve(typed.scan, { number: typed.number }), 410, 'ended', { reason: 'replaced' });
  const anew = await scanned();
  await anew.waiting.begin('qr', { anew: 'yes' });
  expect(await phone.approve(anew.scan, { number: anew.number }), 410, 'ended', { reason: 'replaced' });
});

/* ---- no ---- */

test('declined, and reported: the browser is told, the resident can read of it', async () => {
  for (const reason of ['declined', 'reported']) {
    const { scan, waiting, number } = await scanned();
    const parked = waiting.state((await waiting.state()).seen);
    assert.deepEqual(expect(await phone.decline(scan, reason), 200), { result: reason });
    assert.deepEqual([(await parked).state, (await parked).reason], ['ended', reason]);
    expect(await phone.approve(scan, { number }), 410, 'ended', { reason });
    expect(await phone.decline(scan, reason), 410, 'ended', { reason });
    const [entry] = await entries();
    assert.deepEqual([entry.event, entry.reason, entry.client_name, entry.can_disown], ['declined', reason, 'ផតថល', false]);
  }
});

/* ---- history and consents ---- */

async function approved(by, options) {
  const { scan, number, waiting } = await scanned(options, by);
  expect(await by.approve(scan, { number }), 200);
  return tokensOf(waiting);
}

test('[47] "this was not me" ends the session and its tokens at once: introspection, refreshing, the browser', async () => {
  const by = await someone(), browser = new Browser();
  const tokens = await approved(by, { browser });
  const other = await approved(await someone());
  assert.ok(await isActive(tokens.access_token));
  await by.unlock();
  const [entry] = await entries(by);
  assert.deepEqual(expect(await by.within('history/disown', { entry: entry.id }), 200), { result: 'disowned' });
  assert.equal(await isActive(tokens.access_token), false);
  await assert.rejects(oidc.refreshTokenGrant(portal.config, tokens.refresh_token), { error: 'invalid_grant' });
  const again = await open({ browser });
  assert.match(again.page.url, /signin/, 'nobody is signed in there any more');
  assert.equal((await by.scan(await again.code())).json.shown.browser_known, false, 'nor is it a browser that the resident used');
  const [after] = await entries(by);
  assert.deepEqual([after.id, after.disowned, after.can_disown], [entry.id, true, false]);
  assert.ok(await isActive(other.access_token), 'nobody else’s');
  assert.ok(audit().some(({ action }) => action === 'history.disown'));
  expect(await by.within('history/disown', { entry: entry.id }), 200);
});

test('[47] it also ends what was to outlive the session, of every client that got something in it', async () => {
  const rp = await relyingParty(provider, { args: ['--grant', 'authorization_code', '--grant', 'refresh_token'], scope: 'openid profile offline_access' });
  const by = await someone(), browser = new Browser();
  const first = await approved(by, { browser });
  const { tokens: offline } = await signIn({ register, config: rp.config, browser, parameters: { scope: 'openid profile offline_access', prompt: 'consent' } });
  assert.ok(await isActive(offline.access_token, rp));
  await by.unlock();
  const list = await entries(by);
  assert.deepEqual(list.filter(({ event }) => event === 'signed_in').map(({ client_id: id }) => id), [rp.metadata.client_id, portal.metadata.client_id]);
  expect(await by.within('history/disown', { entry: list[1].id }), 200);
  assert.equal(await isActive(first.access_token), false);
  assert.equal(await isActive(offline.access_token, rp), false);
  await assert.rejects(oidc.refreshTokenGrant(rp.config, offline.refresh_token), { error: 'invalid_grant' });
});

test('sign-ins by one-time code are in the history too, newest first, a page at a time', async () => {
  const by = await someone();
  await signIn({ register, config: portal.config, kidc: by.kidc });
  await by.unlock();
  const [entry] = await entries(by);
  assert.deepEqual([entry.event, entry.amr, entry.authenticator_name, entry.can_disown], ['signed_in', ['otp'], '', true]);
  assert.ok(entry.claims.every(({ name, label }) => name && label) && entry.claims.length > 0);
  for (let i = 0; i < 25; i++) expect(await by.decline((await scanned({}, by)).scan, 'declined'), 200);
  const first = (await by.within('history')).json;
  assert.equal(first.entries.length, 20);
  const rest = (await by.within('history', undefined, { query: { before: first.before } })).json;
  assert.equal(rest.before, null);
  const all = [...first.entries, ...rest.entries];
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.ok(all.every(({ at }, i) => i === 0 || at <= all[i - 1].at));
  assert.equal(all.find(({ id }) => id === entry.id).id, entry.id);
  expect(await by.within('history', undefined, { query: { before: '!' } }), 400, 'invalid_request');
});

test('[49] nobody disowns what is not a sign-in of his own', async () => {
  const by = await someone(), other = await someone();
  await approved(other, {});
  await other.unlock();
  const [theirs] = await entries(other);
  await by.unlock();
  for (const entry of [theirs.id, 'x', 'AAAA', theirs.id.slice(1)]) expect(await by.within('history/disown', { entry }), 404, 'unknown_entry');
  expect(await by.within('history/disown', {}), 400, 'invalid_request');
  const declined = await scanned({}, by);
  expect(await by.decline(declined.scan, 'declined'), 200);
  expect(await by.within('history/disown', { entry: (await entries(by))[0].id }), 404, 'unknown_entry');
  assert.equal((await entries(other))[0].disowned, false);
});

test('[47] a consent that is withdrawn: that client’s tokens end at once, and it must ask again', async () => {
  const rp = await relyingParty(provider, { args: ['--grant', 'authorization_code', '--grant', 'refresh_token'], scope: 'openid profile offline_access' });
  const by = await someone(), browser = new Browser();
  const tokens = await approved(by, { browser });
  const { tokens: offline } = await signIn({ register, config: rp.config, browser, parameters: { scope: 'openid profile offline_access', prompt: 'consent' } });
  await by.unlock();
  const { consents } = (await by.within('consents')).json;
  assert.deepEqual(consents.map(({ client_id: id }) => id).sort(), [rp.metadata.client_id, portal.metadata.client_id].sort());
  const [consent] = consents.filter(({ client_id: id }) => id === rp.metadata.client_id);
  assert.ok(consent.claims.length > 0 && consent.expires_at > consent.given_at && consent.client_host === 'localhost');
  expect(await by.within('consents/withdraw', { client_id: rp.metadata.client_id }), 200);
  assert.equal(await isActive(offline.access_token, rp), false);
  await assert.rejects(oidc.refreshTokenGrant(rp.config, offline.refresh_token), { error: 'invalid_grant' });
  assert.ok(await isActive(tokens.access_token), 'the other client’s go on');
  assert.deepEqual((await by.within('consents')).json.consents.map(({ client_id: id }) => id), [portal.metadata.client_id]);
  assert.deepEqual([(await entries(by))[0].event, (await entries(by))[0].client_id], ['withdrawn', rp.metadata.client_id]);
  expect(await by.within('consents/withdraw', { client_id: rp.metadata.client_id }), 200);
  expect(await by.within('consents/withdraw', { client_id: 'x'.repeat(300) }), 400, 'invalid_request');
  assert.match((await browser.go((await authorizationRequest(rp.config)).url)).body, /value="allow"/, 'the same browser is asked again');
});

test('history and consents are for the unlocked alone', async () => {
  const locked = Object.assign(new Phone(provider), { described, session: 'x' });
  for (const [path, body] of [['history'], ['consents'], ['history/disown', { entry: 'AAAA' }], ['consents/withdraw', { client_id: 'x' }]])
    for (const session of [false, true]) expect(await locked.request(path, body, { session }), 401, 'unauthorized');
});

/* ---- an authenticator that waits, a back office, a request without a browser ---- */

test('an authenticator that waits for another’s word scans nothing, sees no history, and leaves the request to that other one', async () => {
  const first = await someone(), second = await Phone.enrol({ register, provider, kidc: first.kidc, described });
  const waiting = await open();
  const { active_at: at } = expect(await second.scan(await waiting.code()), 403, 'waiting_authenticator');
  assert.ok(at > Date.now() / 1000 + 3600);
  for (const [path, body] of [['history'], ['consents'], ['history/disown', { entry: 'AAAA' }], ['consents/withdraw', { client_id: 'x' }]])
    expect(await second.within(path, body), 403, 'waiting_authenticator');
  assert.equal((await first.scan(await waiting.code())).status, 200);
  expect(await first.within('authenticators/vouch', { id: second.id }), 200);
  assert.equal((await second.scan(await (await open()).code())).status, 200);
});

test('a back office: without a right the request ends, with one the phone says what it is; withdrawn between scan and approval it counts no more', async () => {
  const office = await relyingParty(provider, { args: ['--officers-only'], scope: 'openid' });
  const by = await someone(), id = office.metadata.client_id;
  const grant = () => officers(['officer', 'grant', '--client', id, '--organization', 'KH/GOV/MOI', '--role', 'registrar', '--role', 'clerk'], by.kidc);
  const refused = await open({ parameters: { scope: 'openid' } }, office);
  expect(await by.scan(await refused.code()), 403, 'no_right');
  await ended(refused, 'no_right');
  assert.ok(audit().some(({ action, client_id: one }) => action === 'officer.refuse' && one === id));
  grant();
  const { scan, number, waiting } = await scanned({ parameters: { scope: 'openid' } }, by, office);
  assert.equal(scan.shown.role, 'KH/GOV/MOI: registrar clerk');
  expect(await by.approve(scan, { number }), 200);
  const claims = (await tokensOf(waiting)).claims();
  assert.deepEqual([claims.organization, claims.roles], ['KH/GOV/MOI', ['registrar', 'clerk']]);
  const later = await scanned({ parameters: { scope: 'openid' } }, by, office);
  officers(['officer', 'revoke', '--client', id], by.kidc);
  expect(await by.approve(later.scan, { number: later.number }), 403, 'no_right');
  await ended(later.waiting, 'no_right');
});

/** A client that asks for `kidc` without a browser, and what its polls say. */
async function counter(kidc, parameters) {
  const file = join(provider.data, `counter-${kidc}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Counter 3', scope: 'openid profile', grant_types: ['urn:openid:params:grant-type:ciba'] }));
  const { client_id: id, client_secret: secret } = provider.client('--from', file);
  const config = await oidc.discovery(new URL(provider.issuer), id, undefined, oidc.ClientSecretBasic(secret), { execute: [oidc.allowInsecureRequests] });
  const request = await oidc.initiateBackchannelAuthentication(config, { scope: 'openid profile', login_hint: kidc, binding_message: 'K-41', ...parameters });
  return { id, config, request, poll: () => oidc.pollBackchannelAuthenticationGrant(config, { ...request, interval: 1 }) };
}

test('asked for without a browser: approved, declined', async () => {
  const by = await someone(), yes = await counter(by.kidc);
  const { requests: [request] } = await by.requests();
  const { json: scan } = await by.ask('requests/open', { request: request.request });
  assert.deepEqual([scan.way, scan.numbers, scan.typed, scan.shown.binding_message, scan.shown.browser], ['request', null, false, 'K-41', '']);
  assert.deepEqual(expect(await by.approve(scan, { number: '' }), 200), { result: 'approved', continue: null });
  expect(await by.approve(scan, { number: '' }), 410, 'ended', { reason: 'approved' });
  const claims = (await yes.poll()).claims();
  assert.deepEqual([claims.amr, claims.acr], [hwk, 'urn:konsao:acr:device']);
  const [entry] = await entries(by);
  assert.deepEqual([entry.client_id, entry.browser, entry.authenticator_name], [yes.id, '', by.name]);
  const no = await counter(by.kidc);
  const { json: other } = await by.ask('requests/open', { request: (await by.requests()).requests[0].request });
  expect(await by.decline(other, 'reported'), 200);
  await assert.rejects(no.poll(), { error: 'access_denied' });
});

test('[47] a request for somebody else, shown in a browser: another’s phone is refused, and it stays', async () => {
  const by = await someone(), { request, poll } = await counter(by.kidc);
  const waiting = Object.assign(new Waiting(), { browser: new Browser(), issuer: provider.issuer });
  waiting.page = await waiting.browser.go(`${provider.issuer}/approve/${createHash('sha256').update(request.auth_req_id).digest('base64url')}`);
  waiting.interaction = waiting.page.url.split('/').at(-1);
  await waiting.begin();
  expect(await phone.scan(await waiting.code()), 403, 'no_right');
  assert.equal((await waiting.state()).state, 'waiting');
  const { json: scan } = await by.scan(await waiting.code());
  expect(await by.approve(scan, { number: (await waiting.state()).number }), 200);
  assert.equal((await waiting.finish()).status, 200);
  assert.deepEqual((await poll()).claims().amr, hwk);
});

test('the right number stands in each of the three places', () => assert.deepEqual([...places].sort(), [0, 1, 2]));

/* What needs a broken store: tests/faults. */
test('every answer that is described was met', () => {
  const mine = /^\w+ \/app\/api\/(scan|approve|decline|history|consents)\b/, faulty = / 503$/;
  assert.deepEqual(described.unmet().filter((one) => mine.test(one) && !faulty.test(one)), []);
});
