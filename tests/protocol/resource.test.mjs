// Resource indicators (RFC 8707): whom an access token is for, from the request to the protected resource that is called with it.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri, signIn } from '../lib/fixture.mjs';
import { keyedClient } from '../lib/keyed.mjs';
import { until } from '../lib/servers.mjs';

const land = 'https://land.gov.example/api', tax = 'https://tax.gov.example/api', health = 'https://health.gov.example';
let servers, portal, registry, taxOffice;

/** A protected resource: a back end that introspects what it is called with. */
const resourceServer = (...resources) => keyedClient(servers.provider, {
  metadata: { redirect_uris: undefined, grant_types: ['client_credentials'], response_types: [], scope: 'records.read', resources } });

before(async () => {
  servers = await fixture({ 'life.refresh_grace': 0 });
  portal = await keyedClient(servers.provider, { metadata: {
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], allowed_resources: [land, tax] } });
  registry = await resourceServer(land);
  taxOffice = await resourceServer(tax);
});

/** Signs in with `resource` at /authorize; the code is not exchanged yet. */
async function codeFor(resource, parameters, client = portal) {
  const { url, checks } = await authorizationRequest(client.config, parameters);
  for (const one of [resource].flat().filter(Boolean)) url.searchParams.append('resource', one);
  const browser = new Browser();
  const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  return { url: new URL(page.location), checks, browser };
}

const exchange = async ({ url, checks }, more, client = portal) => oidc.authorizationCodeGrant(client.config, url, checks, more);
const audience = ({ access_token: token }) => jose.decodeJwt(token).aud;
const introspected = (token, by) => oidc.tokenIntrospection(by.config, token);
const refusedWith = (error) => (failure) => failure.error === error;

async function opensUserinfo(token) {
  const answer = await fetch(`${servers.provider.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body: await answer.text() };
}

describe('at the authorization endpoint', () => {
  test('who may be called is refused unless it is registered for the client: invalid_target, byte for byte', async () => {
    for (const wrong of [health, `${land}/`, `${land}/deeper`, land.toUpperCase(), 'https://land.gov.example', `${land}?x`, `${land}#x`, 'land', '//land.gov.example/api', `${land} ${tax}`]) {
      const { url } = await authorizationRequest(portal.config, { resource: wrong });
      const said = new URL((await new Browser().go(url)).location);
      assert.deepEqual([said.searchParams.get('error'), said.origin + said.pathname], ['invalid_target', redirectUri], wrong);
      assert.equal(said.searchParams.get('iss'), servers.provider.issuer);
    }
    const { url } = await authorizationRequest(portal.config, { resource: land });
    url.searchParams.append('resource', health);
    assert.equal(new URL((await new Browser().go(url)).location).searchParams.get('error'), 'invalid_target', 'one of two');
  });

  test('a client that registered none may name none', async () => {
    const other = await keyedClient(servers.provider);
    const { url } = await authorizationRequest(other.config, { resource: land });
    assert.equal(new URL((await new Browser().go(url)).location).searchParams.get('error'), 'invalid_target');
  });

  test('the consent page names the host of each, in both languages', async () => {
    for (const lang of ['en', 'km']) {
      const { url } = await authorizationRequest(portal.config, { ui_locales: lang, prompt: 'consent' });
      url.searchParams.append('resource', land);
      url.searchParams.append('resource', tax);
      const browser = new Browser();
      const page = await browser.signIn(servers.register, await browser.go(url), servers.resident.kidc);
      assert.match(page.body, /<b[^>]*>land\.gov\.example<\/b>/, lang);
      assert.match(page.body, /<b[^>]*>tax\.gov\.example<\/b>/, lang);
    }
  });

  test('[43] consent that was given without a resource, or for another, is none for this one', async () => {
    const other = await keyedClient(servers.provider, { metadata: { allowed_resources: [land, tax] } });
    const { browser } = await codeFor(land, {}, other);
    const silent = async (...resources) => {
      const { url } = await authorizationRequest(other.config, { prompt: 'none' });
      for (const one of resources) url.searchParams.append('resource', one);
      return new URL((await browser.go(url)).location).searchParams.get('error');
    };
    assert.equal(await silent(land), null);
    assert.equal(await silent(), null);
    assert.equal(await silent(tax), 'consent_required');
    assert.equal(await silent(land, tax), 'consent_required');
  });
});

