// The authenticator's API: what a call must be signed with, and enrolment by KIdC and one-time code. Every answer is held against docs/openapi.json.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { ApiError, Authenticator } from '../lib/authenticator.mjs';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { hash, now, ProofKey, wrongProofs } from '../lib/dpop.mjs';
import { authorizationRequest, relyingParty } from '../lib/fixture.mjs';
import { Description } from '../lib/openapi.mjs';
import { Authenticator as Passkeys, BE, BS, encode, UP } from '../lib/passkey.mjs';
import { Provider, Register } from '../lib/servers.mjs';
import { Tap } from '../lib/tap.mjs';

const described = new Description();
const nobody = '000000572-4', infant = '438017562-5', suspended = '789530146-2', phoneless = '861375204-2';
const day = 24 * 3600;
let register, tap, provider, strict, residents;

before(async () => {
  register = await Register.start(['--otp-attempts', '100']);
  atEnd(() => register.stop());
  tap = await Tap.before(register);
  provider = await start({});
  strict = await start({ 'otp.sends_per_kidc': 2, 'otp.attempts': 3, 'register.breaker_failures': 1000 });
  residents = (await register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone).map(({ kidc }) => kidc);
});

async function start(settings, at = tap) {
  const one = await Provider.start(at, { 'otp.resend_wait': 0, ...settings });
  atEnd(() => one.stop());
  return one;
}

/** A resident whom no other test uses. */
const someone = () => residents.pop() ?? assert.fail('no more residents');
const phone = (options, at = provider) => new Authenticator(at, { send: described.fetch, ...options });
const wrongOf = (code) => String((Number(code) + 1) % 1000000).padStart(6, '0');

/** That a call ends with that error, and with no more than the members that are named. */
async function refused(answer, status, error, more = {}) {
  const { json, ...rest } = await Promise.resolve(answer).catch((fault) => (fault instanceof ApiError ? fault : assert.fail(fault)));
  assert.deepEqual([rest.status, json?.error], [status, error], rest.body);
  const { error: _, error_description: text, ...others } = json;
  assert.match(text, /^[\x20-\x7e]+$/);
  for (const name of ['retry_after', 'active_at', 'attempts_left']) if (name in others && !(name in more)) delete others[name];
  assert.deepEqual(others, more);
  return json;
}

/** The audit entries with that action. */
const audited = (action, at = provider) => JSON.parse(at.command('audit', 'show', '--json', '--action', action));

