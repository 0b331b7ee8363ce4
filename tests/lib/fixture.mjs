// What most protocol tests need: a register, a provider, a confidential client, and the flow by an independent relying party (openid-client).
import * as oidc from 'openid-client';
import { Browser } from './browser.mjs';
import { atEnd } from './cleanup.mjs';
import { checkWithLibjwt } from './libjwt.mjs';
import { Provider, Register } from './servers.mjs';

export const redirectUri = 'http://localhost:9999/callback';

/** Starts both servers, stops them after the file's tests. */
export async function fixture(settings, registerOptions) {
  const register = await Register.start(registerOptions);
  atEnd(() => register.stop());
  const provider = await Provider.start(register, settings);
  atEnd(() => provider.stop());
  const residents = (await register.residents()).filter((one) => one.status === 'ACTIVE' && !one.minor && one.phone);
  return { register, provider, residents, resident: residents[0] };
}

/** Registers a client with sensible arguments, and gives openid-client's configuration for it as well. */
export async function relyingParty(provider, { args = [], scope = 'openid profile email phone address identity', auth = 'client_secret_basic', configure } = {}) {
  const metadata = provider.client('--name', 'Test portal', '--redirect-uri', redirectUri, '--post-logout-redirect-uri', 'http://localhost:9999/bye',
    '--scope', scope, '--auth', auth, ...args);
  const method = {
    client_secret_basic: () => oidc.ClientSecretBasic(metadata.client_secret),
    client_secret_post: () => oidc.ClientSecretPost(metadata.client_secret),
    none: () => oidc.None(),
  }[auth];
  const authentication = configure ? await configure(metadata) : method();
  const config = await oidc.discovery(new URL(provider.issuer), metadata.client_id, undefined, authentication, { execute: [oidc.allowInsecureRequests] });
  return { metadata, config };
}

/** An authorization request with PKCE, state and nonce; what the callback must be checked with stands beside its URL. */
export async function authorizationRequest(config, parameters = {}) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri, scope: 'openid profile', code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256', state: checks.expectedState, nonce: checks.expectedNonce, ...parameters,
  });
  return { url, checks };
}

/** The whole flow: a new browser (or the one given), sign-in, consent to everything, tokens checked by openid-client, the ID token by libjwt as well. */
export async function signIn({ register, config, kidc, parameters, browser = new Browser() }) {
  const { url, checks } = await authorizationRequest(config, parameters);
  let page = await browser.go(url);
  if (!page.location) page = await browser.signInAndAllow(register, page, kidc);
  if (!page.location) throw new Error(`the sign-in ended on a page (${page.status}):\n${page.body}`);
  const tokens = await oidc.authorizationCodeGrant(config, new URL(page.location), checks);
  await checkWithLibjwt(config.serverMetadata(), tokens.id_token);
  return { tokens, claims: tokens.claims(), callback: new URL(page.location), browser, checks };
}
