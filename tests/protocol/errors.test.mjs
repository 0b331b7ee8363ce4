// Every error that an endpoint for programs can answer with, provoked, and held against its specification: status, headers, shape, characters, code.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { ProofKey } from '../lib/dpop.mjs';
import { authorizationRequest, fixture, redirectUri } from '../lib/fixture.mjs';
import { keyedClient, requestObject } from '../lib/keyed.mjs';
import { Provider, root, until } from '../lib/servers.mjs';

// Where each code comes from. RFC 6749 5.2 is what all of them build on; 503 and 429 have no code of their own there: temporarily_unavailable is 4.1.2.1's.
const oauth = { invalid_request: 'RFC 6749 5.2', invalid_client: 'RFC 6749 5.2', unauthorized_client: 'RFC 6749 5.2', invalid_scope: 'RFC 6749 5.2', temporarily_unavailable: 'RFC 6749 4.1.2.1' };
const grants = { ...oauth, invalid_grant: 'RFC 6749 5.2', unsupported_grant_type: 'RFC 6749 5.2' };
const dpop = { invalid_dpop_proof: 'RFC 9449 5 and 7.1', use_dpop_nonce: 'RFC 9449 8 and 9' };
const target = { invalid_target: 'RFC 8707 2', invalid_authorization_details: 'RFC 9396 5' };
const bearer = { invalid_request: 'RFC 6750 3.1', invalid_token: 'RFC 6750 3.1', insufficient_scope: 'RFC 6750 3.1' };
const registered = {
  '/token': { ...grants, ...dpop, ...target, authorization_pending: 'RFC 8628 3.5', slow_down: 'RFC 8628 3.5', access_denied: 'RFC 8628 3.5, CIBA 11', expired_token: 'RFC 8628 3.5, CIBA 11' },
  // RFC 9126 2.3: the codes of the token endpoint, and those of the authorization endpoint and its extensions
  '/par': { ...oauth, ...dpop, ...target, unsupported_response_type: 'RFC 6749 4.1.2.1', invalid_request_object: 'RFC 9101 7', invalid_request_uri: 'RFC 9101 7',
    request_uri_not_supported: 'RFC 9101 7', registration_not_supported: 'OpenID Connect Core 3.1.2.6' },
  '/device_authorization': { ...oauth, ...target },
  '/backchannel': { ...oauth, ...target, unknown_user_id: 'CIBA 13', invalid_binding_message: 'CIBA 13' },
  '/introspect': { invalid_request: 'RFC 7662 2.3', invalid_client: 'RFC 7662 2.3' },
  '/revoke': { invalid_request: 'RFC 7009 2.2.1', invalid_client: 'RFC 7009 2.2.1' },
  '/userinfo': { ...bearer, ...dpop },
  '/register': { ...bearer, invalid_redirect_uri: 'RFC 7591 3.2.2', invalid_client_metadata: 'RFC 7591 3.2.2', unapproved_software_statement: 'RFC 7591 3.2.2', temporarily_unavailable: 'RFC 6749 4.1.2.1' },
};

const mark = 'zq7mark"\\<é>'; // stands in everything that we say, and must come back nowhere
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code', cibaGrant = 'urn:openid:params:grant-type:ciba', exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const seen = new Map(Object.keys(registered).map((path) => [path, new Set()]));
let servers, provider, noncing, portal, machine, kiosk, counter, signer, resident;