describe('a call', () => {
  let mine, other;

  before(async () => {
    mine = phone();
    await mine.enrol(register, someone(), 'Proofs');
    other = await ProofKey.make();
  });

  const unproven = ['two DPoP headers'];
  const others = {
    'an EdDSA key': async (key, method, url, token) => (await ProofKey.make('EdDSA')).proof(method, url, { token }),
    'a PS256 key': async (key, method, url, token) => (await ProofKey.make('PS256')).proof(method, url, { token }),
    'an htu with a query': (key, method, url, token) => key.proof(method, `${url}?a=b`, { token }),
    'an htu in capital letters': (key, method, url, token) => key.proof(method, url.toUpperCase(), { token }),
    'iat 61 seconds ago': (key, method, url, token) => key.proof(method, url, { token, claims: { iat: now() - 61 } }),
    'iat in 40 seconds': (key, method, url, token) => key.proof(method, url, { token, claims: { iat: now() + 40 } }),
    'a jti of 129 characters': (key, method, url, token) => key.proof(method, url, { token, claims: { jti: 'x'.repeat(129) } }),
  };

  for (const [name, make] of Object.entries({ ...wrongProofs, ...others })) {
    if (unproven.includes(name)) continue;
    test(`[33] ${name}: refused without a session, and with one`, async () => {
      const proof = async (...at) => make(await mine.key(), ...at, other);
      await refused(mine.request('unlock/options', {}, { proof: (method, url) => proof(method, url, undefined) }), 401, 'invalid_proof');
      await refused(mine.request('authenticators', undefined, { session: true, proof }), 401, 'invalid_proof');
    });
  }

  test('[33] two proofs in two headers are refused', async () => {
    const key = await mine.key(), url = `${provider.issuer}/app/api/unlock/options`;
    const dpop = [await key.proof('POST', url), await key.proof('POST', url)];
    const status = await new Promise((done, fail) => {
      const sent = request(url, { method: 'POST', headers: { dpop, 'content-type': 'application/json' } }, (answer) => done(answer.resume().statusCode));
      sent.on('error', fail).end('{}');
    });
    assert.equal(status, 400);
  });

  test('[33] no proof at all is refused, and so is a session token alone', async () => {
    await refused(mine.request('unlock/options', {}, { proof: null }), 401, 'invalid_proof');
    await refused(mine.request('authenticators', undefined, { session: true, proof: null }), 401, 'invalid_proof');
    for (const path of ['enrolments', 'enrolments/code', 'enrolments/passkey']) await refused(mine.request(path, { kidc: nobody }, { proof: null }), 401, 'invalid_proof');
  });

  test('[33] a proof works once, also of twenty at once', async () => {
    const proof = await (await mine.key()).proof('POST', `${provider.issuer}/app/api/unlock/options`);
    const answers = await Promise.all(Array.from({ length: 20 }, () => mine.request('unlock/options', {}, { proof: () => proof })));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers) if (answer.status !== 200) await refused(answer, 401, 'invalid_proof');
  });

  test('a proof may be fifty seconds old, or twenty ahead', async () => {
    for (const shift of [-50, 20]) {
      const proof = async (method, url) => (await mine.key()).proof(method, url, { claims: { iat: now() + shift } });
      assert.equal((await mine.request('unlock/options', {}, { proof })).status, 200);
    }
  });

  test('[33] the proof is for this session: no ath, and the ath of another text are refused', async () => {
    for (const ath of [undefined, '', hash('x'), `${hash(mine.session)}=`, 1]) {
      const proof = async (method, url) => (await mine.key()).proof(method, url, { claims: { ath } });
      await refused(mine.request('authenticators', undefined, { session: true, proof }), 401, 'invalid_proof');
    }
  });

  test('[33] a session token is of no use with another key, as a bearer token, changed, or of another device', async () => {
    const by = (key, token) => async (method, url) => key.proof(method, url, { token });
    const get = (options) => mine.request('authenticators', undefined, { session: true, ...options });
    await refused(get({ proof: by(other, mine.session) }), 401, 'unauthorized');
    await refused(get({ headers: { authorization: `Bearer ${mine.session}` } }), 401, 'unauthorized');
    await refused(get({ headers: { authorization: 'DPoP ' } }), 401, 'unauthorized');
    await refused(mine.request('authenticators'), 401, 'unauthorized');
    const changed = mine.session.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    await refused(get({ headers: { authorization: `DPoP ${changed}` }, proof: by(await mine.key(), changed) }), 401, 'unauthorized');
    const another = phone();
    await another.enrol(register, someone());
    await refused(get({ headers: { authorization: `DPoP ${another.session}` }, proof: by(await mine.key(), another.session) }), 401, 'unauthorized');
    assert.equal((await get({ headers: { authorization: `dpop ${mine.session}` } })).status, 200);
  });

  test('[33] another device is told of no authenticator: the same for one that is, one that never was, and no id', async () => {
    const thief = phone(), passkey = { credential: await mine.assertion() };
    for (const id of [mine.id, encode(Buffer.alloc(16)), 'x', '!!'])
      await refused(thief.request('unlock', { authenticator: id, ...passkey }), 404, 'unknown_authenticator');
    assert.ok(await mine.unlock());
  });

  test('bodies that are not what the call takes are refused, and change nothing', async () => {
    const key = mine.id;
    const bodies = ['', '[]', 'null', '"x"', '{', '{} {}', '{"authenticator":1}', '{"authenticator":null,"credential":{}}', '{"credential":{}}', `{"authenticator":"${key}"}`,
      `{"authenticator":"${key}","authenticator":"${key}","credential":{}}`, `{"authenticator":"${key}","credential":[]}`, `{"authenticator":"${key}","credential":"x"}`,
      `{"authenticator":"${'x'.repeat(65)}","credential":{}}`, `{"authenticator":"${key}","credential":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`, `{"authenticator":"a\\u0000b","credential":{}}`];
    for (const body of bodies) await refused(mine.request('unlock', body), 400, 'invalid_request');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jose+json', ''])
      await refused(mine.request('unlock/options', '{}', { headers: { 'content-type': type } }), 400, 'invalid_request');
    assert.equal((await mine.request('unlock/options', { more: { of: ['what', 'nobody', 'asked'] } })).status, 200);
    assert.equal((await mine.request('unlock/options', JSON.stringify({ more: 'x'.repeat(70000) }))).status, 413);
  });

  test('answers are not kept by anybody, set no cookie, and are for no other origin', async () => {
    const answer = await mine.request('unlock/options', {}, { headers: { origin: 'https://evil.example' } });
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });
});

