// Tokens that are bound to a key of the client (RFC 9449), against the real server: what only the holder can do, every wrong proof, and nonces.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { hash, now, ProofKey, wrongProofs } from '../lib/dpop.mjs';
import { authorizationRequest, fixture, redirectUri } from '../lib/fixture.mjs';

let servers, key, other;

before(async () => {
  servers = await fixture({ 'limit.client_failures': 1000 });
  [key, other] = [await ProofKey.make(), await ProofKey.make()];
});

let registered = 0;
/** Registers a client from metadata. */
function register(provider, metadata) {
  const file = join(provider.data, `client-${registered++}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Test portal', redirect_uris: [redirectUri], scope: 'openid profile offline_access', ...metadata }));
  return provider.client('--from', file);
}

const basic = ({ client_id, client_secret }) => `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
const at = (path, provider = servers.provider) => provider.issuer + path;

/** One request by node:http, which sends a header twice where it is given as an array. */
function send(method, url, headers, fields) {
  return new Promise((done, fail) => {
    const request = httpRequest(url, { method, agent: false, headers: { ...(fields && { 'content-type': 'application/x-www-form-urlencoded' }), ...headers } }, (answer) => {
      let body = '';
      answer.on('data', (data) => (body += data));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, json: body.startsWith('{') ? JSON.parse(body) : undefined, body }));
    });
    request.once('error', fail);
    request.end(fields && new URLSearchParams(fields).toString());
  });
}

const organization = (extra) => register(servers.provider, { grant_types: ['client_credentials'], redirect_uris: undefined, response_types: [], scope: 'records.read', ...extra });
const forOrganization = { grant_type: 'client_credentials' };

/** The browser's part of a flow with openid-client. */
async function authorized(metadata, parameters, how = oidc.ClientSecretBasic(metadata.client_secret), provider = servers.provider) {
  const config = await oidc.discovery(new URL(provider.issuer), metadata.client_id, undefined, how, { execute: [oidc.allowInsecureRequests] });
  const { url, checks } = await authorizationRequest(config, { scope: 'openid profile offline_access', ...parameters });
  return { config, checks, callback: await comeBack(url) };
}

async function comeBack(url) {
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  assert.ok(page.location, page.body);
  return new URL(page.location);
}

const grant = ({ callback, checks }) => ({ grant_type: 'authorization_code', code: callback.searchParams.get('code'), redirect_uri: redirectUri, code_verifier: checks.pkceCodeVerifier });
const refresh = (token) => ({ grant_type: 'refresh_token', refresh_token: token });
const refreshable = { grant_types: ['authorization_code', 'refresh_token'] };
/** A form at the token endpoint, with a proof by `by`. */
const token = async (fields, headers, by = key, options) => send('POST', at('/token'), { ...headers, ...(by && { dpop: await by.proof('POST', at('/token'), options) }) }, fields);
const userinfo = async (accessToken, { scheme = 'DPoP', by = key, method = 'GET', headers, ...options } = {}) =>
  send(method, at('/userinfo'), { authorization: `${scheme} ${accessToken}`, ...(by && { dpop: await by.proof(method, at('/userinfo'), { token: accessToken, ...options }) }), ...headers });

