// The examples in docs/integrating.md, portal.md, bank.md and ministry.md do what the pages say, against the real servers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { Authority, certificate } from '../lib/certificates.mjs';
import { fixture } from '../lib/fixture.mjs';
import { newKey } from '../lib/keyed.mjs';
import { Remote } from '../lib/remote.mjs';
import { Provider, freePort, root } from '../lib/servers.mjs';
import { atEnd } from '../lib/cleanup.mjs';
import { Desk, Page } from '../lib/snippets.mjs';

const [integrating, portal, bank, ministry] = ['integrating.md', 'portal.md', 'bank.md', 'ministry.md'].map((name) => new Page(name));
const cibaGrant = 'urn:openid:params:grant-type:ciba', deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const callback = 'https://land.example.gov.kh/callback';
let servers, provider, remote, desk, kidc;

before(async () => {
  remote = await Remote.start({ '/logout': { status: 200 } });
  servers = await fixture(remote.settings);
  ({ provider } = servers);
  kidc = servers.resident.kidc;
  desk = new Desk(provider);
});

/** Sends a browser where an example would, signs a resident in, and answers with the address that it comes back to. */
const comesBack = async (url, browser = new Browser()) => new URL((await browser.signInAndAllow(servers.register, await browser.go(url), kidc)).location);
const local = { execute: [oidc.allowInsecureRequests] };
let files = 0;

function register(metadata) {
  writeFileSync(`client-${++files}.json`, JSON.stringify({ client_name: 'Client', ...metadata }));
  return provider.client('--from', join(desk.folder, `client-${files}.json`));
}

const land = (more) => register({
  redirect_uris: [callback], post_logout_redirect_uris: ['https://land.example.gov.kh/bye'], grant_types: ['authorization_code', 'refresh_token'], scope: 'openid profile phone', ...more });
const credentials = ({ client_id: CLIENT_ID, client_secret: CLIENT_SECRET }) => ({ CLIENT_ID, CLIENT_SECRET });
const configOf = (client, authentication = oidc.ClientSecretBasic(client.client_secret)) => oidc.discovery(new URL(provider.issuer), client.client_id, undefined, authentication, local);

/** What an example takes from an earlier one: PKCE, state and nonce. */
const begun = () => ({ verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() });

describe('integrating', () => {
  test('discover, register', async () => {
    const [metadata] = await desk.sh(integrating, 'discover');
    assert.equal(metadata.issuer, provider.issuer);
    const [client] = await desk.sh(integrating, 'register');
    assert.deepEqual([client.redirect_uris, client.scope, client['client_name#km']], [[callback], 'openid profile phone', 'បញ្ជីដីធ្លី']);
    assert.ok(client.client_secret);
  });

  test('registering yourself', async () => {
    const token = JSON.parse(provider.command('registration', 'token', '--json')).initial_access_token;
    const [client] = await desk.sh(integrating, 'self', { INITIAL_ACCESS_TOKEN: token });
    for (const name of ['client_secret', 'registration_client_uri', 'registration_access_token']) assert.ok(client[name], name);
  });
});

