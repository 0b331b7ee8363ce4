/* Of this room only: what is counted so that nobody can guess codes, flood a phone or try numbers in bulk. Counters are
 * named by the resident reference, never by the KIdC, and count numbers that exist and numbers that do not alike. */
#ifndef KONSAO_SIGNIN_LIMITS_H
#define KONSAO_SIGNIN_LIMITS_H

#include "records/interaction.h"
#include "settings.h"
#include "store/store.h"

struct limit {
    bool reached;
    int64_t left;  /* how often it may still happen, this time not included */
    int64_t until; /* seconds: when counting starts anew */
};

/* Those that count do so at once, before what they allow is done. STORE_OK or what went wrong with the store: nothing
 * is allowed then. */

/** Counts a KIdC typed at `peer`. */
MUST_CHECK enum store_result limit_typed(struct store *store, struct arena *arena, const struct settings *settings,
                                         str peer, struct limit *out);
/** Counts a code asked for `resident`. */
MUST_CHECK enum store_result limit_sent(struct store *store, struct arena *arena, const struct settings *settings,
                                        str resident, struct limit *out);
/** Counts a code asked for `resident` by the device whose key has the thumbprint `jkt`: one within the wait between
 * two. */
MUST_CHECK enum store_result limit_resent(struct store *store, struct arena *arena, const struct settings *settings,
                                          str jkt, str resident, struct limit *out);
/** Takes back what limit_sent counted: the register surely sent none. */
MUST_CHECK enum store_result limit_unsent(struct store *store, struct arena *arena, str resident,
                                          const struct limit *limit);
/** Whether `resident` is frozen here; counts nothing. */
MUST_CHECK enum store_result limit_frozen(struct store *store, struct arena *arena, const struct settings *settings,
                                          str resident, struct limit *out);
/** Counts a try at a code for `resident`, whoever makes it: at most otp_attempts are allowed at a time. */
MUST_CHECK enum store_result limit_tried(struct store *store, struct arena *arena, const struct settings *settings,
                                         str resident, struct limit *out);
/** Takes back what limit_tried counted: the register surely did not judge the code. */
MUST_CHECK enum store_result limit_untried(struct store *store, struct arena *arena, str resident,
                                           const struct limit *limit);
/** Forgets the tries of `resident`, who proved it. */
MUST_CHECK enum store_result limit_proved(struct store *store, struct arena *arena, str resident);

/** Counts a channel begun at `peer` for `interaction`: for the address, for the client, and in this interaction. */
MUST_CHECK enum store_result limit_channels(struct store *store, struct arena *arena, const struct settings *settings,
                                            str peer, const struct interaction *interaction, struct limit *out);

/** Whether `resident` was asked too often lately: requests that none of hers were, or that went wrong. `counts`: one
 * more of those. */
MUST_CHECK enum store_result limit_asked(struct store *store, struct arena *arena, const struct settings *settings,
                                         str resident, bool counts, struct limit *out);

/** Remembers for how long the register says that its codes are good, and tells what it said last (at first 180): what
 * is shown for a number to which no code was sent. */
MUST_CHECK enum store_result limit_code_life(struct store *store, struct arena *arena, bool said, int64_t *seconds);

#endif
