#include "keys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define OTHERS 077

bool problem_is(const struct problem *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem->text, problem->size, format, args);
    va_end(args);
    return false;
}

void file_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static bool read_all(int fd, char *out, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, out, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        out += got;
        n -= (size_t)got;
    }
    return true;
}

static bool write_all(int fd, str content)
{
    while (content.n > 0) {
        ssize_t put = write(fd, content.p, content.n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        content = (str){content.p + put, content.n - (size_t)put};
    }
    return true;
}

bool file_read_private(struct arena *arena, const char *path, size_t max, str *out, struct stat *info,
                       const struct problem *problem)
{
    CLEANUP(file_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, info) != 0)
        return problem_is(problem, "cannot open %s: %m", path);
    if (!S_ISREG(info->st_mode))
        return problem_is(problem, "%s is not a regular file", path);
    if (info->st_mode & OTHERS)
        return problem_is(problem, "%s is open to others than its owner (mode %04o); chmod go= it", path,
                          (unsigned)(info->st_mode & 07777));
    if (info->st_size < 0 || (size_t)info->st_size > max)
        return problem_is(problem, "%s is damaged: its size is wrong", path);
    char *bytes = arena_alloc(arena, (size_t)info->st_size + 1);
    if (!read_all(fd, bytes, (size_t)info->st_size))
        return problem_is(problem, "cannot read %s: %m", path);
    *out = (str){bytes, (size_t)info->st_size};
    return true;
}

static bool sync_folder_of(struct arena *arena, const char *path)
{
    CLEANUP(file_close) int fd = open(dirname(arena_cstr(arena, str_of(path))), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

/* A ring that root rotates must stay readable to the server's own user. */
static bool keep_owner(int fd, const char *path)
{
    struct stat old;
    return stat(path, &old) != 0 || old.st_uid == geteuid() || fchown(fd, old.st_uid, old.st_gid) == 0;
}

bool file_replace(const char *path, mode_t mode, str content, const struct problem *problem)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    const char *fresh = arena_printf(arena, "%s.new", path).p;
    if (unlink(fresh) != 0 && errno != ENOENT) /* left by a writer that was killed: we hold the lock */
        return problem_is(problem, "cannot remove %s: %m", fresh);
    CLEANUP(file_close) int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0 || fchmod(fd, mode) != 0 || !keep_owner(fd, path) || !write_all(fd, content) || fsync(fd) != 0 ||
        rename(fresh, path) != 0) {
        problem_is(problem, "cannot write %s: %m", path);
        unlink(fresh);
        return false;
    }
    if (!sync_folder_of(arena, path))
        return problem_is(problem, "%s is written, but its folder could not be synced: %m", path);
    return true;
}

/* The lock has a file of its own, because the file that it guards is another one after each write. */
int file_lock(const char *path, const struct problem *problem)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    const char *lock = arena_printf(arena, "%s.lock", path).p;
    int fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    while (fd >= 0 && flock(fd, LOCK_EX) != 0)
        if (errno != EINTR) {
            problem_is(problem, "cannot lock %s: %m", lock);
            file_close(&fd);
            return -1;
        }
    if (fd < 0)
        problem_is(problem, "cannot open %s: %m", lock);
    return fd;
}