describe('portal', () => {
  test('sign in, refresh, sign out; then the session is over', async () => {
    const browser = new Browser();
    const { config, tokens, resident } = await desk.js(portal, 'sign-in', { given: { ...credentials(land()), comesBack: (url) => comesBack(url, browser) },
      between: ['const currentUrl = await comesBack(url);'], wanted: ['config', 'tokens', 'resident'] });
    assert.equal(resident['family_name#km'], servers.resident.familyNameKh);
    assert.ok(resident.phone_number);
    const { fresh } = await desk.js(portal, 'refresh', { given: { oidc, config, tokens }, wanted: ['fresh'] });
    assert.ok(fresh.access_token !== tokens.access_token);
    const { bye } = await desk.js(portal, 'logout', { given: { oidc, config, tokens }, wanted: ['bye'] });
    assert.equal((await browser.go(bye)).location, 'https://land.example.gov.kh/bye?state=anything');
    await assert.rejects(desk.js(portal, 'refresh', { given: { oidc, config, tokens } }), { error: 'invalid_grant' });
  });

  test('the same by hand', async () => {
    const client = land();
    const { verifier, state, nonce } = begun();
    const url = `${provider.issuer}/authorize?${new URLSearchParams({ response_type: 'code', client_id: client.client_id, redirect_uri: callback, scope: 'openid profile phone', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' })}`;
    const back = (await comesBack(url)).searchParams;
    assert.deepEqual([back.get('state'), back.get('iss')], [state, provider.issuer]);
    const [tokens] = await desk.sh(portal, 'by-hand', { ...credentials(client), CODE: back.get('code'), VERIFIER: verifier });
    for (const name of ['access_token', 'token_type', 'expires_in', 'id_token', 'scope', 'refresh_token']) assert.ok(tokens[name], name);
    const [claims] = await desk.sh(portal, 'by-hand-claims', { ACCESS_TOKEN: tokens.access_token });
    assert.equal(claims.sub, jose.decodeJwt(tokens.id_token).sub);
  });

  test('a cancelled sign-in, and one that may show no page', async () => {
    const config = await configOf(land());
    const { callback: handle } = await desk.js(portal, 'errors', { given: { oidc, config }, wanted: ['callback'] });
    const cancelled = new Browser();
    const ask = async (more) => oidc.buildAuthorizationUrl(config, { redirect_uri: callback, scope: 'openid', state: 's', code_challenge: await oidc.calculatePKCECodeChallenge('x'.repeat(43)), code_challenge_method: 'S256', ...more });
    const page = await cancelled.submit(await cancelled.go(await ask()), 'cancel');
    assert.match(await handle(new URL(page.location), { expectedState: 's' }), /Try again/);
    assert.match(await handle(new URL((await new Browser().go(await ask({ prompt: 'none' }))).location), { expectedState: 's' }), /Please sign in/);
    await assert.rejects(handle(new URL((await new Browser().go(await ask({ scope: 'openid kidc' }))).location), { expectedState: 's' }), { error: 'invalid_scope' });
  });

  test('being told of a logout; a token that is none is refused', async () => {
    const client = land({ backchannel_logout_uri: `${remote.url}/logout` });
    const config = await configOf(client);
    const { backChannelLogout } = await desk.js(portal, 'back-channel', { given: { config, CLIENT_ID: client.client_id }, wanted: ['backChannelLogout'] });
    const { verifier, state, nonce } = begun();
    const url = oidc.buildAuthorizationUrl(config, { redirect_uri: callback, scope: 'openid', state, nonce, code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
    const browser = new Browser();
    const tokens = await oidc.authorizationCodeGrant(config, await comesBack(url, browser), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce });
    await browser.go(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }));
    const [told] = await remote.arrived('/logout');
    assert.equal(await backChannelLogout(told.body), tokens.claims().sid);
    await assert.rejects(backChannelLogout(`logout_token=${tokens.id_token}`));
  });

  test('a device', async () => {
    const config = await configOf(register({ grant_types: [deviceGrant], scope: 'openid profile', token_endpoint_auth_method: 'none' }), oidc.None());
    const approve = async (device) => {
      const browser = new Browser();
      await browser.signInAndAllow(servers.register, await browser.go(device.verification_uri, { method: 'POST', body: new URLSearchParams({ user_code: device.user_code }) }), kidc);
    };
    const { answer } = await desk.js(portal, 'device', { given: { oidc, config, approve }, between: ['await approve(device); device.interval = 0;'], wanted: ['answer'] });
    assert.ok(answer.claims().sub);
  });
});

