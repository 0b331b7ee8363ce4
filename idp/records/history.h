/* What happened in a resident's name, for the resident to read in the authenticator: sign-ins, refusals, changes of
 * authenticators. Durable, for settings' life_history. The audit record is for operators; this is the resident's own.
 */
#ifndef KONSAO_RECORDS_HISTORY_H
#define KONSAO_RECORDS_HISTORY_H

#include "store/store.h"

enum history_event {
    HISTORY_SIGNED_IN = 1, /* a client got a grant */
    HISTORY_DECLINED,      /* a request was declined, or ended by a fault that the resident should know of (`reason`) */
    HISTORY_ADDED,         /* a new authenticator */
    HISTORY_REMOVED,
    HISTORY_RESTORED, /* an authenticator whose device's key was lost was taken up again by its passkey */
    HISTORY_RENAMED,
    HISTORY_WITHDRAWN, /* a consent */
    HISTORY_CLONED,    /* an authenticator was refused: its passkey's counter says that there is a copy of it */
};

struct history {
    str key;          /* of the record, time-ordered: 16 bytes; not part of it */
    uint64_t version; /* the same */
    str resident;
    int64_t event; /* enum history_event */
    int64_t at;    /* seconds */
    str client_id;
    str reason;             /* of HISTORY_DECLINED: channel_end_name */
    str browser, place;     /* that waited, as shown: "Firefox, Windows"; STR_NONE: unknown */
    str amr, claims;        /* how, and what was given: space-separated */
    str authenticator;      /* key of the one that did it; STR_NONE: none */
    str authenticator_name; /* at that time: it may be gone */
    str sid, grant;         /* what "this was not me" ends */
    str browser_mark;       /* of the browser that got it (records/known_browser.h); STR_NONE: it had none */
    bool disowned;          /* "this was not me" was said */
};

/** The op that stores a new entry for `life` seconds; makes its key and, when 0, its time. */
struct store_op history_op(struct arena *arena, struct history *entry, int64_t life);
MUST_CHECK enum store_result history_load(struct store *store, struct arena *arena, str key, struct history *out);
/** The op that marks it as disowned, if it is still as loaded. */
struct store_op history_disown_op(struct arena *arena, const struct history *entry, int64_t life);

/** The newest entries of a resident that are newer than `after` and older than `before` (keys; STR_NONE: any), newest
 * first, at most `most`; how many in `*count`. Reads the keys from `after` on. */
MUST_CHECK enum store_result history_list(struct store *store, struct arena *arena, str resident, str after, str before,
                                          struct history *out, size_t most, size_t *count);
/** The grants that session `sid` of a resident brought: an array in `arena`. */
MUST_CHECK enum store_result history_grants(struct store *store, struct arena *arena, str resident, str sid, str **out,
                                            size_t *count);

#endif
