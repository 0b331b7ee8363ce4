// A resident's authenticators: unlocking, restoring, renaming, vouching, removing; what the others are told; what is kept of it all. Every answer is held
// against docs/openapi.json.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Waiting } from '../lib/asking.mjs';
import { ApiError, Authenticator } from '../lib/authenticator.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { now } from '../lib/dpop.mjs';
import { relyingParty } from '../lib/fixture.mjs';
import { Description } from '../lib/openapi.mjs';
import { encode, UP, UV } from '../lib/passkey.mjs';
import { Provider, Register, until } from '../lib/servers.mjs';
import { Tap } from '../lib/tap.mjs';

const described = new Description();
const day = 24 * 3600;
let register, tap, provider, quick, residents, everybody;

before(async () => {
  register = await Register.start();
  atEnd(() => register.stop());
  tap = await Tap.before(register);
  provider = await start({});
  quick = await start({ 'authenticator.wait': '0s' });
  residents = (await register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone).map(({ kidc }) => kidc);
  everybody = [...residents]; // at another provider nobody has met them
});

async function start(settings) {
  const one = await Provider.start(tap, { 'otp.resend_wait': 0, 'register.breaker_failures': 1000, ...settings });
  atEnd(() => one.stop());
  return one;
}

const someone = () => residents.pop() ?? assert.fail('no more residents');
const phone = (options, at = provider) => new Authenticator(at, { send: described.fetch, ...options });
const atRegister = async (kidc) => (await register.residents()).find((one) => one.kidc === kidc).authenticators;
const audited = (action, at = provider) => JSON.parse(at.command('audit', 'show', '--json', '--action', action));
const names = ({ authenticators }) => authenticators.map(({ name }) => name);
const list = (mine) => mine.inside('authenticators');
const events = async (mine) => (await mine.inside('history')).entries.map(({ event }) => event);
const notices = async (mine) => (await mine.requests('')).notices.map(({ event, authenticator_name: name }) => [event, name]);

/** A resident with authenticators that all work. */
async function owner(count, kidc = someone(), at = provider) {
  const all = [];
  for (let i = 0; i < count; i++) {
    const one = phone({}, at);
    await one.enrol(register, kidc, `Phone ${i}`);
    if (i > 0) await all[0].inside('authenticators/vouch', { id: one.id });
    all.push(one);
  }
  return all;
}

async function refused(answer, status, error, more = {}) {
  const { json, ...rest } = await Promise.resolve(answer).catch((fault) => (fault instanceof ApiError ? fault : assert.fail(fault)));
  assert.deepEqual([rest.status, json?.error], [status, error], rest.body);
  const { error: _, error_description: text, ...others } = json;
  if (others.active_at && !more.active_at) delete others.active_at;
  assert.deepEqual(others, more, text);
  return json;
}

