// The plans of the suite that Konsao is held against: name, variant, and how the suite and Konsao's clients are set up for each.
import { cibaClients, fapiClients } from './fapi.mjs';
import { overrides, pages } from './pages.mjs';

const everyScope = 'openid profile email phone address offline_access';

/** What a client of the OpenID Connect plans is registered with; the suite plays it at its callback, with or without PKCE. */
const relyingParty = (at, id, more = {}) => ({
  client_id: id, client_name: `Conformance suite, ${id}`, purpose: 'Testing', redirect_uris: [`${at}/callback`],
  post_logout_redirect_uris: [`${at}/post_logout_redirect`], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
  scope: everyScope, token_endpoint_auth_method: 'client_secret_basic', require_pkce: false, ...more,
});

const secretOf = ({ client_id, client_secret }) => ({ client_id, client_secret });

/** The two clients of a plan with static registration, and the one that sends its secret in the body. `more`: what they have beyond the usual. */
const registered = (more = () => ({})) => (side, alias, at) => {
  const add = (name, own) => secretOf(side.client(relyingParty(at, `${alias}-${name}`, { ...more(at), ...own })));
  return { client: add('one'), client2: add('two'), client_secret_post: add('post', { token_endpoint_auth_method: 'client_secret_post' }) };
};

/** Clients that the suite registers itself. */
const registering = (side) => {
  const client = (name) => ({ client_name: name, initial_access_token: side.registrationToken() });
  return { client: client('Conformance suite, one'), client2: client('Conformance suite, two') };
};

const hybrid = () => ({
  response_types: ['code', 'code id_token', 'code token', 'code id_token token'], grant_types: ['authorization_code', 'implicit', 'refresh_token'],
});
const implicit = () => ({ response_types: ['id_token', 'id_token token'], grant_types: ['implicit'], scope: everyScope.replace(' offline_access', '') });
const byBackChannel = (at) => ({ backchannel_logout_uri: `${at}/backchannel_logout`, backchannel_logout_session_required: true });
const byFrontChannel = (at) => ({ frontchannel_logout_uri: `${at}/frontchannel_logout`, frontchannel_logout_session_required: true });

const of = (name, plan, variant, set = registered(), more = {}) => ({ name, plan: `${plan}-test-plan`, variant, set, ...more });

const statically = { server_metadata: 'discovery', client_registration: 'static_client' };
const dynamically = { server_metadata: 'discovery', client_registration: 'dynamic_client' };
const code = { response_type: 'code', client_registration: 'static_client' };

/**
 * Security profile, or message signing, for one way of client authentication, sender constraint and protocol. person: whether one signs in; details: whether
 * the request says in authorization_details what it is for.
 */
function fapi2(name, { signed = false, auth, sender, person = true, openid = person, details = false }) {
  const variant = {
    client_auth_type: auth, sender_constrain: sender, openid: openid ? 'openid_connect' : 'plain_oauth',
    fapi_profile: person ? 'plain_fapi' : 'fapi_client_credentials_grant',
    authorization_request_type: details ? 'rar' : 'simple', ...(signed && { fapi_request_method: 'signed_non_repudiation', fapi_response_mode: 'jarm' }),
  };
  return of(name, `fapi2-${signed ? 'message-signing' : 'security-profile'}-final`, variant, fapiClients({ signed, auth, sender, openid, person, details }));
}

const ciba = (name, auth, mode) => of(name, 'fapi-ciba-id1', {
  client_auth_type: auth, ciba_mode: mode, fapi_ciba_profile: 'plain_fapi', client_registration: 'static_client',
}, cibaClients({ auth, mode }));

// What a resident is to whom the register knows little of.
const gaps = {
  resident: 'gaps',
  only: ['oidcc-server', 'oidcc-userinfo-get', 'oidcc-scope-profile', 'oidcc-scope-email', 'oidcc-scope-address', 'oidcc-scope-phone', 'oidcc-scope-all',
    'oidcc-claims-essential', 'oidcc-refresh-token'],
};

/**
 * name: for people and filters. set: what the configuration has beyond the pages, the alias and where Konsao is. resident: who signs in, the one of whom
 * the register knows all unless it says `gaps`. only: its modules, if not all. visited: by a person with a real browser, without scripts.
 */
