/* Of this room only: listening sockets that share one port, or one path. */
#ifndef KONSAO_HTTP_LISTEN_H
#define KONSAO_HTTP_LISTEN_H

#include "base/str.h"

/** Opens `count` listening sockets on `address` and `*port` (0: a free one, which is put there). False with a sentence
 * for the operator in `error`, and nothing open. */
MUST_CHECK bool listen_all(const char *address, uint16_t *port, int *sockets, unsigned count, char *error,
                           size_t error_size);
/** The same with a Unix socket at `path`, which one file is and all share; what a server that is gone left there makes
 * way. */
MUST_CHECK bool listen_socket(const char *path, int *sockets, unsigned count, char *error, size_t error_size);

#endif
