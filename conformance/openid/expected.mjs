// What a run may find without failing: each with the reason why it is as it should be. One that is not found any more fails the run as well.
// plan: its name in plans.mjs, or several; module; condition: the suite's name for what it checked ('' for a module's result); result: warning, failure, skip.
const everyone = ['basic', 'basic-dynamic', 'formpost-basic', 'hybrid', 'formpost-hybrid', 'implicit', 'formpost-implicit'];
const combinations = ['jwt-dpop', 'jwt-mtls', 'mtls-dpop', 'mtls-mtls'];
const fapi = [...combinations.flatMap((one) => [`fapi2-${one}`, `fapi2-signed-${one}`]), 'fapi2-jwt-dpop-details'];

/** Expectations of several modules, for the same reason. */
const all = (plan, modules, condition, result, why) => modules.map((module) => ({ plan, module, condition, result, why }));

export const expected = [
  ...all(everyone, ['oidcc-scope-profile', 'oidcc-scope-all'], 'VerifyScopesReturnedInUserInfoClaims', 'warning',
    'The register knows no nickname, website, zoneinfo and the like; a portrait (picture) is released by name only, never by a scope.'),
  ...all(['basic-gaps'], ['oidcc-scope-profile', 'oidcc-scope-email', 'oidcc-scope-address', 'oidcc-scope-all'],
    'VerifyScopesReturnedInUserInfoClaims', 'warning',
    'What the register does not know of a resident is left out, never made up: this one has no given name, gender, e-mail address or address.'),
  ...all(['implicit', 'formpost-implicit'], ['oidcc-scope-profile', 'oidcc-scope-all'], 'VerifyScopesReturnedInAuthorizationEndpointIdToken', 'warning',
    'The same, in the ID token where there is no access token.'),
  ...all([...everyone, 'dynamic'], ['oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported'], '', 'skip',
    'Request objects must be signed: algorithm none is not offered.'),
  ...all([...everyone, 'dynamic'], ['oidcc-ensure-request-object-with-redirect-uri'], '', 'skip',
    'Request objects must be signed: algorithm none is not offered.'),
  ...all(['basic-dynamic'], ['oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported'], '', 'skip',
    'Request objects must be signed, by reference too.'),
  ...all(['dynamic'], ['oidcc-request-uri-unsigned'], '', 'skip', 'Request objects must be signed, by reference too.'),
  ...all(['basic-dynamic', 'dynamic'], ['oidcc-idtoken-unsigned'], '', 'skip', 'ID tokens are always signed.'),
  ...all(fapi, ['fapi2-security-profile-final-test-claims-parameter-identity-claims'], 'CheckForUnexpectedClaimsInUserinfo', 'warning',
    'Names in Khmer (name#km, Core 5.2): the suite knows no claims with a language.'),
  ...all(fapi, ['fapi2-security-profile-final-test-claims-parameter-identity-claims'], 'CheckForUnexpectedClaimsInIdToken', 'warning',
    'The same, and sid (OpenID Connect Back-Channel Logout).'),
];
