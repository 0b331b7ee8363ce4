// Who the client is, by what it signs: client_secret_jwt, private_key_jwt in each profile, and keys that the client publishes.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { now, ProofKey } from '../lib/dpop.mjs';
import { fixture } from '../lib/fixture.mjs';
import { Remote } from '../lib/remote.mjs';

let provider, remote;

before(async () => {
  remote = await Remote.start();
  ({ provider } = await fixture({ ...remote.settings, writers: 1, 'limit.client_failures': 1000 }));
});

let registered = 0;
/** Registers a client for calls of its own. */
function register(metadata) {
  const file = join(provider.data, `client-${registered++}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Back end', grant_types: ['client_credentials'], response_types: [], scope: 'records.read', ...metadata }));
  return provider.client('--from', file);
}

/** A key pair: `sign` makes assertions with it, `jwk` is its public part. */
async function keyPair(alg = 'ES256', kid = `${alg}-${registered++}`) {
  const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { privateKey, kid, alg, jwk: { ...(await jose.exportJWK(publicKey)), kid, use: 'sig' } };
}

/** A client assertion; in `claims` a value of undefined takes one away. `by`: a key pair or a secret. */
function assertion(client, by, claims = {}, header = {}) {
  const all = { iss: client.client_id, sub: client.client_id, aud: provider.issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60, ...claims };
  const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const secret = typeof by === 'string';
  return new jose.SignJWT(payload).setProtectedHeader({ alg: secret ? 'HS256' : by.alg, ...(by.kid && { kid: by.kid }), ...header })
    .sign(secret ? new TextEncoder().encode(by) : by.privateKey);
}

async function post(path, fields, headers = {}) {
  const answer = await fetch(provider.issuer + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
  return { status: answer.status, headers: answer.headers, json: await answer.json() };
}

const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const call = (jwt, fields) => post('/token', { grant_type: 'client_credentials', client_assertion_type: jwtBearer, client_assertion: jwt, ...fields });
const accepted = async (jwt, what, fields) => assert.equal((await call(jwt, fields)).status, 200, what);
async function refused(jwt, what, fields) {
  const { status, json } = await call(jwt, fields);
  assert.deepEqual([status, json.error], [401, 'invalid_client'], what);
}

describe('client_secret_jwt', () => {
  let client;
  before(() => (client = register({ token_endpoint_auth_method: 'client_secret_jwt' })));

  test('the secret signs: openid-client gets a token', async () => {
    const config = await oidc.discovery(new URL(provider.issuer), client.client_id, undefined, oidc.ClientSecretJwt(client.client_secret), { execute: [oidc.allowInsecureRequests] });
    assert.ok((await oidc.clientCredentialsGrant(config)).access_token);
  });

  test('the secret itself is never sent, and never shown again', async () => {
    for (const [fields, headers] of [[{ client_id: client.client_id, client_secret: client.client_secret }, {}],
      [{}, { authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}` }], [{ client_id: client.client_id }, {}]])
      assert.equal((await post('/token', { grant_type: 'client_credentials', ...fields }, headers)).json.error, 'invalid_client');
    const shown = provider.command('client', 'show', '--json', client.client_id);
    assert.ok(!shown.includes(client.client_secret) && !shown.includes('sealed'));
  });

  test('[29] no key but the secret is taken, and no algorithm but HS256', async () => {
    await refused(await assertion(client, 'x'.repeat(43)), 'another secret');
    await refused(await assertion(client, await keyPair()), 'a key');
    await refused(`${jose.base64url.encode('{"alg":"none"}')}.${(await assertion(client, client.client_secret)).split('.')[1]}.`, 'none');
    const [head, payload, signature] = (await assertion(client, client.client_secret)).split('.');
    await refused(`${jose.base64url.encode('{"alg":"HS512"}')}.${payload}.${signature}`, 'HS512');
    await refused(`${head}.${payload}.${signature.slice(0, 20)}`, 'a part of the tag');
    await refused(`${head}.${payload}.${jose.base64url.encode(new Uint8Array(32))}`, 'another tag');
  });

  test('[29] a public key is no secret: HS256 is refused of who signs with keys, and of who sends its secret', async () => {
    const pair = await keyPair();
    const signing = register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [pair.jwk] } });
    for (const secret of [JSON.stringify(pair.jwk), pair.jwk.x, jose.base64url.encode(JSON.stringify(pair.jwk))])
      await refused(await assertion(signing, secret.padEnd(43, '=')), 'a public key as the secret');
    const plain = register({ token_endpoint_auth_method: 'client_secret_post' });
    await refused(await assertion(plain, plain.client_secret), 'client_secret_post');
  });

  test('[32] an assertion works once', async () => {
    const jwt = await assertion(client, client.client_secret);
    await accepted(jwt);
    await refused(jwt, 'a second time');
  });

  test('a rotated secret ends the one before', async () => {
    const old = register({ token_endpoint_auth_method: 'client_secret_jwt' });
    await accepted(await assertion(old, old.client_secret));
    const { client_secret } = JSON.parse(provider.command('client', 'rotate-secret', '--json', old.client_id));
    await refused(await assertion(old, old.client_secret), 'the old secret');
    await accepted(await assertion(old, client_secret), 'the new one');
    assert.throws(() => provider.command('client', 'rotate-secret', '--keep-old', '60', old.client_id), /ends now/);
  });
});

