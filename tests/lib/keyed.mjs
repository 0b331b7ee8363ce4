// A client that has keys: it signs its requests, and itself where its profile asks for that.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { redirectUri } from './fixture.mjs';

/** A key pair: `privateKey`, `publicKey` (CryptoKeys), `jwk` (the public part), `alg`, `kid`. */
export async function newKey(alg = 'ES256', kid = `${alg}-${Math.random().toString(36).slice(2)}`) {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
  return { privateKey, publicKey, alg, kid, jwk: { ...(await jose.exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

let count = 0;

/** Registers a client with `metadata` on top of sensible members and a new key of `alg`. It authenticates by a secret, unless its metadata says otherwise. */
export async function keyedClient(provider, { alg = 'ES256', metadata = {}, key } = {}) {
  const pair = key ?? await newKey(alg);
  const file = join(provider.data, `keyed-${process.pid}-${count++}.json`);
  writeFileSync(file, JSON.stringify({
    client_name: 'Keyed portal', redirect_uris: [redirectUri], scope: 'openid profile email phone address identity',
    token_endpoint_auth_method: 'client_secret_basic', ...(metadata.jwks_uri ? {} : { jwks: { keys: [pair.jwk] } }), ...metadata,
  }));
  const registered = provider.client('--from', file);
  const authentication = registered.token_endpoint_auth_method === 'private_key_jwt'
    ? oidc.PrivateKeyJwt({ key: pair.privateKey, kid: pair.kid }) : oidc.ClientSecretBasic(registered.client_secret);
  const config = await oidc.discovery(new URL(provider.issuer), registered.client_id, undefined, authentication, { execute: [oidc.allowInsecureRequests] });
  return { metadata: registered, config, key: pair };
}

/** What a client of FAPI 2.0 registers (`fapi2_signed` for message signing). */
export const fapiMetadata = (profile = 'fapi2') => ({
  security_profile: profile, token_endpoint_auth_method: 'private_key_jwt', dpop_bound_access_tokens: true, id_token_signed_response_alg: 'ES256',
});

export const now = () => Math.floor(Date.now() / 1000);

/** A request object of the client: a good one for us, with `claims` on top (undefined: left out), signed with `key`, under `header`. */
export async function requestObject(client, issuer, claims = {}, { key = client.key, header = {} } = {}) {
  const all = { iss: client.metadata.client_id, client_id: client.metadata.client_id, aud: issuer, iat: now(), nbf: now(), exp: now() + 300, jti: crypto.randomUUID(), ...claims };
  return new jose.SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'oauth-authz-req+jwt', ...header }).sign(key.privateKey);
}

/** The form fields by which the client proves who it is. */
export async function authentication(client, issuer) {
  if (client.metadata.token_endpoint_auth_method !== 'private_key_jwt')
    return { fields: {}, headers: { authorization: `Basic ${Buffer.from(`${client.metadata.client_id}:${client.metadata.client_secret}`).toString('base64')}` } };
  const claims = { iss: client.metadata.client_id, sub: client.metadata.client_id, aud: issuer, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 };
  const assertion = await new jose.SignJWT(claims).setProtectedHeader({ alg: client.key.alg, kid: client.key.kid }).sign(client.key.privateKey);
  return { fields: { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion }, headers: {} };
}

/** Pushes fields as the client: the answer with its JSON. */
export async function push(client, issuer, parameters) {
  const { fields, headers } = await authentication(client, issuer);
  const body = parameters instanceof URLSearchParams ? parameters : new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined));
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const answer = await fetch(`${issuer}/par`, { method: 'POST', headers, body });
  return { status: answer.status, headers: answer.headers, json: JSON.parse(await answer.text()) };
}

/** Where the browser of a pushed request is sent. */
export function pushedUrl(client, issuer, requestUri, more = {}) {
  return `${issuer}/authorize?${new URLSearchParams({ client_id: client.metadata.client_id, request_uri: requestUri, ...more })}`;
}
