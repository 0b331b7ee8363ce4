#include "client.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>

/* What may happen: a handler answers once it has happened, and waits for it by its number's topic otherwise. */
#define TOPICS 500
static atomic_bool happened[TOPICS];
static atomic_uint runs;
static struct http_server *server;

static str topic_of(struct arena *arena, uint64_t number)
{
    return arena_printf(arena, "topic-%llu", (unsigned long long)number);
}

static void happen(uint64_t number)
{
    struct arena *scratch = arena_new();
    happened[number] = true;
    http_wake(server, topic_of(scratch, number));
    arena_free(scratch);
}

/* "GET /…?t=NUMBER&ms=LONGEST". Says what it came to, whether it had waited, and where it ran. */
static void say(struct request *rq, const char *result)
{
    response_cookie(rq, "result", str_of(result), -1);
    respond(rq, 200, "text/plain",
            arena_printf(rq->arena, "%s %s %s %.*s", result, request_was_parked(rq) ? "parked" : "first",
                         request_may_call_out(rq) ? "worker"
                         : request_may_wait(rq)   ? "writer"
                                                  : "loop",
                         STR_FMT(rq->body)));
}

static uint64_t number_in(const struct request *rq, const char *name)
{
    uint64_t number = 0;
    assert_true(str_to_u64(params_get(&rq->query, name), UINT32_MAX, &number));
    return number;
}

static void wait_for(struct request *rq, void *context)
{
    void (*before_park)(uint64_t number) = context ? *(void (**)(uint64_t))context : NULL;
    uint64_t number = number_in(rq, "t");
    runs++;
    response_header(rq, "X-Run", STR("this one")); /* must not add up */
    request_watch(rq, topic_of(rq->arena, number));
    if (happened[number]) {
        say(rq, "happened");
        return;
    }
    if (before_park)
        before_park(number);
    if (request_waited_out(rq))
        say(rq, "nothing");
    else if (!request_park(rq, (unsigned)number_in(rq, "ms")))
        say(rq, "full");
}

/* Finds on the event loop that it must write something down first. */
static void move_and_wait(struct request *rq, void *context)
{
    if (!request_may_wait(rq))
        request_move_to_worker(rq);
    else
        wait_for(rq, context);
}

/* Parks each time it is run, woken or not, until its time is over. */
static void wait_again(struct request *rq, void *context)
{
    (void)context;
    runs++;
    request_watch(rq, topic_of(rq->arena, number_in(rq, "t")));
    if (request_waited_out(rq) || !request_park(rq, (unsigned)number_in(rq, "ms")))
        say(rq, "nothing");
}

/* Changes its mind: what it began must not last. */
static void watch_and_answer(struct request *rq, void *context)
{
    (void)context;
    request_watch(rq, topic_of(rq->arena, number_in(rq, "t")));
    assert_true(request_park(rq, 10000));
    say(rq, "answered");
}

static void park_unwatched(struct request *rq, void *context)
{
    (void)context;
    say(rq, request_park(rq, 10000) ? "parked" : "refused");
}

/* Takes much memory in each run, ties something to it, and hands out nothing of it. */
static atomic_uint released;

static void release(void *object)
{
    (void)object;
    released++;
}

static void wait_with_memory(struct request *rq, void *context)
{
    if (!request_was_parked(rq))
        memset(arena_alloc(rq->arena, 100000), 1, 100000);
    arena_defer(rq->arena, release, NULL);
    wait_for(rq, context);
}

static const struct route routes[] = {
    {"GET", "/loop", RUN_INLINE, false, wait_for, NULL},
    {"POST", "/loop", RUN_INLINE, false, wait_for, NULL},
    {"GET", "/writer", RUN_WRITER, false, wait_for, NULL},
    {"GET", "/worker", RUN_WORKER, false, wait_for, NULL},
    {"GET", "/moved", RUN_INLINE, false, move_and_wait, NULL},
    {"GET", "/again", RUN_INLINE, false, wait_again, NULL},
    {"GET", "/answered", RUN_INLINE, false, watch_and_answer, NULL},
    {"GET", "/answered-worker", RUN_WORKER, false, watch_and_answer, NULL},
    {"GET", "/unwatched", RUN_INLINE, false, park_unwatched, NULL},
    {"GET", "/memory", RUN_WORKER, false, wait_with_memory, NULL},
};

static struct arena *arena;
static struct http_options options;

static int prepare(void **state)
{
    (void)state;
    arena = arena_new();
    options = test_options(routes, COUNT_OF(routes));
    options.writers = 1;
    options.parked_max = 10000;
    for (size_t i = 0; i < TOPICS; i++)
        happened[i] = false;
    runs = released = 0;
    return 0;
}

