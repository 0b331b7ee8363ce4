#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/internal.h"
#include "http/tls.h"

static void map_ipv4(const struct in_addr *from, struct in6_addr *to)
{
    memset(to, 0, sizeof *to);
    memset(to->s6_addr + 10, 0xff, 2);
    memcpy(to->s6_addr + 12, from, 4);
}

bool address_parse(str text, struct in6_addr *address)
{
    char buffer[INET6_ADDRSTRLEN];
    struct in_addr ipv4;
    if (text.n == 0 || text.n >= sizeof buffer)
        return false;
    memcpy(buffer, text.p, text.n);
    buffer[text.n] = '\0';
    if (inet_pton(AF_INET, buffer, &ipv4) == 1) {
        map_ipv4(&ipv4, address);
        return true;
    }
    return inet_pton(AF_INET6, buffer, address) == 1;
}

static bool address_of(const struct sockaddr *address, socklen_t size, struct in6_addr *out)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    if (address->sa_family == AF_INET && size >= sizeof ipv4) {
        memcpy(&ipv4, address, sizeof ipv4);
        map_ipv4(&ipv4.sin_addr, out);
        return true;
    }
    if (address->sa_family == AF_INET6 && size >= sizeof ipv6) {
        memcpy(&ipv6, address, sizeof ipv6);
        *out = ipv6.sin6_addr;
        return true;
    }
    return false;
}

static bool is_trusted(const struct http_server *server, const struct in6_addr *address)
{
    return server->options.trusted_proxy && memcmp(&server->trusted_proxy, address, sizeof *address) == 0;
}

enum MHD_Result peer_admit(void *context, const struct sockaddr *address, socklen_t size)
{
    struct loop *loop = context;
    struct http_server *server = loop->server;
    unsigned limit = server->options.connections_per_ip;
    struct in6_addr from;
    bool socket = loop->entrance->socket;
    bool fine = (socket || address_of(address, size, &from)) && server->connections < server->options.connections_max;
    if (fine && limit > 0 && !socket && !is_trusted(server, &from))
        fine = census_of(server->census, &from) < limit;
    if (!fine)
        server->refused++;
    return fine ? MHD_YES : MHD_NO;
}

/* Who it is, by the address of the other end; of a Unix socket's that says nothing. */
static void peer_identify(struct peer *peer, const struct sockaddr *address)
{
    socklen_t size = address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    if (peer->loop->entrance->socket) {
        peer->trusted = true;
        strcpy(peer->name, "unix");
        return;
    }
    address_of(address, size, &peer->address);
    peer->trusted = is_trusted(peer->loop->server, &peer->address);
    if (IN6_IS_ADDR_V4MAPPED(&peer->address))
        inet_ntop(AF_INET, peer->address.s6_addr + 12, peer->name, sizeof peer->name);
    else
        inet_ntop(AF_INET6, &peer->address, peer->name, sizeof peer->name);
}

static struct peer *peer_new(struct loop *loop, struct MHD_Connection *connection)
{
    const struct http_server *server = loop->server;
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        abort();
    peer->loop = loop;
    peer_identify(peer, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    if (loop->entrance->tls) {
        peer->tls = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
        tls_begin(server->tls, peer->tls, loop->entrance->mtls);
    }
    peer->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    peer_due(peer, DUE_REQUEST, clock_mono_ms() + server->options.request_seconds * INT64_C(1000));
    return peer;
}

static void peer_link(struct peer *peer)
{
    struct loop *loop = peer->loop;
    pthread_mutex_lock(&loop->lock);
    peer->next = loop->peers;
    if (peer->next)
        peer->next->previous = peer;
    loop->peers = peer;
    pthread_mutex_unlock(&loop->lock);
}

/* From here on the watch can't reach the socket, which libmicrohttpd closes after this. */
static void peer_unlink(struct peer *peer)
{
    struct loop *loop = peer->loop;
    pthread_mutex_lock(&loop->lock);
    if (peer->previous)
        peer->previous->next = peer->next;
    else
        loop->peers = peer->next;
    if (peer->next)
        peer->next->previous = peer->previous;
    pthread_mutex_unlock(&loop->lock);
}

void peer_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                 enum MHD_ConnectionNotificationCode code)
{
    struct loop *loop = context;
    struct http_server *server = loop->server;
    struct peer *peer = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        peer = peer_new(loop, connection);
        peer_link(peer);
        server->connections++;
        census_add(server->census, &peer->address, 1);
        *socket_context = peer;
    } else if (peer) {
        peer_unlink(peer);
        server->connections--;
        census_add(server->census, &peer->address, -1);
        free(peer);
        *socket_context = NULL;
    }
}

bool peer_due(struct peer *peer, enum due_kind kind, int64_t at_ms)
{
    int64_t before = atomic_exchange(&peer->due, at_ms * 4 + (int64_t)kind);
    if (before == DUE_CUT)
        atomic_store(&peer->due, DUE_CUT);
    return before != DUE_CUT;
}

bool peer_say(const struct peer *peer, const char *status)
{
    char text[128];
    int n = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status);
    if (peer->tls)
        return tls_say(peer->tls, str_bytes(text, (size_t)n));
    return send(peer->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n;
}

static void cut(const struct peer *peer, enum due_kind kind)
{
    /* libmicrohttpd writes nothing while a request is arriving, so this can't land inside a response. With TLS it
     * reads, in another thread, from the session that this would write to: the connection just ends. */
    if (kind == DUE_REQUEST && !peer->tls && !peer_say(peer, "408 Request Timeout"))
        log_debug("http.gone peer=%s", peer->name);
    shutdown(peer->fd, SHUT_RDWR);
}

void peers_cut(struct loop *loop, int64_t now_ms)
{
    pthread_mutex_lock(&loop->lock);
    for (struct peer *peer = loop->peers; peer; peer = peer->next) {
        int64_t due = atomic_load(&peer->due);
        enum due_kind kind = (enum due_kind)(due & 3);
        if (due == DUE_CUT || kind == DUE_NONE || due / 4 > now_ms)
            continue;
        if (!atomic_compare_exchange_strong(&peer->due, &due, DUE_CUT))
            continue;
        if (kind != DUE_SEND)
            loop->server->refused++;
        cut(peer, kind);
    }
    pthread_mutex_unlock(&loop->lock);
}
