'use strict';

/* Passkeys: what the API says in JSON (Web Authentication Level 3, section 5.1.8) as browsers take and give it. Not all
 * phones have the browser's own functions for that. */
const passkey = (() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  const named = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));

  const codes = {
    NotAllowedError: 'cancelled',
    AbortError: 'cancelled',
    InvalidStateError: 'exists',
    NotSupportedError: 'unsupported',
    ConstraintError: 'unsupported',
  };

  /* What went wrong, in the app's words. */
  function explain(error) {
    throw new ApiError(codes[error.name] ?? 'unexpected');
  }

  const common = (credential) => ({
    id: credential.id,
    rawId: api.base64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  });

  async function create(options) {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: named(options.excludeCredentials),
    };
    const credential = await navigator.credentials.create({ publicKey }).catch(explain);
    const { clientDataJSON, attestationObject } = credential.response;
    const response = {
      clientDataJSON: api.base64url(clientDataJSON),
      attestationObject: api.base64url(attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    };
    return { ...common(credential), response };
  }

  async function get(options, challenge = bytes(options.challenge)) {
    const publicKey = { ...options, challenge, allowCredentials: named(options.allowCredentials) };
    const credential = await navigator.credentials.get({ publicKey }).catch(explain);
    const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
    const response = {
      clientDataJSON: api.base64url(clientDataJSON),
      authenticatorData: api.base64url(authenticatorData),
      signature: api.base64url(signature),
      userHandle: userHandle ? api.base64url(userHandle) : undefined,
    };
    return { ...common(credential), response };
  }

  const supported = () =>
    Boolean(self.PublicKeyCredential && self.indexedDB && self.crypto?.subtle && self.HTMLDialogElement);

  return { create, get, supported };
})();
