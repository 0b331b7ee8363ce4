/* What a running provider is made of. Handlers get this; nothing is global. Made and wired in main.c. */
#ifndef KONSAO_PROVIDER_H
#define KONSAO_PROVIDER_H

#include "audit/audit.h"
#include "crypto/authorities.h"
#include "http/http.h"
#include "ipis/ipis.h"
#include "keys/ring.h"
#include "outbound/jwks_cache.h"
#include "outbound/outbox.h"
#include "pages/pages.h"
#include "records/assurance.h"
#include "records/client/client.h"
#include "records/interaction.h"
#include "records/places.h"
#include "records/session.h"
#include "settings.h"
#include "store/store.h"
#include "webauthn/webauthn.h"

/** What came of answering a request that has no browser. */
enum elsewhere {
    ELSEWHERE_DONE,
    ELSEWHERE_OVER,           /* it is answered already, or its time is over */
    ELSEWHERE_ANOTHER_PERSON, /* it is for somebody else, and stays */
    ELSEWHERE_NO_RIGHT,       /* a back office where the person has no right: the client was told so */
    ELSEWHERE_REGISTER_AWAY,  /* nothing was answered: try again */
    ELSEWHERE_FAILED,
};

struct provider {
    const struct settings *settings;
    struct store *store;
    struct key_ring *keys;
    struct ipis *ipis;
    struct audit_queue *audit;
    struct pages *pages;
    struct client_registry *clients;
    struct authorities *client_authorities; /* whose certificates clients may have; NULL: nobody's */
    struct outbound *outbound;     /* calls what clients named */
    struct jwks_cache *jwks_cache; /* keys of clients that publish them */
    struct outbox *outbox;         /* notices to clients */
    struct assurance assurance;    /* the operator's table of levels */
    struct webauthn_site webauthn; /* where passkeys are used */
    struct places *places;         /* where networks are; NULL: nobody knows */
    str discovery; /* the metadata document, made once */
    str openapi;   /* the description of the endpoints, likewise */
    struct page_ready app[LANGS]; /* the authenticator's page, likewise */
    struct http_server *http; /* once it serves */

    /** The sign-in room's answer to "can this interaction be finished without showing a page?": fills in its result and returns true, or returns false. Keeps oauth and signin apart. */
    bool (*sign_in_silently)(struct provider *provider, struct request *rq, struct interaction *interaction);
    /** The protocol's part of a request that a client made without a browser and a phone answers (oauth's by_phone.h):
     * `key` is that of its RECORD_BACKCHANNEL. */
    enum store_result (*open_elsewhere)(struct provider *provider, struct request *rq, str key,
                                        struct interaction *out);
    enum elsewhere (*finish_elsewhere)(struct provider *provider, struct request *rq, struct interaction *interaction,
                                       const struct person *person, int64_t ends_at);
};

#endif
