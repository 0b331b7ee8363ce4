/* RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0). Without a good id_token_hint of this very session the
 * person is asked, since any page could send a browser here; and without one nothing is redirected to. */
#include "base/buf.h"
#include "crypto/primitives.h"
#include "oauth/endpoints.h"
#include "oauth/error.h"
#include "oauth/request/redirect_uri.h"
#include "oauth/request/repeat.h"
#include "oauth/request/request.h"
#include "oauth/session/channel_logout.h"
#include "oauth/subject.h"
#include "oauth/token/id_token.h"
#include "records/session.h"

struct logout {
    struct provider *provider;
    struct request *rq;
    const struct params *params;
    const struct client *client; /* of the hint, or named; NULL: unknown */
    struct id_token_hint hint;   /* empty without a good one */
    str target;                  /* a registered URI to go to; STR_NONE */
    struct session session;
    bool signed_in;
    struct participants shown; /* clients that are told by the page that ends it */
};

static struct oauth_error read_request(struct logout *logout)
{
    if (logout->params->status != PARAMS_OK)
        return OAUTH_ERROR("invalid_request", "a parameter is repeated or not well-formed");
    str token = params_nonempty(logout->params, "id_token_hint");
    str named = params_nonempty(logout->params, "client_id");
    str target = params_nonempty(logout->params, "post_logout_redirect_uri");
    if (token.p && !id_token_read_hint(logout->provider, logout->rq->arena, token, &logout->hint))
        return OAUTH_ERROR("invalid_request", "id_token_hint is not an ID token of this provider");
    if (params_get(logout->params, "state").n > STATE_MAX)
        return OAUTH_ERROR("invalid_request", "state is too long");
    if (token.p && named.p && !str_eq(named, logout->hint.audience))
        return OAUTH_ERROR("invalid_request", "id_token_hint was not issued to this client_id");
    str id = token.p ? logout->hint.audience : named;
    logout->client = id.p ? client_find(logout->provider->clients, logout->rq->arena, id) : NULL;
    if (!target.p)
        return OAUTH_OK;
    if (!id.p)
        return OAUTH_ERROR("invalid_request", "id_token_hint (or client_id) is missing: it says whose "
                                              "post_logout_redirect_uri this is");
    if (!logout->client || !redirect_uri_is_registered(&logout->client->post_logout_redirect_uris, target))
        return OAUTH_ERROR("invalid_request", "post_logout_redirect_uri is not registered for this client");
    if (token.p)
        logout->target = target;
    return OAUTH_OK;
}

/* Whether the hint is an ID token of the session that this browser has. */
static bool hint_is_of_session(const struct logout *logout)
{
    return logout->hint.sid.p && str_eq(logout->hint.sid, subject_sid(logout->provider->keys, logout->rq->arena,
                                                                      logout->hint.audience, logout->session.sid));
}

static struct view *new_view(const struct logout *logout, enum lang *lang)
{
    struct view *view = view_new(logout->rq->arena);
    *lang = lang_of_request(logout->rq, lang_choose(params_get(logout->params, "ui_locales"), LANG_KM));
    if (logout->client) {
        view_text(view, "client_name", logout->client->name[*lang]);
        view_text(view, "client_uri", logout->client->uri);
    }
    return view;
}

static str form_token(const struct logout *logout)
{
    unsigned char mac[SHA256_BYTES];
    ring_mac(logout->provider->keys, ROOT_FORM, 0,
             arena_printf(logout->rq->arena, "logout\n%.*s", STR_FMT(logout->session.sid)), mac);
    return base64url_encode(logout->rq->arena, str_bytes(mac, sizeof mac));
}

/* What the confirmation, and the language switch, must carry along. */
static void add_fields(const struct logout *logout, struct view *view, const char *list)
{
    static const char *const names[] = {"id_token_hint", "client_id", "post_logout_redirect_uri", "state",
                                        "ui_locales"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        str value = params_nonempty(logout->params, names[i]);
        if (!value.p)
            continue;
        struct view *field = view_item(view, list);
        view_text(field, "name", str_of(names[i]));
        view_text(field, "value", value);
    }
}

static void ask(const struct logout *logout)
{
    enum lang lang;
    struct view *view = new_view(logout, &lang);
    view_text(view, "csrf", form_token(logout));
    view_text(view, "self", STR("/logout"));
    view_text(view, "post_to", STR("/logout/confirm"));
    add_fields(logout, view, "fields");
    add_fields(logout, view, "keep");
    page_respond(logout->rq, logout->provider->pages, lang, 200, "oauth/logout", view,
                 redirect_uri_origin(logout->target));
}

