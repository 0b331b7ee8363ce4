#include "base/arena.h"

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

struct arena {
    struct block *blocks;
    struct deferred *deferred;
};

static void *allocate(size_t n)
{
    void *memory = malloc(n);
    if (!memory) {
        fputs("konsao: out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct arena *arena_new(void)
{
    struct arena *arena = allocate(sizeof *arena);
    *arena = (struct arena){NULL, NULL};
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
        explicit_bzero(block->bytes, block->used); /* requests carry codes and tokens */
        free(block);
        block = next;
    }
    free(arena);
}

void arena_release(struct arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}

static struct block *add_block(struct arena *arena, size_t n)
{
    size_t size = n > BLOCK_BYTES - sizeof(struct block) ? n : BLOCK_BYTES - sizeof(struct block);
    struct block *block = allocate(sizeof *block + size);
    block->used = 0;
    block->size = size;
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
