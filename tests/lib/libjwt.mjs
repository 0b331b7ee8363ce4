// A second opinion on every signature: libjwt, which shares no code with the provider, nor with jose.
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import * as jose from 'jose';
import { build } from './servers.mjs';

/** Throws unless libjwt accepts `token` under `jwk` with the algorithm that the key is for; answers with its claims. (libjwt 1.10 knows the type JWT alone: no access tokens.) */
export function checkWith(jwk, token) {
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  return JSON.parse(execFileSync(join(build, 'check_jwt'), [jwk.alg, pem], { input: token, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }));
}

/** The same with the key of the provider's key set that the token names. libjwt 1.10 knows neither PS256 nor EdDSA: for those it is jose that says. */
export async function checkWithLibjwt(metadata, token) {
  const { keys } = await (await fetch(metadata.jwks_uri)).json();
  const { kid, alg } = jose.decodeProtectedHeader(token);
  const jwk = keys.find((key) => key.kid === kid && key.alg === alg);
  if (!jwk) throw new Error(`no key ${kid} for ${alg} in the key set`);
  if (['PS256', 'EdDSA'].includes(alg)) return (await jose.jwtVerify(token, await jose.importJWK(jwk), { algorithms: [alg] })).payload;
  return checkWith(jwk, token);
}