/* Where the browser goes on to; STR_NONE: it stays here. */
static str way_on(const struct logout *logout)
{
    str state = params_nonempty(logout->params, "state");
    if (!logout->target.p)
        return STR_NONE;
    struct buf url = buf_new(logout->rq->arena, logout->target.n + state.n + 16);
    buf_add(&url, logout->target);
    if (state.p) {
        buf_add(&url, str_has(logout->target, '?') ? STR("&state=") : STR("?state="));
        buf_add_urlencoded(&url, state);
    }
    return buf_str(&url);
}

/* The page of somebody who is signed out: it tells the clients that are told through the browser in frames, and then
 * goes on by itself (OpenID Connect Front-Channel Logout 1.0 section 3). */
static void show_end(const struct logout *logout, str next, bool stayed)
{
    enum lang lang;
    struct view *view = new_view(logout, &lang);
    str origins[PARTICIPANTS_SHOWN];
    for (size_t i = 0; i < logout->shown.count; i++) {
        const struct participant *told = &logout->shown.items[i];
        origins[i] = redirect_uri_origin(told->frontchannel_uri);
        view_text(view_item(view, "frames"), "src", frontchannel_logout_url(logout->provider, logout->rq->arena, told));
    }
    view_text(view, "self", STR("/logout"));
    view_flag(view, "stayed", stayed);
    view_text(view, "next", next);
    page_respond_under(logout->rq, logout->provider->pages, lang, 200, "oauth/logged_out", view,
                       &(struct page_policy){.frames = origins, .frame_count = logout->shown.count});
}

static void go_on(const struct logout *logout, bool stayed)
{
    str next = way_on(logout);
    if (!next.p || logout->shown.count > 0)
        show_end(logout, next, stayed);
    else
        respond_redirect(logout->rq, next);
}

/* The tokens first: should the store fail in between, the person is still signed in and can try again. */
static void end_session(struct logout *logout)
{
    struct provider *provider = logout->provider;
    struct request *rq = logout->rq;
    struct audit_entry entry = {.action = STR("session.logout"),
                                .outcome = STR("ok"),
                                .actor = arena_printf(rq->arena, "resident:%.*s", STR_FMT(logout->session.resident)),
                                .client_id = logout->client ? logout->client->id : STR_NONE,
                                .session_id = logout->session.sid,
                                .request_id = str_of(rq->id),
                                .peer = rq->peer};
    bool ended = session_sign_out(provider->store, rq, &logout->session, &logout->shown) == STORE_OK;
    outbox_wake(provider->outbox);
    if (!ended || !audit_write(provider->store, &entry))
        oauth_error_page(provider, rq, 503, OAUTH_UNAVAILABLE);
    else
        go_on(logout, false);
}

static bool start(struct logout *logout, struct request *rq, void *context)
{
    *logout = (struct logout){.provider = context, .rq = rq};
    logout->params = str_eq(rq->method, STR("POST")) ? &rq->form : &rq->query;
    struct oauth_error error = read_request(logout);
    if (error.code)
        oauth_error_page(logout->provider, rq, 400, error);
    else
        logout->signed_in = session_load(logout->provider->store, rq, &logout->session) == STORE_OK;
    return !error.code;
}

void logout_handle(struct request *rq, void *context)
{
    const struct provider *provider = context;
    struct logout logout;
    if (repeat_by_get(rq, provider->settings->issuer) || !start(&logout, rq, context))
        return;
    if (!logout.signed_in)
        go_on(&logout, false);
    else if (hint_is_of_session(&logout))
        end_session(&logout);
    else
        ask(&logout);
}

void logout_confirm_handle(struct request *rq, void *context)
{
    struct logout logout;
    if (!start(&logout, rq, context))
        return;
    if (!logout.signed_in)
        go_on(&logout, false);
    else if (!secret_equal(params_get(&rq->form, "csrf"), form_token(&logout)))
        oauth_error_page(logout.provider, rq, 403, OAUTH_ERROR("invalid_request", "the form is not this browser's"));
    else if (str_eq(params_get(&rq->form, "action"), STR("logout")))
        end_session(&logout);
    else
        go_on(&logout, true);
}