describe('enrolment', () => {
  test('by KIdC, code and passkey: the first one works at once', async () => {
    const kidc = someone(), mine = phone();
    const { options, others } = await mine.prove(register, kidc);
    assert.equal(others, 0);
    assert.equal(options.rp.id, 'localhost');
    assert.deepEqual([options.authenticatorSelection.residentKey, options.authenticatorSelection.userVerification], ['required', 'required']);
    assert.equal(options.excludeCredentials.length, 0);
    assert.equal(options.user.name, `•••••${kidc.slice(5)} (Konsao)`);
    assert.ok(!JSON.stringify(options).includes(kidc.slice(0, 5)));
    assert.equal(Buffer.from(options.user.id, 'base64url').length, 32);
    const credential = mine.passkeys.create(options, mine.origin);
    const { authenticator, session } = await mine.call('enrolments/passkey', { enrolment: mine.begun.enrolment, name: '  ទូរសព្ទ  ', credential });
    assert.deepEqual([authenticator.name, authenticator.this, authenticator.backed_up], ['ទូរសព្ទ', true, false]);
    for (const at of [authenticator.created_at, authenticator.active_at, authenticator.last_used_at]) assert.ok(Math.abs(at - now()) < 10);
    assert.equal(session.expires_in, 600);
    assert.equal(tap.count('authenticators', kidc, 200), 1);
    const asked = tap.calls.findLast(({ name }) => name === 'authenticators');
    assert.deepEqual(JSON.parse(asked.body), { relyingParty: provider.issuer });
    const added = audited('authenticator.add').at(-1);
    assert.match(added.actor, /^resident:/);
    assert.ok(!JSON.stringify(added).includes(kidc));
  });

  test('the code is taken with Khmer digits and spaces, and the number too', async () => {
    const kidc = someone(), mine = phone();
    const khmer = (text) => [...text].map((c) => (/\d/.test(c) ? String.fromCodePoint(0x17e0 + Number(c)) : c)).join('');
    const sent = await register.sent(kidc);
    const { enrolment } = await mine.call('enrolments', { kidc: khmer(kidc).replace('-', ' ') });
    const code = await register.code(kidc, sent);
    assert.ok(await mine.call('enrolments/code', { enrolment, code: khmer(`${code.slice(0, 3)} ${code.slice(3)}`) }));
  });

  test('a number that is none is refused', async () => {
    for (const kidc of ['1', 'x', '000000572-5', '0000005724 1', '12345678901']) await refused(phone().request('enrolments', { kidc }), 422, 'invalid_kidc');
    for (const body of [{}, { kidc: 5724 }, { kidc: '' }, { kidc: null }, { kidc: ' '.repeat(100) }]) await refused(phone().request('enrolments', body), 400, 'invalid_request');
  });

  test('it is one device\'s: another key goes no further, at any step', async () => {
    const mine = phone(), thief = phone(), kidc = someone();
    const sent = await register.sent(kidc);
    const { enrolment } = await mine.call('enrolments', { kidc });
    const code = await register.code(kidc, sent);
    await refused(thief.request('enrolments/code', { enrolment, code }), 404, 'invalid_enrolment');
    const { options } = await mine.call('enrolments/code', { enrolment, code });
    const credential = mine.passkeys.create(options, mine.origin);
    await refused(thief.request('enrolments/passkey', { enrolment, name: 'x', credential }), 404, 'invalid_enrolment');
    assert.ok(await mine.call('enrolments/passkey', { enrolment, name: 'x', credential }));
  });

  test('each step is taken once, and in its order', async () => {
    const mine = phone(), kidc = someone();
    const early = phone();
    const sent = await register.sent(kidc);
    const begun = await early.call('enrolments', { kidc });
    await register.code(kidc, sent);
    await refused(early.request('enrolments/passkey', { enrolment: begun.enrolment, name: 'x', credential: {} }), 404, 'invalid_enrolment');
    const { options } = await mine.prove(register, kidc);
    const { enrolment } = mine.begun;
    await refused(mine.request('enrolments/code', { enrolment, code: mine.code }), 404, 'invalid_enrolment');
    const credential = mine.passkeys.create(options, mine.origin);
    const finish = () => mine.request('enrolments/passkey', { enrolment, name: 'x', credential });
    const answers = await Promise.all([finish(), finish(), finish()]);
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    await refused(finish(), 404, 'invalid_enrolment');
    for (const secret of ['x', encode(Buffer.alloc(32)), begun.enrolment.slice(1)]) await refused(mine.request('enrolments/code', { enrolment: secret, code: '123456' }), 404, 'invalid_enrolment');
    await until(async () => (await register.residents()).find((one) => one.kidc === kidc).authenticators === 1);
  });

  test('a passkey that is not as asked for is refused, says why, and may be tried again', async () => {
    const mine = phone();
    const { options } = await mine.prove(register, someone());
    const { enrolment } = mine.begun;
    const give = (wrong, given = options, origin = mine.origin) => mine.request('enrolments/passkey', { enrolment, name: 'x', credential: mine.passkeys.create(given, origin, wrong) });
    const cases = [
      ['challenge', await give({}, { ...options, challenge: encode(Buffer.alloc(32)) })],
      ['type', await give({ clientData: { type: 'webauthn.get' } })],
      ['origin', await give({}, options, 'https://evil.example')],
      ['origin', await give({ clientData: { crossOrigin: true } })],
      ['rp_id', await give({ rpId: 'evil.example' })],
      ['not_verified', await give({ flags: UP | 0x40 })],
      ['not_present', await give({ flags: 0x44 })],
      ['flags', await give({ flags: UP | 0x44 | BS })],
    ];
    for (const [reason, answer] of cases) await refused(answer, 422, 'invalid_passkey', { reason });
    await refused(mine.request('enrolments/passkey', { enrolment, name: 'x', credential: {} }), 422, 'invalid_passkey', { reason: 'malformed' });
    assert.equal((await give({})).status, 201);
  });

  test('a passkey that is known already is no new one', async () => {
    const mine = phone(), kidc = someone();
    await mine.enrol(register, kidc);
    const again = phone();
    const { options } = await again.prove(register, kidc);
    assert.deepEqual(options.excludeCredentials.map(({ id }) => id), mine.passkeys.passkeys.map(({ id }) => encode(id)));
    const [old] = mine.passkeys.passkeys;
    const claimed = again.passkeys.create(options, again.origin);
    const body = { enrolment: again.begun.enrolment, name: 'x', credential: claimed };
    await again.call('enrolments/passkey', body);
    const third = phone();
    const { options: more } = await third.prove(register, kidc);
    assert.equal(more.excludeCredentials.length, 2);
    const credential = third.passkeys.create(more, third.origin, { id: old.id });
    await refused(third.request('enrolments/passkey', { enrolment: third.begun.enrolment, name: 'x', credential }), 422, 'invalid_passkey', { reason: 'credential' });
  });

  test('a passkey that is copied to other devices is told as such', async () => {
    const mine = phone({ passkeys: new Passkeys({ flags: BE | BS, counts: false }) });
    assert.equal((await mine.enrol(register, someone())).backed_up, true);
    assert.equal((await mine.unlock()).backed_up, true);
  });

  test('names: what cannot be seen, or turns the writing around, is refused', async () => {
    const mine = phone();
    const { options } = await mine.prove(register, someone());
    const credential = mine.passkeys.create(options, mine.origin);
    const give = (name) => mine.request('enrolments/passkey', { enrolment: mine.begun.enrolment, name, credential });
    for (const name of [' ', '\u00a0', '\u200b\u200d', '\u3000', 'a\u0007b', 'a\nb', 'a\u0085b', 'a\u202eb', 'a\u2066b', 'x'.repeat(41), 'ក'.repeat(41), '\ufeff', '\u2063'])
      await refused(give(name), 422, 'invalid_name');
    for (const name of ['', null, 7, undefined]) await refused(give(name), 400, 'invalid_request');
    const { authenticator } = (await give('ក'.repeat(40))).json;
    assert.equal(authenticator.name, 'ក'.repeat(40));
  });

  test('nobody has more than ten, and the register keeps none that came to nothing', async () => {
    const kidc = someone();
    for (let i = 0; i < 10; i++) await phone().enrol(register, kidc, `Phone ${i}`);
    await refused(phone().enrol(register, kidc, 'Eleventh'), 409, 'too_many_authenticators');
    assert.equal((await register.residents()).find((one) => one.kidc === kidc).authenticators, 10);
  });

  test('of two first ones at the same moment one works at once', async () => {
    const kidc = someone(), pair = [phone(), phone()];
    for (const one of pair) await one.prove(register, kidc);
    const given = pair.map((one) => ({ enrolment: one.begun.enrolment, name: 'x', credential: one.passkeys.create(one.proved.options, one.origin) }));
    const finish = async (one, body) => {
      for (;;) {
        const answer = await one.request('enrolments/passkey', body);
        if (answer.status !== 503) return answer.json.authenticator;
      }
    };
    const made = await Promise.all(pair.map((one, i) => finish(one, given[i])));
    assert.deepEqual(made.map(({ active_at: at, created_at: from }) => at - from).sort((a, b) => a - b), [0, day]);
  });
});

