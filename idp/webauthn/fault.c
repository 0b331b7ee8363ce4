#include "webauthn/webauthn.h"

const char *webauthn_fault_name(enum webauthn_fault fault)
{
    static const char *const names[WEBAUTHN_FAULTS] = {
        [WEBAUTHN_OK] = "ok",
        [WEBAUTHN_MALFORMED] = "malformed",
        [WEBAUTHN_TYPE] = "type",
        [WEBAUTHN_CHALLENGE] = "challenge",
        [WEBAUTHN_ORIGIN] = "origin",
        [WEBAUTHN_RP_ID] = "rp_id",
        [WEBAUTHN_NOT_PRESENT] = "not_present",
        [WEBAUTHN_NOT_VERIFIED] = "not_verified",
        [WEBAUTHN_FLAGS] = "flags",
        [WEBAUTHN_ALGORITHM] = "algorithm",
        [WEBAUTHN_ATTESTATION] = "attestation",
        [WEBAUTHN_CREDENTIAL] = "credential",
        [WEBAUTHN_SIGNATURE] = "signature",
        [WEBAUTHN_COUNTER] = "counter",
    };
    return names[fault];
}
