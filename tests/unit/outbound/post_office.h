/* An outbox over a store of its own, a kind that posts the recipe, and ends written down. */
#ifndef KONSAO_TESTS_OUTBOUND_POST_OFFICE_H
#define KONSAO_TESTS_OUTBOUND_POST_OFFICE_H

#include <pthread.h>
#include <stdatomic.h>

/* The fixture's assert_str is a function, unit.h's a macro: in this order both can be had. */
#include "unit/store/fixture.h"

#include "outbound/outbox.h"
#include "unit/outbound/tls_server.h"

#define ENDS_MAX 256
#define WAIT_SECONDS 30 /* for what must happen */

struct ended {
    enum outbox_end end;
    int status;
    int64_t attempts;
    char recipe[64];
};

struct office {
    struct fixture *store; /* and arena */
    struct tls_server *live, *other;
    struct outbound *outbound;
    struct outbox *outbox;
    struct outbox_options options;
    struct outbox_kind kinds[2];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ended ends[ENDS_MAX];
    size_t end_count;
    unsigned renders;
    enum outbox_rendered render_says;
};

static inline enum outbox_rendered office_render(void *context, struct arena *arena, const struct outbox_notice *notice,
                                                 struct outbound_request *request)
{
    struct office *office = context;
    request->body = arena_printf(arena, "recipe=%.*s", STR_FMT(notice->recipe));
    request->content_type = STR("application/x-www-form-urlencoded");
    pthread_mutex_lock(&office->lock);
    office->renders++;
    enum outbox_rendered says = office->render_says;
    pthread_cond_broadcast(&office->changed);
    pthread_mutex_unlock(&office->lock);
    return says;
}

static inline void office_ended(void *context, const struct outbox_notice *notice, enum outbox_end end, int status)
{
    struct office *office = context;
    pthread_mutex_lock(&office->lock);
    if (office->end_count < ENDS_MAX) {
        struct ended *ended = &office->ends[office->end_count++];
        *ended = (struct ended){.end = end, .status = status, .attempts = notice->attempts};
        snprintf(ended->recipe, sizeof ended->recipe, "%.*s", STR_FMT(notice->recipe));
    }
    pthread_cond_broadcast(&office->changed);
    pthread_mutex_unlock(&office->lock);
}

/* Two servers of clients; the outbox is not started yet. */
static inline int office_setup(void **state)
{
    struct office *office = calloc(1, sizeof *office);
    char error[256] = "";
    assert_non_null(office);
    void *fixture = NULL;
    fixture_setup(&fixture);
    office->store = fixture;
    office->live = tls_start("IP:127.0.0.1", 3600);
    office->other = tls_start("IP:127.0.0.1", 3600);
    const struct outbound_options outbound = {
        .allow = "127.0.0.1", .ca_file = office->live->certificate, .timeout_ms = 20000};
    office->outbound = outbound_new(&outbound, error, sizeof error);
    assert_non_null(office->outbound);
    pthread_mutex_init(&office->lock, NULL);
    pthread_cond_init(&office->changed, NULL);
    office->kinds[0] = (struct outbox_kind){"test", office_render};
    office->options = (struct outbox_options){.store = office->store->store,
                                              .outbound = office->outbound,
                                              .kinds = office->kinds,
                                              .ended = office_ended,
                                              .context = office,
                                              .senders = 3,
                                              .wait_ms = 40,
                                              .wait_max_ms = 160,
                                              .give_up_ms = 3600 * 1000};
    *state = office;
    return 0;
}

static inline void office_close(struct office *office)
{
    outbound_shut(office->outbound);
    outbox_stop(office->outbox);
    office->outbox = NULL;
}

static inline int office_teardown(void **state)
{
    struct office *office = *state;
    void *fixture = office->store;
    office_close(office);
    outbound_free(office->outbound);
    tls_stop(office->live);
    tls_stop(office->other);
    fixture_teardown(&fixture);
    pthread_cond_destroy(&office->changed);
    pthread_mutex_destroy(&office->lock);
    free(office);
    return 0;
}

static inline str office_url(struct office *office, const struct tls_server *server)
{
    return arena_printf(office->store->arena, "https://127.0.0.1:%u/notice", server->port);
}

/* Puts a notice in; true times and all when `notice` has none. */
static inline str office_add(struct office *office, struct outbox_notice notice)
{
    if (!notice.kind.p)
        notice.kind = STR("test");
    notice.client_id = STR("client-1");
    struct store_op op = outbox_op(office->store->arena, &notice);
    assert_int_equal(store_write(office->store->store, &op, 1), STORE_OK);
    return notice.key;
}

static inline void office_post(struct office *office, const struct tls_server *server, const char *recipe)
{
    office_add(office, (struct outbox_notice){.url = office_url(office, server), .recipe = str_of(recipe)});
    outbox_wake(office->outbox);
}

static inline void office_wait(struct office *office, const struct timespec *until, const char *what)
{
    if (pthread_cond_timedwait(&office->changed, &office->lock, until) != 0)
        fail_msg("%s never came; %zu ends, %u renders", what, office->end_count, office->renders);
}

static inline struct timespec office_deadline(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_SECONDS;
    return until;
}

/* Waits for `count` ends in all. */
static inline void office_await_ends(struct office *office, size_t count)
{
    const struct timespec until = office_deadline();
    pthread_mutex_lock(&office->lock);
    while (office->end_count < count)
        office_wait(office, &until, "an end");
    pthread_mutex_unlock(&office->lock);
}

static inline void office_await_renders(struct office *office, unsigned count)
{
    const struct timespec until = office_deadline();
    pthread_mutex_lock(&office->lock);
    while (office->renders < count)
        office_wait(office, &until, "a try");
    pthread_mutex_unlock(&office->lock);
}

/* Until nothing waits, and all is counted. */
static inline struct outbox_counts office_await_empty(struct office *office)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    struct outbox_counts counts;
    for (int left = WAIT_SECONDS * 200; left > 0; left--) {
        outbox_counts(office->outbox, &counts);
        if (counts.waiting == 0)
            return counts;
        nanosleep(&pause, NULL);
    }
    fail_msg("%d notices never went", (int)counts.waiting);
    return counts;
}

/* Notices that are in the store. */
static inline bool office_count_one(const struct record *record, void *context)
{
    (void)record;
    ++*(unsigned *)context;
    return true;
}

static inline unsigned office_left(struct office *office)
{
    unsigned count = 0;
    assert_int_equal(store_scan(office->store->store, RECORD_OUTBOX, -1, STR_NONE, STR_NONE, office_count_one, &count),
                     STORE_OK);
    return count;
}

#define OFFICE_TEST(test) cmocka_unit_test_setup_teardown(test, office_setup, office_teardown)

#endif
