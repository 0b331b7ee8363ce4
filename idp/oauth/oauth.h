/* What main wires in of the oauth room. */
#ifndef KONSAO_OAUTH_OAUTH_H
#define KONSAO_OAUTH_OAUTH_H

#include "provider.h"

/** One thing that the provider can do over HTTP. Routing, discovery and docs/features.md are made from this table, so
 * that nothing is advertised that is not there. */
struct feature {
    const char *metadata; /* the member of the discovery document that holds the endpoint's URL; NULL: none */
    const char *specification;
    struct route route;
};

extern const struct feature oauth_features[];
extern const size_t oauth_feature_count;
/** Whether the settings let it be served, and so advertised. */
bool oauth_feature_on(const struct feature *feature, const struct settings *settings);

/** What the outbox may hold: an outbox_kind for each notice to clients; ends with a name of NULL. */
extern const struct outbox_kind oauth_notices[];
/** For outbox_options.ended: puts into the audit record what became of a notice. `context` is the provider. */
void oauth_notice_ended(void *context, const struct outbox_notice *notice, enum outbox_end end, int status);

/** The authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0 section 3), made once at start. */
str discovery_document(struct arena *arena, const struct settings *settings, const struct assurance *assurance,
                       const struct key_ring *keys);
/** The description of the endpoints (OpenAPI 3.1): openapi.json of the templates' folder, with the issuer as its server
 * and without what the settings turn off. STR_NONE, with a sentence for the operator, when the file is missing or no
 * such document. */
str openapi_document(struct arena *arena, const struct settings *settings, char *error, size_t error_size);

#endif