describe('unlocking', () => {
  test('by the passkey: a session of ten minutes, on record', async () => {
    const [mine] = await owner(1);
    const before = mine.session;
    const { options } = await mine.call('unlock/options', {});
    assert.deepEqual([options.userVerification, options.rpId, options.allowCredentials ?? []], ['required', 'localhost', []]);
    const shown = await mine.unlock();
    assert.equal(shown.id, mine.id);
    assert.notEqual(mine.session, before);
    assert.deepEqual(names(await list(mine)), ['Phone 0']);
    assert.ok(audited('authenticator.unlock').some(({ detail }) => detail === `authenticator=${mine.id}`));
  });

  test('a challenge works once, and for the key that asked for it', async () => {
    const [mine, second] = await owner(2);
    const credential = await mine.assertion();
    await mine.device('unlock', { credential });
    await refused(mine.device('unlock', { credential }), 422, 'invalid_passkey', { reason: 'challenge' });
    const { options } = await second.call('unlock/options', {});
    const foreign = mine.passkeys.get(options, mine.origin);
    await refused(mine.device('unlock', { credential: foreign }), 422, 'invalid_passkey', { reason: 'challenge' });
    for (const challenge of [encode(Buffer.alloc(40)), encode(Buffer.alloc(32)), '', `${options.challenge}A`]) {
      const made_up = mine.passkeys.get({ ...options, challenge }, mine.origin);
      await refused(mine.device('unlock', { credential: made_up }), 422, 'invalid_passkey', { reason: 'challenge' });
    }
  });

  test('an assertion that is not right is refused, and says why', async () => {
    const [mine, second] = await owner(2);
    const passkey = mine.passkeys.passkeys[0];
    const cases = {
      'another page': ['origin', {}, 'https://evil.example'],
      'a frame of another site': ['origin', { clientData: { crossOrigin: true } }],
      'a registration': ['type', { clientData: { type: 'webauthn.create' } }],
      'another RP ID': ['rp_id', { rpId: 'evil.example' }],
      'nobody there': ['not_present', { flags: UV }],
      'nobody verified': ['not_verified', { flags: UP }],
      'flags that cannot be': ['flags', { flags: UP | UV | 0x10 }],
      'no user handle': ['credential', { userHandle: null }],
      'another user handle': ['credential', { userHandle: Buffer.alloc(32) }],
      'the handle of another authenticator': ['credential', { userHandle: second.passkeys.passkeys[0].userHandle }],
      'another key': ['signature', { signer: second.passkeys.passkeys[0] }],
      'no signature': ['signature', { signature: Buffer.alloc(0) }],
    };
    for (const [what, [reason, wrong, origin = mine.origin]] of Object.entries(cases)) {
      const { options } = await mine.call('unlock/options', {});
      const credential = mine.passkeys.get(options, origin, wrong);
      const { json } = await mine.request('unlock', { authenticator: mine.id, credential });
      assert.equal(json.error, 'invalid_passkey', what);
      assert.ok([reason, 'malformed'].includes(json.reason), `${what}: ${json.reason}`);
    }
    const { options } = await mine.call('unlock/options', {});
    const foreign = second.passkeys.get(options, mine.origin, { passkey: second.passkeys.passkeys[0] });
    await refused(mine.device('unlock', { credential: foreign }), 422, 'invalid_passkey', { reason: 'credential' });
    await refused(mine.device('unlock', { credential: {} }), 422, 'invalid_passkey', { reason: 'malformed' });
    assert.ok(await mine.unlock({ passkey }));
  });

  test('a copied passkey is refused once its counter shows it; the resident is told, on the other devices and in the history', async () => {
    const [mine, second] = await owner(2);
    const copied = mine.passkeys.copy();
    await mine.unlock();
    mine.passkeys = copied;
    await refused(mine.unlock(), 403, 'cloned');
    assert.deepEqual((await notices(second)).slice(0, 1), [['cloned', 'Phone 0']]);
    assert.equal((await events(second))[0], 'cloned');
    assert.ok(audited('passkey.cloned').some(({ detail, outcome }) => detail === `authenticator=${mine.id}` && outcome === 'counter'));
  });

  test('a session ends after its time, and with a new device key', async () => {
    const [mine] = await owner(1);
    const old = mine.session;
    const moved = phone({ passkeys: mine.passkeys });
    await moved.restore('Moved');
    mine.session = old;
    await refused(list(mine), 401, 'unauthorized');
    await refused(mine.unlock(), 404, 'unknown_authenticator');
  });

  test('an authenticator outlives a crash; so does its session', async () => {
    const [mine] = await owner(1, everybody[0], quick);
    await quick.restart('SIGKILL');
    assert.deepEqual(names(await list(mine)), ['Phone 0']);
    assert.ok(await mine.unlock());
  });
});

