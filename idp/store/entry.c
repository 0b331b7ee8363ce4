#include "store/entry.h"

#include <string.h>

#define NO_INDEX UINT16_MAX
#define TIME_BYTES 8

struct header {
    uint64_t version;
    int64_t expires_at;
    uint16_t index_bytes[STORE_INDEXES];
};

#define HEADER_BYTES (offsetof(struct header, index_bytes) + sizeof(uint16_t) * STORE_INDEXES)

static void append(struct link_key *out, str s)
{
    if (s.n > 0)
        memcpy(out->bytes + out->n, s.p, s.n);
    out->n += s.n;
}

void entry_index_key(struct link_key *out, str value, str key)
{
    out->bytes[0] = (unsigned char)value.n;
    out->n = 1;
    append(out, value);
    append(out, key);
}

void entry_expiry_key(struct link_key *out, int64_t expires_at, enum record_kind kind, str key)
{
    for (int i = 0; i < TIME_BYTES; i++)
        out->bytes[i] = (unsigned char)((uint64_t)expires_at >> (56 - 8 * i));
    out->bytes[TIME_BYTES] = record_table[kind].id;
    out->n = TIME_BYTES + 1;
    append(out, key);
}

bool entry_expiry_parse(MDB_val entry, int64_t *expires_at, enum record_kind *kind, str *key)
{
    const unsigned char *bytes = entry.mv_data;
    if (entry.mv_size <= TIME_BYTES + 1)
        return false;
    uint64_t time = 0;
    for (int i = 0; i < TIME_BYTES; i++)
        time = time << 8 | bytes[i];
    *expires_at = (int64_t)time;
    *key = str_bytes(bytes + TIME_BYTES + 1, entry.mv_size - TIME_BYTES - 1);
    for (*kind = 0; *kind < RECORD_KINDS; (*kind)++)
        if (record_table[*kind].id == bytes[TIME_BYTES])
            return true;
    return false;
}

bool entry_parse(MDB_val stored, struct entry *out)
{
    struct header header;
    if (stored.mv_size < HEADER_BYTES)
        return false;
    memcpy(&header, stored.mv_data, HEADER_BYTES);
    *out = (struct entry){.version = header.version, .expires_at = header.expires_at};
    str rest = {(const char *)stored.mv_data + HEADER_BYTES, stored.mv_size - HEADER_BYTES};
    for (int i = 0; i < STORE_INDEXES; i++) {
        size_t n = header.index_bytes[i];
        if (n == NO_INDEX)
            continue;
        if (n > rest.n || n > STORE_KEY_MAX)
            return false;
        out->index[i] = (str){rest.p, n};
        rest = (str){rest.p + n, rest.n - n};
    }
    out->value = rest;
    return true;
}

int entry_find(const struct env *env, MDB_txn *txn, enum record_kind kind, str key, struct entry *out)
{
    MDB_val k = val_of(key), stored;
    int rc = mdb_get(txn, env->main[kind], &k, &stored);
    if (rc != 0)
        return rc;
    return entry_parse(stored, out) ? 0 : MDB_CORRUPTED;
}

bool entry_is_live(const struct entry *entry, int64_t now)
{
    return entry->expires_at == 0 || entry->expires_at > now;
}

static int put_link(struct turn *turn, MDB_dbi dbi, const struct link_key *link)
{
    MDB_val key = {link->n, (void *)(uintptr_t)link->bytes}, nothing = {0, (void *)(uintptr_t) ""};
    return mdb_put(turn->txn, dbi, &key, &nothing, 0);
}

static int delete_link(struct turn *turn, MDB_dbi dbi, const struct link_key *link)
{
    MDB_val key = {link->n, (void *)(uintptr_t)link->bytes};
    int rc = mdb_del(turn->txn, dbi, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int move_expiry(struct turn *turn, enum record_kind kind, str key, int64_t from, int64_t to)
{
    struct link_key link;
    int rc = 0;
    if (from == to)
        return 0;
    if (from != 0) {
        entry_expiry_key(&link, from, kind, key);
        rc = delete_link(turn, turn->env->expiry, &link);
    }
    if (rc == 0 && to != 0) {
        entry_expiry_key(&link, to, kind, key);
        rc = put_link(turn, turn->env->expiry, &link);
    }
    return rc;
}

static int move_index(struct turn *turn, MDB_dbi dbi, str key, str from, str to)
{
    struct link_key link;
    int rc = 0;
    if (!from.p == !to.p && str_eq(from, to))
        return 0;
    if (from.p) {
        entry_index_key(&link, from, key);
        rc = delete_link(turn, dbi, &link);
    }
    if (rc == 0 && to.p) {
        entry_index_key(&link, to, key);
        rc = put_link(turn, dbi, &link);
    }
    return rc;
}

/* Makes the links of `from` those of `to`. */
static int move_links(struct turn *turn, enum record_kind kind, str key, const struct entry *from,
                      const struct entry *to)
{
    int rc = move_expiry(turn, kind, key, from->expires_at, to->expires_at);
    for (unsigned i = 0; rc == 0 && i < record_table[kind].indexes; i++)
        rc = move_index(turn, turn->env->index[kind][i], key, from->index[i], to->index[i]);
    return rc;
}

/* What is stored, without its value, copied: a write may move or change the page that a view looks at. All zero when
 * there is none. */
static int find_old(struct turn *turn, enum record_kind kind, str key, struct entry *old)
{
    *old = (struct entry){0};
    int rc = entry_find(turn->env, turn->txn, kind, key, old);
    for (int i = 0; rc == 0 && i < STORE_INDEXES; i++)
        old->index[i] = arena_str(turn->arena, old->index[i]);
    old->value = STR_NONE;
    return rc;
}

static void fill(unsigned char *out, const struct entry *entry)
{
    struct header header = {.version = entry->version, .expires_at = entry->expires_at};
    size_t at = HEADER_BYTES;
    for (int i = 0; i < STORE_INDEXES; i++) {
        str value = entry->index[i];
        header.index_bytes[i] = value.p ? (uint16_t)value.n : NO_INDEX;
        if (value.n > 0)
            memcpy(out + at, value.p, value.n);
        at += value.n;
    }
    memcpy(out, &header, HEADER_BYTES);
    if (entry->value.n > 0)
        memcpy(out + at, entry->value.p, entry->value.n);
}

int entry_put(struct turn *turn, enum record_kind kind, str key, struct entry *entry)
{
    struct entry old;
    int rc = find_old(turn, kind, key, &old);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    entry->version = old.version + 1;
    rc = move_links(turn, kind, key, &old, entry);
    if (rc != 0)
        return rc;
    MDB_val k = val_of(key), room = {HEADER_BYTES + entry->index[0].n + entry->index[1].n + entry->value.n, NULL};
    rc = mdb_put(turn->txn, turn->env->main[kind], &k, &room, MDB_RESERVE);
    if (rc == 0)
        fill(room.mv_data, entry);
    return rc;
}

int entry_delete(struct turn *turn, enum record_kind kind, str key)
{
    struct entry old;
    int rc = find_old(turn, kind, key, &old);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    rc = move_links(turn, kind, key, &old, &(struct entry){0});
    if (rc != 0)
        return rc;
    MDB_val k = val_of(key);
    return mdb_del(turn->txn, turn->env->main[kind], &k, NULL);
}