/** Waits for what another process does. */
async function until(probe, pause = 25) {
  for (let i = 0; i < 200; i++) {
    if (await probe()) return;
    await new Promise((done) => setTimeout(done, pause));
  }
  assert.fail('it did not come to that');
}

describe('who exists stays unknown', () => {
  test('an unknown number, one without a phone, and a barred one get the answers of a real one', async () => {
    const real = someone(), seen = [];
    for (const kidc of [real, nobody, phoneless, suspended, infant]) {
      const mine = phone();
      const begun = await mine.request('enrolments', { kidc });
      assert.equal(begun.status, 201);
      const { enrolment, ...rest } = begun.json;
      assert.match(enrolment, /^[\w-]{43}$/);
      const right = (await register.outbox(kidc))[0]?.code ?? '123456';
      const tries = [];
      for (let i = 0; i < 5; i++) tries.push(await mine.request('enrolments/code', { enrolment, code: wrongOf(right) }));
      const after = await mine.request('enrolments', { kidc });
      const shape = ({ status, json }) => [status, { ...json, retry_after: json.retry_after > 800 }];
      seen.push(JSON.stringify([rest, ...tries.map(shape), shape(after)]));
    }
    for (const one of seen) assert.equal(one, seen[0]);
    const [, first, , , , last, after] = JSON.parse(seen[0]);
    assert.deepEqual([first[0], first[1].error, first[1].attempts_left], [422, 'wrong_code', 4]);
    assert.deepEqual([last[0], last[1].error], [429, 'frozen']);
    assert.deepEqual([after[0], after[1].error], [429, 'frozen']);
  });

  test('only the right code opens that somebody is barred', async () => {
    for (const [kidc, status] of [[suspended, 'SUSPENDED'], [infant, 'MINOR']]) {
      const mine = phone({}, strict);
      const sent = await register.sent(kidc);
      const { enrolment } = await mine.call('enrolments', { kidc });
      const code = await register.code(kidc, sent);
      await refused(mine.request('enrolments/code', { enrolment, code: wrongOf(code) }), 422, 'wrong_code');
      await refused(mine.request('enrolments/code', { enrolment, code }), 403, 'forbidden', { status });
      await refused(mine.request('enrolments/code', { enrolment, code }), 404, 'invalid_enrolment');
    }
  });
});