describe('at the token endpoint', () => {
  let client, headers;
  before(() => {
    client = organization({ dpop_bound_access_tokens: true });
    headers = { authorization: basic(client) };
  });

  for (const alg of ['ES256', 'PS256', 'EdDSA'])
    test(`a proof with ${alg} binds the token to its key, in the token and at introspection`, async () => {
      const by = await ProofKey.make(alg);
      const { status, json } = await token(forOrganization, headers, by);
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.token_type, 'DPoP');
      assert.deepEqual(jose.decodeJwt(json.access_token).cnf, { jkt: by.thumbprint });
      const seen = await send('POST', at('/introspect'), headers, { token: json.access_token });
      assert.equal(seen.json.token_type, 'DPoP');
      assert.deepEqual(seen.json.cnf, { jkt: by.thumbprint });
    });

  for (const [name, make] of Object.entries(wrongProofs))
    test(`[33] ${name}: refused`, async () => {
      const { status, json } = await send('POST', at('/token'), { ...headers, dpop: await make(key, 'POST', at('/token'), undefined, other) }, forOrganization);
      assert.equal(status, 400);
      assert.equal(json.error, name === 'two DPoP headers' ? 'invalid_request' : 'invalid_dpop_proof');
      assert.equal(json.access_token, undefined);
    });

  test('clocks may differ by ten seconds, and what is not asked for may stand in a proof', async () => {
    for (const options of [{ claims: { iat: now() - 10 } }, { claims: { iat: now() + 10 } }, { claims: { nbf: now() + 3600, exp: now() - 3600, more: {} } }, { header: { more: 1 } }])
      assert.equal((await token(forOrganization, headers, key, options)).status, 200, JSON.stringify(options));
  });

  test('the endpoint may be spelled in another case, with a query and a fragment; the header in any case', async () => {
    for (const url of [at('/token').replace('http', 'HTTP').replace('localhost', 'LOCALHOST'), `${at('/token')}?a=b`, `${at('/token')}#c`])
      assert.equal((await send('POST', at('/token'), { ...headers, DPOP: await key.proof('POST', url) }, forOrganization)).status, 200, url);
  });

  test('[33] a proof works once, also of twenty at once', async () => {
    const dpop = await key.proof('POST', at('/token'));
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('POST', at('/token'), { ...headers, dpop }, forOrganization)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const { status, json } of answers) if (status !== 200) assert.equal(json.error, 'invalid_dpop_proof');
    const jti = 'the same';
    assert.equal((await token(forOrganization, headers, key, { claims: { jti } })).status, 200);
    assert.equal((await token(forOrganization, headers, other, { claims: { jti } })).status, 200, 'a jti of another key is another one');
    assert.equal((await token(forOrganization, headers, key, { claims: { jti } })).json.error, 'invalid_dpop_proof');
  });

  test('a client whose tokens are bound gets none without a proof; another gets what it proves', async () => {
    assert.equal((await token(forOrganization, headers, null)).json.error, 'invalid_request');
    const unbound = { authorization: basic(organization()) };
    const bearer = await token(forOrganization, unbound, null);
    assert.equal(bearer.json.token_type, 'Bearer');
    assert.equal(jose.decodeJwt(bearer.json.access_token).cnf, undefined);
    const bound = await token(forOrganization, unbound);
    assert.equal(bound.json.token_type, 'DPoP');
  });

  test('a proof does not stand in for authentication', async () => {
    assert.equal((await token(forOrganization, {})).json.error, 'invalid_client');
  });

  test('pages of elsewhere may send proofs and read nonces', async () => {
    const preflight = await send('OPTIONS', at('/token'), { origin: 'https://app.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'dpop' });
    assert.match(preflight.headers['access-control-allow-headers'], /\bDPoP\b/);
    const answer = await token(forOrganization, { ...headers, origin: 'https://app.example' });
    assert.match(answer.headers['access-control-expose-headers'], /WWW-Authenticate, DPoP-Nonce/);
  });
});

describe('nonces', () => {
  test('one is handed out, and takes the place of a right clock', async () => {
    const headers = { authorization: basic(organization()) };
    const nonce = (await token(forOrganization, headers)).headers['dpop-nonce'];
    assert.match(nonce, /^[\w-]{22}$/);
    for (const iat of [now(), now() - 3600, now() + 3600])
      assert.equal((await token(forOrganization, headers, key, { claims: { nonce, iat } })).status, 200);
    const wrong = await token(forOrganization, headers, key, { claims: { nonce: 'x' } });
    assert.equal(wrong.status, 400);
    assert.equal(wrong.json.error, 'use_dpop_nonce');
    assert.equal(wrong.headers['dpop-nonce'], nonce);
    const spent = await key.proof('POST', at('/token'), { claims: { nonce } });
    assert.equal((await send('POST', at('/token'), { ...headers, dpop: spent }, forOrganization)).status, 200);
    assert.equal((await send('POST', at('/token'), { ...headers, dpop: spent }, forOrganization)).json.error, 'invalid_dpop_proof');
  });

  test('where they are demanded, every endpoint asks for one, and openid-client follows', async () => {
    const { provider } = servers;
    provider.settings['dpop.nonce_required'] = 'yes';
    await provider.restart();
    try {
      const client = register(provider, { ...refreshable, dpop_bound_access_tokens: true });
      const headers = { authorization: basic(client) };
      const refused = await token({ grant_type: 'authorization_code', code: 'x' }, headers);
      assert.equal(refused.json.error, 'use_dpop_nonce');
      const pushed = await send('POST', at('/par'), { ...headers, dpop: await key.proof('POST', at('/par')) }, { response_type: 'code' });
      assert.deepEqual([pushed.status, pushed.json.error], [400, 'use_dpop_nonce']);
      const flow = await authorized(client);
      const DPoP = oidc.getDPoPHandle(flow.config, key.pair);
      const tokens = await oidc.authorizationCodeGrant(flow.config, flow.callback, flow.checks, undefined, { DPoP });
      const seen = await userinfo(tokens.access_token);
      assert.equal(seen.status, 401);
      assert.match(seen.headers['www-authenticate'], /^DPoP realm="konsao", error="use_dpop_nonce".*algs="ES256 PS256 EdDSA"$/);
      assert.ok(seen.headers['dpop-nonce']);
      assert.equal((await oidc.fetchUserInfo(flow.config, tokens.access_token, tokens.claims().sub, { DPoP })).sub, tokens.claims().sub);
    } finally {
      provider.settings['dpop.nonce_required'] = 'no';
      await provider.restart();
    }
  });
});