describe('private_key_jwt', () => {
  let key, client;
  before(async () => {
    key = await keyPair();
    client = register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } });
  });
  const asked = (claims, header) => assertion(client, key, claims, header);

  test('the audience may be the issuer, the token endpoint, or the endpoint that is called, also among others', async () => {
    const { issuer } = provider;
    for (const aud of [issuer, `${issuer}/token`, [issuer], ['https://other.example', `${issuer}/token`]])
      await accepted(await asked({ aud }), JSON.stringify(aud));
    for (const aud of [undefined, '', `${issuer}/`, `${issuer}/introspect`, `${issuer}x/token`, 'https://other.example', [], ['x'], { issuer }, [[issuer]], 1])
      await refused(await asked({ aud }), JSON.stringify(aud));
    const introspect = async (aud) => post('/introspect', { token: 'x', client_assertion_type: jwtBearer, client_assertion: await asked({ aud }) });
    assert.deepEqual((await introspect(`${issuer}/introspect`)).json, { active: false });
    assert.equal((await introspect(`${issuer}/revoke`)).json.error, 'invalid_client');
  });

  test('clocks may differ by eight seconds, not by a minute', async () => {
    for (const claims of [{ nbf: now() + 8 }, { iat: now() + 8 }, { iat: undefined }, { iat: now() - 300 }, { nbf: now() - 300 }])
      await accepted(await asked(claims), JSON.stringify(claims));
    for (const claims of [{ nbf: now() + 70 }, { iat: now() + 70 }, { exp: now() - 300 }, { exp: undefined }, { exp: now() + 86400 }, { exp: String(now() + 60) }, { nbf: 'now' }])
      await refused(await asked(claims), JSON.stringify(claims));
  });

  test('iss and sub are the client, and jti is there', async () => {
    for (const claims of [{ sub: undefined }, { iss: undefined }, { sub: 'another' }, { iss: 'another' }, { sub: [client.client_id] }, { jti: undefined }, { jti: '' }, { jti: 1 }])
      await refused(await asked(claims), JSON.stringify(claims));
  });

  test('client_id may be left out, and must not contradict', async () => {
    await accepted(await asked(), 'without', {});
    await accepted(await asked(), 'with', { client_id: client.client_id });
    await refused(await asked(), 'another', { client_id: 'another' });
    await refused(await asked(), 'with a secret too', { client_secret: 'x' });
    await refused(await asked(), 'another type', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' });
  });

  test('the algorithm that was registered is the only one', async () => {
    const [rs, ps] = [await keyPair('RS256'), await keyPair('PS256')];
    const only = register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [rs.jwk, ps.jwk] }, token_endpoint_auth_signing_alg: 'PS256' });
    await accepted(await assertion(only, ps));
    await refused(await assertion(only, rs), 'RS256');
  });

  test("another client's assertion says nothing of this one", async () => {
    const other = await keyPair();
    const its = register({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [other.jwk] } });
    await refused(await assertion(client, other), 'signed by another client');
    await refused(await assertion(its, key), 'and the other way round');
  });
});

