/* Of the client_*.c files alone: taking registered metadata apart, member by member. */
#ifndef KONSAO_RECORDS_CLIENT_METADATA_H
#define KONSAO_RECORDS_CLIENT_METADATA_H

#include "records/client/client.h"

#define WORD_MAX 200

struct parsing {
    const json_t *metadata;
    struct client *client;
    struct arena *own;   /* the client's */
    struct arena *arena; /* the caller's */
    str why;             /* the sentence, once something was refused */
};

/** Checks one entry of a list. */
typedef bool item_check(struct parsing *p, const char *member, str item);

/** Says why not; false, so that it can be returned. */
bool metadata_refuse(struct parsing *p, const char *format, ...) PRINTF_LIKE(2, 3);
/** Refuses members that are of another type than theirs. */
MUST_CHECK bool metadata_check_members(struct parsing *p);
/** A copy of a string member in the client's arena; STR_NONE when absent. */
str metadata_copy(const struct parsing *p, const char *member);
/** Reads true or false into `*out`, which is left alone when the member is absent. */
void metadata_flag(const struct parsing *p, const char *member, bool *out);
/** Reads a text that people will read; leaves `*out` when absent. */
MUST_CHECK bool metadata_text(struct parsing *p, const char *member, str *out);
/** Reads an array of different strings, each checked. */
MUST_CHECK bool metadata_list(struct parsing *p, const char *member, struct str_list *list, item_check *check);
MUST_CHECK bool metadata_add(struct parsing *p, const char *member, struct str_list *list, str item, item_check *check);
/** RFC 6749 section 3.3: what may stand in a scope; claims' names are held to the same. */
MUST_CHECK bool metadata_is_word(struct parsing *p, const char *member, str item);

/* The parts of client_parse, each in its file; in this order, since what a URI may be depends on how the client
 * authenticates, the sector on both and on the grants, and defaults on the profile. */
MUST_CHECK bool client_read_profile(struct parsing *p);  /* client_protocol.c */
MUST_CHECK bool client_read_auth(struct parsing *p);     /* client_credentials.c */
MUST_CHECK bool client_read_places(struct parsing *p);   /* client_places.c */
MUST_CHECK bool client_read_grants(struct parsing *p);   /* client_protocol.c */
MUST_CHECK bool client_read_sector(struct parsing *p);   /* client_places.c */
MUST_CHECK bool client_read_requests(struct parsing *p); /* client_protocol.c */
MUST_CHECK bool client_read_answers(struct parsing *p);  /* client_protocol.c */
/** That what was read fits together, and with the profile. */
MUST_CHECK bool client_check_together(struct parsing *p); /* client_rules.c */

/** Reads the name of a signature algorithm; `*out` is left alone when the member is absent. */
MUST_CHECK bool metadata_alg(struct parsing *p, const char *member, enum jose_alg *out);

bool str_list_holds(const struct str_list *list, str item);

#endif