describe('codes and refresh tokens', () => {
  test('dpop_jkt binds the code to a key: no other key, and no bearer, gets its tokens', async () => {
    const client = register(servers.provider, refreshable);
    const headers = { authorization: basic(client) };
    for (const by of [other, null]) {
      const flow = await authorized(client, { dpop_jkt: key.thumbprint });
      assert.equal((await token(grant(flow), headers, by)).json.error, 'invalid_grant');
      assert.equal((await token(grant(flow), headers)).json.error, 'invalid_grant', 'the code is burnt');
    }
    const flow = await authorized(client, { dpop_jkt: key.thumbprint });
    assert.equal((await token(grant(flow), headers)).json.token_type, 'DPoP');
  });

  test('a proof at the pushed request does the same, and must not contradict dpop_jkt', async () => {
    const client = register(servers.provider, refreshable);
    const headers = { authorization: basic(client) };
    const push = async (fields, by) => send('POST', at('/par'), { ...headers, dpop: await by.proof('POST', at('/par')) }, { response_type: 'code', client_id: client.client_id,
      redirect_uri: redirectUri, scope: 'openid', code_challenge: hash('v'.repeat(43)), code_challenge_method: 'S256', nonce: 'n', ...fields });
    const wrong = await push({ dpop_jkt: other.thumbprint }, key);
    assert.deepEqual([wrong.status, wrong.json.error], [400, 'invalid_dpop_proof']);
    for (const [by, expected] of [[other, 'invalid_grant'], [key, undefined]]) {
      const { json } = await push({}, key);
      const callback = await comeBack(`${at('/authorize')}?client_id=${client.client_id}&request_uri=${json.request_uri}`);
      const answer = await token(grant({ callback, checks: { pkceCodeVerifier: 'v'.repeat(43) } }), headers, by);
      assert.equal(answer.json.error, expected);
    }
  });

  test('a wrong proof does not use the code up', async () => {
    const client = register(servers.provider, refreshable);
    const headers = { authorization: basic(client) };
    const flow = await authorized(client);
    assert.equal((await token(grant(flow), headers, key, { claims: { htm: 'GET' } })).json.error, 'invalid_dpop_proof');
    assert.equal((await token(grant(flow), headers)).status, 200);
  });

  test("a public client's refresh token is of use with its key alone", async () => {
    const client = register(servers.provider, { ...refreshable, token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true });
    const id = { client_id: client.client_id };
    const first = await token({ ...grant(await authorized(client, {}, oidc.None())), ...id }, {});
    assert.equal(first.status, 200, first.body);
    for (const by of [other, null])
      assert.match((await token({ ...refresh(first.json.refresh_token), ...id }, {}, by)).json.error, by ? /^invalid_grant$/ : /^invalid_request$/);
    const second = await token({ ...refresh(first.json.refresh_token), ...id }, {});
    assert.equal(second.json.token_type, 'DPoP');
    assert.equal((await token({ ...refresh(second.json.refresh_token), ...id }, {}, other)).json.error, 'invalid_grant', 'and so is its successor');
    assert.equal((await userinfo(second.json.access_token)).status, 200);
  });

  test('a client that authenticates may change its key; its refresh token stays', async () => {
    const client = register(servers.provider, { ...refreshable, dpop_bound_access_tokens: true });
    const headers = { authorization: basic(client) };
    const first = await token(grant(await authorized(client)), headers);
    const second = await token(refresh(first.json.refresh_token), headers, other);
    assert.equal(second.status, 200, second.body);
    assert.equal(second.json.refresh_token, undefined);
    assert.deepEqual(jose.decodeJwt(second.json.access_token).cnf, { jkt: other.thumbprint });
    assert.equal((await token(refresh(first.json.refresh_token), {}, key)).json.error, 'invalid_client', 'and it authenticates each time');
  });
});