export const plans = [
  of('config', 'oidcc-config-certification', {}, () => ({})),
  of('basic', 'oidcc-basic-certification', statically),
  of('basic-gaps', 'oidcc-basic-certification', statically, registered(), gaps),
  of('basic-dynamic', 'oidcc-basic-certification', dynamically, registering),
  of('formpost-basic', 'oidcc-formpost-basic-certification', statically),
  of('dynamic', 'oidcc-dynamic-certification', { response_type: 'code' }, registering),
  of('hybrid', 'oidcc-hybrid-certification', statically, registered(hybrid)),
  of('formpost-hybrid', 'oidcc-formpost-hybrid-certification', statically, registered(hybrid)),
  of('implicit', 'oidcc-implicit-certification', statically, registered(implicit)),
  of('formpost-implicit', 'oidcc-formpost-implicit-certification', statically, registered(implicit)),
  of('rp-initiated-logout', 'oidcc-rp-initiated-logout-certification', code),
  of('backchannel-logout', 'oidcc-backchannel-rp-initiated-logout-certification', code, registered(byBackChannel)),
  of('frontchannel-logout', 'oidcc-frontchannel-rp-initiated-logout-certification', code, registered(byFrontChannel)),
  of('session-management', 'oidcc-session-management-certification', code, registered(), { visited: true }),
  of('3rdparty-init-login', 'oidcc-3rdparty-init-login-certification', { response_type: 'code' }, registering),
  fapi2('fapi2-jwt-dpop', { auth: 'private_key_jwt', sender: 'dpop' }),
  fapi2('fapi2-jwt-mtls', { auth: 'private_key_jwt', sender: 'mtls' }),
  fapi2('fapi2-mtls-dpop', { auth: 'mtls', sender: 'dpop' }),
  fapi2('fapi2-mtls-mtls', { auth: 'mtls', sender: 'mtls' }),
  fapi2('fapi2-jwt-dpop-details', { auth: 'private_key_jwt', sender: 'dpop', details: true }),
  fapi2('fapi2-jwt-dpop-oauth', { auth: 'private_key_jwt', sender: 'dpop', openid: false }),
  fapi2('fapi2-jwt-mtls-oauth', { auth: 'private_key_jwt', sender: 'mtls', openid: false }),
  fapi2('fapi2-mtls-dpop-oauth', { auth: 'mtls', sender: 'dpop', openid: false }),
  fapi2('fapi2-mtls-mtls-oauth', { auth: 'mtls', sender: 'mtls', openid: false }),
  fapi2('fapi2-jwt-dpop-credentials', { auth: 'private_key_jwt', sender: 'dpop', person: false }),
  fapi2('fapi2-jwt-mtls-credentials', { auth: 'private_key_jwt', sender: 'mtls', person: false }),
  fapi2('fapi2-mtls-dpop-credentials', { auth: 'mtls', sender: 'dpop', person: false }),
  fapi2('fapi2-mtls-mtls-credentials', { auth: 'mtls', sender: 'mtls', person: false }),
  fapi2('fapi2-signed-jwt-dpop', { signed: true, auth: 'private_key_jwt', sender: 'dpop' }),
  fapi2('fapi2-signed-jwt-mtls', { signed: true, auth: 'private_key_jwt', sender: 'mtls' }),
  fapi2('fapi2-signed-mtls-dpop', { signed: true, auth: 'mtls', sender: 'dpop' }),
  fapi2('fapi2-signed-mtls-mtls', { signed: true, auth: 'mtls', sender: 'mtls' }),
  ciba('ciba-jwt-poll', 'private_key_jwt', 'poll'),
  ciba('ciba-jwt-ping', 'private_key_jwt', 'ping'),
  ciba('ciba-mtls-poll', 'mtls', 'poll'),
  ciba('ciba-mtls-ping', 'mtls', 'ping'),
];

/** The configuration that the suite gets for a plan. Registers the plan's clients, so it is called once for each. */
export async function configuration(plan, side, suite) {
  const alias = `konsao-${plan.name}`;
  const at = new URL(`test/a/${alias}`, suite.url).href;
  const scripts = pages({ issuer: side.issuer, at, kidc: side.residents[plan.resident ?? 'whole'].kidc, code: side.code });
  return {
    alias, description: `Konsao, ${plan.name}`, server: { discoveryUrl: `${side.issuer}/.well-known/openid-configuration` },
    ...(!plan.visited && { browser: plan.name.startsWith('fapi') ? scripts.either : scripts.usual, override: overrides(scripts) }),
    ...(await plan.set(side, alias, at)),
  };
}
