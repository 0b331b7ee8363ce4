// Clients of the FAPI plans: with keys and certificates instead of secrets, and tokens that only their holder can use.
import { publicSet, signingKey } from './provider.mjs';

const alg = 'PS256';

/** How a client proves who it is. */
const authentication = (auth, certificate) => (auth === 'mtls'
  ? { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: `CN=${certificate}` }
  : { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: alg });

/** What rich authorization requests (RFC 9396) are about. */
const transfer = { type: 'land_transfer', title: 'Transfer a plot of land', fields: [{ name: 'plot', label: 'Plot', kind: 'string', required: true }] };

/** Registers the suite's two clients, of the security profile that the plan is about. */
export const fapiClients = ({ signed, auth, sender, openid, person, details }) => async (side, alias, at) => {
  const constraint = sender === 'dpop' ? { dpop_bound_access_tokens: true } : { tls_client_certificate_bound_access_tokens: true };
  const personal = openid ? 'openid profile email phone address' : 'profile email';
  const scope = person ? personal : 'conformance:read';
  if (details) side.authorizationType(transfer);
  const userinfo = `${sender === 'mtls' ? side.mtls : side.issuer}/userinfo`;
  const add = (name, query, certificate) => {
    const key = signingKey(alg, `${alias}-${name}-key`);
    const { client_id } = side.client({
      client_id: `${alias}-${name}`, client_name: `Conformance suite, ${name}`, purpose: 'Testing', security_profile: signed ? 'fapi2_signed' : 'fapi2',
      ...(person
        ? { redirect_uris: [`${at}/callback${query}`], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], claims: ['picture'] }
        : { grant_types: ['client_credentials'], response_types: [] }), scope, jwks: publicSet(key),
      ...(details && { authorization_details_types: [transfer.type] }),
      ...authentication(auth, certificate),
      ...(signed && { request_object_signing_alg: alg, authorization_signed_response_alg: alg }), id_token_signed_response_alg: alg, ...constraint,
    });
    return { client_id, scope, jwks: { keys: [key] }, ...(sender === 'dpop' && { dpop_signing_alg: 'ES256' }) };
  };
  return {
    client: add('one', '', `${alias}-1`), client2: add('two', '?dummy1=lorem&dummy2=ipsum', `${alias}-2`),
    ...((auth === 'mtls' || sender === 'mtls') && { mtls: side.credentials.certificate(`${alias}-1`), mtls2: side.credentials.certificate(`${alias}-2`) }),
    resource: {
      resourceUrl: openid ? userinfo : await side.resource(), ...(details && { richAuthorizationRequest: [{ type: transfer.type, plot: '12-0107-33' }] }),
    },
  };
};

/** Registers the suite's two clients of the backchannel (CIBA), whose tokens are bound to certificates. */
export const cibaClients = ({ auth, mode }) => async (side, alias, at) => {
  const scope = 'openid profile';
  const add = (name, certificate) => {
    const key = signingKey(alg, `${alias}-${name}-key`);
    const { client_id } = side.client({
      client_id: `${alias}-${name}`, client_name: `Conformance suite, ${name}`, purpose: 'Testing',
      grant_types: ['urn:openid:params:grant-type:ciba', 'refresh_token'], response_types: [], scope,
      jwks: publicSet(key), ...authentication(auth, certificate), tls_client_certificate_bound_access_tokens: true,
      backchannel_token_delivery_mode: mode, backchannel_authentication_request_signing_alg: alg, id_token_signed_response_alg: alg,
      ...(mode === 'ping' && { backchannel_client_notification_endpoint: `${at}/ciba-notification-endpoint` }),
    });
    return { client_id, scope, jwks: { keys: [key] }, hint_type: 'login_hint', hint_value: side.residents.whole.kidc, acr_value: 'urn:konsao:acr:otp' };
  };
  return {
    client: add('one', `${alias}-1`), client2: add('two', `${alias}-2`),
    mtls: side.credentials.certificate(`${alias}-1`), mtls2: side.credentials.certificate(`${alias}-2`),
    resource: { resourceUrl: await side.resource() }, automated_ciba_approval_url: await side.approvals(),
  };
};
