/* Of this room only: the store's folder. durable/ and lively/ are the environments; `lock` is held, shared, by each
 * process that has the store open; lively/boot says during which run of the machine lively/ was written. */
#ifndef KONSAO_STORE_FOLDER_H
#define KONSAO_STORE_FOLDER_H

#include <stddef.h>

#include "base/arena.h"

/** Makes what is missing in `path` and empties lively/ if the machine was restarted since. The lock's descriptor, to be
 * closed after the environments; -1 with a sentence in `error`. */
int folder_open(const char *path, char *error, size_t error_size);
/** Makes the folder, mode 0700, if it is not there. */
MUST_CHECK bool folder_make(const char *path);
/** Puts on disk that a file was made in `path`. */
MUST_CHECK bool folder_sync(const char *path);

#endif