describe('at the token endpoint', () => {
  test('with openid and no resource named here, the token is for userinfo alone', async () => {
    const tokens = await exchange(await codeFor([land, tax]));
    assert.equal(audience(tokens), servers.provider.issuer);
    assert.equal((await opensUserinfo(tokens.access_token)).status, 200);
    assert.deepEqual(await introspected(tokens.access_token, registry), { active: false });
  });

  test('the resource that is named becomes the audience; two of them become two', async () => {
    assert.equal(audience(await exchange(await codeFor([land, tax]), { resource: land })), land);
    const both = new URLSearchParams([['resource', land], ['resource', tax]]);
    assert.deepEqual(audience(await exchange(await codeFor([land, tax]), both)), [land, tax]);
    const twice = new URLSearchParams([['resource', land], ['resource', land]]);
    assert.equal(audience(await exchange(await codeFor([land, tax]), twice)), land);
  });

  test('a resource that was not asked of the person is refused', async () => {
    for (const wrong of [tax, health, `${land}/`, 'x'])
      await assert.rejects(async () => exchange(await codeFor(land), { resource: wrong }), refusedWith('invalid_target'), wrong);
    await assert.rejects(async () => exchange(await codeFor(), { resource: land }), refusedWith('invalid_target'), 'none was asked');
  });

  test('[25] a token for another resource opens nothing at userinfo', async () => {
    const { access_token: token } = await exchange(await codeFor(land), { resource: land });
    const answer = await opensUserinfo(token);
    assert.equal(answer.status, 401);
    assert.match(answer.challenge, /error="invalid_token"/);
    assert.equal(JSON.parse(answer.body).error, 'invalid_token');
  });

  test('[25] the resource introspects its own tokens, and learns nothing of another one’s', async () => {
    const { access_token: token } = await exchange(await codeFor([land, tax]), { resource: land });
    const seen = await introspected(token, registry);
    assert.deepEqual([seen.active, seen.aud, seen.client_id], [true, land, portal.metadata.client_id]);
    assert.deepEqual(await introspected(token, taxOffice), { active: false });
    assert.equal((await introspected(token, portal)).active, true, 'the client that it was issued to');
  });

  test('an opaque token is bound to its resource as well', async () => {
    const opaque = await keyedClient(servers.provider, { metadata: { allowed_resources: [land], access_token_format: 'opaque' } });
    const { access_token: token } = await exchange(await codeFor(land, {}, opaque), { resource: land }, opaque);
    assert.ok(!token.includes('.'));
    assert.equal((await opensUserinfo(token)).status, 401);
    assert.equal((await introspected(token, registry)).aud, land);
    assert.deepEqual(await introspected(token, taxOffice), { active: false });
  });

  test('plain OAuth without a resource named here: the token is for all that were asked', async () => {
    const { url, checks } = await authorizationRequest(portal.config, {});
    url.searchParams.set('scope', 'profile');
    url.searchParams.delete('nonce');
    url.searchParams.append('resource', land);
    url.searchParams.append('resource', tax);
    const browser = new Browser();
    const page = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
    const tokens = await oidc.authorizationCodeGrant(portal.config, new URL(page.location), { ...checks, expectedNonce: undefined });
    assert.deepEqual(audience(tokens), [land, tax]);
    assert.equal(tokens.id_token, undefined);
  });
});

describe('refreshing', () => {
  test('each access token is for what its request names; what was granted stays whole', async () => {
    const first = await exchange(await codeFor([land, tax]), { resource: land });
    const refresh = (more) => oidc.refreshTokenGrant(portal.config, first.refresh_token, more);
    assert.equal(audience(await refresh({ resource: tax })), tax);
    assert.equal(audience(await refresh({ resource: land })), land);
    assert.deepEqual(audience(await refresh(new URLSearchParams([['resource', land], ['resource', tax]]))), [land, tax]);
    assert.equal(audience(await refresh()), servers.provider.issuer);
    await assert.rejects(refresh({ resource: health }), refusedWith('invalid_target'));
    assert.equal(audience(await refresh({ resource: tax })), tax, 'after a refusal');
  });

  test('a public client’s refresh token is not used up by a resource that is refused', async () => {
    const app = servers.provider.client('--name', 'App', '--auth', 'none', '--redirect-uri', redirectUri, '--scope', 'openid profile', '--grant', 'authorization_code', '--grant', 'refresh_token');
    const config = await oidc.discovery(new URL(servers.provider.issuer), app.client_id, undefined, oidc.None(), { execute: [oidc.allowInsecureRequests] });
    const { tokens } = await signIn({ register: servers.register, config, kidc: servers.resident.kidc });
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, { resource: land }), refusedWith('invalid_target'));
    const second = Math.floor(Date.now() / 1000) + 1;
    await until('the grace that a rotated one has to be over', () => Date.now() / 1000 > second + 1);
    assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  });
});

describe('an organization’s own token', () => {
  test('is for all of its audience, or the part that it names, and for nobody else', async () => {
    const service = await keyedClient(servers.provider, { metadata: {
      redirect_uris: undefined, grant_types: ['client_credentials'], response_types: [], scope: 'records.read', audience: [land, tax] } });
    assert.deepEqual(audience(await oidc.clientCredentialsGrant(service.config)), [land, tax]);
    assert.equal(audience(await oidc.clientCredentialsGrant(service.config, { resource: tax })), tax);
    for (const wrong of [health, `${tax}/`, servers.provider.issuer])
      await assert.rejects(oidc.clientCredentialsGrant(service.config, { resource: wrong }), refusedWith('invalid_target'), wrong);
  });
});
