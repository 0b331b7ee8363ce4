/* A server on a free port, and a client that writes raw bytes: what the tests of this room share. */
#ifndef KONSAO_TEST_HTTP_CLIENT_H
#define KONSAO_TEST_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/http.h"

#define HOST "Host: konsao.test\r\n"

/* Options that most tests use; a test changes what it is about. */
static inline struct http_options test_options(const struct route *routes, size_t count)
{
    log_set_level(LOG_LEVEL_ERROR);
    return (struct http_options){.address = "127.0.0.1",
                                 .loops = 2,
                                 .workers = 2,
                                 .queue_max = 16,
                                 .connections_max = 256,
                                 .idle_seconds = 10,
                                 .request_seconds = 10,
                                 .body_max = 65536,
                                 .routes = routes,
                                 .route_count = count};
}

static inline struct http_server *test_start(const struct http_options *options)
{
    char error[256] = "";
    struct http_server *server = http_start(options, error, sizeof error);
    if (!server)
        fail_msg("%s", error);
    return server;
}

static inline int test_connect_port(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static inline int test_connect(const struct http_server *server)
{
    return test_connect_port(http_port(server));
}

/* Writes all of it; false when the server has closed. */
static inline bool test_write(int fd, str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        bytes = (str){bytes.p + n, bytes.n - (size_t)n};
    }
    return true;
}

static inline bool test_readable(int fd, int timeout_ms)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    return poll(&poller, 1, timeout_ms) == 1;
}

static inline size_t content_length(str head)
{
    str line;
    uint64_t length = 0;
    while (str_word(&head, '\n', &line))
        if (line.n > 16 && str_eq_nocase((str){line.p, 15}, STR("content-length:")))
            assert_true(str_to_u64(str_trim((str){line.p + 15, line.n - 16}), 1 << 30, &length));
    return (size_t)length;
}

/* One response: its head, and as much body as it promises ("HEAD" has none). Shorter when the server closed; empty when
 * it closed without one. Fails after 20 seconds. */
static inline str test_read(struct arena *arena, int fd, bool body)
{
    struct buf got = buf_new(arena, 512);
    size_t whole = 0;
    char c;
    while (whole == 0 || got.n < whole) {
        if (!test_readable(fd, 20000))
            fail_msg("no answer");
        if (recv(fd, &c, 1, 0) <= 0)
            break;
        buf_char(&got, c);
        if (whole == 0 && str_ends(buf_str(&got), STR("\r\n\r\n")))
            whole = got.n + (body ? content_length(buf_str(&got)) : 0);
    }
    return buf_str(&got);
}

/* Sends `request` on a new connection and reads one response. */
static inline str test_ask(struct arena *arena, const struct http_server *server, str request)
{
    int fd = test_connect(server);
    (void)!test_write(fd, request);
    str response = test_read(arena, fd, !str_starts(request, STR("HEAD ")));
    close(fd);
    return response;
}

static inline int test_status(str response)
{
    uint64_t status = 0;
    if (!str_starts(response, STR("HTTP/1.1 ")) || response.n < 12)
        return 0;
    return str_to_u64((str){response.p + 9, 3}, 999, &status) ? (int)status : 0;
}

static inline str test_body(str response)
{
    const char *end = memmem(response.p, response.n, "\r\n\r\n", 4);
    assert_non_null(end);
    return (str){end + 4, response.n - (size_t)(end + 4 - response.p)};
}

/* A response header's first value; STR_NONE when absent. */
static inline str test_header(str response, const char *name)
{
    str line, key, value;
    const char *end = memmem(response.p, response.n, "\r\n\r\n", 4);
    str head = {response.p, end ? (size_t)(end - response.p) : response.n};
    while (str_word(&head, '\n', &line)) {
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (str_cut(line, ':', &key, &value) && str_eq_nocase(key, str_of(name)))
            return str_trim(value);
    }
    return STR_NONE;
}

/* True once the server has closed; waits for it at most `timeout_ms`. */
static inline bool test_closed(int fd, int timeout_ms)
{
    char bytes[4096];
    int64_t deadline = clock_mono_ms() + timeout_ms;
    while (clock_mono_ms() < deadline && test_readable(fd, (int)(deadline - clock_mono_ms())))
        if (recv(fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    return false;
}

#define assert_str(actual, expected)                                                                                   \
    do {                                                                                                               \
        str actual_ = (actual);                                                                                        \
        if (!str_is(actual_, (expected)))                                                                              \
            fail_msg("\"%.*s\" instead of \"%s\"", STR_FMT(actual_), (expected));                                      \
    } while (0)

#endif
