/* A register on raw sockets that does what a test's script says, in order; its last step is repeated. */
#ifndef TESTS_UNIT_IPIS_FAKE_REGISTER_H
#define TESTS_UNIT_IPIS_FAKE_REGISTER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

enum fake_how {
    FAKE_ANSWER, /* status, headers, body; keeps the connection */
    FAKE_RAW,    /* `body` as it is, then close */
    FAKE_DROP,   /* close without a word once the request is there */
    FAKE_HOLD,   /* say nothing until the other side gives up */
    FAKE_DRIP,   /* one header byte at a time, for ever */
    FAKE_HUGE,   /* a body of `status` bytes */
};

struct fake_step {
    enum fake_how how;
    int status;
    const char *body;
    const char *headers; /* NULL: Content-Type: application/json alone */
};

#define FAKE_CONNECTIONS 32
#define FAKE_REQUESTS 64
#define FAKE_HEARD 4096

struct fake {
    int listener;
    uint16_t port;
    pthread_t acceptor;
    pthread_mutex_t lock;
    const struct fake_step *steps;
    size_t step_count, next;
    size_t connections, requests;
    char heard[FAKE_REQUESTS][FAKE_HEARD];
    int sockets[FAKE_CONNECTIONS];
    pthread_t threads[FAKE_CONNECTIONS];
};

struct fake_connection {
    struct fake *fake;
    int socket;
};

static inline bool fake_send(int to, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(to, text, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Reads one request, head and body, into `out`. */
static inline bool fake_read(int from, char *out, size_t room)
{
    size_t n = 0, wanted = 0;
    for (;;) {
        ssize_t got = recv(from, out + n, room - 1 - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        out[n] = '\0';
        const char *end = strstr(out, "\r\n\r\n"), *length = strcasestr(out, "Content-Length: ");
        if (!end)
            continue;
        wanted = (size_t)(end + 4 - out) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
        if (n >= wanted)
            return true;
    }
}

static inline struct fake_step fake_next(struct fake *fake, const char *request)
{
    pthread_mutex_lock(&fake->lock);
    struct fake_step step = fake->steps[fake->next];
    if (fake->next + 1 < fake->step_count)
        fake->next++;
    if (fake->requests < FAKE_REQUESTS)
        memcpy(fake->heard[fake->requests], request, sizeof fake->heard[0]);
    fake->requests++;
    pthread_mutex_unlock(&fake->lock);
    return step;
}

static inline void fake_until_closed(int socket, const char *drip)
{
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    while (poll(&wait, 1, drip ? 20 : -1) == 0)
        if (!fake_send(socket, drip, 1))
            return;
}

static inline bool fake_do(int socket, const struct fake_step *step)
{
    char head[1024], block[4096];
    memset(block, 'x', sizeof block);
    switch (step->how) {
    case FAKE_ANSWER:
        snprintf(head, sizeof head, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n", step->status,
                 step->headers ? step->headers : "Content-Type: application/json\r\n", strlen(step->body));
        return fake_send(socket, head, strlen(head)) && fake_send(socket, step->body, strlen(step->body));
    case FAKE_RAW:
        fake_send(socket, step->body, strlen(step->body));
        return false;
    case FAKE_HOLD:
        fake_until_closed(socket, NULL);
        return false;
    case FAKE_DRIP:
        fake_send(socket, "HTTP/1.1 200 OK\r\nX-Slow: ", 25);
        fake_until_closed(socket, "x");
        return false;
    case FAKE_HUGE:
        snprintf(head, sizeof head, "HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n");
        fake_send(socket, head, strlen(head));
        for (int left = step->status; left > 0 && fake_send(socket, block, sizeof block);)
            left -= (int)sizeof block;
        return false;
    default:
        return false;
    }
}

static inline void *fake_serve(void *context)
{
    struct fake_connection connection = *(struct fake_connection *)context;
    char request[FAKE_HEARD] = "";
    free(context);
    while (fake_read(connection.socket, request, sizeof request)) {
        struct fake_step step = fake_next(connection.fake, request);
        if (!fake_do(connection.socket, &step))
            break;
    }
    shutdown(connection.socket, SHUT_RDWR);
    return NULL;
}

static inline void *fake_accept(void *context)
{
    struct fake *fake = context;
    for (;;) {
        int socket = accept(fake->listener, NULL, NULL);
        if (socket < 0 || fake->connections == FAKE_CONNECTIONS)
            return NULL;
        struct fake_connection *connection = malloc(sizeof *connection);
        if (!connection)
            abort();
        *connection = (struct fake_connection){fake, socket};
        pthread_mutex_lock(&fake->lock);
        size_t at = fake->connections++;
        fake->sockets[at] = socket;
        pthread_mutex_unlock(&fake->lock);
        if (pthread_create(&fake->threads[at], NULL, fake_serve, connection) != 0)
            abort();
    }
}

static inline struct fake *fake_start(const struct fake_step *steps, size_t step_count)
{
    struct fake *fake = calloc(1, sizeof *fake);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    if (!fake)
        abort();
    fake->steps = steps;
    fake->step_count = step_count;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_mutex_init(&fake->lock, NULL);
    if (bind(fake->listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(fake->listener, 16) != 0 ||
        getsockname(fake->listener, (struct sockaddr *)&at, &n) != 0 ||
        pthread_create(&fake->acceptor, NULL, fake_accept, fake) != 0)
        abort();
    fake->port = ntohs(at.sin_port);
    return fake;
}

static inline size_t fake_requests(struct fake *fake)
{
    pthread_mutex_lock(&fake->lock);
    size_t n = fake->requests;
    pthread_mutex_unlock(&fake->lock);
    return n;
}

static inline void fake_stop(struct fake *fake)
{
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->acceptor, NULL);
    close(fake->listener);
    for (size_t i = 0; i < fake->connections; i++) {
        shutdown(fake->sockets[i], SHUT_RDWR);
        pthread_join(fake->threads[i], NULL);
        close(fake->sockets[i]);
    }
    pthread_mutex_destroy(&fake->lock);
    free(fake);
}

#endif
