// Every security profile and way to authenticate, each by two relying parties that we did not write: openid-client, and oauth4webapi, which leaves every step to its caller. Over TLS, with nonces
// demanded of DPoP proofs, and both libraries at their strictest: nothing is made easier for them.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { Browser, forms } from '../lib/browser.mjs';
import { Authority, certificate } from '../lib/certificates.mjs';
import { ProofKey } from '../lib/dpop.mjs';
import { fixture, redirectUri } from '../lib/fixture.mjs';
import { newKey } from '../lib/keyed.mjs';
import { freePort } from '../lib/servers.mjs';

let servers, issuer, server, authority;

before(async () => {
  [server, authority] = [certificate('ec'), new Authority()];
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // for the browser, which takes no authority of ours; the relying parties check the certificate
  process.removeAllListeners('warning');
  const [tlsPort, mtlsPort] = [await freePort(), await freePort()];
  issuer = `https://localhost:${tlsPort}`;
  servers = await fixture({ issuer, 'tls.port': tlsPort, 'tls.mtls_port': mtlsPort, 'tls.address': '127.0.0.1', 'tls.certificate': server.files.cert, 'tls.key': server.files.key,
    'tls.client_ca': authority.file, 'dpop.nonce_required': 'yes' });
});

/** fetch that checks the server's certificate, and shows `identity` ({ cert, key }). */
const secureFetch = (identity) => (url, { method = 'GET', headers, body } = {}) => new Promise((done, fail) => {
  const request = httpsRequest(new URL(url), { method, agent: false, rejectUnauthorized: true, ca: server.cert, ...identity, headers: Object.fromEntries(new Headers(headers)) }, (answer) => {
    let text = '';
    answer.on('data', (data) => (text += data));
    answer.on('end', () => done(new Response(text || null, { status: answer.statusCode, headers: Object.entries(answer.headers).filter(([name]) => name !== 'transfer-encoding').map(([name, value]) => [name, String(value)]) })));
  });
  request.once('error', fail);
  request.end(body?.toString());
});

let files = 0;
/** Registers a client. `how`: what its relying party does. Answers with all that one needs. */
async function newClient({ alg = 'ES256', how = {}, ...metadata }) {
  const key = await newKey(alg), proof = await ProofKey.make('ES256');
  const identity = how.mtls === 'authority' ? authority.issue('/CN=bank.example', { names: 'DNS:bank.example' }) : how.mtls && certificate('ec', 'bank.example');
  const shown = identity && how.mtls === 'self' ? [{ ...createPublicKey(identity.cert).export({ format: 'jwk' }), kid: 'certificate', use: 'sig', alg: 'ES256' }] : [];
  const keys = metadata.token_endpoint_auth_method === 'private_key_jwt' || how.jar ? [key.jwk, ...shown] : shown;
  const file = join(servers.provider.data, `profile-${++files}.json`);
  writeFileSync(file, JSON.stringify({ client_name: 'Bank', redirect_uris: [redirectUri], scope: 'openid profile', ...(keys.length > 0 && { jwks: { keys } }), ...metadata }));
  return { metadata: servers.provider.client('--from', file), key, proof, how, fetch: secureFetch(identity), identity };
}

/** What the browser of a resident brings back to the relying party: a URL (parameters of a fragment or form are put where the library wants them). */
async function browse(url) {
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  if (page.location) return new URL(page.location);
  const [form] = forms(page.body).filter((one) => one.action === redirectUri);
  return new URL(`${redirectUri}?${new URLSearchParams(form.fields.filter((field) => field.name).map((field) => [field.name, field.value]))}`);
}

const ask = (client, checks, challenge) => ({ redirect_uri: redirectUri, scope: 'openid profile', state: checks.state, nonce: checks.nonce, code_challenge: challenge, code_challenge_method: 'S256', response_type: client.how.hybrid ? 'code id_token' : 'code',
  ...(client.how.jarm && { response_mode: 'jwt' }), ...(client.how.mode && { response_mode: client.how.mode }) });