static int clean(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static uint64_t parked(void)
{
    struct http_counts now;
    http_counts(server, &now);
    return now.parked;
}

static void await_parked(uint64_t count)
{
    int64_t deadline = clock_mono_ms() + 20000;
    while (parked() != count) {
        if (clock_mono_ms() > deadline)
            fail_msg("%llu parked instead of %llu", (unsigned long long)parked(), (unsigned long long)count);
        sched_yield();
    }
}

static void await_runs(unsigned count)
{
    int64_t deadline = clock_mono_ms() + 20000;
    while (runs < count && clock_mono_ms() < deadline)
        sched_yield();
    assert_int_equal(runs, count);
}

static void ask(int fd, const char *path, unsigned number, unsigned ms)
{
    assert_true(test_write(fd, arena_printf(arena, "GET %s?t=%u&ms=%u HTTP/1.1\r\n" HOST "\r\n", path, number, ms)));
}

static int open_ask(const char *path, unsigned number, unsigned ms)
{
    int fd = test_connect(server);
    ask(fd, path, number, ms);
    return fd;
}

static void expect_answer(int fd, const char *body)
{
    assert_str(str_trim(test_body(test_read(arena, fd, true))), body);
}

static void topic_wakes_where_the_handler_ran(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"/loop", "happened parked loop"},
        {"/writer", "happened parked writer"},
        {"/worker", "happened parked worker"},
        {"/moved", "happened parked writer"},
    };
    server = test_start(&options);
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        int fd = open_ask(cases[i][0], i, 20000);
        await_parked(1);
        happen(i);
        expect_answer(fd, cases[i][1]);
        assert_int_equal(parked(), 0);
        ask(fd, cases[i][0], i, 20000); /* the connection goes on */
        assert_non_null(strstr(arena_cstr(arena, test_read(arena, fd, true)), "happened first"));
        close(fd);
    }
    http_stop(server, 2000);
}

static void other_topics_wake_nobody(void **state)
{
    (void)state;
    server = test_start(&options);
    int fd = open_ask("/loop", 1, 20000), other = open_ask("/worker", 2, 20000);
    await_parked(2);
    http_wake(server, STR("topic-"));
    http_wake(server, STR("topic-11"));
    http_wake(server, STR(""));
    http_wake(NULL, STR("topic-1"));
    happen(3);
    happen(2);
    expect_answer(other, "happened parked worker");
    assert_int_equal(parked(), 1);
    assert_int_equal(runs, 3);
    happen(1);
    expect_answer(fd, "happened parked loop");
    close(fd);
    close(other);
    http_stop(server, 2000);
}

static void all_that_wait_for_a_topic_are_woken(void **state)
{
    (void)state;
    server = test_start(&options);
    int fds[] = {open_ask("/loop", 5, 20000), open_ask("/loop", 5, 20000), open_ask("/writer", 5, 20000)};
    await_parked(3);
    happen(5);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_int_equal(test_status(test_read(arena, fds[i], true)), 200);
        close(fds[i]);
    }
    http_stop(server, 2000);
}

static void deadline_ends_a_wait(void **state)
{
    (void)state;
    server = test_start(&options);
    static const char *const paths[] = {"/loop", "/writer", "/worker"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        int64_t began = clock_mono_ms();
        int fd = open_ask(paths[i], 0, 300);
        expect_answer(fd, arena_printf(arena, "nothing parked %s", paths[i] + 1).p);
        assert_in_range(clock_mono_ms() - began, 300, 5000);
        close(fd);
    }
    assert_int_equal(runs, 2 * COUNT_OF(paths));
    assert_int_equal(parked(), 0);
    http_stop(server, 2000);
}

static void wait_is_not_cut_by_the_limits_of_connections(void **state)
{
    (void)state;
    options.request_seconds = options.idle_seconds = 1;
    server = test_start(&options);
    int fd = open_ask("/loop", 0, 3500);
    expect_answer(fd, "nothing parked loop");
    close(fd);
    http_stop(server, 2000);
}

static void waking_does_not_prolong_a_wait(void **state)
{
    (void)state;
    server = test_start(&options);
    int fd = open_ask("/again", 7, 1000);
    int64_t began = clock_mono_ms();
    await_parked(1);
    for (unsigned woken = 1; woken < 4; woken++) {
        http_wake(server, STR("topic-7"));
        await_runs(1 + woken);
        await_parked(1);
    }
    expect_answer(fd, "nothing parked loop");
    assert_in_range(clock_mono_ms() - began, 900, 5000);
    assert_int_equal(runs, 5);
    close(fd);
    http_stop(server, 2000);
}

/* Between request_watch with its look, and request_park. */
static void happen_meanwhile(uint64_t number)
{
    if (!happened[number])
        happen(number);
}

