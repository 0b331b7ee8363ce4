/* Of register.c and registration*.c alone: what a client says of itself, from the request to what is stored (RFC 7591
 * section 2, OpenID Connect Dynamic Client Registration 1.0 section 2), and what it is told of it. */
#ifndef KONSAO_OAUTH_REGISTRATION_H
#define KONSAO_OAUTH_REGISTRATION_H

#include "oauth/error.h"
#include "records/client/registration.h"
#include "records/client/registration_token.h"

/** What a registrant sends is stored and sent back whole, so it is held small. */
#define REGISTRATION_BYTES_MAX ((size_t)64 * 1024)

/** The JSON object of the request's body, without members that are null (RFC 7592 section 2.2: as if left out). */
struct oauth_error registration_body(struct request *rq, json_t **out);

/** Makes of what a registrant said what it may have: refuses what is not for it to say or beyond its limits, and fills
 * in what it left out. `current` is what is registered until now, NULL when nothing is: what the operator said there
 * stays. `registration` comes with client_id and Konsao's own members; the rest is added to it. */
struct oauth_error registration_fill(struct provider *provider, struct arena *arena, json_t *said,
                                     const struct registration_limits *limits, const json_t *current,
                                     struct registration *registration);

/** Calls what the client named, as far as registering needs it: sector_identifier_uri, which must list its redirect
 * URIs, and logo_uri, which may fail. Waits. */
struct oauth_error registration_fetch(struct provider *provider, struct request *rq, struct registration *registration,
                                      const struct client *client);

/** The whole of it: fills, checks, fetches, and writes down the defaults (RFC 7591 section 3.2.1). Nothing is stored
 * yet. */
struct oauth_error registration_accept(struct provider *provider, struct request *rq, json_t *said,
                                       const struct registration_limits *limits, const json_t *current,
                                       struct registration *registration);
/** What registration_write gave, as an error. */
struct oauth_error registration_written(struct arena *arena, enum store_result result, str why);

/** Answers with the client's metadata (RFC 7591 section 3.2.1, RFC 7592 section 3). `token` is its registration access
 * token, which only the client has; so does `registration` have its secret when one was just made, and never after. */
void registration_respond(struct provider *provider, struct request *rq, int status,
                          const struct registration *registration, str token);

#endif