describe('restoring', () => {
  test('the passkey on a device without the key takes the authenticator up again; the others are told', async () => {
    const [mine, second] = await owner(2);
    const moved = phone({ passkeys: mine.passkeys });
    const shown = await moved.restore('New phone');
    assert.deepEqual([shown.id, shown.name, shown.this], [mine.id, 'New phone', true]);
    assert.deepEqual(names(await list(moved)), ['New phone', 'Phone 1']);
    assert.deepEqual((await notices(second)).slice(0, 1), [['restored', 'New phone']]);
    assert.equal((await events(second))[0], 'restored');
    assert.ok(audited('authenticator.restore').some(({ detail }) => detail === `authenticator=${mine.id}`));
    await refused(mine.device('requests', { seen: null }), 404, 'unknown_authenticator');
  });

  test('without the passkey there is nothing to restore', async () => {
    const [mine, second] = await owner(2);
    const stranger = phone({ passkeys: phone().passkeys });
    const { options } = await stranger.call('unlock/options', {});
    stranger.passkeys.create({ rp: { id: 'localhost' }, user: { id: encode(Buffer.alloc(32)), name: 'x' }, challenge: 'AA', pubKeyCredParams: [{ alg: -7 }] }, stranger.origin);
    await refused(stranger.request('restore', { name: 'x', credential: stranger.passkeys.get(options, stranger.origin) }), 404, 'unknown_authenticator');
    const moved = phone({ passkeys: mine.passkeys });
    for (const [reason, wrong] of [['credential', { userHandle: second.passkeys.passkeys[0].userHandle }], ['not_verified', { flags: UP }], ['origin', { clientData: { origin: 'https://evil.example' } }]])
      await refused(moved.restore('x', wrong), 422, 'invalid_passkey', { reason });
    await refused(moved.request('restore', { name: '\u202e', credential: await moved.assertion() }), 422, 'invalid_name');
    await refused(moved.request('restore', { name: 'x' }), 400, 'invalid_request');
    await mine.unlock();
    await refused(moved.request('restore', { name: 'x', credential: await moved.assertion({ count: 0 }) }), 403, 'cloned');
    assert.equal((await list(mine)).authenticators.length, 2, 'the old key still works');
  });

  test('one that waits goes on waiting', async () => {
    const kidc = someone();
    await owner(1, kidc);
    const late = phone();
    const { active_at: at } = await late.enrol(register, kidc, 'Late');
    const moved = phone({ passkeys: late.passkeys });
    assert.equal((await moved.restore('Late, moved')).active_at, at);
    await refused(moved.inside('history'), 403, 'waiting_authenticator');
  });
});

describe('a further authenticator', () => {
  test('waits, and may do nothing meanwhile but look at itself and go', async () => {
    const kidc = someone(), [first] = await owner(1, kidc);
    const late = phone();
    const shown = await late.enrol(register, kidc, 'Late');
    assert.ok(Math.abs(shown.active_at - now() - day) < 30);
    await late.unlock();
    assert.deepEqual(names(await list(late)), ['Late']);
    const at = { active_at: shown.active_at };
    await refused(late.inside('history'), 403, 'waiting_authenticator', at);
    await refused(late.inside('consents'), 403, 'waiting_authenticator', at);
    await refused(late.inside('notices/seen', {}), 403, 'waiting_authenticator', at);
    await refused(late.inside('authenticators/vouch', { id: late.id }), 403, 'waiting_authenticator', at);
    await refused(late.inside('authenticators/rename', { id: late.id, name: 'x' }), 403, 'waiting_authenticator', at);
    await refused(late.inside('authenticators/remove', { id: first.id }), 403, 'waiting_authenticator', at);
    assert.deepEqual((await late.requests('')).notices, []);
    assert.deepEqual(names(await list(first)), ['Phone 0', 'Late']);
    assert.deepEqual(await late.inside('authenticators/remove', { id: late.id }), { result: 'removed' });
    assert.deepEqual(names(await list(first)), ['Phone 0']);
    assert.equal(await atRegister(kidc), 1);
  });

  test('is told to the others at once, who may vouch for it', async () => {
    const kidc = someone(), [first] = await owner(1, kidc);
    const { seen } = await first.requests('');
    const waiting = first.requests(seen); // parked
    const late = phone();
    await late.enrol(register, kidc, 'Late');
    const news = await waiting;
    assert.notEqual(news.seen, seen);
    assert.deepEqual(news.notices.map(({ event, authenticator_name: name }) => [event, name]), [['added', 'Late']]);
    const { authenticator } = await first.inside('authenticators/vouch', { id: late.id });
    assert.ok(authenticator.active_at <= now());
    assert.equal(authenticator.this, false);
    assert.deepEqual(await events(late), ['added', 'added']);
    assert.deepEqual((await late.requests('')).notices, [], 'it is told nothing of itself and of what was before');
    await first.inside('authenticators/vouch', { id: late.id }); // again: nothing changes
    assert.equal(audited('authenticator.vouch').filter(({ detail }) => detail === `authenticator=${late.id} by=${first.id}`).length, 1);
  });

  test('works by itself when its time has come', async () => {
    const brief = await start({ 'authenticator.wait': '2s' }), [, , kidc] = everybody;
    await owner(1, kidc, brief);
    const late = phone({}, brief);
    await late.enrol(register, kidc, 'Late');
    await refused(late.inside('history'), 403, 'waiting_authenticator');
    await until('its time to come', async () => (await late.request('history', undefined, { session: true })).status === 200);
  });

  test('works at once where the operator wants no wait', async () => {
    const [, kidc] = everybody;
    await owner(1, kidc, quick);
    const late = phone({}, quick);
    assert.ok((await late.enrol(register, kidc)).active_at <= now());
    assert.deepEqual(await events(late), ['added', 'added']);
  });
});

