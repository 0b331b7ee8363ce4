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

/** The authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0 section 3), made once at start. */
str discovery_document(struct arena *arena, const struct settings *settings, const struct key_ring *keys);

#endif
