#include "operator/estate.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ERROR_BYTES 1024

/* Files that this user makes in another's folder could not be opened by the server afterwards. */
static bool check_owner(const char *path)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return command_fails("there is no data in %s: %s (`konsao serve` makes it; --data names another folder)", path,
                             strerror(errno)) == DONE;
    if (found.st_uid == geteuid())
        return true;
    const struct passwd *owner = getpwuid(found.st_uid);
    return command_fails("%s belongs to %s: run this as that user (sudo -u %s konsao …)", path,
                         owner ? owner->pw_name : "another user", owner ? owner->pw_name : "USER") == DONE;
}

const char *estate_ring_path(struct command *command)
{
    return arena_printf(command->arena, "%.*s/keys.ring", STR_FMT(command->settings.data)).p;
}

struct place {
    const char *ring, *master, *store;
    char *error;
    size_t error_size;
};

static struct place place_of(struct arena *arena, const struct settings *settings, char *error, size_t error_size)
{
    return (struct place){.ring = arena_printf(arena, "%.*s/keys.ring", STR_FMT(settings->data)).p,
                          .master = arena_cstr(arena, settings->master_key),
                          .store = arena_printf(arena, "%.*s/store", STR_FMT(settings->data)).p,
                          .error = error,
                          .error_size = error_size};
}

PRINTF_LIKE(2, 3) static bool refuse(const struct place *place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(place->error, place->error_size, format, args);
    va_end(args);
    return false;
}

static bool open_store(const struct place *place, struct estate *out)
{
    if (!out->store)
        out->store = store_open(place->store, place->error, place->error_size);
    return out->store != NULL;
}

static bool stop_at_first(const struct record *record, void *context)
{
    (void)record;
    *(bool *)context = true;
    return false;
}

/* Whether anything in the store came about with a ring; a store that can't say counts as one that holds something. */
static bool needs_its_ring(struct store *store)
{
    static const enum record_kind kinds[] = {RECORD_CLIENT, RECORD_GRANT, RECORD_AUDIT};
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(kinds) && !found; i++)
        if (store_scan(store, kinds[i], -1, STR_NONE, STR_NONE, stop_at_first, &found) != STORE_OK)
            return true;
    return found;
}

/* There is no ring: makes one if that changes nothing for anybody. */
static bool make_first_ring(const struct place *place, bool make, struct estate *out)
{
    if (access(place->store, F_OK) == 0) {
        if (!open_store(place, out))
            return false;
        if (needs_its_ring(out->store))
            return refuse(
                place,
                "%s is not there, but the store beside it is in use: put the ring back, from a backup if need "
                "be. Only if it is lost for good: `konsao key create --yes` makes a new one, and every "
                "resident's sub becomes another (see konsao key create --help)",
                place->ring);
    }
    if (!make)
        return refuse(place, "there is no %s yet: `konsao serve` makes it at its first start", place->ring);
    /* When a server makes the ring at this moment too, one of the two fails, and both can open it. */
    return ring_create(place->ring, place->master, place->error, place->error_size) || access(place->ring, F_OK) == 0;
}

static bool open_all(const struct place *place, bool make, struct estate *out)
{
    if (access(place->ring, F_OK) != 0) {
        if (errno != ENOENT)
            return refuse(place, "%s can't be looked at: %s", place->ring, strerror(errno));
        if (!make_first_ring(place, make, out))
            return false;
    }
    out->ring = ring_open(place->ring, place->master, place->error, place->error_size);
    return out->ring && open_store(place, out);
}

bool estate_open_in(const struct settings *settings, bool make, struct estate *out, char *error, size_t error_size)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct place place = place_of(arena, settings, error, error_size);
    *out = (struct estate){0};
    if (open_all(&place, make, out))
        return true;
    estate_close(out);
    return false;
}

bool estate_open(struct command *command, bool make, struct estate *out)
{
    const char *path = command->settings.data.p;
    char error[ERROR_BYTES] = "";
    *out = (struct estate){0};
    if (make && mkdir(path, 0700) != 0 && errno != EEXIST)
        return command_fails("the data folder %s can't be made: %s", path, strerror(errno)) == DONE;
    if (!check_owner(path))
        return false;
    return estate_open_in(&command->settings, make, out, error, sizeof error) || command_fails("%s", error) == DONE;
}

bool estate_open_with_new_ring(struct command *command, struct estate *out)
{
    char error[ERROR_BYTES] = "";
    struct place place = place_of(command->arena, &command->settings, error, sizeof error);
    *out = (struct estate){0};
    if (!check_owner(command->settings.data.p))
        return false;
    if (open_store(&place, out) && ring_create(place.ring, place.master, error, sizeof error) &&
        (out->ring = ring_open(place.ring, place.master, error, sizeof error)))
        return true;
    return command_fails("%s", error) == DONE;
}

void estate_close(struct estate *estate)
{
    if (estate->store)
        store_close(estate->store);
    if (estate->ring)
        ring_close(estate->ring);
    *estate = (struct estate){0};
}

static str operator_name(struct arena *arena)
{
    const char *name = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());
    if (!name || !*name)
        name = user ? user->pw_name : getenv("USER");
    return arena_printf(arena, "operator:%.64s", name && *name ? name : "unknown");
}

struct audit_entry estate_audit_entry(struct command *command, const char *action, str client_id, str detail)
{
    return (struct audit_entry){.action = str_of(action),
                                .outcome = STR("ok"),
                                .actor = operator_name(command->arena),
                                .client_id = client_id,
                                .detail = detail};
}

struct store_op estate_audit(struct command *command, const char *action, str client_id, str detail)
{
    struct audit_entry entry = estate_audit_entry(command, action, client_id, detail);
    return audit_op(command->arena, &entry);
}

int estate_fails(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return DONE;
    case STORE_NOT_FOUND:
        return command_fails("there is no such client");
    case STORE_CONFLICT:
        return command_fails("somebody else changed it meanwhile: nothing was written, look again");
    case STORE_FULL:
        return command_fails("the disk is full: nothing was written");
    case STORE_ERROR:
        break;
    }
    return command_fails("the store failed: nothing was written");
}

bool estate_write(const struct estate *estate, const struct store_op *ops, size_t count)
{
    return estate_fails(store_write(estate->store, ops, count)) == DONE;
}
