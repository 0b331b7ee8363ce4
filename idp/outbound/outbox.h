/* The durable outbox: notices that we owe to clients (back-channel logout, CIBA ping), written to the store with the
 * change that they tell of, and posted by threads of their own until the client took them. Survives kill -9: at least
 * once. Oldest first; to one destination (host and port) one at a time; a destination that is slow or away holds up no
 * other one.
 *
 * A notice holds no body: tokens don't lie in the store. It holds a recipe, of which the notice's kind makes the
 * request anew before each try. */
#ifndef KONSAO_OUTBOUND_OUTBOX_H
#define KONSAO_OUTBOUND_OUTBOX_H

#include "outbound/outbound.h"
#include "store/store.h"

#define OUTBOX_KEY_BYTES 16

struct outbox_notice {
    str key; /* 16 bytes, time-ordered; made by outbox_op. The same for each try: good for a jti */
    str url;
    str kind;            /* "backchannel_logout" …: the name of an outbox_kind */
    str client_id;       /* whom it is for */
    str destination;     /* host and port of the URL; made by outbox_op */
    str recipe;          /* bytes of the kind's own; never a token or secret in the clear */
    int64_t created_at;  /* milliseconds since 1970; filled in by outbox_op when 0 */
    int64_t next_try_at; /* the same */
    int64_t attempts;    /* so far */
};

/** The op that puts `notice` into the outbox, for a batch of durable records; fills in key, destination and times.
 * Then, when the batch is written, outbox_wake. What it needs is in `arena`, which must live until then. Other
 * processes than the server may do this too: the server looks every two seconds. */
struct store_op outbox_op(struct arena *arena, struct outbox_notice *notice);

enum outbox_rendered {
    OUTBOX_SEND,  /* the request is made */
    OUTBOX_DROP,  /* nobody wants it any more (the client is gone, or has no address now): deleted, not sent */
    OUTBOX_LATER, /* not now (the store failed): counts as a try that failed */
};

/** What knows how to make a kind's request. */
struct outbox_kind {
    const char *name;
    /** Fills in body, content_type, authorization and, if it is another one now, url of `request` (url and answer_max
     * are set), in `arena`. Called on a sender thread, before each try. */
    enum outbox_rendered (*render)(void *context, struct arena *arena, const struct outbox_notice *notice,
                                   struct outbound_request *request);
};

enum outbox_end {
    OUTBOX_SENT,     /* 2xx */
    OUTBOX_DROPPED,  /* by the kind, or the kind is unknown */
    OUTBOX_REFUSED,  /* an answer that trying again won't change: 3xx, 4xx but 408 and 429; or no address to call */
    OUTBOX_GIVEN_UP, /* no success within give_up_ms */
};
/** "sent", "dropped", "refused", "given_up". */
const char *outbox_end_name(enum outbox_end end);

struct outbox;

struct outbox_options {
    struct store *store;
    struct outbound *outbound;
    const struct outbox_kind *kinds; /* ends with a name of NULL */
    /** Told once a notice has left the outbox (after its record is gone), with the last answer's status or 0. On a
     * sender thread; NULL: nobody is. */
    void (*ended)(void *context, const struct outbox_notice *notice, enum outbox_end end, int status);
    void *context;             /* for render and ended */
    unsigned senders;          /* threads, at least 2: one is never spent on a destination that failed before */
    int64_t wait_ms;           /* before the second try; doubles each time, a quarter more or less by chance … */
    int64_t wait_max_ms;       /* … up to this */
    int64_t give_up_ms;        /* after this since its creation, no further try */
    int64_t (*clock_ms)(void); /* milliseconds since 1970; NULL: clock_now_ms */
};

/** Starts to send what is due, from what an earlier process left. One in a store at a time. */
struct outbox *outbox_start(const struct outbox_options *options);
/** There may be a new notice: looks at once. Never waits. NULL is fine: nothing happens. */
void outbox_wake(struct outbox *outbox);
/** Begins no further try, waits for those under way (outbound_shut makes that quick), and ends. What is unsent stays in
 * the store. NULL is fine. */
void outbox_stop(struct outbox *outbox);

struct outbox_counts {
    uint64_t waiting;                                  /* now */
    uint64_t sent, failed, dropped, refused, given_up; /* since the start; failed: tries, the others: notices */
};
void outbox_counts(struct outbox *outbox, struct outbox_counts *out);

#endif