describe('notices', () => {
  test('are gone once they were seen, on that device alone; up to one that is named', async () => {
    const [one, two, three] = await owner(3);
    await three.inside('authenticators/rename', { id: three.id, name: 'Tablet' });
    assert.deepEqual((await notices(one))[0], ['renamed', 'Tablet']);
    const [newest] = (await one.requests('')).notices;
    assert.deepEqual(await one.inside('notices/seen', { entry: newest.entry }), { result: 'seen' });
    assert.deepEqual(await notices(one), []);
    assert.deepEqual((await notices(two))[0], ['renamed', 'Tablet']);
    const [, older] = (await two.requests('')).notices;
    await two.inside('notices/seen', { entry: older.entry });
    assert.deepEqual(await notices(two), [['renamed', 'Tablet']]);
    await two.inside('notices/seen', {});
    await two.inside('notices/seen', { entry: older.entry }); // late: takes nothing back
    assert.deepEqual(await notices(two), []);
    const [stranger] = await owner(2);
    const [foreign] = (await stranger.requests('')).notices;
    for (const entry of ['x', '!', encode(Buffer.alloc(16, 255)), foreign.entry]) await refused(one.inside('notices/seen', { entry }), 404, 'unknown_entry');
    await refused(one.inside('notices/seen', { entry: 1 }), 400, 'invalid_request');
  });
});

