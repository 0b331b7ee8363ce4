#include <string.h>

#include "base/clock.h"
#include "store/internal.h"

#define PAGE_RECORDS 64
#define PAGE_BYTES 65536 /* of values, after which a page ends */
#define PAGE_VISITS 512  /* entries looked at: expired ones count too */

/* Where a scan is. Between pages no transaction is open: a slow reader would keep every page that is replaced
 * meanwhile. */
struct scan {
    struct env *env;
    enum record_kind kind;
    int index;
    str value;          /* of the index */
    struct link_key at; /* the entry seen last, or where the first may be; empty: at the start */
    bool ended;
};

struct page {
    struct arena *arena;
    struct record records[PAGE_RECORDS];
    size_t count, visits, bytes;
    int64_t now;
};

static void scan_start(struct scan *scan, str after)
{
    if (scan->index >= 0) {
        entry_index_key(&scan->at, scan->value, after);
    } else {
        scan->at.n = after.n;
        if (after.n > 0)
            memcpy(scan->at.bytes, after.p, after.n);
    }
}

static int seek(struct scan *scan, MDB_cursor *cursor, MDB_val *key, MDB_val *data)
{
    if (scan->at.n == 0)
        return mdb_cursor_get(cursor, key, data, MDB_FIRST);
    *key = (MDB_val){scan->at.n, scan->at.bytes};
    int rc = mdb_cursor_get(cursor, key, data, MDB_SET_RANGE);
    bool same = rc == 0 && key->mv_size == scan->at.n && memcmp(key->mv_data, scan->at.bytes, scan->at.n) == 0;
    return same ? mdb_cursor_get(cursor, key, data, MDB_NEXT) : rc;
}

/* The primary key of what the cursor is at; false when that is no longer part of the scan. */
static bool primary_key(const struct scan *scan, MDB_val key, str *primary)
{
    *primary = str_of_val(key);
    if (scan->index < 0)
        return true;
    struct link_key prefix;
    entry_index_key(&prefix, scan->value, STR_NONE);
    if (!str_starts(*primary, str_bytes(prefix.bytes, prefix.n)))
        return false;
    *primary = (str){primary->p + prefix.n, primary->n - prefix.n};
    return true;
}

static int add_record(struct scan *scan, MDB_txn *txn, struct page *page, str primary, MDB_val data)
{
    struct entry entry;
    int rc = 0;
    if (scan->index >= 0)
        rc = entry_find(scan->env, txn, scan->kind, primary, &entry);
    else if (!entry_parse(data, &entry))
        rc = MDB_CORRUPTED;
    if (rc != 0)
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    if (!entry_is_live(&entry, page->now))
        return 0;
    page->records[page->count++] = store_record(page->arena, primary, &entry);
    page->bytes += entry.value.n;
    return 0;
}

static bool page_is_full(const struct page *page)
{
    return page->count == PAGE_RECORDS || page->bytes >= PAGE_BYTES || page->visits == PAGE_VISITS;
}

static int walk(struct scan *scan, MDB_txn *txn, MDB_cursor *cursor, struct page *page)
{
    MDB_val key, data;
    str primary;
    int rc = seek(scan, cursor, &key, &data);
    for (; rc == 0 && primary_key(scan, key, &primary); rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) {
        if (page_is_full(page))
            return 0;
        rc = add_record(scan, txn, page, primary, data);
        if (rc != 0)
            return rc;
        page->visits++;
        scan->at.n = key.mv_size;
        memcpy(scan->at.bytes, key.mv_data, key.mv_size);
    }
    scan->ended = true;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int read_page(struct scan *scan, struct page *page)
{
    struct env *env = scan->env;
    MDB_txn *txn;
    MDB_cursor *cursor;
    int rc = env_read(env, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(txn, scan->index < 0 ? env->main[scan->kind] : env->index[scan->kind][scan->index], &cursor);
    if (rc == 0) {
        rc = walk(scan, txn, cursor, page);
        mdb_cursor_close(cursor);
    }
    env_read_end(env, txn);
    return rc;
}

enum store_result store_scan(struct store *store, enum record_kind kind, int index, str value, str after,
                             bool (*each)(const struct record *record, void *context), void *context)
{
    if (index >= (int)record_table[kind].indexes)
        return STORE_ERROR;
    if (after.n > STORE_KEY_MAX || (index >= 0 && value.n > STORE_KEY_MAX))
        return STORE_OK; /* nothing has such a key */
    struct scan scan = {.env = store_env(store, kind), .kind = kind, .index = index, .value = value};
    scan_start(&scan, after);
    while (!scan.ended) {
        CLEANUP(arena_release) struct arena *arena = arena_new();
        struct page page = {.arena = arena, .now = clock_now()};
        int rc = read_page(&scan, &page);
        if (rc != 0)
            return env_result(scan.env, "scan", rc);
        for (size_t i = 0; i < page.count; i++)
            if (!each(&page.records[i], context))
                return STORE_OK;
    }
    return STORE_OK;
}
