#include "oauth/session/session_state.h"

#include "base/buf.h"
#include "crypto/primitives.h"
#include "oauth/request/redirect_uri.h"
#include "records/session.h"

#define SALT_BYTES 16

str session_state_value(struct arena *arena, str client_id, str origin, str state, str salt)
{
    unsigned char hash[SHA256_BYTES];
    sha256(
        arena_printf(arena, "%.*s %.*s %.*s %.*s", STR_FMT(client_id), STR_FMT(origin), STR_FMT(state), STR_FMT(salt)),
        hash);
    str text = base64url_encode(arena, str_bytes(hash, sizeof hash));
    return arena_printf(arena, "%.*s.%.*s", STR_FMT(text), STR_FMT(salt));
}

/* The origin that a browser gives a page at the registered URI: one that is there by default has no port. */
static str browser_origin(str uri)
{
    str origin = redirect_uri_origin(uri);
    str port = str_starts(origin, STR("https://")) ? STR(":443") : STR(":80");
    return str_ends(origin, port) ? (str){origin.p, origin.n - port.n} : origin;
}

str session_state_show(const struct provider *provider, struct request *rq, const struct interaction *interaction,
                       int64_t session_ends_at)
{
    str origin = browser_origin(interaction->redirect_uri);
    if (!origin.p || !str_list_has(interaction->scope, ' ', STR("openid")))
        return STR_NONE;
    str state = session_show(rq, provider->keys, interaction->sid, session_ends_at);
    return session_state_value(rq->arena, interaction->client_id, origin, state, random_token(rq->arena, SALT_BYTES));
}

void session_check_handle(struct request *rq, void *context)
{
    const struct provider *provider = context;
    page_respond_under(rq, provider->pages, lang_of_request(rq, LANG_KM), 200, "oauth/session_check",
                       view_new(rq->arena), &(struct page_policy){.embedded = true});
}