const basic = ({ client_id: id, client_secret: secret }) => ({ authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}` });
const endpoint = (path) => Object.keys(registered).find((one) => path === one || path.startsWith(`${one}/`) || path.startsWith(`${one}?`));

/** What RFC 6749 section 5.2 allows in error and error_description. */
const characters = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

function checkChallenge(path, answer, code) {
  const challenge = answer.headers.get('www-authenticate');
  const byToken = ['/userinfo', '/register'].includes(endpoint(path));
  if (answer.status === 401) assert.ok(challenge, '401 has a challenge (RFC 9110 section 15.5.2)');
  if (byToken && [401, 403].includes(answer.status)) {
    assert.match(challenge, /(Bearer|DPoP) /);
    if (code) assert.match(challenge, new RegExp(`error="${code}"`)); // RFC 6750 section 3
  } else if (answer.status === 401) {
    assert.match(challenge, /^Basic realm=/);
  }
  assert.ok(!challenge?.includes('zq7'), challenge);
}

/** Calls `path`, and holds what comes back against the table and against what is asked of every error. */
async function fails(expected, path, { fields, body, headers = {}, method = 'POST', at = provider, status = expected === 'invalid_client' ? 401 : 400 } = {}) {
  const init = { method, headers, body: body ?? (fields && new URLSearchParams(Object.entries(fields).flatMap(([name, value]) => [value].flat().filter((one) => one !== undefined).map((one) => [name, one])))) };
  const answer = await fetch(at.issuer + path, init);
  const text = await answer.text();
  const what = `${method} ${path} → ${answer.status} ${text}`;
  const json = JSON.parse(text);
  assert.deepEqual([json.error, answer.status], [expected, status], what);
  assert.match(answer.headers.get('content-type'), /^application\/json(; ?charset=utf-8)?$/i, what);
  assert.equal(answer.headers.get('cache-control'), 'no-store', what);
  assert.deepEqual(Object.keys(json), expected ? ['error', 'error_description'] : [], what);
  for (const value of Object.values(json)) assert.match(value, characters, what);
  // a registrant is told which of its values is refused, in plain ASCII; what proves who it is is never said
  const echoed = ['invalid_client_metadata', 'invalid_redirect_uri'].includes(expected) ? /é|\\|zq7token/ : /zq7|é/;
  assert.ok(!echoed.test(text), `input is echoed: ${what}`);
  assert.ok(!answer.headers.has('location') && !answer.headers.has('set-cookie'), what);
  if ([429, 503].includes(status)) assert.match(answer.headers.get('retry-after'), /^\d+$/, what);
  checkChallenge(path, answer, expected);
  if (expected) {
    assert.ok(registered[endpoint(path)][expected], `no specification registers ${expected} for ${path}`);
    seen.get(endpoint(path)).add(expected);
  }
  return answer;
}

let files = 0;
function client(metadata, at = provider) {
  const file = join(at.data, `errors-${++files}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Client', ...metadata }));
  return at.client('--from', file);
}

before(async () => {
  servers = await fixture({ 'limit.client_failures': 1000 });
  ({ provider, resident } = servers);
  noncing = await Provider.start(servers.register, { 'dpop.nonce_required': 'yes', 'limit.client_failures': 1, 'limit.requests_per_ip': 2, 'limit.registrations_per_ip': 1, 'registration.open': 'yes' });
  atEnd(() => noncing.stop());
  portal = await keyedClient(provider, { metadata: { grant_types: ['authorization_code', 'refresh_token'], request_uris: ['https://rp.example/request'] } });
  signer = await keyedClient(provider, { metadata: { request_object_signing_alg: 'ES256', require_signed_request_object: true } });
  machine = client({ grant_types: ['client_credentials', exchangeGrant], scope: 'records.read' });
  kiosk = client({ grant_types: [deviceGrant], token_endpoint_auth_method: 'none', scope: 'openid profile' });
  counter = client({ grant_types: [cibaGrant], scope: 'openid profile' });
});

const byPortal = (fields, more) => ({ fields, headers: basic(portal.metadata), ...more });
const by = (who, fields, more) => ({ fields, headers: basic(who), ...more });
const asKiosk = (fields) => ({ fields: { client_id: kiosk.client_id, ...fields } });

