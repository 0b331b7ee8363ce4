/* Of this room only: private files, read with their permissions checked and replaced as a whole. */
#ifndef KONSAO_KEYS_FILE_H
#define KONSAO_KEYS_FILE_H

#include <sys/stat.h>

#include "base/arena.h"

/** Where a sentence about what went wrong goes. */
struct problem {
    char *text;
    size_t size;
};
/** Writes the sentence; false, so that it can be returned. */
bool problem_is(const struct problem *problem, const char *format, ...) PRINTF_LIKE(2, 3);

/** Reads all of a regular file that nobody but its owner may touch, at most `max` bytes. `info` is about what was read.
 */
MUST_CHECK bool file_read_private(struct arena *arena, const char *path, size_t max, str *out, struct stat *info,
                                  const struct problem *problem);
/** Puts `content` in the place of `path`: afterwards, whatever happens, there is the old content or the new one. One
 * writer at a time (file_lock). */
MUST_CHECK bool file_replace(const char *path, mode_t mode, str content, const struct problem *problem);
/** Waits until this caller is the only writer of `path`; close() the result to let go. Negative when there is no lock.
 */
int file_lock(const char *path, const struct problem *problem);
/** For CLEANUP on a descriptor; negative is fine. */
void file_close(int *fd);

#endif
