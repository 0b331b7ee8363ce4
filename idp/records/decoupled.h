/* A request that a person answers somewhere else than where it was made: on a phone for a device (RFC 8628), or for a
 * client that asks by itself (CIBA). Its maker polls with a secret; what comes of it waits in a mailbox that only this
 * secret opens. Lively. */
#ifndef KONSAO_RECORDS_DECOUPLED_H
#define KONSAO_RECORDS_DECOUPLED_H

#include "crypto/mailbox.h"
#include "store/store.h"

enum decoupled_state { DECOUPLED_WAITING, DECOUPLED_APPROVED, DECOUPLED_DENIED };

struct decoupled {
    enum record_kind kind; /* RECORD_DEVICE or RECORD_BACKCHANNEL */
    str key;               /* SHA-256 of its secret; not part of the record */
    uint64_t version;      /* the same */
    str client_id;
    str parameters;   /* of the request, checked; sealed under the ring */
    str user_code;    /* SHA-256 of the device's code; STR_NONE */
    str resident;     /* the only one who may answer; STR_NONE: anyone */
    str subject_hint; /* the same by the client's sub, of an id_token_hint; STR_NONE */
    str binding_message;
    str slot, sealed_key;          /* the mailbox */
    str answer;                    /* in it: the code that came of it */
    str sealed_ping;               /* CIBA ping: what to notify with; STR_NONE: poll */
    int64_t state;                 /* enum decoupled_state */
    int64_t interval;              /* seconds between two polls */
    int64_t polled_at, expires_at; /* seconds */
};

/** Makes the mailbox and gives the op that stores a new request under `secret`. It is kept a while longer than it is
 * good for, so that its maker learns what became of it. */
struct store_op decoupled_create_op(struct arena *arena, str secret, struct decoupled *request);
MUST_CHECK enum store_result decoupled_load(struct store *store, struct arena *arena, enum record_kind kind, str key,
                                            struct decoupled *out);
/** By the code that the person types (already hashed). */
MUST_CHECK enum store_result decoupled_find(struct store *store, struct arena *arena, str user_code,
                                            struct decoupled *out);
/** The CIBA requests that wait for `resident`, at most `most`; how many in `*count`. */
MUST_CHECK enum store_result decoupled_list(struct store *store, struct arena *arena, str resident,
                                            struct decoupled *out, size_t most, size_t *count);
/** The topic (http_wake) that news for `resident` go by. */
str decoupled_topic(struct arena *arena, str resident);
/** The op that writes it back if it is still as loaded. */
struct store_op decoupled_save_op(struct arena *arena, const struct decoupled *request);
/** The op that removes it, once its answer was fetched: STORE_CONFLICT when somebody was first. */
struct store_op decoupled_take_op(const struct decoupled *request);

#endif
