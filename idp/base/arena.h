/* An arena: memory that lives until one moment (the end of a request), then goes at once. Handlers never free. */
#ifndef KONSAO_BASE_ARENA_H
#define KONSAO_BASE_ARENA_H

#include "base/str.h"

struct arena;

/** A new, empty arena. Never NULL: the process ends when the machine has no memory. The caller releases it with arena_free. */
struct arena *arena_new(void);
/** Runs what was deferred, newest first, wipes and releases all of it. NULL is fine. */
void arena_free(struct arena *arena);
/** Where an arena stands at a moment. */
struct arena_mark {
    void *block, *deferred;
    size_t used;
};
struct arena_mark arena_mark(const struct arena *arena);
/** Takes the arena back to where it stood: what was deferred since runs, newest first, and what was allocated since is
 * wiped and gone. */
void arena_rewind(struct arena *arena, struct arena_mark mark);
/** For CLEANUP(arena_release). */
void arena_release(struct arena **arena);
/** `n` zeroed bytes aligned for any type; never NULL. */
void *arena_alloc(struct arena *arena, size_t n);
/** Calls `release(object)` when the arena goes: ties a library's object to the request. */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);
/** A copy of `s` in the arena, followed by a NUL that does not count. STR_NONE stays STR_NONE. */
str arena_str(struct arena *arena, str s);
/** As arena_str, as a C string. For calling libraries only; `s` must not contain NUL. NULL for STR_NONE. */
char *arena_cstr(struct arena *arena, str s);
/** printf into the arena. */
str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

#endif