async function tokens(parameters, change = () => {}) {
  const { url, checks } = await authorizationRequest(portal.config, parameters);
  change(url);
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), resident.kidc);
  if (!url.searchParams.has('nonce')) checks.expectedNonce = undefined;
  return oidc.authorizationCodeGrant(portal.config, new URL(page.location), checks);
}

for (const path of ['/token', '/par', '/device_authorization', '/backchannel', '/introspect', '/revoke'])
  describe(path, () => {
    test('who it is must be proved: invalid_client, 401 with a challenge', async () => {
      for (const [fields, headers] of [
        [{ client_id: portal.metadata.client_id }, {}], [{ client_id: mark }, {}], [{}, {}],
        [{ client_id: portal.metadata.client_id, client_secret: mark }, {}],
        [{}, basic({ client_id: portal.metadata.client_id, client_secret: mark })], [{}, basic({ client_id: mark, client_secret: mark })], [{}, { authorization: 'Basic zq7' }],
        [{ client_secret: mark }, basic(portal.metadata)],
        [{ client_assertion: mark, client_assertion_type: mark }, {}],
        [{ client_assertion: mark, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' }, {}]])
        await fails('invalid_client', path, { fields: { token: mark, ...fields }, headers });
    });

    test('[7] the body must be a form, each parameter once: invalid_request', async () => {
      const form = { ...basic(portal.metadata), 'content-type': 'application/x-www-form-urlencoded' };
      for (const body of [`${encodeURIComponent(mark)}=1&${encodeURIComponent(mark)}=2`, 'token=zq7&token=zq7', 'a=%zq7', `a=${'%ff'}`, 'scope=zq7&scope=zq7'])
        await fails('invalid_request', path, { body, headers: form });
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=zq7'])
        await fails('invalid_request', path, { body: JSON.stringify({ token: mark }), headers: { ...basic(portal.metadata), 'content-type': type } });
      await fails('invalid_request', path, { body: '', headers: form });
    });

    test('too many failures: 429, and when to come back', async () => {
      const who = { ...client({ grant_types: ['client_credentials'], scope: 'records.read' }, noncing), client_secret: mark };
      await fails('invalid_client', path, by(who, { token: mark }, { at: noncing }));
      await fails('invalid_client', path, by(who, { token: mark }, { at: noncing, status: 429 }));
    });

    test('another method: 405 with Allow, as JSON', async () => {
      for (const method of ['GET', 'PUT']) {
        const answer = await fetch(provider.issuer + path, { method });
        assert.equal(answer.status, 405);
        assert.match(answer.headers.get('allow'), /POST/);
        assert.deepEqual(Object.keys(await answer.json()).slice(0, 2), ['error', 'error_description']);
      }
    });
  });

describe('/token', () => {
  test('what is missing or unknown', async () => {
    await fails('invalid_request', '/token', byPortal({ grant_type: '' }));
    await fails('unsupported_grant_type', '/token', byPortal({ grant_type: mark }));
    await fails('unsupported_grant_type', '/token', byPortal({ grant_type: 'password', username: mark, password: mark }));
    await fails('unauthorized_client', '/token', byPortal({ grant_type: 'client_credentials' }));
    await fails('unauthorized_client', '/token', by(machine, { grant_type: 'authorization_code', code: mark }));
    await fails('invalid_request', '/token', byPortal({ grant_type: 'authorization_code' }));
    await fails('invalid_request', '/token', byPortal({ grant_type: 'refresh_token' }));
    await fails('invalid_grant', '/token', byPortal({ grant_type: 'authorization_code', code: mark, redirect_uri: mark, code_verifier: mark }));
    await fails('invalid_grant', '/token', byPortal({ grant_type: 'refresh_token', refresh_token: mark }));
    await fails('invalid_scope', '/token', by(machine, { grant_type: 'client_credentials', scope: 'zq7' }));
    await fails('invalid_scope', '/token', by(machine, { grant_type: 'client_credentials', scope: mark }));
    await fails('invalid_target', '/token', by(machine, { grant_type: 'client_credentials', resource: mark }));
    await fails('invalid_request', '/token', by(machine, { grant_type: exchangeGrant, subject_token: mark, subject_token_type: mark }));
    await fails('invalid_target', '/token', by(machine, { grant_type: exchangeGrant, subject_token: mark, subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' }));
  });

  test('more than was granted', async () => {
    const { refresh_token } = await tokens();
    const refresh = (more) => byPortal({ grant_type: 'refresh_token', refresh_token, ...more });
    await fails('invalid_scope', '/token', refresh({ scope: `openid ${mark}` }));
    await fails('invalid_target', '/token', refresh({ resource: mark }));
    await fails('invalid_authorization_details', '/token', refresh({ authorization_details: mark }));
  });

  test('proofs', async () => {
    const key = await ProofKey.make();
    await fails('invalid_dpop_proof', '/token', { ...by(machine, { grant_type: 'client_credentials' }), headers: { ...basic(machine), DPoP: 'zq7' } });
    const strict = client({ grant_types: ['client_credentials'], scope: 'records.read' }, noncing);
    const headers = { ...basic(strict), DPoP: await key.proof('POST', `${noncing.issuer}/token`) };
    const answer = await fails('use_dpop_nonce', '/token', { ...by(strict, { grant_type: 'client_credentials' }), headers, at: noncing });
    assert.ok(answer.headers.get('dpop-nonce'));
  });

  test('who waits for a person', async () => {
    const device = async () => (await fetch(`${provider.issuer}/device_authorization`, { method: 'POST', body: new URLSearchParams({ client_id: kiosk.client_id, scope: 'openid' }) })).json();
    const poll = (device_code) => asKiosk({ grant_type: deviceGrant, device_code });
    const one = await device();
    await fails('authorization_pending', '/token', poll(one.device_code));
    await fails('slow_down', '/token', poll(one.device_code));
    const browser = new Browser();
    const page = await browser.go(`${provider.issuer}/device`, { method: 'POST', body: new URLSearchParams({ user_code: one.user_code }) });
    await browser.submit(page, 'cancel');
    await fails('access_denied', '/token', poll(one.device_code));
    await fails('invalid_grant', '/token', poll(mark));
    await fails('invalid_request', '/token', poll(''));
    const asked = await (await fetch(`${provider.issuer}/backchannel`, { method: 'POST', headers: basic(counter), body: new URLSearchParams({ scope: 'openid', login_hint: resident.kidc, requested_expiry: '1' }) })).json();
    const ends = Date.now() + asked.expires_in * 1000 + 1000;
    await until('the request to expire', () => Date.now() > ends);
    await fails('expired_token', '/token', by(counter, { grant_type: cibaGrant, auth_req_id: asked.auth_req_id }));
    await fails('invalid_grant', '/token', by(counter, { grant_type: cibaGrant, auth_req_id: mark }));
  });
});

describe('/par', () => {
  let good;
  before(async () => (good = Object.fromEntries((await authorizationRequest(portal.config)).url.searchParams)));

  test('each parameter that is wrong', async () => {
    for (const [error, change] of [
      ['invalid_request', { redirect_uri: mark }], ['invalid_request', { redirect_uri: undefined }], ['invalid_request', { response_type: undefined }], ['unsupported_response_type', { response_type: mark }],
      ['invalid_request', { response_mode: mark }], ['invalid_request', { prompt: mark }], ['invalid_request', { max_age: mark }], ['invalid_request', { claims: mark }], ['invalid_request', { code_challenge: mark }],
      ['invalid_request', { code_challenge_method: 'plain' }], ['invalid_request', { id_token_hint: mark }], ['invalid_request', { dpop_jkt: mark }], ['invalid_scope', { scope: '' }],
      ['invalid_target', { resource: mark }], ['invalid_authorization_details', { authorization_details: mark }], ['invalid_request_object', { request: mark }],
      ['registration_not_supported', { registration: mark }], ['invalid_request', { request_uri: mark }], ['unauthorized_client', { response_type: 'code id_token' }]])
      await fails(error, '/par', byPortal({ ...good, ...change }));
  });

  test('signed requests: the fault is in the object', async () => {
    const signed = async (claims, how) => ({ fields: { request: await requestObject(signer, provider.issuer, claims, how) }, headers: basic(signer.metadata) });
    await fails('invalid_request_object', '/par', await signed({ aud: mark }));
    await fails('invalid_request_object', '/par', await signed({ iss: mark }));
    await fails('invalid_request_object', '/par', await signed({ exp: 1 }));
    await fails('invalid_request', '/par', by(signer.metadata, { ...good, client_id: signer.metadata.client_id }));
  });

  test('proofs, and too many of a public client', async () => {
    await fails('invalid_dpop_proof', '/par', { fields: good, headers: { ...basic(portal.metadata), DPoP: 'zq7' } });
    const other = await keyedClient(noncing);
    const fields = Object.fromEntries((await authorizationRequest(other.config)).url.searchParams);
    const headers = { ...basic(other.metadata), DPoP: await (await ProofKey.make()).proof('POST', `${noncing.issuer}/par`) };
    await fails('use_dpop_nonce', '/par', { fields, headers, at: noncing });
    const app = client({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none', scope: 'openid profile' }, noncing);
    const push = () => fetch(`${noncing.issuer}/par`, { method: 'POST', body: new URLSearchParams({ ...fields, client_id: app.client_id }) });
    for (let i = 0; i < 2; i++) assert.equal((await push()).status, 201);
    await fails('temporarily_unavailable', '/par', { fields: { ...fields, client_id: app.client_id }, at: noncing, status: 429 });
  });
});

describe('/device_authorization', () => {
  test('each fault', async () => {
    await fails('unauthorized_client', '/device_authorization', byPortal({ scope: 'openid' }));
    await fails('invalid_request', '/device_authorization', asKiosk({ scope: 'openid', code_challenge: mark }));
    await fails('invalid_scope', '/device_authorization', asKiosk({ scope: mark }));
    await fails('invalid_target', '/device_authorization', asKiosk({ scope: 'openid', resource: mark }));
    await fails('invalid_authorization_details', '/device_authorization', asKiosk({ scope: 'openid', authorization_details: mark }));
  });
});

describe('/backchannel', () => {
  test('each fault', async () => {
    const ask = (fields) => by(counter, { scope: 'openid', login_hint: resident.kidc, ...fields });
    await fails('unauthorized_client', '/backchannel', byPortal({ scope: 'openid', login_hint: mark }));
    await fails('invalid_request', '/backchannel', ask({ login_hint: undefined }));
    await fails('invalid_request', '/backchannel', ask({ id_token_hint: mark }));
    await fails('invalid_request', '/backchannel', ask({ login_hint: undefined, login_hint_token: mark }));
    await fails('invalid_request', '/backchannel', ask({ requested_expiry: mark }));
    await fails('invalid_request', '/backchannel', ask({ user_code: mark }));
    await fails('invalid_request', '/backchannel', ask({ request: mark }));
    await fails('unknown_user_id', '/backchannel', ask({ login_hint: mark }));
    await fails('invalid_binding_message', '/backchannel', ask({ binding_message: `${mark}\n` }));
    await fails('invalid_scope', '/backchannel', ask({ scope: mark }));
    await fails('invalid_target', '/backchannel', ask({ resource: mark }));
    await fails('invalid_authorization_details', '/backchannel', ask({ authorization_details: mark }));
  });
});

describe('/introspect and /revoke', () => {
  test('a token is needed; one that is unknown is no error', async () => {
    for (const path of ['/introspect', '/revoke']) {
      await fails('invalid_request', path, byPortal({ token: '' }));
      await fails('invalid_request', path, byPortal({ token_type_hint: mark }));
      const unknown = await fetch(provider.issuer + path, { method: 'POST', headers: basic(portal.metadata), body: new URLSearchParams({ token: mark }) });
      assert.equal(unknown.status, 200); // RFC 7662 section 2.2, RFC 7009 section 2.2
      assert.deepEqual(await unknown.json(), path === '/introspect' ? { active: false } : {});
    }
    await fails('invalid_client', '/introspect', asKiosk({ token: mark }));
  });
});

describe('/userinfo', () => {
  const info = (headers, more) => ({ method: 'GET', headers, ...more });

  test('without a token: 401 with a challenge that names no error (RFC 6750 section 3.1)', async () => {
    const answer = await fails(undefined, '/userinfo', info({}, { status: 401 }));
    assert.ok(!answer.headers.get('www-authenticate').includes('error'));
    await fails(undefined, '/userinfo', info({ authorization: 'Basic zq7' }, { status: 401 }));
  });

  test('a token that is none, sent wrongly, or not enough', async () => {
    for (const value of ['Bearer zq7', 'DPoP zq7', 'bearer zq7.zq7.zq7']) await fails('invalid_token', '/userinfo', info({ authorization: value }, { status: 401 }));
    await fails('invalid_token', '/userinfo', { fields: { access_token: mark }, status: 401 });
    await fails('invalid_request', '/userinfo?access_token=zq7', info({}));
    await fails('invalid_request', '/userinfo', { fields: { access_token: mark }, headers: { authorization: 'Bearer zq7' } });
    await fails('invalid_request', '/userinfo', { body: 'access_token=zq7&access_token=zq7', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    const plain = await tokens({}, (url) => {
      url.searchParams.set('scope', 'profile');
      url.searchParams.delete('nonce');
    });
    await fails('insufficient_scope', '/userinfo', info({ authorization: `Bearer ${plain.access_token}` }, { status: 403 }));
  });

  test('proofs', async () => {
    const bound = async (at, who) => {
      const key = await ProofKey.make(), { url, checks } = await authorizationRequest(who.config);
      const browser = new Browser();
      const page = await browser.signInAndAllow(servers.register, await browser.go(url), resident.kidc);
      const handle = oidc.getDPoPHandle(who.config, key.pair);
      return { key, token: (await oidc.authorizationCodeGrant(who.config, new URL(page.location), checks, {}, { DPoP: handle })).access_token };
    };
    const { key, token } = await bound(provider, portal);
    await fails('invalid_token', '/userinfo', info({ authorization: `Bearer ${token}` }, { status: 401 }));
    await fails('invalid_dpop_proof', '/userinfo', info({ authorization: `DPoP ${token}`, DPoP: 'zq7' }, { status: 401 }));
    assert.ok(key);
    const nonces = await Provider.start(servers.register, { 'dpop.nonce_required': 'yes' });
    atEnd(() => nonces.stop());
    const other = await bound(nonces, await keyedClient(nonces));
    const proof = await other.key.proof('GET', `${nonces.issuer}/userinfo`, { token: other.token });
    const answer = await fails('use_dpop_nonce', '/userinfo', info({ authorization: `DPoP ${other.token}`, DPoP: proof }, { status: 401, at: nonces }));
    assert.ok(answer.headers.get('dpop-nonce'));
  });
});

describe('/register', () => {
  const send = (json, headers = {}, more) => ({ body: typeof json === 'string' ? json : JSON.stringify(json), headers: { 'content-type': 'application/json', ...headers }, ...more });
  const permission = (...args) => ({ authorization: `Bearer ${JSON.parse(provider.command('registration', 'token', '--json', '--uses', '50', ...args)).initial_access_token}` });
  const good = { redirect_uris: ['https://rp.example/cb'] };

  test('without a token, and with one that is none', async () => {
    await fails(undefined, '/register', send(good, {}, { status: 401 }));
    await fails('invalid_token', '/register', send(good, { authorization: 'Bearer zq7token' }, { status: 401 }));
    for (const method of ['GET', 'PUT', 'DELETE'])
      for (const id of ['zq7', portal.metadata.client_id])
        await fails('invalid_token', `/register/${id}`, { method, headers: { authorization: 'Bearer zq7', 'content-type': 'application/json' }, body: method === 'PUT' ? '{}' : undefined, status: 401 });
  });

  test('metadata that is refused', async () => {
    const headers = permission();
    for (const body of ['', '[]', '{', '"zq7"', `{"a":"${'x'.repeat(10)}","a":1}`, JSON.stringify({ ...good, contacts: 'zq7' }), JSON.stringify({ ...good, client_name: 7 })])
      await fails('invalid_client_metadata', '/register', send(body, headers));
    for (const uri of [mark, ['zq7'], 7, 'javascript:zq7', 'https://zq7@rp.example/cb', 'https://rp.example/cb#zq7', 'http://zq7.example/cb'])
      await fails('invalid_redirect_uri', '/register', send({ redirect_uris: [uri] }, headers));
    for (const change of [{ grant_types: [mark] }, { response_types: [mark] }, { token_endpoint_auth_method: mark }, { id_token_signed_response_alg: 'none' }, { scope: mark }, { jwks: mark }, { jwks: { keys: [{ kty: 'zq7' }] } },
      { jwks: { keys: [] }, jwks_uri: 'https://rp.example/zq7' }, { jwks_uri: 'http://127.0.0.1/zq7' }, { sector_identifier_uri: 'http://zq7.example' }, { subject_type: mark }, { application_type: mark },
      { logo_uri: mark }, { policy_uri: 'javascript:zq7' }, { post_logout_redirect_uris: [mark] }, { backchannel_logout_uri: mark }, { default_max_age: mark }, { security_profile: mark }])
      await fails('invalid_client_metadata', '/register', send({ ...good, ...change }, headers));
    await fails('unapproved_software_statement', '/register', send({ ...good, software_statement: mark }, headers));
  });

  test('too many: 429', async () => {
    await fetch(`${noncing.issuer}/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(good) });
    await fails('temporarily_unavailable', '/register', send(good, {}, { at: noncing, status: 429 }));
  });

  test('a client that changes itself wrongly', async () => {
    const made = await (await fetch(`${provider.issuer}/register`, { method: 'POST', ...send(good, permission()) })).json();
    const headers = { authorization: `Bearer ${made.registration_access_token}` };
    const at = new URL(made.registration_client_uri).pathname;
    await fails('invalid_client_metadata', at, send({ ...good, client_id: mark }, headers, { method: 'PUT' }));
    await fails('invalid_client_metadata', at, send({ ...good, client_id: made.client_id, client_secret: mark }, headers, { method: 'PUT' }));
    await fails('invalid_redirect_uri', at, send({ redirect_uris: [mark], client_id: made.client_id }, headers, { method: 'PUT' }));
  });
});

test('every code that the program has was provoked where its specification has it', () => {
  const codes = new Set(execFileSync('grep', ['-rhoP', 'OAUTH_ERROR(_STATUS\\([0-9]+, |\\()"\\K[a-z_]+', 'idp/oauth'], { cwd: root, encoding: 'utf8' }).trim().split('\n'));
  // those of the authorization endpoint's redirects alone: authorize, flow and request_object.test.mjs; request_uri_not_supported is for signed requests by reference
  for (const elsewhere of ['login_required', 'server_error', 'request_uri_not_supported', 'invalid_request_uri']) codes.delete(elsewhere);
  const provoked = new Set([...seen.values()].flatMap((set) => [...set]));
  assert.deepEqual([...codes].filter((code) => !provoked.has(code)), []);
  assert.ok(provoked.size >= 25, [...provoked].join());
});
