/* Client secrets that must be read again, because the client makes HMACs with them (client_secret_jwt): sealed under a
 * root of the key ring, for this client alone. Other secrets are kept as digests. */
#ifndef KONSAO_RECORDS_CLIENT_SECRET_H
#define KONSAO_RECORDS_CLIENT_SECRET_H

#include "keys/ring.h"

/** The metadata member sealed_client_secret for `secret` of the client `id`. */
str client_secret_seal(const struct key_ring *ring, struct arena *arena, str id, str secret);
/** The reverse. False when it is not of this client, or of this ring. */
MUST_CHECK bool client_secret_open(const struct key_ring *ring, struct arena *arena, str id, str sealed, str *secret);

#endif
