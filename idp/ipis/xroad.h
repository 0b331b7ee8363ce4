/* Names in X-Road's REST message protocol (version 1, "r1"). This room's own. */
#ifndef KONSAO_IPIS_XROAD_H
#define KONSAO_IPIS_XROAD_H

#include "base/arena.h"

/** "/r1/INSTANCE/CLASS/MEMBER/SUBSYSTEM/SERVICE", each part percent-encoded, from the five parts with "/" between them.
 * False when a part is missing or has a character that X-Road forbids in an identifier (control characters and % : ; /
 * \), or is "." or "..". */
MUST_CHECK bool xroad_service_path(struct arena *arena, str service, str *path);
/** The value of the X-Road-Client header from "INSTANCE/CLASS/MEMBER/SUBSYSTEM". False as above. */
MUST_CHECK bool xroad_client_value(struct arena *arena, str client, str *value);

#endif
