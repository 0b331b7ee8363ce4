// libjwt, which shares no code with the provider, judges everything that relying parties must be able to verify; and says no where no is due.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { fixture, relyingParty, signIn } from '../lib/fixture.mjs';
import { checkWith, checkWithLibjwt } from '../lib/libjwt.mjs';

let servers, metadata;
before(async () => {
  servers = await fixture();
});

for (const alg of ['RS256', 'ES256'])
  test(`${alg}: ID token, refreshed ID token and signed userinfo are accepted; changed ones are not`, async () => {
    const rp = await relyingParty(servers.provider, { args: ['--id-token-alg', alg, '--userinfo-alg', alg, '--grant', 'authorization_code', '--grant', 'refresh_token'] });
    metadata = rp.config.serverMetadata();
    const { tokens, claims } = await signIn({ register: servers.register, config: rp.config, kidc: servers.resident.kidc, parameters: { scope: 'openid profile email' } });
    const again = await oidc.refreshTokenGrant(rp.config, tokens.refresh_token);
    const userinfo = await (await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } })).text();
    for (const token of [tokens.id_token, again.id_token, userinfo]) {
      assert.equal(jose.decodeProtectedHeader(token).alg, alg);
      const seen = await checkWithLibjwt(metadata, token);
      assert.equal(seen.sub, claims.sub);
      assert.equal(seen.iss, servers.provider.issuer);
      assert.equal(seen.aud, rp.metadata.client_id);
      const { keys } = await (await fetch(metadata.jwks_uri)).json();
      const right = keys.find((key) => key.kid === jose.decodeProtectedHeader(token).kid);
      const [head, body, signature] = token.split('.');
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      const changed = Buffer.from(JSON.stringify({ ...jose.decodeJwt(token), sub: 'x' })).toString('base64url');
      for (const [what, other, key] of [
        ['changed claims', `${head}.${changed}.${signature}`, right], ['no signature', `${head}.${body}.`, right], ['alg none', `${none}.${body}.`, right],
        ['another of our keys', token, keys.find((one) => one.alg === alg && one.kid !== right.kid)], ['a key of the other kind', token, keys.find((one) => one.alg !== alg)],
      ]) assert.throws(() => checkWith(key, other), undefined, what);
    }
    assert.equal((await checkWithLibjwt(metadata, userinfo)).email, servers.resident.email);
  });