describe('limits', () => {
  test('numbers typed at one address are counted, together with those on the sign-in pages', async () => {
    const one = await start({ 'limit.signins_per_ip': 2 });
    await phone({}, one).call('enrolments', { kidc: nobody });
    const portal = await relyingParty(one), browser = new Browser();
    const page = await browser.go((await authorizationRequest(portal.config)).url);
    assert.match((await browser.submit(page, 'continue', { kidc: nobody })).body, /name="otp"/);
    const { retry_after: wait } = await refused(phone({}, one).request('enrolments', { kidc: nobody }), 429, 'throttled');
    assert.ok(wait > 0 && wait <= 60);
  });

  test('codes for one number are counted, whoever asks', async () => {
    for (const kidc of [someone(), nobody]) {
      for (let i = 0; i < 2; i++) await phone({}, strict).call('enrolments', { kidc });
      await refused(phone({}, strict).request('enrolments', { kidc }), 429, 'throttled');
    }
  });

  test('a device waits between two codes for a number', async () => {
    const one = await start({ 'otp.resend_wait': 40 });
    for (const kidc of [someone(), nobody]) {
      const mine = phone({}, one);
      assert.equal((await mine.call('enrolments', { kidc })).resend_after, 40);
      const sent = await register.sent(kidc);
      const answer = await mine.request('enrolments', { kidc });
      await refused(answer, 429, 'throttled');
      assert.equal(answer.headers.get('retry-after'), String(answer.json.retry_after));
      assert.ok(answer.json.retry_after > 30 && answer.json.retry_after <= 40);
      assert.equal(await register.sent(kidc), sent);
    }
  });

  test('wrong codes freeze a number here, for the sign-in pages as well, and for a right code', async () => {
    const kidc = someone(), mine = phone({}, strict), second = phone({}, strict);
    const sent = await register.sent(kidc);
    const first = await mine.call('enrolments', { kidc });
    const later = await second.call('enrolments', { kidc });
    const code = await register.code(kidc, sent + 1);
    await refused(mine.request('enrolments/code', { enrolment: first.enrolment, code: 'abc' }), 400, 'invalid_request');
    await refused(mine.request('enrolments/code', { enrolment: first.enrolment, code: wrongOf(code) }), 422, 'wrong_code', { attempts_left: 2 });
    await refused(second.request('enrolments/code', { enrolment: later.enrolment, code: wrongOf(code) }), 422, 'wrong_code', { attempts_left: 1 });
    await refused(mine.request('enrolments/code', { enrolment: first.enrolment, code: wrongOf(code) }), 429, 'frozen');
    await refused(mine.request('enrolments/code', { enrolment: first.enrolment, code }), 404, 'invalid_enrolment');
    await refused(second.request('enrolments/code', { enrolment: later.enrolment, code }), 429, 'frozen');
    const portal = await relyingParty(strict), browser = new Browser();
    const page = await browser.go((await authorizationRequest(portal.config)).url);
    assert.equal((await browser.submit(page, 'continue', { kidc })).status, 429);
  });

  test('a code that is too old is refused by our own clock', async () => {
    const brief = await Register.start(['--otp-life', '1']);
    atEnd(() => brief.stop());
    const one = await start({ 'otp.attempts': 20 }, brief);
    for (const who of [residents[0], nobody]) {
      const mine = phone({}, one);
      const { enrolment, expires_in: life } = await mine.call('enrolments', { kidc: who });
      assert.equal(life, 1);
      await until(async () => (await mine.request('enrolments/code', { enrolment, code: '000000' })).json.error === 'expired_code', 150);
    }
  });
});