describe('managing', () => {
  test('renaming: with its entry, and only the resident\'s own', async () => {
    const [mine, second] = await owner(2), [stranger] = await owner(1);
    const { authenticator } = await mine.inside('authenticators/rename', { id: second.id, name: ' ថេប្លេត ' });
    assert.deepEqual([authenticator.name, authenticator.id, authenticator.this], ['ថេប្លេត', second.id, false]);
    assert.equal((await mine.inside('history')).entries[0].authenticator_name, 'ថេប្លេត');
    assert.ok(audited('authenticator.rename').some(({ detail }) => detail === `authenticator=${second.id} by=${mine.id}`));
    for (const name of ['\u202e', ' ', 'x'.repeat(41)]) await refused(mine.inside('authenticators/rename', { id: second.id, name }), 422, 'invalid_name');
    for (const path of ['rename', 'remove', 'vouch'])
      for (const id of [stranger.id, 'x', '!', encode(Buffer.alloc(16))]) await refused(mine.inside(`authenticators/${path}`, { id, name: 'x' }), 404, 'unknown_entry');
    for (const path of ['rename', 'remove', 'vouch']) await refused(mine.inside(`authenticators/${path}`, { name: 'x' }), 400, 'invalid_request');
    assert.deepEqual(names(await list(stranger)), ['Phone 0']);
  });

  test('removing: its session, its key, its passkey and its token at the register are good for nothing', async () => {
    const kidc = someone(), [mine, lost] = await owner(2, kidc);
    assert.equal(await atRegister(kidc), 2);
    assert.deepEqual(await mine.inside('authenticators/remove', { id: lost.id }), { result: 'removed' });
    await refused(list(lost), 401, 'unauthorized');
    await refused(lost.unlock(), 404, 'unknown_authenticator');
    await refused(phone({ passkeys: lost.passkeys }).restore(), 404, 'unknown_authenticator');
    await refused(lost.device('scan', { code: 'x' }), 404, 'unknown_authenticator');
    assert.deepEqual(names(await list(mine)), ['Phone 0']);
    assert.equal(await atRegister(kidc), 1);
    assert.equal((await events(mine))[0], 'removed');
    assert.ok(audited('authenticator.remove').some(({ detail }) => detail === `authenticator=${lost.id} by=${mine.id}`));
    await refused(mine.inside('authenticators/remove', { id: lost.id }), 404, 'unknown_entry');
  });

  test('[47] what a removed device was shown is over, for the browser that waits too; it answers nothing any more', async () => {
    const [mine, lost] = await owner(2);
    const waiting = await Waiting.open(await relyingParty(provider));
    const asked = await lost.scan(await waiting.code());
    const { number } = await waiting.state();
    await mine.inside('authenticators/remove', { id: lost.id });
    const { state, reason } = await waiting.state();
    assert.deepEqual([state, reason], ['ended', 'reported']);
    await refused(lost.approve(asked, { number }), 404, 'unknown_authenticator');
    await refused(lost.decline(asked), 404, 'unknown_authenticator');
  });

  test('a removed device that waits for news is told at once', async () => {
    const [mine, lost] = await owner(2);
    const { seen } = await lost.requests('');
    const waiting = refused(lost.requests(seen), 404, 'unknown_authenticator');
    await mine.inside('authenticators/remove', { id: lost.id });
    await waiting;
  });

  test('the others are told; the last one may go too, and a new one is the first again', async () => {
    const kidc = someone(), [mine, second, third] = await owner(3, kidc);
    await mine.inside('authenticators/remove', { id: second.id });
    assert.deepEqual((await notices(third))[0], ['removed', 'Phone 1']);
    await third.inside('authenticators/remove', { id: mine.id });
    await third.inside('authenticators/remove', { id: third.id });
    assert.equal(await atRegister(kidc), 0);
    const fresh = phone();
    assert.ok((await fresh.enrol(register, kidc)).active_at <= now());
  });

  test('of two that remove the same one, or each other, nothing comes to harm', async () => {
    const [one, two, three] = await owner(3);
    const both = await Promise.all([one, two].map((by) => by.request('authenticators/remove', { id: three.id }, { session: true })));
    assert.ok(both.some(({ status }) => status === 200));
    for (const { status } of both) assert.ok([200, 404, 503].includes(status));
    await Promise.all([one.request('authenticators/remove', { id: two.id }, { session: true }), two.request('authenticators/remove', { id: one.id }, { session: true })]);
    const left = (await Promise.all([one, two].map((by) => by.request('authenticators', undefined, { session: true })))).filter(({ status }) => status === 200);
    assert.ok(left.length <= 1);
  });

  describe('with the register away', () => {
    after(() => register.behave());

    test('it is removed here all the same', async () => {
      const [mine, lost] = await owner(2);
      await register.misbehave({ call: 'authenticators', how: 'error', status: 503, times: 2 });
      assert.deepEqual(await mine.inside('authenticators/remove', { id: lost.id }), { result: 'removed' });
      await refused(lost.unlock(), 404, 'unknown_authenticator');
      assert.match(provider.server.output, /authenticator\.remove the register was not told result=unreachable/);
    });
  });

  test('every call needs a proof, and an object', async () => {
    const [mine] = await owner(1);
    for (const path of ['unlock/options', 'unlock', 'restore', 'authenticators/rename', 'authenticators/remove', 'authenticators/vouch', 'notices/seen']) {
      await refused(mine.request(path, {}, { session: true, proof: null }), 401, 'invalid_proof');
      await refused(mine.request(path, '[]', { session: true }), 400, 'invalid_request');
    }
  });

  test('all of it needs a session', async () => {
    const [mine] = await owner(1);
    const id = mine.id;
    for (const [path, body] of [['authenticators'], ['authenticators/rename', { id, name: 'x' }], ['authenticators/remove', { id }], ['authenticators/vouch', { id }], ['notices/seen', {}]])
      await refused(mine.request(path, body), 401, 'unauthorized');
  });
});

