// The four signature algorithms, each from sign-in to what npm's jose verifies with the published key set.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as jose from 'jose';
import { fixture, relyingParty, signIn } from '../lib/fixture.mjs';

let servers;
before(async () => {
  servers = await fixture();
});

for (const alg of ['ES256', 'PS256', 'EdDSA', 'RS256'])
  test(`${alg}: jose verifies the ID token and the signed userinfo, and no other algorithm's key does`, async () => {
    const rp = await relyingParty(servers.provider, { args: ['--id-token-alg', alg, '--userinfo-alg', alg] });
    const metadata = rp.config.serverMetadata();
    assert.ok(metadata.id_token_signing_alg_values_supported.includes(alg));
    const { tokens } = await signIn({ register: servers.register, config: rp.config, kidc: servers.resident.kidc, parameters: { scope: 'openid profile' } });
    const answer = await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    const set = await (await fetch(metadata.jwks_uri)).json();
    const others = { keys: set.keys.filter((key) => key.alg !== alg) };
    for (const token of [tokens.id_token, await answer.text()]) {
      const expected = { algorithms: [alg], issuer: servers.provider.issuer, audience: rp.metadata.client_id };
      await jose.jwtVerify(token, jose.createLocalJWKSet(set), expected);
      await assert.rejects(jose.jwtVerify(token, jose.createLocalJWKSet(others), expected), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    }
  });

test('the key set: two keys of each signature algorithm, one of each for encryption, one alg and one kid each, nothing private', async () => {
  const { keys } = await (await fetch(`${servers.provider.issuer}/jwks`)).json();
  const count = (alg, use) => keys.filter((key) => key.alg === alg && key.use === use).length;
  for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA']) assert.equal(count(alg, 'sig'), 2, alg);
  for (const alg of ['ECDH-ES', 'RSA-OAEP-256']) assert.equal(count(alg, 'enc'), 1, alg);
  assert.equal(keys.length, 10);
  assert.equal(new Set(keys.map((key) => key.kid)).size, 10);
  for (const key of keys) {
    assert.equal(key.kid, await jose.calculateJwkThumbprint(key));
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) assert.ok(!(member in key), member);
  }
});