describe('a register that fails', () => {
  after(() => register.behave());

  test('away while a code is asked for: said so, and it may be asked for again', async () => {
    const kidc = someone(), mine = phone({}, strict);
    await register.misbehave({ call: 'otp', how: 'error', status: 503, times: 1 });
    await refused(mine.request('enrolments', { kidc }), 503, 'unreachable');
    assert.equal((await mine.request('enrolments', { kidc })).status, 201);
    await register.behave();
  });

  test('away while the code is checked: the same code may be tried again', async () => {
    const mine = phone(), kidc = someone();
    const sent = await register.sent(kidc);
    const { enrolment } = await mine.call('enrolments', { kidc });
    const code = await register.code(kidc, sent);
    await register.misbehave({ call: 'authenticate', how: 'error', status: 503, times: 1 });
    await refused(mine.request('enrolments/code', { enrolment, code }), 503, 'unreachable');
    assert.ok(await mine.call('enrolments/code', { enrolment, code }));
  });

  test('away while the passkey is brought: the same one may be brought again', async () => {
    const mine = phone();
    const { options } = await mine.prove(register, someone());
    const body = { enrolment: mine.begun.enrolment, name: 'x', credential: mine.passkeys.create(options, mine.origin) };
    await register.misbehave({ call: 'authenticators', how: 'error', status: 503, times: 1 });
    await refused(mine.request('enrolments/passkey', body), 503, 'unreachable');
    assert.equal((await mine.request('enrolments/passkey', body)).status, 201);
  });

  test('a person who is suspended or frozen between code and passkey gets no authenticator then', async () => {
    const mine = phone(), kidc = someone();
    const { options } = await mine.prove(register, kidc);
    const body = { enrolment: mine.begun.enrolment, name: 'x', credential: mine.passkeys.create(options, mine.origin) };
    const change = (to) => register.json(`/residents/${kidc}`, { method: 'POST', body: JSON.stringify(to) });
    await change({ status: 'SUSPENDED' });
    await refused(mine.request('enrolments/passkey', body), 403, 'forbidden', { status: 'SUSPENDED' });
    await change({ status: 'ACTIVE', freeze: true });
    await refused(mine.request('enrolments/passkey', body), 429, 'frozen');
    await change({ unfreeze: true });
    assert.equal((await mine.request('enrolments/passkey', body)).status, 201);
  });
});

test('nothing is described of enrolment that was not met', () => {
  assert.deepEqual(described.unmet().filter((one) => one.includes('/app/api/enrolments')), []);
});