const parties = {
  async 'openid-client'(client) {
    const { metadata, how, key } = client;
    const authentication = { client_secret_basic: () => oidc.ClientSecretBasic(metadata.client_secret), client_secret_post: () => oidc.ClientSecretPost(metadata.client_secret),
      client_secret_jwt: () => oidc.ClientSecretJwt(metadata.client_secret), private_key_jwt: () => oidc.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }), none: () => oidc.None(),
      tls_client_auth: () => oidc.TlsClientAuth(), self_signed_tls_client_auth: () => oidc.TlsClientAuth() }[metadata.token_endpoint_auth_method]();
    const config = await oidc.discovery(new URL(issuer), metadata.client_id, { ...metadata, use_mtls_endpoint_aliases: Boolean(how.mtls) }, authentication, { [oidc.customFetch]: client.fetch });
    if (how.hybrid) oidc.useCodeIdTokenResponseType(config);
    if (how.jarm) oidc.useJwtResponseMode(config);
    const verifier = oidc.randomPKCECodeVerifier(), checks = { state: oidc.randomState(), nonce: oidc.randomNonce() };
    const DPoP = how.dpop && oidc.getDPoPHandle(config, client.proof.pair);
    let url = oidc.buildAuthorizationUrl(config, ask(client, checks, await oidc.calculatePKCECodeChallenge(verifier)));
    if (how.jar) url = await oidc.buildAuthorizationUrlWithJAR(config, url.searchParams, { key: key.privateKey, kid: key.kid });
    if (how.par) url = await oidc.buildAuthorizationUrlWithPAR(config, url.searchParams, { DPoP });
    const tokens = await oidc.authorizationCodeGrant(config, await browse(url), { pkceCodeVerifier: verifier, expectedState: checks.state, expectedNonce: checks.nonce, idTokenExpected: true }, undefined, { DPoP });
    const claims = tokens.claims();
    return { tokens, claims, userinfo: await oidc.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP }) };
  },

  async oauth4webapi(client) {
    const { metadata, how, key } = client;
    const options = { [oauth.customFetch]: client.fetch };
    const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), options));
    const self = { ...metadata, use_mtls_endpoint_aliases: Boolean(how.mtls) };
    const authentication = { client_secret_basic: () => oauth.ClientSecretBasic(metadata.client_secret), client_secret_post: () => oauth.ClientSecretPost(metadata.client_secret),
      client_secret_jwt: () => oauth.ClientSecretJwt(metadata.client_secret), private_key_jwt: () => oauth.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }), none: () => oauth.None(),
      tls_client_auth: () => oauth.TlsClientAuth(), self_signed_tls_client_auth: () => oauth.TlsClientAuth() }[metadata.token_endpoint_auth_method]();
    const verifier = oauth.generateRandomCodeVerifier(), checks = { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce() };
    const DPoP = how.dpop ? oauth.DPoP(self, client.proof.pair) : undefined;
    /** Twice at most: the first proof has no nonce. */
    const twice = async (send) => send().catch((error) => {
      assert.ok(DPoP && oauth.isDPoPNonceError(error), error.message);
      return send();
    });
    let parameters = new URLSearchParams({ client_id: metadata.client_id, ...ask(client, checks, await oauth.calculatePKCECodeChallenge(verifier)) });
    if (how.jar) parameters = new URLSearchParams({ client_id: metadata.client_id, request: await oauth.issueRequestObject(as, self, parameters, { key: key.privateKey, kid: key.kid }) });
    if (how.par) {
      const pushed = await twice(async () => oauth.processPushedAuthorizationResponse(as, self, await oauth.pushedAuthorizationRequest(as, self, authentication, parameters, { DPoP, ...options })));
      parameters = new URLSearchParams({ client_id: metadata.client_id, request_uri: pushed.request_uri });
    }
    const back = await browse(`${as.authorization_endpoint}?${parameters}`);
    const callback = how.hybrid ? await oauth.validateCodeIdTokenResponse(as, self, back.hash ? back : back.searchParams, checks.nonce, checks.state, oauth.skipAuthTimeCheck, options)
      : how.jarm ? await oauth.validateJwtAuthResponse(as, self, back, checks.state, options) : oauth.validateAuthResponse(as, self, back, checks.state);
    const tokens = await twice(async () => oauth.processAuthorizationCodeResponse(as, self,
      await oauth.authorizationCodeGrantRequest(as, self, authentication, callback, redirectUri, verifier, { DPoP, ...options }), { expectedNonce: checks.nonce, requireIdToken: true }));
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    const userinfo = await twice(async () => {
      const answer = await oauth.userInfoRequest(as, self, tokens.access_token, { DPoP, ...options });
      return oauth.processUserInfoResponse(as, self, claims.sub, answer);
    });
    return { tokens, claims, userinfo };
  },
};