describe('private_key_jwt in the fapi2 profile', () => {
  let keys, client, proofKey;
  before(async () => {
    keys = Object.fromEntries(await Promise.all(['ES256', 'PS256', 'EdDSA', 'RS256'].map(async (alg) => [alg, await keyPair(alg)])));
    client = register({ security_profile: 'fapi2', token_endpoint_auth_method: 'private_key_jwt', dpop_bound_access_tokens: true, jwks: { keys: Object.values(keys).map((key) => key.jwk) } });
    proofKey = await ProofKey.make();
  });
  const attempt = async (key, claims) => post('/token', { grant_type: 'client_credentials', client_assertion_type: jwtBearer, client_assertion: await assertion(client, key, claims) },
    { dpop: await proofKey.proof('POST', `${provider.issuer}/token`) });

  for (const alg of ['ES256', 'PS256', 'EdDSA'])
    test(`${alg} is taken`, async () => assert.equal((await attempt(keys[alg])).status, 200));

  test('RS256 is not', async () => assert.equal((await attempt(keys.RS256)).json.error, 'invalid_client'));

  test('the audience is the issuer, as one string', async () => {
    const { issuer } = provider;
    for (const aud of [`${issuer}/token`, `${issuer}/par`, [issuer], [issuer, `${issuer}/token`], `${issuer}/`, undefined])
      assert.equal((await attempt(keys.ES256, { aud })).json.error, 'invalid_client', JSON.stringify(aud));
  });

  test('dates: eight seconds ahead are taken, a minute is not; what has ended is over', async () => {
    for (const claims of [{ nbf: now() + 8 }, { iat: now() + 8 }]) assert.equal((await attempt(keys.ES256, claims)).status, 200);
    for (const claims of [{ nbf: now() + 70 }, { iat: now() + 70 }, { exp: now() - 300 }, { sub: undefined }])
      assert.equal((await attempt(keys.ES256, claims)).json.error, 'invalid_client', JSON.stringify(claims));
  });
});

describe('keys that the client publishes', () => {
  test('they are fetched, and fetched again when the client has new ones', async () => {
    const [first, second] = [await keyPair(), await keyPair()];
    remote.answers['/jwks'] = { body: { keys: [first.jwk] } };
    const client = register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${remote.url}/jwks` });
    await accepted(await assertion(client, first), 'fetched');
    await accepted(await assertion(client, first), 'kept');
    assert.equal((await remote.arrived('/jwks')).length, 1);
    remote.answers['/jwks'] = { body: { keys: [second.jwk] } };
    await accepted(await assertion(client, second), 'an unknown kid');
    await refused(await assertion(client, first), 'the old key');
    const introspection = await post('/introspect', { token: 'x', client_assertion_type: jwtBearer, client_assertion: await assertion(client, second) });
    assert.deepEqual(introspection.json, { active: false });
  });

  test('from an event loop too: introspection is the first to ask for them', async () => {
    const key = await keyPair();
    remote.answers['/jwks-of-a-resource'] = { body: { keys: [key.jwk] } };
    const client = register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${remote.url}/jwks-of-a-resource` });
    const answer = await post('/introspect', { token: 'x', client_assertion_type: jwtBearer, client_assertion: await assertion(client, key) });
    assert.deepEqual(answer.json, { active: false });
  });

  test('a server that does not answer holds up nobody else: the one writer goes on', async () => {
    const key = await keyPair();
    let answer;
    remote.answers['/slow'] = () => new Promise((done) => (answer = () => done({ body: { keys: [key.jwk] } })));
    const slow = register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${remote.url}/slow` });
    const quick = register({ token_endpoint_auth_method: 'client_secret_post' });
    const waiting = call(await assertion(slow, key));
    await remote.arrived('/slow');
    const other = await post('/token', { grant_type: 'client_credentials', client_id: quick.client_id, client_secret: quick.client_secret });
    assert.equal(other.status, 200);
    answer();
    assert.equal((await waiting).status, 200);
  });

  test('keys that are not to be had, and keys that are none, let nobody in', async () => {
    const key = await keyPair();
    remote.answers['/broken'] = { body: 'no JSON' };
    for (const path of ['/nothing-here', '/broken']) {
      const client = register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: remote.url + path });
      await refused(await assertion(client, key), path);
    }
  });
});

describe('the command', () => {
  test('a file with what Konsao does not know, or decides itself, is refused', () => {
    for (const [member, why] of [['redirect_uri', /unknown member "redirect_uri"/], ['client_secrets', /not for you to say/], ['client_secret', /not for you to say/],
      ['sealed_client_secret', /not for you to say/], ['pairwise_version', /not for you to say/]])
      assert.throws(() => register({ [member]: 'x' }), why);
  });
});
