#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "operator/estate.h"
#include "operator/verbs.h"

#define RING_MAX ((size_t)1024 * 1024)

static bool write_all(int fd, str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = (str){bytes.p + n, bytes.n - (size_t)n};
    }
    return fsync(fd) == 0;
}

/* The ring is replaced as a whole when it changes, so what is read is one state of it. */
static bool copy_ring(struct command *command, const char *folder)
{
    str bytes;
    const char *path = arena_printf(command->arena, "%s/keys.ring", folder).p;
    if (!command_read_file(command->arena, estate_ring_path(command), RING_MAX, &bytes))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write_all(fd, bytes);
    int error = errno;
    if (fd >= 0 && close(fd) != 0 && written) {
        written = false;
        error = errno;
    }
    return written || command_fails("%s can't be written: %s", path, strerror(error)) == DONE;
}

int backup_run(struct command *command)
{
    CLEANUP(estate_close) struct estate estate = {0};
    char error[512] = "";
    const char *folder = command->operand.p;
    if (!estate_open(command, false, &estate))
        return FAILED;
    if (mkdir(folder, 0700) != 0)
        return command_fails("%s can't be made: %s; a backup needs a new folder", folder, strerror(errno));
    struct store_op op = estate_audit(command, "backup", STR_NONE, STR_NONE);
    if (!estate_write(&estate, &op, 1)) /* before, so that the copy has it too */
        return FAILED;
    if (!store_backup(estate.store, arena_printf(command->arena, "%s/store", folder).p, error, sizeof error))
        return command_fails("%s", error);
    if (!copy_ring(command, folder))
        return FAILED;
    command_print(arena_printf(
        command->arena,
        "The store and the sealed key ring are in %s.\nThe master key is not: keep a copy of %.*s somewhere else. "
        "Without it the ring can't be opened;\nwith it in the same place, a stolen backup can.\n"
        "To restore: the folder is a data folder; name it by --data and the key by --set master_key=FILE.",
        folder, STR_FMT(command->settings.master_key)));
    return DONE;
}
