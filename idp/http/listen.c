#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096

struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
    socklen_t size;
};

static bool endpoint_parse(const char *address, struct endpoint *endpoint)
{
    memset(endpoint, 0, sizeof *endpoint);
    if (address && inet_pton(AF_INET, address, &endpoint->address.ipv4.sin_addr) == 1) {
        endpoint->address.ipv4.sin_family = AF_INET;
        endpoint->size = sizeof endpoint->address.ipv4;
        return true;
    }
    if (address && inet_pton(AF_INET6, address, &endpoint->address.ipv6.sin6_addr) == 1) {
        endpoint->address.ipv6.sin6_family = AF_INET6;
        endpoint->size = sizeof endpoint->address.ipv6;
        return true;
    }
    return false;
}

static in_port_t *endpoint_port(struct endpoint *endpoint)
{
    return endpoint->address.any.sa_family == AF_INET ? &endpoint->address.ipv4.sin_port
                                                      : &endpoint->address.ipv6.sin6_port;
}

/* A socket bound and listening; -1 with errno. */
static int open_listener(struct endpoint *endpoint, bool shared)
{
    int on = 1;
    int fd = socket(endpoint->address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
        bind(fd, &endpoint->address.any, endpoint->size) == 0 && (!shared || listen(fd, BACKLOG) == 0) &&
        getsockname(fd, &endpoint->address.any, &endpoint->size) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void explain(const char *address, uint16_t port, int reason, char *error, size_t size)
{
    if (reason == EADDRINUSE)
        snprintf(error, size, "port %u on %s is already in use by another program", port, address);
    else if (reason == EACCES)
        snprintf(error, size, "port %u needs a permission that this user lacks (ports below 1024 are kept for root)",
                 port);
    else if (reason == EADDRNOTAVAIL)
        snprintf(error, size, "this machine has no address %s", address);
    else
        snprintf(error, size, "can't listen on %s port %u: %s", address, port, strerror(reason));
}

/* Sockets that share a port also share it with a second server of the same user: one alone must get it first. */
static bool is_free(struct endpoint endpoint)
{
    int fd = open_listener(&endpoint, false);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

bool listen_all(const char *address, uint16_t *port, int *sockets, unsigned count, char *error, size_t error_size)
{
    struct endpoint endpoint;
    if (!endpoint_parse(address, &endpoint)) {
        snprintf(error, error_size, "\"%s\" is not an IP address to listen on", address ? address : "");
        return false;
    }
    *endpoint_port(&endpoint) = htons(*port);
    bool fine = *port == 0 || is_free(endpoint);
    unsigned opened = 0;
    while (fine && opened < count) {
        sockets[opened] = open_listener(&endpoint, true); /* the first puts the port in the endpoint */
        fine = sockets[opened] >= 0;
        opened += fine;
    }
    if (fine) {
        *port = ntohs(*endpoint_port(&endpoint));
        return true;
    }
    explain(address, *port, errno, error, error_size);
    while (opened > 0)
        close(sockets[--opened]);
    return false;
}

/* Whether somebody answers at this socket. */
static bool is_served(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    bool served = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED;
    close(fd);
    return served;
}

/* Takes away the socket of a server that was killed; nothing else. */
static bool make_way(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT;
    errno = EADDRINUSE;
    return S_ISSOCK(status.st_mode) && !is_served(address) && unlink(address->sun_path) == 0;
}

/* Bound, then given its mode, and only then open to connections: -1 with errno. */
static int open_socket(const struct sockaddr_un *address)
{
    if (!make_way(address))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        chmod(address->sun_path, 0660) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return -1;
}

bool listen_socket(const char *path, int *sockets, unsigned count, char *error, size_t error_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned opened = 0;
    if (path[0] != '/' || strlen(path) >= sizeof address.sun_path) {
        snprintf(error, error_size, "\"%s\" can't be a socket: it must begin with / and be shorter than %zu bytes",
                 path, sizeof address.sun_path);
        return false;
    }
    memcpy(address.sun_path, path, strlen(path));
    bool fine = (sockets[0] = open_socket(&address)) >= 0;
    for (opened = fine; fine && opened < count; opened += fine)
        fine = (sockets[opened] = fcntl(sockets[0], F_DUPFD_CLOEXEC, 0)) >= 0;
    if (fine)
        return true;
    if (errno == EADDRINUSE)
        snprintf(error, error_size, "the socket %s is already in use, or is no socket", path);
    else
        snprintf(error, error_size, "can't make the socket %s: %s", path, strerror(errno));
    while (opened > 0)
        close(sockets[--opened]);
    return false;
}
