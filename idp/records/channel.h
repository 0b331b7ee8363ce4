/* A channel: one request to sign in, shown on a phone to be answered there. Begun by the browser that waits (QR), by
 * that browser on the phone itself (same device), or by a client that asks without a browser (CIBA). Lively.
 *
 * What the phone's answer gives goes into a mailbox that only the waiting browser's cookie opens; for the same device
 * only together with a continuation that the phone alone is told, so that a link sent to somebody else signs nobody in.
 */
#ifndef KONSAO_RECORDS_CHANNEL_H
#define KONSAO_RECORDS_CHANNEL_H

#include "records/history.h"
#include "records/session.h"

enum channel_way { CHANNEL_QR, CHANNEL_SAME_DEVICE, CHANNEL_REQUEST };

enum channel_state { CHANNEL_WAITING, CHANNEL_SCANNED, CHANNEL_APPROVED, CHANNEL_ENDED };

/** Why a channel ended, as pages, API and audit record say it: one table (channel.c). */
enum channel_end {
    END_NONE,
    END_DECLINED,
    END_WRONG_NUMBER,
    END_SCANNED_TWICE,  /* by another authenticator */
    END_STALE_CODE,     /* a real code of this channel, but not of now: relayed */
    END_FOREIGN_COOKIE, /* asked for with another browser's cookie */
    END_ALTERED,        /* what was signed is not what was shown */
    END_FROZEN,         /* the register refused: frozen, suspended … */
    END_NO_RIGHT,       /* a back office: this person was granted nothing there */
    END_REPORTED,       /* "this was not me" before it was answered */
    END_REPLACED,       /* the browser began anew */
    END_EXPIRED,        /* never stored: what a channel whose time is over looks like */
    CHANNEL_ENDS
};
/** "declined", "wrong_number", …; "" for END_NONE. */
const char *channel_end_name(enum channel_end end);

#define CHANNEL_LIFE 180     /* seconds until it must be answered */
#define CHANNEL_STEP_MS 3000 /* how long one code is shown */
/* Steps that a link for the same device holds for: the app may have to be loaded first, and there is nothing to be
 * photographed. It still works once, and its answer only in the browser that asked. */
#define CHANNEL_LINK_STEPS 20

struct channel {
    str id;                         /* 128 random bits, base64url; not part of the record */
    uint64_t version;               /* the same */
    int64_t way;                    /* enum channel_way */
    int64_t state;                  /* enum channel_state */
    int64_t end;                    /* enum channel_end */
    int64_t started_ms, expires_at; /* when step 0 began (milliseconds); seconds */
    str interaction, client_id;
    str slot, sealed_key; /* the mailbox */
    str answer;           /* in it: struct channel_answer */
    str continuation;     /* SHA-256 of it; CHANNEL_SAME_DEVICE, once approved */

    /* the browser that waits */
    str browser_family; /* "Firefox, Windows"; STR_NONE: unknown */
    str browser_peer;   /* its address, to be compared with the phone's */
    str browser_place;  /* where that address is, if the operator's table says; STR_NONE */
    str browser_mark;   /* SHA-256 of its konsao_known cookie; STR_NONE: it has none */

    /* once scanned */
    str authenticator; /* the record's key */
    str resident;
    str number, numbers; /* the right one ("07"); the three to choose from, space-separated; "" with `typed` */
    bool typed;          /* the networks differ: the number must be typed */
    str shown;           /* canonical JSON of what the phone was given to show, with a nonce of its own */
};

/** What the phone's answer gives the browser. */
struct channel_answer {
    struct person person;
    str resident, acr, amr, consent_id, authenticator;
    int64_t auth_time, expires_at; /* of the session that it allows */
};

/** The secret that a channel's codes are made with: of the ring, nothing of it is stored. 32 bytes. */
void channel_secret(const struct key_ring *keys, str id, unsigned char out[static 32]);
/** The text of the code of step `step`: "ID.STEP.MAC", MAC = base64url of the first 16 bytes of HMAC-SHA256(secret,
 * ID "." STEP). In `arena`. */
str channel_code(const struct key_ring *keys, struct arena *arena, str id, int64_t step);

enum channel_code_check {
    CODE_CURRENT, /* of this step or the one before */
    CODE_STALE,   /* ours, but not of now */
    CODE_FORGED,  /* not ours: nothing of it is to be believed */
};
/** Takes a code apart and checks its MAC in constant time; `*id` is a view into `text` when it is ours. */
MUST_CHECK bool channel_code_read(const struct key_ring *keys, struct arena *arena, str text, str *id, int64_t *step);
/** Whether a code of `step` may be scanned at `now_ms`. */
enum channel_code_check channel_code_fits(const struct channel *channel, int64_t step, int64_t now_ms);

/** Fills in id, mailbox (opened by `secret`, the waiting browser's cookie) and times of a new channel, whose way,
 * interaction, client and browser are the caller's, and gives the op that stores it. */
struct store_op channel_create_op(struct arena *arena, str secret, struct channel *channel);
/** STORE_NOT_FOUND when it is unknown or its time is over. */
MUST_CHECK enum store_result channel_load(struct store *store, struct arena *arena, str id, struct channel *out);
/** The newest channel of an interaction. */
MUST_CHECK enum store_result channel_of_interaction(struct store *store, struct arena *arena, str interaction,
                                                    struct channel *out);
/** The newest channel that the authenticator with that key has scanned, and that has not ended: not answered yet, or
 * approved and not taken up yet. */
MUST_CHECK enum store_result channel_of_authenticator(struct store *store, struct arena *arena, str authenticator,
                                                      struct channel *out);
/** The op that writes it back if it is still as loaded. */
struct store_op channel_save_op(struct arena *arena, const struct channel *channel);
/** Ends it (in memory). */
void channel_finish(struct channel *channel, enum channel_end end);
/** What its resident's history says of one that ended, but for the authenticator's name. */
struct history channel_history(const struct channel *channel);
/** Puts the answer into the mailbox and sets CHANNEL_APPROVED (in memory). For CHANNEL_SAME_DEVICE `*continuation` is
 * the secret that the browser must bring as well (in `arena`), else STR_NONE. */
void channel_approve(struct arena *arena, struct channel *channel, const struct channel_answer *answer,
                     str *continuation);
/** Opens the answer with the browser's secret (and the continuation). False when either is wrong. */
MUST_CHECK bool channel_open(struct arena *arena, const struct channel *channel, str secret, str continuation,
                             struct channel_answer *out);

#endif
