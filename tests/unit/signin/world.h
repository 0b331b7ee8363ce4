/* The sign-in room between stand-ins: a browser (cookies, the form it was given), a register that answers as told, and
 * pages that are looked at instead of rendered. Store, key ring, audit record and the records room are the real ones.
 */
#ifndef KONSAO_TESTS_SIGNIN_WORLD_H
#define KONSAO_TESTS_SIGNIN_WORLD_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#include <ftw.h>
#include <unistd.h>

#include "base/clock.h"
#include "crypto/primitives.h"
#include "pages/internal.h"
#include "signin/signin.h"
#include "signin/visit.h"

#define ISSUER "https://id.example"
#define KIDC "000000572-4" /* Damm's own example */
#define FIELDS_MAX 8

static struct world {
    char folder[64];
    struct settings settings;
    struct client client;
    struct provider provider;
    struct {
        char name[24], value[64];
    } jar[4];
    unsigned watches, moves, wakes, parked_ms;
    bool full, waited_out, on_loop; /* as many wait as may; the time to wait is over; the handler runs on a loop */
    str fetch_site, origin; /* what the browser says of where it comes from */
    char csrf[64];          /* of the form it shows */
    struct {
        enum ipis_result send, check;
        bool arrived; /* what is unreachable got the request all the same */
        int64_t expires_in, kyc_expires_at, retry_after;
        const char *code;
        unsigned sends, checks;
        void (*during)(void); /* what happens while it thinks */
    } reg;
    struct arena *arena; /* of the last request */
    struct {
        int status, answers;
        const char *page;
        struct view *view;
        str location, body;
    } got;
    char id[32];
} world;

/* ---- the http room ---- */

str request_cookie(const struct request *rq, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(world.jar); i++)
        if (strcmp(world.jar[i].name, name) == 0)
            return arena_str(rq->arena, str_of(world.jar[i].value));
    return STR_NONE;
}

str request_header(const struct request *rq, const char *name)
{
    (void)rq;
    return strcmp(name, "Origin") == 0           ? world.origin
           : strcmp(name, "Sec-Fetch-Site") == 0 ? world.fetch_site
                                                 : STR_NONE;
}

void response_header(struct request *rq, const char *name, str value)
{
    (void)rq, (void)name, (void)value;
}

void response_cookie_open(struct request *rq, const char *name, str value, int64_t max_age)
{
    (void)rq, (void)name, (void)value, (void)max_age;
}

void response_cookie(struct request *rq, const char *name, str value, int64_t max_age)
{
    (void)rq;
    size_t i = 0;
    while (i < COUNT_OF(world.jar) - 1 && world.jar[i].name[0] && strcmp(world.jar[i].name, name) != 0)
        i++;
    snprintf(world.jar[i].name, sizeof world.jar[i].name, "%s", max_age == 0 ? "" : name);
    snprintf(world.jar[i].value, sizeof world.jar[i].value, "%.*s", STR_FMT(value));
}

void respond(struct request *rq, int status, const char *content_type, str body)
{
    (void)rq, (void)content_type;
    world.got.status = status;
    world.got.body = body;
    world.got.answers++;
}

void respond_json(struct request *rq, int status, str json)
{
    respond(rq, status, "application/json", json);
}

void respond_redirect(struct request *rq, str url)
{
    (void)rq;
    world.got.status = 303;
    world.got.location = url;
    world.got.answers++;
}

void request_watch(struct request *rq, str topic)
{
    (void)rq, (void)topic;
    world.watches++;
}

bool request_park(struct request *rq, unsigned wait_ms)
{
    (void)rq;
    world.parked_ms = wait_ms;
    return !world.full;
}

bool request_was_parked(const struct request *rq)
{
    (void)rq;
    return world.waited_out;
}

bool request_waited_out(const struct request *rq)
{
    (void)rq;
    return world.waited_out;
}

bool request_may_wait(const struct request *rq)
{
    (void)rq;
    return !world.on_loop;
}

void request_move_to_worker(struct request *rq)
{
    (void)rq;
    world.moves++;
}

void http_wake(struct http_server *server, str topic)
{
    (void)server, (void)topic;
    world.wakes++;
}

/* ---- the pages room ---- */

void page_respond(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                  struct view *view, str form_action)
{
    (void)rq, (void)pages, (void)lang, (void)form_action;
    world.got.status = status;
    world.got.page = name;
    world.got.view = view;
    world.got.answers++;
}

void page_respond_under(struct request *rq, const struct pages *pages, enum lang lang, int status, const char *name,
                        struct view *view, const struct page_policy *policy)
{
    page_respond(rq, pages, lang, status, name, view, policy->form_action);
}

