#include "base/arena.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096
#define ALIGNMENT _Alignof(max_align_t)

struct block {
    struct block *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*release)(void *object);
    void *object;
};

/* Lies in its own first block. */
struct arena {
    struct block *blocks;
    struct deferred *deferred;
};

#define ORDINARY_SIZE (BLOCK_BYTES - sizeof(struct block))

/* Wiped blocks that a thread keeps for its next arenas: with one arena a request, malloc and free would be seen.
 * AddressSanitizer must see them, though, to find what outlives its arena. */
#if defined(__SANITIZE_ADDRESS__)
#define SPARES_MAX 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPARES_MAX 0
#endif
#endif
#ifndef SPARES_MAX
#define SPARES_MAX 8
#endif

static _Thread_local struct spares {
    struct block *blocks;
    unsigned count;
    bool tied; /* to the end of the thread */
} spares;

static pthread_key_t spares_key;
static pthread_once_t spares_once = PTHREAD_ONCE_INIT;

static void release_spares(void *of_thread)
{
    struct spares *kept = of_thread;
    while (kept->blocks) {
        struct block *next = kept->blocks->next;
        free(kept->blocks);
        kept->blocks = next;
    }
    *kept = (struct spares){NULL, 0, false};
}

static void release_last_spares(void)
{
    release_spares(&spares); /* the main thread's: it ends without running destructors of keys */
}

static void make_spares_key(void)
{
    if (pthread_key_create(&spares_key, release_spares) != 0)
        abort();
    atexit(release_last_spares);
}

static struct block *block_new(size_t size)
{
    struct block *block = spares.blocks;
    if (size == ORDINARY_SIZE && block) {
        spares.blocks = block->next;
        spares.count--;
        return block;
    }
    block = malloc(sizeof *block + size);
    if (!block) {
        fputs("konsao: out of memory\n", stderr);
        abort();
    }
    block->used = 0;
    block->size = size;
    return block;
}

static void block_free(struct block *block)
{
    explicit_bzero(block->bytes, block->used); /* requests carry codes and tokens */
    if (block->size != ORDINARY_SIZE || spares.count + 1 > SPARES_MAX) {
        free(block);
        return;
    }
    if (!spares.tied) {
        pthread_once(&spares_once, make_spares_key);
        pthread_setspecific(spares_key, &spares);
        spares.tied = true;
    }
    block->used = 0;
    block->next = spares.blocks;
    spares.blocks = block;
    spares.count++;
}

struct arena *arena_new(void)
{
    struct block *block = block_new(ORDINARY_SIZE);
    struct arena *arena = (struct arena *)(void *)block->bytes;
    block->next = NULL;
    block->used = (sizeof *arena + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    *arena = (struct arena){block, NULL};
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct deferred *d = arena->deferred; d; d = d->next)
        d->release(d->object);
    for (struct block *block = arena->blocks; block;) {
        struct block *next = block->next;
        block_free(block);
        block = next;
    }
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->blocks, arena->deferred, arena->blocks->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    while (arena->deferred != mark.deferred) {
        struct deferred *d = arena->deferred;
        arena->deferred = d->next;
        d->release(d->object);
    }
    while (arena->blocks != mark.block) {
        struct block *next = arena->blocks->next;
        block_free(arena->blocks);
        arena->blocks = next;
    }
    explicit_bzero(arena->blocks->bytes + mark.used, arena->blocks->used - mark.used);
    arena->blocks->used = mark.used;
}

void arena_release(struct arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}

static struct block *add_block(struct arena *arena, size_t n)
{
    struct block *block = block_new(n > ORDINARY_SIZE ? n : ORDINARY_SIZE);
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    if (n > SIZE_MAX / 2)
        abort();
    n = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *block = arena->blocks;
    if (!block || block->size - block->used < n)
        block = add_block(arena, n);
    void *memory = block->bytes + block->used;
    block->used += n;
    return memset(memory, 0, n);
}

void arena_defer(struct arena *arena, void (*release)(void *object), void *object)
{
    struct deferred *d = ARENA_NEW(arena, struct deferred);
    *d = (struct deferred){arena->deferred, release, object};
    arena->deferred = d;
}

str arena_str(struct arena *arena, str s)
{
    if (!s.p)
        return STR_NONE;
    char *copy = arena_alloc(arena, s.n + 1);
    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    return (str){copy, s.n};
}

char *arena_cstr(struct arena *arena, str s)
{
    return (char *)(uintptr_t)arena_str(arena, s).p;
}

str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        abort();
    char *text = arena_alloc(arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return (str){text, (size_t)n};
}
