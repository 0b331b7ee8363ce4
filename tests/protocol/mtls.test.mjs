// Clients with certificates (RFC 8705), at the port that asks for one: who they are, and what their tokens are bound to.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { Authority, certificate } from '../lib/certificates.mjs';
import { ProofKey } from '../lib/dpop.mjs';
import { authorizationRequest, fixture, redirectUri } from '../lib/fixture.mjs';
import { Remote } from '../lib/remote.mjs';
import { freePort } from '../lib/servers.mjs';

let servers, provider, remote, server, mtls, authority, stranger;

before(async () => {
  [server, authority, stranger] = [certificate('ec'), new Authority(), new Authority()];
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // for fetch, which takes no authority of ours; `send` checks the certificate
  process.removeAllListeners('warning');
  const [tlsPort, port] = [await freePort(), await freePort()];
  const issuer = `https://localhost:${tlsPort}`;
  mtls = `https://localhost:${port}`;
  remote = await Remote.start();
  servers = await fixture({ ...remote.settings, issuer, 'tls.port': tlsPort, 'tls.mtls_port': port, 'tls.address': '127.0.0.1', 'tls.certificate': server.files.cert, 'tls.key': server.files.key,
    'tls.client_ca': authority.file, 'limit.client_failures': 1000 });
  provider = Object.assign(servers.provider, { issuer });
});