void page_problem(struct request *rq, const struct pages *pages, enum lang lang, int status)
{
    page_respond(rq, pages, lang, status, "problem", view_new(rq->arena), STR_NONE);
}

str page_initial(str name)
{
    return (str){name.p, name.n > 0};
}

str pages_message(const struct pages *pages, enum lang lang, const char *key)
{
    (void)pages, (void)lang;
    return str_of(key);
}

str pages_message_or_none(const struct pages *pages, enum lang lang, const char *key)
{
    (void)pages, (void)lang, (void)key;
    return STR_NONE;
}

/* ---- clients and the register ---- */

const struct client *client_find(struct client_registry *registry, struct arena *arena, str id)
{
    (void)registry, (void)arena;
    return str_eq(id, world.client.id) ? &world.client : NULL;
}

const char *ipis_result_name(enum ipis_result result)
{
    return result == IPIS_OK ? "ok" : result == IPIS_WRONG ? "wrong" : "other";
}

enum ipis_result ipis_send_otp(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, int64_t *expires_in)
{
    (void)ipis, (void)kidc;
    assert_int_equal(call->transaction_id.n, 36);
    world.reg.sends++;
    if (world.reg.during)
        world.reg.during();
    call->retry_after = world.reg.retry_after;
    call->may_have_arrived = world.reg.send != IPIS_UNREACHABLE || world.reg.arrived;
    if (world.reg.send == IPIS_OK)
        *expires_in = world.reg.expires_in;
    return world.reg.send;
}

enum ipis_result ipis_check_otp(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, str code,
                                struct ipis_proof *out)
{
    (void)ipis, (void)kidc, (void)code;
    world.reg.checks++;
    if (world.reg.during)
        world.reg.during();
    call->code = world.reg.code ? str_of(world.reg.code) : STR_NONE;
    call->may_have_arrived = world.reg.check != IPIS_UNREACHABLE || world.reg.arrived;
    if (world.reg.check == IPIS_OK)
        *out = (struct ipis_proof){STR("kyc-token-of-this-sign-in"), clock_now(), world.reg.kyc_expires_at};
    return world.reg.check;
}

enum ipis_result ipis_check_authenticator(struct ipis *ipis, struct ipis_call *call, const struct kidc *kidc, str token,
                                          struct ipis_proof *out)
{
    return ipis_check_otp(ipis, call, kidc, token, out);
}

/* ---- a world for each test ---- */

/* A ring for all tests of a file: making one takes a second. */
static char ring_folder[] = "/tmp/konsao-ring-XXXXXX";
static struct key_ring *ring;