const fapi = { security_profile: 'fapi2', id_token_signed_response_alg: 'ES256', token_endpoint_auth_method: 'private_key_jwt' };
const signed = { ...fapi, security_profile: 'fapi2_signed' };
const cases = {
  'open: client_secret_basic': { token_endpoint_auth_method: 'client_secret_basic' },
  'open: client_secret_post': { token_endpoint_auth_method: 'client_secret_post' },
  'open: client_secret_jwt': { token_endpoint_auth_method: 'client_secret_jwt' },
  ...Object.fromEntries(['ES256', 'PS256', 'EdDSA', 'RS256'].map((alg) => [`open: private_key_jwt with ${alg}`, { alg, token_endpoint_auth_method: 'private_key_jwt', id_token_signed_response_alg: alg }])),
  'open: a public client': { token_endpoint_auth_method: 'none' },
  'open: a public client with DPoP': { token_endpoint_auth_method: 'none', dpop_bound_access_tokens: true, how: { dpop: true } },
  'open: code id_token': { token_endpoint_auth_method: 'client_secret_basic', grant_types: ['authorization_code', 'implicit'], response_types: ['code id_token'], how: { hybrid: true } },
  'open: pushed': { token_endpoint_auth_method: 'client_secret_basic', require_pushed_authorization_requests: true, how: { par: true } },
  'open: signed request and response': { token_endpoint_auth_method: 'client_secret_basic', authorization_signed_response_alg: 'ES256', request_object_signing_alg: 'ES256', how: { jar: true, jarm: true } },
  ...Object.fromEntries(['ES256', 'PS256', 'EdDSA'].map((alg) => [`fapi2: private_key_jwt with ${alg}, DPoP, nonces demanded`, { ...fapi, alg, dpop_bound_access_tokens: true, how: { par: true, dpop: true } }])),
  'fapi2: private_key_jwt, tokens bound to a certificate': { ...fapi, tls_client_certificate_bound_access_tokens: true, how: { par: true, mtls: 'self' } },
  'fapi2: tls_client_auth, tokens bound to the certificate': { ...fapi, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'bank.example', tls_client_certificate_bound_access_tokens: true, how: { par: true, mtls: 'authority' } },
  'fapi2: self_signed_tls_client_auth, tokens bound to the certificate': { ...fapi, token_endpoint_auth_method: 'self_signed_tls_client_auth', tls_client_certificate_bound_access_tokens: true, how: { par: true, mtls: 'self' } },
  'fapi2: tls_client_auth, DPoP': { ...fapi, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'bank.example', dpop_bound_access_tokens: true, how: { par: true, mtls: 'authority', dpop: true } },
  'fapi2_signed: JAR, JARM, private_key_jwt, DPoP': { ...signed, authorization_signed_response_alg: 'ES256', dpop_bound_access_tokens: true, how: { par: true, jar: true, jarm: true, dpop: true } },
  'fapi2_signed: JAR, private_key_jwt, DPoP': { ...signed, dpop_bound_access_tokens: true, how: { par: true, jar: true, dpop: true } },
  'fapi2_signed: JAR, JARM, self_signed_tls_client_auth, tokens bound to the certificate': { ...signed, token_endpoint_auth_method: 'self_signed_tls_client_auth', authorization_signed_response_alg: 'ES256',
    tls_client_certificate_bound_access_tokens: true, how: { par: true, jar: true, jarm: true, mtls: 'self' } },
};

