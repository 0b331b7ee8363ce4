// The plans of the suite that Konsao is held against: name, variant, and how the suite and Konsao's clients are set up for each.
import { overrides, pages } from './pages.mjs';

const everyScope = 'openid profile email phone address offline_access';

/** What a client of the OpenID Connect plans is registered with; the suite plays it at its callback, with or without PKCE. */
const relyingParty = (at, id, more = {}) => ({
  client_id: id, client_name: `Conformance suite, ${id}`, purpose: 'Testing', redirect_uris: [`${at}/callback`],
  post_logout_redirect_uris: [`${at}/post_logout_redirect`], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
  scope: everyScope, token_endpoint_auth_method: 'client_secret_basic', require_pkce: false, ...more,
});

const secretOf = ({ client_id, client_secret }) => ({ client_id, client_secret });

/** The two clients of a plan with static registration, and the one that sends its secret in the body. */
function staticClients(side, alias, at, more) {
  const add = (name, own) => secretOf(side.client(relyingParty(at, `${alias}-${name}`, { ...more, ...own })));
  return { client: add('one'), client2: add('two'), client_secret_post: add('post', { token_endpoint_auth_method: 'client_secret_post' }) };
}

const withStaticClients = (more) => (side, alias, at) => staticClients(side, alias, at, more);
const withoutClients = () => ({});

/** name: for people and filters. set: what the configuration has beyond the pages, the alias and where Konsao is. */
export const plans = [
  { name: 'config', plan: 'oidcc-config-certification-test-plan', variant: {}, set: withoutClients },
  {
    name: 'basic', plan: 'oidcc-basic-certification-test-plan',
    variant: { server_metadata: 'discovery', client_registration: 'static_client' }, set: withStaticClients(),
  },
  {
    name: 'formpost-basic', plan: 'oidcc-formpost-basic-certification-test-plan',
    variant: { server_metadata: 'discovery', client_registration: 'static_client' }, set: withStaticClients(),
  },
  {
    name: 'rp-initiated-logout', plan: 'oidcc-rp-initiated-logout-certification-test-plan',
    variant: { response_type: 'code', client_registration: 'static_client' }, set: withStaticClients(),
  },
];

/** The configuration that the suite gets for a plan. Registers the plan's clients, so it is called once for each. */
export function configuration(plan, side, suite) {
  const alias = `konsao-${plan.name}`;
  const at = new URL(`test/a/${alias}`, suite.url).href;
  const scripts = pages({ issuer: side.issuer, at, kidc: side.resident.kidc, code: side.code });
  return {
    alias, description: `Konsao, ${plan.name}`, server: { discoveryUrl: `${side.issuer}/.well-known/openid-configuration` },
    browser: scripts.usual, override: overrides(scripts), ...plan.set(side, alias, at),
  };
}
