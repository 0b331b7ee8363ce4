#include "operator/estate.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ERROR_BYTES 512

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

static bool open_all(struct command *command, bool make, struct estate *out, char *error)
{
    const char *ring = estate_ring_path(command), *master = command->settings.master_key.p;
    /* When a server makes the ring at this moment too, one of the two fails, and both can open it. */
    if (make && access(ring, F_OK) != 0 && !ring_create(ring, master, error, ERROR_BYTES) && access(ring, F_OK) != 0)
        return false;
    out->ring = ring_open(ring, master, error, ERROR_BYTES);
    if (!out->ring)
        return false;
    out->store =
        store_open(arena_printf(command->arena, "%.*s/store", STR_FMT(command->settings.data)).p, error, ERROR_BYTES);
    return out->store != NULL;
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
    return open_all(command, make, out, error) || command_fails("%s", error) == DONE;
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

struct store_op estate_audit(struct command *command, const char *action, str client_id, str detail)
{
    struct audit_entry entry = {.action = str_of(action),
                                .outcome = STR("ok"),
                                .actor = operator_name(command->arena),
                                .client_id = client_id,
                                .detail = detail};
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
