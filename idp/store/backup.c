#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/folder.h"
#include "store/internal.h"

static bool folder_is_empty(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return false;
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(folder));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(folder);
    if (!empty)
        errno = ENOTEMPTY;
    return empty;
}

/* Makes it unlikely that the map must grow, for which writers and readers of this process would wait, while the copy's
 * long transaction is open. */
static int make_headroom(struct env *env)
{
    MDB_txn *txn;
    MDB_envinfo info;
    MDB_stat stat;
    int rc = env_read(env, &txn);
    if (rc != 0)
        return rc;
    mdb_env_info(env->mdb, &info);
    mdb_env_stat(env->mdb, &stat);
    env_read_end(env, txn);
    if (info.me_last_pgno * stat.ms_psize < info.me_mapsize / 2)
        return 0;
    rc = env_grow(env, info.me_mapsize);
    return rc == MDB_MAP_FULL ? 0 : rc;
}

/* Copies into the file, compacted; as it is if LMDB finds that it cannot compact. LMDB's code or errno. */
static int copy(struct env *env, int fd)
{
    MDB_txn *txn;
    int rc = env_read(env, &txn); /* keeps the map where it is; the copy has its own transaction */
    if (rc != 0)
        return rc;
    rc = mdb_env_copyfd2(env->mdb, fd, MDB_CP_COMPACT);
    if (rc == MDB_INCOMPATIBLE) {
        rc = ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 ? mdb_env_copyfd2(env->mdb, fd, 0) : errno;
    }
    env_read_end(env, txn);
    return rc == 0 && fsync(fd) != 0 ? errno : rc;
}

static int copy_to(struct env *env, const char *file)
{
    int rc = make_headroom(env);
    if (rc != 0)
        return rc;
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    rc = copy(env, fd);
    if (close(fd) != 0 && rc == 0)
        rc = errno;
    if (rc != 0)
        unlink(file);
    return rc;
}

bool store_backup(struct store *store, const char *path, char *error, size_t error_size)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    const char *folder = arena_printf(arena, "%s/durable", path).p;
    if (!folder_make(path) || !folder_is_empty(path) || !folder_make(folder)) {
        snprintf(error, error_size, "the folder %s cannot take a backup: %s", path, strerror(errno));
        return false;
    }
    int rc = copy_to(store->durable, arena_printf(arena, "%s/data.mdb", folder).p);
    if (rc == 0 && (!folder_sync(folder) || !folder_sync(path)))
        rc = errno;
    if (rc != 0)
        snprintf(error, error_size, "the backup to %s failed: %s", path, mdb_strerror(rc));
    return rc == 0;
}
