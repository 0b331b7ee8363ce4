/* Which notice is tried next: those that wait, by destination, each destination's in the order in which they are due.
 * Knows no store and no threads; who uses it holds a lock. This room's own. */
#ifndef KONSAO_OUTBOUND_OUTBOX_QUEUE_H
#define KONSAO_OUTBOUND_OUTBOX_QUEUE_H

#include <sys/queue.h>

#include "outbound/outbox.h"

#define OUTBOX_NEVER INT64_MAX

struct outbox_destination;

/** A notice that waits, or is being tried. */
struct outbox_waiting {
    TAILQ_ENTRY(outbox_waiting) link;    /* of its destination */
    LIST_ENTRY(outbox_waiting) same_key; /* those whose keys fall together */
    struct outbox_destination *to;
    int64_t next_try_at, hopeless_at; /* milliseconds; from the latter on not tried while the destination fails */
    unsigned char key[OUTBOX_KEY_BYTES];
};

struct outbox_queue;

struct outbox_queue *outbox_queue_new(void);
void outbox_queue_free(struct outbox_queue *queue);

/** Adds what it does not know yet. */
void outbox_queue_add(struct outbox_queue *queue, str key, str destination, int64_t next_try_at, int64_t hopeless_at);
/** The notice to try now, of a destination that nobody is busy with, which then is; NULL when there is none. Healthy
 * destinations first; none but those when `healthy_only`. */
struct outbox_waiting *outbox_queue_take(struct outbox_queue *queue, int64_t now, bool healthy_only);
/** When the next one will be due; OUTBOX_NEVER if none will be before somebody gives one back. */
int64_t outbox_queue_next(const struct outbox_queue *queue, bool healthy_only);

/** Whether the last tries at its destination failed. */
unsigned outbox_queue_failures(const struct outbox_waiting *waiting);
/** What the try said about the destination: that it answers, or that it is left alone until `until`. */
void outbox_queue_alive(struct outbox_waiting *waiting);
void outbox_queue_failed(struct outbox_waiting *waiting, int64_t until);
/** After a try: gone for good, or to be tried again at `next_try_at`. Frees the destination for the next one. */
void outbox_queue_remove(struct outbox_queue *queue, struct outbox_waiting *waiting);
void outbox_queue_again(struct outbox_queue *queue, struct outbox_waiting *waiting, int64_t next_try_at);

/** How many there are, those being tried included; and how many of these are at destinations that failed before. */
uint64_t outbox_queue_count(const struct outbox_queue *queue);
unsigned outbox_queue_busy_failing(const struct outbox_queue *queue);

#endif
