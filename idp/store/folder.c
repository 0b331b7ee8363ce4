#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_BYTES 64

bool folder_make(const char *path)
{
    struct stat found;
    if (mkdir(path, 0700) == 0)
        return true;
    return errno == EEXIST && stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

bool folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced;
}

/* The file's text, "" if there is none. */
static void read_text(const char *path, char text[static BOOT_BYTES])
{
    text[0] = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = read(fd, text, BOOT_BYTES - 1);
    text[n > 0 ? n : 0] = 0;
    close(fd);
}

static bool write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    size_t n = strlen(text);
    bool written = write(fd, text, n) == (ssize_t)n;
    return close(fd) == 0 && written;
}

static bool remove_file(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT;
}

/* Whether lively/ was written since the machine started; if not, empties it, which asks for the lock alone. */
static bool renew_lively(struct arena *arena, const char *path, int lock, const char **problem)
{
    const char *boot_file = arena_printf(arena, "%s/lively/boot", path).p;
    char now[BOOT_BYTES], then[BOOT_BYTES];
    read_text("/proc/sys/kernel/random/boot_id", now);
    read_text(boot_file, then);
    *problem = "/proc/sys/kernel/random/boot_id cannot be read";
    if (now[0] == 0)
        return false;
    if (strcmp(now, then) == 0)
        return true;
    *problem = "lively/ is of before the machine was restarted, and another process uses it";
    if (flock(lock, LOCK_EX | LOCK_NB) != 0)
        return false;
    *problem = "lively/ cannot be emptied";
    return remove_file(boot_file) && remove_file(arena_printf(arena, "%s/lively/data.mdb", path).p) &&
           remove_file(arena_printf(arena, "%s/lively/lock.mdb", path).p) && write_text(boot_file, now);
}

/* The first process prepares alone; the next ones wait for that. */
static bool prepare(struct arena *arena, const char *path, int lock, const char **problem)
{
    *problem = "the lock file cannot be locked";
    if (flock(lock, LOCK_EX | LOCK_NB) != 0 && flock(lock, LOCK_SH) != 0)
        return false;
    *problem = "its folders cannot be made";
    if (!folder_make(arena_printf(arena, "%s/durable", path).p) ||
        !folder_make(arena_printf(arena, "%s/lively", path).p))
        return false;
    if (!renew_lively(arena, path, lock, problem))
        return false;
    *problem = "the lock file cannot be locked";
    return flock(lock, LOCK_SH) == 0;
}

int folder_open(const char *path, char *error, size_t error_size)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    int lock = -1;
    if (folder_make(path))
        lock = open(arena_printf(arena, "%s/lock", path).p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        snprintf(error, error_size, "the store's folder %s cannot be made or used: %s", path, strerror(errno));
        return -1;
    }
    const char *problem;
    errno = 0;
    if (prepare(arena, path, lock, &problem))
        return lock;
    snprintf(error, error_size, "the store %s cannot be opened: %s%s%s", path, problem, errno ? ": " : "",
             errno ? strerror(errno) : "");
    close(lock);
    return -1;
}