describe('bank', () => {
  let jwks;

  /** bank.json as the page has it, with keys that can be reached. */
  const add = (id, changes) => {
    desk.json(bank, 'bank.json', { jwks_uri: `${remote.url}/jwks.json`, ...changes });
    return provider.client('--id', id, '--from', join(desk.folder, 'bank.json'));
  };

  before(async () => {
    await desk.sh(bank, 'key');
    ({ published: jwks } = await desk.js(bank, 'jwks', { wanted: ['published'] }));
    remote.answers['/jwks.json'] = { body: jwks };
  });

  const signIn = (more = {}) => desk.js(bank, 'sign-in', { given: { comesBack }, between: ['const currentUrl = await comesBack(url);'],
    wanted: ['config', 'key', 'DPoP', 'url', 'tokens', 'resident', 'verifier', 'state', 'nonce'], ...more });

  test('keys, registration, sign in: pushed, by key, with bound tokens', async () => {
    assert.ok(!('d' in jwks.keys[0]), 'the public half');
    desk.json(bank, 'bank.json', { jwks_uri: `${remote.url}/jwks.json` });
    const [client] = await desk.sh(bank, 'register');
    assert.equal(client.client_secret, undefined);
    const { url, tokens, resident } = await signIn();
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
    assert.equal(tokens.token_type, 'dpop');
    assert.ok(resident.nationality);
  });

  test('what is refused: through the browser, without a proof, as a bearer token', async () => {
    const { config, tokens, DPoP } = await signIn();
    const open = oidc.buildAuthorizationUrl(config, { redirect_uri: 'https://bank.example.com.kh/callback', scope: 'openid', code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' });
    assert.equal(new URL((await new Browser().go(open)).location).searchParams.get('error'), 'invalid_request');
    const front = { redirect_uri: 'https://bank.example.com.kh/callback', scope: 'openid', response_type: 'code id_token', code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
    await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, front, { DPoP }), { error: 'unauthorized_client' });
    await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, { ...front, response_type: 'code', code_challenge: '' }, { DPoP }), { error: 'invalid_request' });
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_request' });
    assert.ok(await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP }));
    const answer = await fetch(`${provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.deepEqual([answer.status, (await answer.json()).error], [401, 'invalid_token']);
    for (const wrong of [{ token_endpoint_auth_method: 'client_secret_basic' }, { id_token_signed_response_alg: 'RS256' }, { dpop_bound_access_tokens: false }, { response_types: ['code id_token'] }])
      assert.throws(() => add('refused', wrong), JSON.stringify(wrong));
  });

  test('signed requests and answers', async () => {
    const { config, key, DPoP } = await signIn();
    provider.command('client', 'remove', 'example-bank', '--yes');
    add('example-bank', { security_profile: 'fapi2_signed', authorization_signed_response_alg: 'ES256' });
    const checks = begun();
    const { url } = await desk.js(bank, 'signed', { given: { oidc, config, key, DPoP, ...checks }, wanted: ['url'] });
    const back = await comesBack(url);
    assert.deepEqual([...back.searchParams.keys()], ['response']);
    const tokens = await oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: checks.verifier, expectedState: checks.state, expectedNonce: checks.nonce }, undefined, { DPoP });
    assert.ok(tokens.claims().sub);
  });

  test('a customer who is elsewhere', async () => {
    const client = add('counter', { grant_types: [cibaGrant], redirect_uris: undefined });
    const key = await jose.importPKCS8(readFileSync('bank.key', 'utf8'), 'ES256');
    const config = await configOf(client, oidc.PrivateKeyJwt({ key, kid: '2026-1' }));
    const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
    const approve = async ({ auth_req_id: id }) => {
      const browser = new Browser();
      await browser.signInAndAllow(servers.register, await browser.go(`${provider.issuer}/approve/${createHash('sha256').update(id).digest('base64url')}`), kidc);
    };
    const { approved } = await desk.js(bank, 'ciba', { given: { oidc, jose, key, kidc, config, DPoP, approve }, between: ['await approve(asked); asked.interval = 0;'], wanted: ['approved'] });
    assert.ok(approved.claims().sub);
  });

  test('certificates', async () => {
    const [server, authority, tlsPort, port] = [certificate('ec'), new Authority(), await freePort(), await freePort()];
    const secure = await Provider.start(servers.register, { 'tls.port': tlsPort, 'tls.mtls_port': port, 'tls.address': '127.0.0.1', 'tls.certificate': server.files.cert,
      'tls.key': server.files.key, 'tls.client_ca': authority.file, issuer: `https://localhost:${tlsPort}` });
    atEnd(() => secure.stop());
    desk.json(bank, 'mtls.json');
    const client = secure.client('--from', join(desk.folder, 'mtls.json'));
    const { cert, key } = authority.issue('/CN=Bank', { names: 'DNS:api.bank.example.com.kh' });
    writeFileSync('bank.pem', cert);
    writeFileSync('bank.key', key);
    const env = { ISSUER: `https://localhost:${tlsPort}`, CURL_CA_BUNDLE: server.files.cert, CLIENT_ID: client.client_id, CHALLENGE: 'x'.repeat(43) };
    const [pushed] = await desk.sh(bank, 'mtls', env);
    assert.match(pushed.request_uri, /^urn:/);
    writeFileSync('bank.pem', authority.issue('/CN=Bank', { names: 'DNS:other.example.com.kh' }).cert);
    await assert.rejects(desk.sh(bank, 'mtls', env), 'a certificate without its key');
  });
});