static void news_before_parking_are_not_lost(void **state)
{
    (void)state;
    void (*before_park)(uint64_t number) = happen_meanwhile;
    options.context = (void *)&before_park;
    server = test_start(&options);
    static const char *const paths[] = {"/loop", "/writer", "/worker", "/moved"};
    for (unsigned i = 0; i < COUNT_OF(paths); i++) {
        int fd = open_ask(paths[i], i, 20000);
        assert_non_null(strstr(arena_cstr(arena, test_read(arena, fd, true)), "happened parked"));
        close(fd);
    }
    assert_int_equal(runs, 2 * COUNT_OF(paths));
    assert_int_equal(parked(), 0);
    http_stop(server, 2000);
}

static void answer_after_waiting_has_the_headers_of_one_run(void **state)
{
    (void)state;
    server = test_start(&options);
    int fd = test_connect(server);
    assert_true(test_write(fd, STR("POST /loop?t=1&ms=20000 HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody")));
    await_parked(1);
    happen(1);
    str response = test_read(arena, fd, true);
    const char *text = arena_cstr(arena, response), *first = strstr(text, "X-Run: this one");
    assert_non_null(first);
    assert_null(strstr(first + 1, "X-Run"));
    assert_str(test_body(response), "happened parked loop body");
    close(fd);
    http_stop(server, 2000);
}

static void memory_of_a_run_is_gone_while_it_waits(void **state)
{
    (void)state;
    server = test_start(&options);
    int fd = open_ask("/memory", 1, 20000);
    await_parked(1);
    assert_int_equal(released, 1);
    happen(1);
    expect_answer(fd, "happened parked worker");
    http_stop(server, 2000);
    assert_int_equal(released, 2);
    close(fd);
}

static void request_that_answers_after_all_leaves_nothing(void **state)
{
    (void)state;
    options.parked_max = 1;
    server = test_start(&options);
    for (unsigned i = 0; i < 50; i++) {
        int fd = open_ask(i % 2 ? "/answered" : "/answered-worker", 1, 0);
        assert_non_null(strstr(arena_cstr(arena, test_read(arena, fd, true)), "answered first"));
        close(fd);
        http_wake(server, STR("topic-1"));
    }
    int fd = open_ask("/loop", 2, 20000);
    await_parked(1); /* the one place is free */
    happen(2);
    expect_answer(fd, "happened parked loop");
    close(fd);
    http_stop(server, 2000);
}

static void parking_without_a_topic_is_refused(void **state)
{
    (void)state;
    server = test_start(&options);
    str response = test_ask(arena, server, STR("GET /unwatched HTTP/1.1\r\n" HOST "\r\n"));
    assert_str(str_trim(test_body(response)), "refused first loop");
    http_stop(server, 2000);
}

static void too_many_are_told_at_once(void **state)
{
    (void)state;
    options.parked_max = 2;
    server = test_start(&options);
    int one = open_ask("/loop", 1, 20000), two = open_ask("/worker", 2, 20000);
    await_parked(2);
    int three = open_ask("/loop", 3, 20000);
    expect_answer(three, "full first loop");
    happen(1);
    expect_answer(one, "happened parked loop");
    ask(three, "/writer", 3, 20000);
    await_parked(2);
    happen(2);
    happen(3);
    expect_answer(two, "happened parked worker");
    expect_answer(three, "happened parked writer");
    close(one);
    close(two);
    close(three);
    http_stop(server, 2000);
}

static void one_topic_does_not_take_all_places(void **state)
{
    (void)state;
    int fds[16];
    server = test_start(&options);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        fds[i] = open_ask(i % 2 ? "/loop" : "/worker", 1, 20000);
    await_parked(COUNT_OF(fds));
    int more = open_ask("/loop", 1, 20000), other = open_ask("/loop", 2, 20000);
    expect_answer(more, "full first loop");
    await_parked(COUNT_OF(fds) + 1);
    happen(1);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_int_equal(test_status(test_read(arena, fds[i], true)), 200);
        close(fds[i]);
    }
    happen(2);
    expect_answer(other, "happened parked loop");
    close(more);
    close(other);
    http_stop(server, 2000);
}

static void client_that_leaves_keeps_its_place_until_the_deadline(void **state)
{
    (void)state;
    options.parked_max = 3;
    server = test_start(&options);
    int fds[] = {open_ask("/loop", 1, 500), open_ask("/worker", 1, 500), open_ask("/loop", 2, 20000)};
    await_parked(3);
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close(fds[i]);
    await_parked(1);
    happen(2);
    await_parked(0);
    struct http_counts now;
    do {
        http_counts(server, &now);
        sched_yield();
    } while (now.in_flight > 0);
    str response = test_ask(arena, server, STR("GET /loop?t=2&ms=0 HTTP/1.1\r\n" HOST "\r\n"));
    assert_str(str_trim(test_body(response)), "happened first loop");
    http_stop(server, 2000);
}

