/* Kills a process that sends notices, again and again, and looks whether each notice arrived: at least once. */
#include <signal.h>
#include <sys/wait.h>

#include "unit/store/fixture.h"

#include "outbound/outbox.h"
#include "unit/outbound/tls_server.h"

#define ROUNDS 12
#define PER_ROUND 20
#define NOTICES (ROUNDS * PER_ROUND)
#define WAIT_SECONDS 60

/* ---- the process that sends: this program, run anew ---- */

static enum outbox_rendered render(void *context, struct arena *arena, const struct outbox_notice *notice,
                                   struct outbound_request *request)
{
    (void)context;
    request->body = arena_printf(arena, "number=%.*s", STR_FMT(notice->recipe));
    return OUTBOX_SEND;
}

static int send_until_killed(const char *folder, const char *ca_file)
{
    static const struct outbox_kind kinds[] = {{"test", render}, {NULL, NULL}};
    const struct outbound_options calls = {.allow = "127.0.0.1", .ca_file = ca_file, .timeout_ms = 20000};
    char error[256];
    struct store *store = store_open(folder, error, sizeof error);
    struct outbound *outbound = outbound_new(&calls, error, sizeof error);
    if (!store || !outbound)
        return 1;
    const struct outbox_options options = {.store = store,
                                           .outbound = outbound,
                                           .kinds = kinds,
                                           .senders = 3,
                                           .wait_ms = 100,
                                           .wait_max_ms = 100,
                                           .give_up_ms = 3600 * 1000};
    outbox_start(&options);
    for (;;)
        pause();
}

static pid_t start_sender(const struct fixture *f, const struct tls_server *server)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "test_outbox", f->path, server->certificate, (char *)NULL);
        _exit(127);
    }
    return child;
}

static void kill_sender(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- the one that looks ---- */

static void write_down(void *context, const char *request)
{
    unsigned *arrived = context;
    const char *number = strstr(request, "\r\n\r\nnumber=");
    long n = number ? strtol(number + 11, NULL, 10) : -1;
    if (n >= 0 && n < NOTICES)
        arrived[n]++;
}

static void add(struct fixture *f, const struct tls_server *server, int number)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct outbox_notice notice = {.url = arena_printf(arena, "https://127.0.0.1:%u/", server->port),
                                   .kind = STR("test"),
                                   .client_id = STR("client"),
                                   .recipe = arena_printf(arena, "%d", number)};
    struct store_op op = outbox_op(arena, &notice);
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

static bool count_one(const struct record *record, void *context)
{
    (void)record;
    ++*(unsigned *)context;
    return true;
}

static void await_empty(struct fixture *f)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    unsigned left = 1;
    for (int tries = 0; left > 0 && tries < WAIT_SECONDS * 50; tries++) {
        nanosleep(&pause, NULL);
        left = 0;
        assert_int_equal(store_scan(f->store, RECORD_OUTBOX, -1, STR_NONE, STR_NONE, count_one, &left), STORE_OK);
    }
    assert_int_equal(left, 0);
}

static void every_notice_arrives_although_the_sender_is_killed(void **state)
{
    struct fixture *f = *state;
    static unsigned arrived[NOTICES];
    unsigned twice = 0;
    struct tls_server *server = tls_start("IP:127.0.0.1", 3600);
    server->on_request = write_down;
    server->on_request_context = arrived;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PER_ROUND; i++)
            add(f, server, round * PER_ROUND + i);
        unsigned before = atomic_load(&server->requests);
        pid_t sender = start_sender(f, server);
        tls_await(server, before + 1 + (unsigned)round);
        usleep((unsigned)(rand() % 4000)); /* somewhere in it: between an answer and its note, too */
        kill_sender(sender);
    }
    pid_t sender = start_sender(f, server);
    await_empty(f);
    kill_sender(sender);
    for (int i = 0; i < NOTICES; i++) {
        if (arrived[i] == 0)
            fail_msg("notice %d never arrived", i);
        twice += arrived[i] > 1;
    }
    assert_in_range(twice, 0, ROUNDS); /* at most the one that was under way */
    print_message("%d notices, %d kills, %u came twice\n", NOTICES, ROUNDS, twice);
    tls_stop(server);
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return send_until_killed(argv[1], argv[2]);
    const struct CMUnitTest tests[] = {STORE_TEST(every_notice_arrives_although_the_sender_is_killed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
