#include <sys/socket.h>
#include <unistd.h>

#include "http/internal.h"
#include "http/listen.h"

static struct entrance entrance_of(struct arena *arena, const struct http_entry *entry)
{
    return (struct entrance){.tls = entry->kind == ENTRY_TLS || entry->kind == ENTRY_MTLS,
                             .socket = entry->kind == ENTRY_SOCKET || entry->kind == ENTRY_MTLS_SOCKET,
                             .mtls = entry->kind == ENTRY_MTLS || entry->kind == ENTRY_MTLS_SOCKET,
                             .address = arena_cstr(arena, str_of(entry->address)),
                             .port = entry->port};
}

static void list_entrances(struct http_server *server)
{
    const struct http_options *options = &server->options;
    server->entrances = ARENA_ARRAY(server->arena, struct entrance, options->entry_count + 1);
    if (options->address)
        server->entrances[server->entrance_count++] =
            (struct entrance){.address = options->address, .port = options->port};
    for (size_t i = 0; i < options->entry_count; i++)
        server->entrances[server->entrance_count++] = entrance_of(server->arena, &options->entries[i]);
}

static bool open_entrance(struct http_server *server, struct entrance *entrance, char *error, size_t size)
{
    unsigned count = server->options.loops;
    int *sockets = ARENA_ARRAY(server->arena, int, count);
    entrance->made = entrance->socket && listen_socket(entrance->address, sockets, count, error, size);
    if (entrance->socket ? !entrance->made
                         : !listen_all(entrance->address, &entrance->port, sockets, count, error, size))
        return false;
    for (unsigned i = 0; i < count; i++) {
        struct loop *loop = &server->loops[server->loop_count++];
        loop->server = server;
        loop->entrance = entrance;
        loop->listener = sockets[i];
        pthread_mutex_init(&loop->lock, NULL);
    }
    return true;
}

bool entrances_open(struct http_server *server, char *error, size_t error_size)
{
    list_entrances(server);
    server->loops = ARENA_ARRAY(server->arena, struct loop, server->entrance_count * server->options.loops);
    for (unsigned i = 0; i < server->entrance_count; i++)
        if (!open_entrance(server, &server->entrances[i], error, error_size))
            return false;
    return true;
}

void entrances_close(struct http_server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        if (i >= server->loops_running || server->stopping) /* otherwise libmicrohttpd closed it */
            close(server->loops[i].listener);
        pthread_mutex_destroy(&server->loops[i].lock);
    }
    for (unsigned i = 0; i < server->entrance_count; i++)
        if (server->entrances[i].made)
            unlink(server->entrances[i].address);
}
