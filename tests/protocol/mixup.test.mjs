// Mix-up attacks (RFC 9207): every authorization response says who sends it, however it travels.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { Browser, forms } from '../lib/browser.mjs';
import { authorizationRequest, fixture, redirectUri } from '../lib/fixture.mjs';
import { keyedClient } from '../lib/keyed.mjs';

let servers, issuer, portal, jwks;

before(async () => {
  servers = await fixture();
  ({ issuer } = servers.provider);
  jwks = jose.createRemoteJWKSet(new URL(`${issuer}/jwks`));
  portal = await keyedClient(servers.provider, { metadata: { grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'code id_token', 'id_token'] } });
});

/** What an answer says, by whatever way it comes. */
async function read(page) {
  const form = forms(page.body).find((one) => one.action === redirectUri);
  const url = page.location && new URL(page.location);
  const said = form ? new URLSearchParams(form.fields.filter((field) => field.name).map((field) => [field.name, field.value])) : new URLSearchParams(url.hash ? url.hash.slice(1) : url.search);
  if (!said.has('response')) return Object.fromEntries(said);
  assert.deepEqual([...said.keys()], ['response'], 'nothing stands beside a signed response');
  return (await jose.jwtVerify(said.get('response'), jwks, { issuer, audience: portal.metadata.client_id })).payload;
}

for (const [response_type, modes] of Object.entries({ code: ['query', 'fragment', 'form_post', 'jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt'], 'code id_token': ['fragment', 'form_post', 'fragment.jwt', 'form_post.jwt'], id_token: ['fragment', 'form_post'] }))
  for (const response_mode of modes)
    test(`[11] ${response_type} by ${response_mode}: success and error say who sends them`, async () => {
      const browser = new Browser();
      const ask = async (parameters) => (await authorizationRequest(portal.config, { response_type, response_mode, ...parameters })).url;
      const refused = await read(await browser.go(await ask({ prompt: 'none' })));
      assert.deepEqual([refused.error, refused.iss], ['login_required', issuer]);
      const page = await browser.go(await ask());
      const given = await read(await browser.signInAndAllow(servers.register, page, servers.resident.kidc));
      assert.equal(given.iss, issuer);
      assert.ok(given.code ?? given.id_token);
      const other = new Browser();
      const cancelled = await read(await other.submit(await other.go(await ask()), 'cancel'));
      assert.deepEqual([cancelled.error, cancelled.iss], ['access_denied', issuer]);
    });

test('[11] openid-client refuses an answer without iss, since discovery says that it is there', async () => {
  const { url, checks } = await authorizationRequest(portal.config);
  const browser = new Browser();
  const { location } = await browser.signInAndAllow(servers.register, await browser.go(url), servers.resident.kidc);
  const stripped = new URL(location);
  stripped.searchParams.delete('iss');
  await assert.rejects(oidc.authorizationCodeGrant(portal.config, stripped, checks));
  const other = new URL(location);
  other.searchParams.set('iss', 'https://evil.example');
  await assert.rejects(oidc.authorizationCodeGrant(portal.config, other, checks));
  assert.ok((await oidc.authorizationCodeGrant(portal.config, new URL(location), checks)).access_token);
});