describe('what is kept', () => {
  /** The files of a folder, whole. */
  function* files(folder) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) yield* files(path);
      else if (entry.isFile()) yield [path, readFileSync(path)];
    }
  }

  test('no number, code, secret, session, user handle or token stands in the log or the store', async () => {
    const own = await Provider.start(tap, { 'otp.resend_wait': 0, 'log.level': 'debug' });
    atEnd(() => own.stop());
    const [kidc] = everybody, mine = phone({}, own);
    const from = tap.calls.length;
    await mine.enrol(register, kidc, 'Findable name 7Qx');
    const first = mine.session;
    await mine.unlock();
    const moved = phone({ passkeys: mine.passkeys }, own);
    await moved.restore('Findable name 7Qx');
    await refused(moved.request('enrolments/code', { enrolment: mine.begun.enrolment, code: mine.code }), 404, 'invalid_enrolment');
    const told = tap.calls.slice(from).filter(({ status }) => status === 200).map(({ answer }) => JSON.parse(answer));
    const handle = mine.passkeys.passkeys[0].userHandle;
    const secrets = { 'the number': kidc, 'its digits': kidc.replace('-', ''), 'the enrolment': mine.begun.enrolment, 'a session': first, 'a later session': mine.session,
      'a session after restoring': moved.session, 'the kycToken': told.find((one) => one.kycToken).kycToken, 'the authenticator\'s token': told.find((one) => one.authenticatorToken).authenticatorToken,
      'the user handle': encode(handle) };
    await own.server.stop();
    const places = [...files(own.data), ['the log', Buffer.from(own.server.output)]];
    assert.ok(places.some(([, bytes]) => bytes.includes('Findable name 7Qx')), 'what is kept is found');
    for (const [path, bytes] of places) {
      for (const [what, text] of Object.entries(secrets))
        for (const form of [text, Buffer.from(text).toString('hex'), ...(/^[\w-]{43}$/.test(text) ? [Buffer.from(text, 'base64url'), Buffer.from(text, 'base64url').toString('hex')] : [])])
          assert.ok(!bytes.includes(form), `${what} stands in ${path}`);
      assert.doesNotMatch(bytes.toString('latin1'), new RegExp(`(?<![0-9a-zA-Z])${mine.code}(?![0-9a-zA-Z])`), `the code stands in ${path}`);
    }
  });

  test('after all of this, every action is in the audit record, and the chain holds', async () => {
    for (const action of ['authenticator.add', 'authenticator.otp_sent', 'authenticator.otp', 'authenticator.unlock', 'authenticator.restore', 'authenticator.rename', 'authenticator.vouch', 'authenticator.remove', 'passkey.cloned'])
      assert.ok(audited(action).length > 0, action);
    assert.match(provider.command('audit', 'verify'), /hold/);
  });
});

test('nothing is described of unlocking and managing that was not met, but a store that fails', () => {
  assert.deepEqual(described.unmet().filter((one) => /\/app\/api\/(unlock|restore|authenticators|notices)/.test(one) && !one.endsWith(' 503')), []);
});
