/* What the register's answers mean. Nothing here touches the network: bytes in, values out. This room's own.
 *
 * An answer that is not exactly what the interface says is IPIS_UNREACHABLE: something else than the register may be
 * speaking. */
#ifndef KONSAO_IPIS_ANSWER_H
#define KONSAO_IPIS_ANSWER_H

#include "ipis/ipis.h"

#define ANSWER_BYTES_MAX ((size_t)1024 * 1024) /* a photo is the largest thing in one */

struct answer {
    long status;      /* HTTP */
    str content_type; /* STR_NONE: not said */
    str body;
    str xroad_id;    /* X-Road-Id, as it came */
    str xroad_error; /* X-Road-Error: the call failed on the way, whatever the status is */
};

/** The result that status and error body say; for IPIS_OK the object in `*body` (released by the arena). Fills in
 * call->xroad_id, and code, retry_after and attempts_left. */
MUST_CHECK enum ipis_result answer_read(struct ipis_call *call, const struct answer *answer, json_t **body);

/** The answer to otp: false when it is not one, or is another transaction's. `*expires_in` in seconds, 1 to 3600. */
MUST_CHECK bool answer_otp(const struct ipis_call *call, const json_t *body, int64_t *expires_in);
/** The answer to authenticate. IPIS_OK only for an active number that was authenticated by that factor ("otp",
 * "authenticator"), with a well-formed token. */
MUST_CHECK enum ipis_result answer_proof(struct ipis_call *call, const json_t *body, const char *factor,
                                         struct ipis_proof *out);
/** The answer to a new authenticator: false when it is not one, or either part can't be sent back to the register. */
MUST_CHECK bool answer_authenticator(struct arena *arena, const json_t *body, str *id, str *token);
/** The answer to attributes: takes over those of `names` that are there, each of its own type and with a known source;
 * what was not asked for is dropped, and so is one that is malformed, which is logged by its name. False when it is no
 * such answer, or another person's. */
MUST_CHECK bool answer_attributes(struct arena *arena, const json_t *body, const struct kidc *kidc,
                                  const char *const *names, json_t **attributes, json_t **sources);

/** Whether `token` may stand in an Authorization header (RFC 6750 section 2.1), 16 to 1024 characters: kycTokens and
 * authenticators' tokens. */
bool is_kyc_token(str token);
/** Whether `id` may name an authenticator: 1 to 64 unreserved characters (RFC 3986 section 2.3). */
bool is_authenticator_id(str id);

#endif