static inline int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static inline void close_ring(void)
{
    ring_close(ring);
    nftw(ring_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline struct key_ring *ring_of_all(void)
{
    char error[256] = "", path[96], master[96];
    if (ring)
        return ring;
    assert_non_null(mkdtemp(ring_folder));
    snprintf(path, sizeof path, "%s/ring", ring_folder);
    snprintf(master, sizeof master, "%s/master", ring_folder);
    if (!ring_create(path, master, error, sizeof error) || !(ring = ring_open(path, master, error, sizeof error)))
        fail_msg("%s", error);
    atexit(close_ring);
    return ring;
}

static inline void open_rooms(void)
{
    char error[256] = "";
    struct provider *provider = &world.provider;
    provider->keys = ring_of_all();
    provider->store = store_open(world.folder, error, sizeof error);
    if (!provider->store)
        fail_msg("%s", error);
    provider->audit = audit_queue_new(provider->store, 1, 16);
    provider->settings = &world.settings;
    provider->assurance =
        (struct assurance){{{STR("urn:konsao:acr:otp"), 1U << WAY_OTP},
                            {STR("urn:konsao:acr:device"), 1U << WAY_PASSKEY | 1U << WAY_QR}},
                           2};
}

static inline int world_setup(void **state)
{
    (void)state;
    world = (struct world){.folder = "/tmp/konsao-signin-XXXXXX"};
    assert_non_null(mkdtemp(world.folder));
    world.settings = (struct settings){.issuer = STR(ISSUER),
                                       .life_session = 3600,
                                       .life_consent = 86400,
                                       .otp_attempts = 3,
                                       .otp_freeze = 900,
                                       .otp_resends = 3,
                                       .otp_resend_wait = 30,
                                       .otp_sends_per_kidc = 5,
                                       .limit_signins_per_ip = 20};
    world.client =
        (struct client){.id = STR("portal"), .name = {STR("ផតថល"), STR("Portal")}, .host = STR("portal.example")};
    world.reg.expires_in = 120;
    open_rooms();
    return 0;
}

static inline int world_teardown(void **state)
{
    (void)state;
    audit_queue_free(world.provider.audit);
    store_close(world.provider.store);
    arena_free(world.arena);
    nftw(world.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

/* ---- what a browser does ---- */

/* A request in a new arena; the last one's goes. */
static inline struct request *new_request(void)
{
    arena_free(world.arena);
    world.arena = arena_new();
    world.got.page = NULL;
    world.got.view = NULL;
    world.got.status = world.got.answers = 0;
    world.got.location = STR_NONE;
    struct request *rq = ARENA_NEW(world.arena, struct request);
    *rq = (struct request){
        .arena = world.arena, .peer = STR("192.0.2.1"), .id = "0123456789abcdef", .tail = str_of(world.id)};
    return rq;
}

static inline str shown(const char *name)
{
    const struct value *value =
        world.got.view ? view_find(world.got.view, name_hash(str_of(name)), str_of(name)) : NULL;
    return value && value->kind == VALUE_TEXT ? value->text : STR_NONE;
}

static inline bool flagged(const char *name)
{
    const struct value *value =
        world.got.view ? view_find(world.got.view, name_hash(str_of(name)), str_of(name)) : NULL;
    return value && value->kind == VALUE_FLAG && value->flag;
}

static inline void keep_form(void)
{
    assert_int_equal(world.got.answers, 1);
    if (shown("csrf").p)
        snprintf(world.csrf, sizeof world.csrf, "%.*s", STR_FMT(shown("csrf")));
}

/* What oauth does with a checked request: the world's interaction from now on. */
static inline void ask_sign_in(struct interaction asked)
{
    struct request *rq = new_request();
    asked.client_id = asked.client_id.p ? asked.client_id : STR("portal");
    asked.scope = asked.scope.p ? asked.scope : STR("openid");
    asked.max_age = asked.max_age ? asked.max_age : -1;
    asked.transaction_id = random_uuid(rq->arena);
    assert_int_equal(interaction_create(world.provider.store, rq, interaction_bind(rq), &asked, 600), STORE_OK);
    snprintf(world.id, sizeof world.id, "%.*s", STR_FMT(asked.id));
}

static inline void get_page(void)
{
    struct request *rq = new_request();
    rq->method = STR("GET");
    signin_show(rq, &world.provider);
    keep_form();
}

/* Posts name and value pairs up to NULL beside the form's token, without following what comes back. */
static inline void post_raw(const char *name, ...)
{
    struct request *rq = new_request();
    struct param *items = ARENA_ARRAY(rq->arena, struct param, FIELDS_MAX);
    size_t count = 0;
    items[count++] = (struct param){STR("csrf"), arena_str(rq->arena, str_of(world.csrf))};
    va_list list;
    va_start(list, name);
    for (; name; name = va_arg(list, const char *))
        items[count++] = (struct param){str_of(name), str_of(va_arg(list, const char *))};
    va_end(list);
    rq->method = STR("POST");
    rq->body_type = BODY_FORM;
    rq->form = (struct params){.items = items, .count = count};
    signin_submit(rq, &world.provider);
    keep_form();
}

static inline bool was_sent_to(const char *path)
{
    char url[128];
    snprintf(url, sizeof url, ISSUER "%s%s", path, world.id);
    return world.got.status == 303 && str_is(world.got.location, url);
}

/* As post_raw, and follows a redirect to the page itself. */
#define post(...)                                                                                                      \
    do {                                                                                                               \
        post_raw(__VA_ARGS__, (const char *)NULL);                                                                     \
        if (was_sent_to("/signin/"))                                                                                   \
            get_page();                                                                                                \
    } while (0)

static inline void assert_page(const char *page, int status)
{
    if (!world.got.page || strcmp(world.got.page, page) != 0 || world.got.status != status)
        fail_msg("%s (%d) instead of %s (%d)", world.got.page ? world.got.page : "no page", world.got.status, page,
                 status);
}

static inline void load_interaction(struct interaction *out)
{
    assert_int_equal(interaction_load(world.provider.store, new_request(), str_of(world.id), out), STORE_OK);
}

static inline void change_interaction(void (*change)(struct interaction *interaction))
{
    struct interaction interaction;
    load_interaction(&interaction);
    change(&interaction);
    assert_int_equal(interaction_save(world.provider.store, world.arena, &interaction), STORE_OK);
}

/* From a fresh interaction to behind the code. */
static inline void sign_in(void)
{
    get_page();
    assert_page("signin/kidc", 200);
    post("action", "continue", "kidc", KIDC);
    assert_page("signin/otp", 200);
    post("action", "continue", "otp", "123456");
}

#endif