let registered = 0;
function register(metadata) {
  const file = join(provider.data, `client-${registered++}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Bank', ...metadata }));
  return provider.client('--from', file);
}
const organization = { grant_types: ['client_credentials'], response_types: [], scope: 'records.read' };
const portal = { grant_types: ['authorization_code', 'refresh_token'], redirect_uris: [redirectUri], scope: 'openid profile offline_access' };

/** One request, at the port for certificates with `as` ({ cert, key }) unless `base` is another one. */
function send(method, path, { as, base = mtls, headers, fields } = {}) {
  return new Promise((done, fail) => {
    const request = httpsRequest(base + path, { method, agent: false, rejectUnauthorized: true, ca: server.cert, ...as,
      headers: { ...(fields && { 'content-type': 'application/x-www-form-urlencoded' }), ...headers } }, (answer) => {
      let body = '';
      answer.on('data', (data) => (body += data));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body, json: body.startsWith('{') ? JSON.parse(body) : undefined }));
    });
    request.once('error', fail);
    request.end(fields && new URLSearchParams(fields).toString());
  });
}

const call = (client, as, more) => send('POST', '/token', { as, fields: { grant_type: 'client_credentials', client_id: client.client_id }, ...more });
const thumbprint = ({ cert }) => Buffer.from(new X509Certificate(cert).fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
const jwkOf = ({ cert }) => new X509Certificate(cert).publicKey.export({ format: 'jwk' });
async function refused(client, as, more) {
  const { status, json } = await call(client, as, more);
  assert.deepEqual([status, json.error], [401, 'invalid_client']);
}

describe('tls_client_auth', () => {
  const method = { ...organization, token_endpoint_auth_method: 'tls_client_auth' };
  const subject = '/C=KH/O=Test Bank/CN=api.bank.example';
  const names = 'DNS:api.bank.example,URI:https://bank.example/api,IP:192.0.2.7,IP:2001:db8::1,email:api@bank.example';
  let good;
  before(() => (good = authority.issue(subject, { names })));

  for (const [member, value] of Object.entries({
    tls_client_auth_subject_dn: 'CN=api.bank.example,O=Test Bank,C=KH',
    tls_client_auth_san_dns: 'API.bank.example',
    tls_client_auth_san_uri: 'https://bank.example/api',
    tls_client_auth_san_ip: '2001:DB8:0::1',
    tls_client_auth_san_email: 'api@Bank.example',
  }))
    test(`${member} names the client`, async () => {
      const client = register({ ...method, [member]: value });
      assert.equal((await call(client, good)).status, 200);
      await refused(client, authority.issue('/C=KH/O=Test Bank/CN=another.example', { names: 'DNS:another.example,URI:https://bank.example/,IP:192.0.2.8,email:API@bank.example' }));
      await refused(client, stranger.issue(subject, { names }));
    });

  test('a certificate counts when it is an authority\'s for clients, and where it was shown', async () => {
    const client = register({ ...method, tls_client_auth_san_dns: 'api.bank.example' });
    await refused(client, authority.issue(subject, { names, purpose: 'serverAuth' }));
    await refused(client, certificate('ec', 'api.bank.example'));
    await refused(client, undefined);
    await refused(client, undefined, { base: provider.issuer });
    await refused(client, undefined, { base: provider.issuer, headers: { 'x-client-cert': encodeURIComponent(good.cert), 'x-forwarded-client-cert': encodeURIComponent(good.cert) } });
    await refused(client, undefined, { headers: { 'x-client-cert': encodeURIComponent(good.cert) } });
  });

  test('client_id is needed, and a certificate does not stand in for another method', async () => {
    const client = register({ ...method, tls_client_auth_san_dns: 'api.bank.example' });
    const nameless = await send('POST', '/token', { as: good, fields: { grant_type: 'client_credentials' } });
    assert.equal(nameless.json.error, 'invalid_client');
    await refused(register({ ...organization, token_endpoint_auth_method: 'client_secret_post' }), good);
    await refused(register({ ...organization, token_endpoint_auth_method: 'client_secret_jwt' }), good);
    await refused(client, good, { fields: { grant_type: 'client_credentials', client_id: client.client_id, client_secret: 'x' } });
  });

  test('introspection and revocation know it as well', async () => {
    const client = register({ ...method, tls_client_auth_san_dns: 'api.bank.example' });
    const { access_token } = (await call(client, good)).json;
    const ask = (path, as) => send('POST', path, { as, fields: { client_id: client.client_id, token: access_token } });
    assert.equal((await ask('/introspect', good)).json.active, true);
    assert.equal((await ask('/introspect')).status, 401);
    assert.equal((await ask('/revoke', good)).status, 200);
    assert.equal((await ask('/introspect', good)).json.active, false);
  });
});

describe('self_signed_tls_client_auth', () => {
  const method = { ...organization, token_endpoint_auth_method: 'self_signed_tls_client_auth' };

  for (const algorithm of ['ec', 'rsa'])
    test(`the key of the certificate is registered (${algorithm})`, async () => {
      const [own, another] = [certificate(algorithm), certificate(algorithm)];
      const client = register({ ...method, jwks: { keys: [{ ...jwkOf(own), use: 'sig' }] } });
      assert.equal((await call(client, own)).status, 200);
      await refused(client, another);
      await refused(client, undefined);
      await refused(client, authority.issue('/CN=localhost'));
    });

  test('or published, where a new one is looked for', async () => {
    const [first, second] = [certificate('ec'), certificate('ec')];
    remote.answers['/jwks'] = { body: { keys: [jwkOf(first)] } };
    const client = register({ ...method, jwks_uri: `${remote.url}/jwks` });
    assert.equal((await call(client, first)).status, 200);
    remote.answers['/jwks'] = { body: { keys: [jwkOf(second)] } };
    assert.equal((await call(client, second)).status, 200);
    await refused(client, first);
  });
});

describe('certificate-bound tokens', () => {
  const bound = { tls_client_certificate_bound_access_tokens: true };
  let own, other;
  before(() => ([own, other] = [certificate('ec'), certificate('ec')]));

  async function signIn(client) {
    const config = await oidc.discovery(new URL(provider.issuer), client.client_id, undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
    const { url, checks } = await authorizationRequest(config, { scope: 'openid profile offline_access' });
    const browser = new Browser();
    const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
    return { grant_type: 'authorization_code', code: new URL(page.location).searchParams.get('code'), redirect_uri: redirectUri, code_verifier: checks.pkceCodeVerifier };
  }
  const post = (client, fields, as, headers) => send('POST', '/token', { as, headers,
    fields: { client_id: client.client_id, ...(client.client_secret && { client_secret: client.client_secret }), ...fields } });
  const userinfo = (token, as, more) => send('GET', '/userinfo', { as, headers: { authorization: `Bearer ${token}` }, ...more });

  test('the token says so, and opens userinfo to who shows that certificate', async () => {
    const client = register({ ...portal, ...bound, token_endpoint_auth_method: 'client_secret_post' });
    const { json } = await post(client, await signIn(client), own);
    assert.equal(json.token_type, 'Bearer');
    assert.deepEqual(jose.decodeJwt(json.access_token).cnf, { 'x5t#S256': thumbprint(own) });
    const seen = await send('POST', '/introspect', { fields: { client_id: client.client_id, client_secret: client.client_secret, token: json.access_token } });
    assert.deepEqual([seen.json.token_type, seen.json.cnf], ['Bearer', { 'x5t#S256': thumbprint(own) }]);
    assert.equal((await userinfo(json.access_token, own)).status, 200);
    assert.equal((await send('POST', '/userinfo', { as: own, fields: { access_token: json.access_token } })).status, 200);
    for (const answer of [await userinfo(json.access_token, other), await userinfo(json.access_token), await userinfo(json.access_token, undefined, { base: provider.issuer })]) {
      assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_token']);
      assert.match(answer.headers['www-authenticate'], /^Bearer realm="konsao", error="invalid_token"/);
    }
    const renewed = await post(client, { grant_type: 'refresh_token', refresh_token: json.refresh_token }, other);
    assert.deepEqual(jose.decodeJwt(renewed.json.access_token).cnf, { 'x5t#S256': thumbprint(other) }, 'who authenticates may change its certificate');
  });

  test('without a certificate there is no token, and the code is still good', async () => {
    const client = register({ ...portal, ...bound, token_endpoint_auth_method: 'client_secret_post' });
    const grant = await signIn(client);
    const answer = await post(client, grant);
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request']);
    assert.equal((await post(client, grant, own)).status, 200);
  });

  test("a public client's refresh token is of use with its certificate alone", async () => {
    const client = register({ ...portal, ...bound, token_endpoint_auth_method: 'none' });
    const { json } = await post(client, await signIn(client), own);
    const renew = (as) => post(client, { grant_type: 'refresh_token', refresh_token: json.refresh_token }, as);
    assert.equal((await renew(other)).json.error, 'invalid_grant');
    assert.equal((await renew()).json.error, 'invalid_request');
    assert.equal((await renew(own)).status, 200);
  });

  test('who registered both ways may use either, and needs one', async () => {
    const client = register({ ...organization, ...bound, dpop_bound_access_tokens: true, token_endpoint_auth_method: 'client_secret_post' });
    const key = await ProofKey.make();
    const proof = async () => ({ dpop: await key.proof('POST', `${mtls}/token`) });
    const ask = (as, headers) => post(client, { grant_type: 'client_credentials' }, as, headers);
    assert.equal((await ask()).status, 400);
    assert.deepEqual(jose.decodeJwt((await ask(own)).json.access_token).cnf, { 'x5t#S256': thumbprint(own) });
    assert.deepEqual(jose.decodeJwt((await ask(undefined, await proof())).json.access_token).cnf, { jkt: key.thumbprint });
    assert.deepEqual(jose.decodeJwt((await ask(own, await proof())).json.access_token).cnf, { jkt: key.thumbprint, 'x5t#S256': thumbprint(own) });
  });

  test('a client that did not ask for it gets bearer tokens, certificate or not', async () => {
    const client = register({ ...organization, token_endpoint_auth_method: 'client_secret_post' });
    assert.equal(jose.decodeJwt((await post(client, { grant_type: 'client_credentials' }, own)).json.access_token).cnf, undefined);
  });
});

describe('metadata', () => {
  test('names the methods, and the endpoints at the port for certificates; none that browsers go to', async () => {
    const found = (await send('GET', '/.well-known/openid-configuration')).json;
    for (const endpoint of ['token', 'introspection', 'revocation'])
      for (const method of ['tls_client_auth', 'self_signed_tls_client_auth', 'client_secret_jwt'])
        assert.ok(found[`${endpoint}_endpoint_auth_methods_supported`].includes(method), `${endpoint} ${method}`);
    assert.equal(found.tls_client_certificate_bound_access_tokens, true);
    assert.deepEqual(found.dpop_signing_alg_values_supported, ['ES256', 'PS256', 'EdDSA']);
    const aliases = found.mtls_endpoint_aliases;
    assert.equal(aliases.token_endpoint, `${mtls}/token`);
    for (const [name, url] of Object.entries(aliases)) assert.equal(url.replace(mtls, provider.issuer), found[name], name);
    for (const name of ['pushed_authorization_request_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'userinfo_endpoint']) assert.ok(aliases[name], name);
    for (const name of ['authorization_endpoint', 'end_session_endpoint', 'jwks_uri']) assert.equal(aliases[name], undefined, name);
  });
});

describe('with openid-client', () => {
  /** fetch with a client's certificate. */
  const fetchAs = (as) => async (url, { method, headers, body }) => {
    const { origin, pathname, search } = new URL(url);
    const answer = await send(method, pathname + search, { as, base: origin, headers: Object.fromEntries(new Headers(headers)), fields: body });
    return new Response(answer.body, { status: answer.status, headers: Object.entries(answer.headers).filter(([name]) => name !== 'transfer-encoding').map(([name, value]) => [name, String(value)]) });
  };

  for (const method of ['tls_client_auth', 'self_signed_tls_client_auth'])
    test(`the fapi2 profile with ${method} and certificate-bound tokens`, async () => {
      const as = method === 'tls_client_auth' ? authority.issue('/CN=bank.example', { names: 'DNS:bank.example' }) : certificate('rsa');
      const client = register({ ...portal, security_profile: 'fapi2', token_endpoint_auth_method: method, tls_client_certificate_bound_access_tokens: true,
        ...(method === 'tls_client_auth' ? { tls_client_auth_san_dns: 'bank.example' } : { jwks: { keys: [{ ...jwkOf(as), alg: 'PS256' }] } }) });
      const config = await oidc.discovery(new URL(provider.issuer), client.client_id, { use_mtls_endpoint_aliases: true, id_token_signed_response_alg: 'ES256' }, oidc.TlsClientAuth(),
        { execute: [oidc.allowInsecureRequests], [oidc.customFetch]: fetchAs(as) });
      const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
      const checks = { pkceCodeVerifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
      const url = await oidc.buildAuthorizationUrlWithPAR(config, { redirect_uri: redirectUri, scope: 'openid profile', state: checks.expectedState, nonce: checks.expectedNonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256' });
      const browser = new Browser();
      const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
      const tokens = await oidc.authorizationCodeGrant(config, new URL(page.location), checks);
      assert.deepEqual(jose.decodeJwt(tokens.access_token).cnf, { 'x5t#S256': thumbprint(as) });
      assert.ok((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).name);
      assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
    });
});