static void stop_answers_all_that_wait_at_once(void **state)
{
    (void)state;
    server = test_start(&options);
    int fds[] = {open_ask("/loop", 1, 20000), open_ask("/writer", 2, 20000), open_ask("/worker", 1, 20000),
                 open_ask("/moved", 3, 20000), open_ask("/loop", 1, 20000)};
    await_parked(COUNT_OF(fds));
    close(fds[COUNT_OF(fds) - 1]); /* left already */
    int64_t began = clock_mono_ms();
    http_stop(server, 10000);
    assert_in_range(clock_mono_ms() - began, 0, 5000);
    for (size_t i = 0; i + 1 < COUNT_OF(fds); i++) {
        str response = test_read(arena, fds[i], true);
        assert_int_equal(test_status(response), 503);
        assert_str(test_header(response, "Connection"), "close");
        assert_null(test_header(response, "X-Run").p);
        close(fds[i]);
    }
}

/* Wakes as fast as it can. */
static void *keep_waking(void *stop)
{
    while (!*(atomic_bool *)stop)
        http_wake(server, STR("topic-9"));
    return NULL;
}

static void waking_races_with_parking_and_deadlines(void **state)
{
    (void)state;
    server = test_start(&options);
    atomic_bool stop = false;
    pthread_t wakers[2];
    int fds[16];
    for (size_t i = 0; i < COUNT_OF(wakers); i++)
        assert_int_equal(pthread_create(&wakers[i], NULL, keep_waking, &stop), 0);
    static const char *const paths[] = {"/loop", "/worker", "/again", "/writer"};
    for (unsigned i = 0; i < COUNT_OF(fds); i++)
        fds[i] = open_ask(paths[i % COUNT_OF(paths)], 9, 400);
    for (size_t i = 0; i < COUNT_OF(fds); i++) {
        assert_non_null(strstr(arena_cstr(arena, test_read(arena, fds[i], true)), "nothing parked"));
        close(fds[i]);
    }
    stop = true;
    for (size_t i = 0; i < COUNT_OF(wakers); i++)
        pthread_join(wakers[i], NULL);
    assert_int_equal(parked(), 0);
    http_stop(server, 2000);
}

static unsigned allowed_descriptors(void)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur < 100000 ? (unsigned)limit.rlim_cur : 100000;
}

/* Both ends of each connection are in this process. */
static void thousands_wait_and_are_woken_at_once(void **state)
{
    (void)state;
    unsigned count = allowed_descriptors() / 2 > 3300 ? 3000 : allowed_descriptors() / 2 - 300;
    options.parked_max = options.connections_max = count;
    options.queue_max = 4; /* does not bind those who were let in */
    server = test_start(&options);
    int *fds = ARENA_ARRAY(arena, int, count);
    for (unsigned i = 0; i < count; i++) {
        fds[i] = open_ask(i % 10 ? "/loop" : "/moved", i % TOPICS, 60000);
        if (i % 10 == 0)
            await_parked(i + 1); /* the queue is short */
    }
    await_parked(count);
    assert_int_equal(runs, count);
    for (unsigned topic = 1; topic < TOPICS; topic += 2)
        happen(topic);
    for (unsigned i = 1; i < count; i += 2)
        expect_answer(fds[i], "happened parked loop");
    assert_int_equal(parked(), (count + 1) / 2);
    for (unsigned topic = 0; topic < TOPICS; topic += 2)
        happen(topic);
    for (unsigned i = 0; i < count; i += 2)
        assert_int_equal(test_status(test_read(arena, fds[i], true)), 200);
    assert_int_equal(runs, 2 * count);
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    http_stop(server, 5000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(topic_wakes_where_the_handler_ran),
        TEST(other_topics_wake_nobody),
        TEST(all_that_wait_for_a_topic_are_woken),
        TEST(deadline_ends_a_wait),
        TEST(wait_is_not_cut_by_the_limits_of_connections),
        TEST(waking_does_not_prolong_a_wait),
        TEST(news_before_parking_are_not_lost),
        TEST(answer_after_waiting_has_the_headers_of_one_run),
        TEST(memory_of_a_run_is_gone_while_it_waits),
        TEST(request_that_answers_after_all_leaves_nothing),
        TEST(parking_without_a_topic_is_refused),
        TEST(too_many_are_told_at_once),
        TEST(one_topic_does_not_take_all_places),
        TEST(client_that_leaves_keeps_its_place_until_the_deadline),
        TEST(stop_answers_all_that_wait_at_once),
        TEST(waking_races_with_parking_and_deadlines),
        TEST(thousands_wait_and_are_woken_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