for (const [name, signIn] of Object.entries(parties))
  describe(`a resident signs in by ${name}`, () => {
    for (const [profile, registration] of Object.entries(cases))
      test(profile, async () => {
        const client = await newClient(registration);
        const { tokens, claims, userinfo } = await signIn(client);
        assert.deepEqual([claims.iss, claims.aud, userinfo.sub], [issuer, client.metadata.client_id, claims.sub]);
        assert.ok(userinfo.name);
        const { cnf } = jose.decodeJwt(tokens.access_token);
        const { how } = client;
        assert.equal(tokens.token_type, how.dpop ? 'dpop' : 'bearer');
        assert.deepEqual(Object.keys(cnf ?? {}), how.dpop ? ['jkt'] : how.mtls ? ['x5t#S256'] : []);
        if (how.dpop) assert.equal(cnf.jkt, client.proof.thumbprint);
      });
  });

describe('a ministry calls by itself, in the camdx profile', () => {
  const registration = { alg: 'PS256', security_profile: 'camdx', redirect_uris: undefined, grant_types: ['client_credentials'], response_types: [], scope: 'records.read', organization: 'KH/GOV/MEF',
    token_endpoint_auth_method: 'private_key_jwt', audience: ['https://land.gov.example'] };

  function check(client, tokens) {
    const claims = jose.decodeJwt(tokens.access_token);
    assert.deepEqual([claims.sub, claims.aud, claims.scope], [client.metadata.client_id, 'https://land.gov.example', 'records.read']);
    return claims.cnf;
  }

  for (const [what, more] of Object.entries({
    'private_key_jwt': {}, 'private_key_jwt and DPoP': { dpop_bound_access_tokens: true, how: { dpop: true } },
    'tls_client_auth': { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'bank.example', tls_client_certificate_bound_access_tokens: true, how: { mtls: 'authority' } } })) {
    test(`${what}, by openid-client`, async () => {
      const client = await newClient({ ...registration, ...more });
      const authentication = more.how?.mtls ? oidc.TlsClientAuth() : oidc.PrivateKeyJwt({ key: client.key.privateKey, kid: client.key.kid });
      const config = await oidc.discovery(new URL(issuer), client.metadata.client_id, { use_mtls_endpoint_aliases: Boolean(more.how?.mtls) }, authentication, { [oidc.customFetch]: client.fetch, algorithm: 'oauth2' });
      const DPoP = more.how?.dpop && oidc.getDPoPHandle(config, client.proof.pair);
      const tokens = await oidc.clientCredentialsGrant(config, { scope: 'records.read' }, { DPoP });
      assert.deepEqual(Object.keys(check(client, tokens) ?? {}), more.how?.dpop ? ['jkt'] : more.how?.mtls ? ['x5t#S256'] : []);
      assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true);
    });

    test(`${what}, by oauth4webapi`, async () => {
      const client = await newClient({ ...registration, ...more });
      const options = { [oauth.customFetch]: client.fetch };
      const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { ...options, algorithm: 'oauth2' }));
      const self = { ...client.metadata, use_mtls_endpoint_aliases: Boolean(more.how?.mtls) };
      const authentication = more.how?.mtls ? oauth.TlsClientAuth() : oauth.PrivateKeyJwt({ key: client.key.privateKey, kid: client.key.kid });
      const DPoP = more.how?.dpop ? oauth.DPoP(self, client.proof.pair) : undefined;
      const send = async () => oauth.processClientCredentialsResponse(as, self, await oauth.clientCredentialsGrantRequest(as, self, authentication, { scope: 'records.read' }, { DPoP, ...options }));
      const tokens = await send().catch((error) => (DPoP && oauth.isDPoPNonceError(error) ? send() : Promise.reject(error)));
      check(client, tokens);
      // a protected resource that checks the token by itself
      const request = new Request('https://land.gov.example/plots', { headers: { authorization: `${DPoP ? 'DPoP' : 'Bearer'} ${tokens.access_token}`,
        ...(DPoP && { DPoP: await client.proof.proof('GET', 'https://land.gov.example/plots', { token: tokens.access_token }) }) } });
      if (!more.how?.mtls) assert.equal((await oauth.validateJwtAccessToken(as, request, 'https://land.gov.example', { ...options, requireDPoP: Boolean(DPoP) })).client_id, client.metadata.client_id);
    });
  }
});