describe('ministry', () => {
  let landSecret, treasurySecret, local, evidence;
  const api = 'https://api.land.example.gov.kh';

  before(async () => {
    const [landApi, treasury] = await desk.sh(ministry, 'register');
    [landSecret, treasurySecret] = [landApi.client_secret, treasury.client_secret];
    local = { execute: [oidc.allowInsecureRequests] };
  });

  const organizationToken = () => desk.js(ministry, 'token', { given: { TREASURY_SECRET: treasurySecret }, wanted: ['tokens'] });
  const check = () => desk.js(ministry, 'check', { wanted: ['callerOf', 'keys'] });
  const sent = (token, scheme = 'Bearer') => ({ headers: { authorization: `${scheme} ${token}` } });

  test('an organization token, checked by asking and by looking', async () => {
    const [byCurl] = await desk.sh(ministry, 'token', { TREASURY_SECRET: treasurySecret });
    const { tokens } = await organizationToken();
    const [seen] = await desk.sh(ministry, 'introspect', { LAND_SECRET: landSecret, ACCESS_TOKEN: byCurl.access_token });
    assert.deepEqual([seen.active, seen.organization, seen.scope], [true, 'KH/GOV/MEF', 'plots:read']);
    const { callerOf } = await check();
    assert.deepEqual(await callerOf(sent(tokens.access_token)), { organization: 'KH/GOV/MEF', client: 'treasury', resident: undefined });
    await assert.rejects(callerOf({ headers: {} }));
    await assert.rejects(callerOf(sent(tokens.access_token, 'DPoP')));
    await assert.rejects(callerOf(sent(`${tokens.access_token.slice(0, -4)}AAAA`)));
  });

  test('an answer that can be kept', async () => {
    const { tokens } = await organizationToken();
    const { keys } = await check();
    ({ payload: evidence } = await desk.js(ministry, 'evidence', { given: { jose, keys, token: tokens.access_token, LAND_SECRET: landSecret }, wanted: ['payload'] }));
    assert.deepEqual([evidence.token_introspection.active, evidence.token_introspection.client_id], [true, 'treasury']);
  });

  test('a back office: the right, what the ID token says, and what introspection says', async () => {
    const [office] = await desk.sh(ministry, 'office');
    await desk.sh(ministry, 'right', { KIDC: kidc });
    const config = await configOf(office);
    const { verifier, state, nonce } = begun();
    const url = oidc.buildAuthorizationUrl(config, { redirect_uri: 'https://registrars.example.gov.kh/callback', scope: 'openid', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
    const tokens = await oidc.authorizationCodeGrant(config, await comesBack(url), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce });
    const said = JSON.parse(ministry.take('json', 'claims')[0]), { organization, roles } = tokens.claims();
    assert.deepEqual({ organization, roles }, said);
    const [seen] = await desk.sh(ministry, 'asked', { REGISTRARS_SECRET: office.client_secret, ACCESS_TOKEN: tokens.access_token });
    assert.deepEqual([seen.active, seen.organization, seen.roles, seen.client_organization], [true, organization, roles, 'KH/GOV/MOI']);
  });

  test('the profile camdx: by key, and no people', async () => {
    const pair = await newKey();
    const changes = { jwks_uri: undefined, jwks: { keys: [pair.jwk] } };
    desk.json(ministry, 'camdx.json', changes);
    provider.client('--id', 'treasury-camdx', '--from', join(desk.folder, 'camdx.json'));
    const { tokens } = await desk.js(ministry, 'camdx', { given: { oidc, local, key: { key: pair.privateKey, kid: pair.kid } }, wanted: ['tokens'] });
    assert.equal(jose.decodeJwt(tokens.access_token).organization, 'KH/GOV/MEF');
    for (const wrong of [{ organization: undefined }, { token_endpoint_auth_method: 'client_secret_basic' }, { grant_types: ['authorization_code'], redirect_uris: [callback] }]) {
      desk.json(ministry, 'camdx.json', { ...changes, ...wrong });
      assert.throws(() => provider.client('--from', join(desk.folder, 'camdx.json')), JSON.stringify(wrong));
    }
  });

  const another = (more) => register({ redirect_uris: ['https://portal.example.gov.kh/callback'], grant_types: ['authorization_code', 'refresh_token'], scope: 'openid profile', allowed_resources: [api], ...more });

  test('a resident’s token for an API, passed on to the next', async () => {
    const client = another();
    const config = await configOf(client);
    const { tokens, forLand } = await desk.js(ministry, 'resource', { given: { oidc, config, comesBack, ...begun() }, between: ['const currentUrl = await comesBack(url);'], wanted: ['tokens', 'forLand'] });
    const { callerOf } = await check();
    await assert.rejects(callerOf(sent(tokens.access_token)), /aud/, 'the first is for userinfo');
    const { payload } = await jose.jwtVerify(forLand.access_token, (await check()).keys, { audience: api });
    assert.deepEqual([payload.sub, payload.client_id], [tokens.claims().sub, client.client_id]);
    await desk.sh(ministry, 'rule');
    const [next] = await desk.sh(ministry, 'exchange', { LAND_SECRET: landSecret, ACCESS_TOKEN: forLand.access_token });
    const passed = jose.decodeJwt(next.access_token);
    assert.deepEqual([passed.aud, passed.scope, passed.act], ['https://api.tax.example.gov.kh', 'tax:read', { sub: 'land-api' }]);
    assert.notEqual(passed.sub, payload.sub);
    assert.ok(next.expires_in <= 300);
    const [refused] = await desk.sh(ministry, 'exchange', { LAND_SECRET: landSecret, ACCESS_TOKEN: tokens.access_token });
    assert.equal(refused.error, 'invalid_request', 'a token that is for userinfo is not the land registry’s');
  });

  test('authorization details: the page shows them in words, the token has them', async () => {
    desk.json(ministry, 'land_transfer.json');
    await desk.sh(ministry, 'type');
    const config = await configOf(another({ authorization_details_types: ['land_transfer'] }));
    const checks = begun();
    const { url } = await desk.js(ministry, 'details', { given: { oidc, config, ...checks }, wanted: ['url'] });
    const browser = new Browser();
    const consent = await browser.signIn(servers.register, await browser.go(url), kidc);
    for (const words of ['12-0301-0045', 'ផ្ទេរដីមួយឡូត៍', 'អាន']) assert.ok(consent.body.includes(words), words);
    const page = await browser.submit(consent, 'allow');
    const tokens = await oidc.authorizationCodeGrant(config, new URL(page.location), { pkceCodeVerifier: checks.verifier, expectedState: checks.state, expectedNonce: checks.nonce });
    assert.deepEqual(tokens.authorization_details, [{ type: 'land_transfer', plot: '12-0301-0045', actions: ['read'] }]);
  });
});

test('links to a section lead to one', () => {
  const slug = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').trim().replaceAll(' ', '-');
  const read = (name) => readFileSync(join(root, 'docs', name), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
  for (const { name } of [integrating, portal, bank, ministry])
    for (const [, file, anchor] of read(name).matchAll(/\]\(([\w.]*)#([^)]+)\)/g)) {
      const sections = [...read(file || name).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading));
      assert.ok(sections.includes(anchor), `${name}: ${file}#${anchor}`);
    }
});

test('every example was run, and none goes without a test', () => {
  for (const page of [integrating, portal, bank, ministry]) {
    assert.deepEqual(page.left(), [], page.name);
    assert.equal(page.unmarked, 0, `${page.name}: examples of js, json and sh name their test`);
  }
});