describe('at userinfo', () => {
  let bound, bearer;
  before(async () => {
    const client = register(servers.provider, refreshable);
    const issued = async (by) => (await token(grant(await authorized(client)), { authorization: basic(client) }, by)).json.access_token;
    bound = await issued(key);
    bearer = await issued(null);
  });

  test('the key opens it, with the scheme in any case', async () => {
    for (const scheme of ['DPoP', 'dpop', 'dPoP', 'DPOP']) {
      const answer = await userinfo(bound, { scheme });
      assert.equal(answer.status, 200, answer.body);
      assert.ok(answer.json.sub);
      assert.ok(answer.headers.date);
    }
    assert.equal((await userinfo(bound, { method: 'POST' })).status, 200);
    assert.equal((await userinfo(bearer, { scheme: 'bEARER', by: null })).status, 200);
  });

  for (const [name, make] of Object.entries(wrongProofs))
    test(`[33] ${name}: refused`, async () => {
      const answer = await userinfo(bound, { by: null, headers: { dpop: await make(key, 'GET', at('/userinfo'), bound, other) } });
      if (name === 'two DPoP headers') return assert.equal(answer.status, 400);
      assert.equal(answer.status, 401);
      assert.equal(answer.json.error, 'invalid_dpop_proof');
      assert.match(answer.headers['www-authenticate'], /^DPoP realm="konsao", error="invalid_dpop_proof", error_description="[^"]+", algs="ES256 PS256 EdDSA"$/);
    });

  test('[33] the proof is for this token: no ath, a wrong ath, and the ath of another token are refused', async () => {
    for (const ath of [undefined, '', hash('x'), hash(bearer), `${hash(bound)}=`, 1])
      assert.equal((await userinfo(bound, { claims: { ath } })).json.error, 'invalid_dpop_proof');
  });

  test('[33] a proof works once', async () => {
    const dpop = await key.proof('GET', at('/userinfo'), { token: bound });
    assert.equal((await userinfo(bound, { by: null, headers: { dpop } })).status, 200);
    assert.equal((await userinfo(bound, { by: null, headers: { dpop } })).json.error, 'invalid_dpop_proof');
  });

  test('[33] a stolen token is of no use: not with another key, without a proof, as a bearer token or in a form', async () => {
    const stolen = [
      ['invalid_token', await userinfo(bound, { by: other })],
      ['invalid_dpop_proof', await userinfo(bound, { by: null })],
      ['invalid_token', await userinfo(bound, { scheme: 'Bearer', by: null })],
      ['invalid_token', await userinfo(bound, { scheme: 'Bearer' })],
      ['invalid_token', await send('POST', at('/userinfo'), { dpop: await key.proof('POST', at('/userinfo'), { token: bound }) }, { access_token: bound })],
    ];
    for (const [error, answer] of stolen) {
      assert.equal(answer.status, 401);
      assert.equal(answer.json.error, error);
      assert.equal(answer.json.sub, undefined);
    }
  });

  test('a bearer token is none that a key is bound to', async () => {
    const answer = await userinfo(bearer);
    assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_token']);
  });

  test('who sends no token is told of both ways', async () => {
    const answer = await send('GET', at('/userinfo'), {});
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="konsao", DPoP realm="konsao", algs="ES256 PS256 EdDSA"');
  });
});

describe('with openid-client', () => {
  for (const alg of ['ES256', 'PS256', 'EdDSA'])
    test(`the fapi2 profile: pushed request, private_key_jwt and DPoP with ${alg}`, async () => {
      const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
      const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
      const client = register(servers.provider, { ...refreshable, security_profile: 'fapi2', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] }, dpop_bound_access_tokens: true });
      const config = await oidc.discovery(new URL(servers.provider.issuer), client.client_id, { id_token_signed_response_alg: 'ES256' },
        oidc.PrivateKeyJwt({ key: privateKey, kid: 'one' }), { execute: [oidc.allowInsecureRequests] });
      const DPoP = oidc.getDPoPHandle(config, (await ProofKey.make(alg)).pair);
      const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
      const checks = { pkceCodeVerifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
      const url = await oidc.buildAuthorizationUrlWithPAR(config, { redirect_uri: redirectUri, scope: 'openid profile offline_access', state: checks.expectedState, nonce: checks.expectedNonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256' }, { DPoP });
      const tokens = await oidc.authorizationCodeGrant(config, await comeBack(url), checks, undefined, { DPoP });
      assert.equal(tokens.token_type, 'dpop');
      assert.ok((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })).name);
      const again = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
      assert.equal(again.token_type, 'dpop');
      await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_request' }, 'no token of this profile is a bearer token');
    });
});
