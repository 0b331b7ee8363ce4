#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/internal.h"

struct batch {
    const struct store_op *ops;
    size_t count;
};

/* `*holds` says whether the op's condition does. */
static int check_condition(struct turn *turn, const struct store_op *op, bool *holds)
{
    *holds = true;
    if (op->condition == ALWAYS)
        return 0;
    struct entry entry;
    int rc = entry_find(turn->env, turn->txn, op->kind, op->key, &entry);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    bool live = rc == 0 && entry_is_live(&entry, turn->now);
    if (op->condition == IF_ABSENT)
        *holds = !live;
    else
        *holds = live && (op->condition == IF_PRESENT || entry.version == op->version);
    return 0;
}

static int put(struct turn *turn, const struct store_op *op, str key, str value)
{
    struct entry entry = {.expires_at = op->expires_at, .value = value};
    for (int i = 0; i < STORE_INDEXES; i++)
        entry.index[i] = op->index[i];
    return entry_put(turn, op->kind, key, &entry);
}

/* The last entry's number and value; 0 and STR_NONE when there is none. */
static int find_last(struct turn *turn, enum record_kind kind, uint64_t *number, str *value)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(turn->txn, turn->env->main[kind], &cursor);
    if (rc != 0)
        return rc;
    MDB_val key, stored;
    rc = mdb_cursor_get(cursor, &key, &stored, MDB_LAST);
    mdb_cursor_close(cursor);
    *number = 0;
    *value = STR_NONE;
    if (rc != 0)
        return rc == MDB_NOTFOUND ? 0 : rc;
    struct entry entry;
    if (key.mv_size != sizeof *number || !entry_parse(stored, &entry))
        return MDB_CORRUPTED;
    const unsigned char *bytes = key.mv_data;
    for (size_t i = 0; i < sizeof *number; i++)
        *number = *number << 8 | bytes[i];
    *value = entry.value;
    return 0;
}

static int append(struct turn *turn, const struct store_op *op)
{
    uint64_t number;
    str previous;
    int rc = find_last(turn, op->kind, &number, &previous);
    if (rc != 0)
        return rc;
    number++;
    unsigned char key[sizeof number];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (unsigned char)(number >> (56 - 8 * i));
    str value = op->chain ? op->chain(turn->arena, number, previous, op->context) : op->value;
    return put(turn, op, str_bytes(key, sizeof key), value);
}

static int run_batch(struct turn *turn, void *context, enum store_result *result)
{
    const struct batch *batch = context;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < batch->count; i++) {
        bool holds;
        rc = check_condition(turn, &batch->ops[i], &holds);
        if (rc == 0 && !holds) {
            *result = STORE_CONFLICT;
            return 0;
        }
    }
    for (size_t i = 0; rc == 0 && i < batch->count; i++) {
        const struct store_op *op = &batch->ops[i];
        if (op->what == STORE_PUT)
            rc = put(turn, op, op->key, op->value);
        else if (op->what == STORE_DELETE)
            rc = entry_delete(turn, op->kind, op->key);
        else
            rc = append(turn, op);
    }
    return rc;
}

/* What is wrong with an op, as its caller wrote it; NULL if nothing is. */
static const char *fault_of(const struct store_op *op, bool durable)
{
    if ((unsigned)op->kind >= RECORD_KINDS)
        return "kind";
    if (record_table[op->kind].durable != durable)
        return "durability";
    if (op->what == STORE_APPEND ? op->condition != ALWAYS : !store_key_fits(op->key))
        return op->what == STORE_APPEND ? "condition" : "key";
    if (op->expires_at < 0)
        return "expiry";
    for (unsigned i = 0; i < STORE_INDEXES; i++)
        if (op->index[i].n > STORE_KEY_MAX || (op->index[i].p && i >= record_table[op->kind].indexes))
            return "index";
    return NULL;
}

enum store_result store_write(struct store *store, const struct store_op *ops, size_t count)
{
    if (count == 0)
        return STORE_OK;
    for (size_t i = 0; i < count; i++) {
        const char *fault =
            fault_of(&ops[i], (unsigned)ops[0].kind < RECORD_KINDS && record_table[ops[0].kind].durable);
        if (fault) {
            log_error("store.write refused=%s op=%zu kind=%d", fault, i, (int)ops[i].kind);
            return STORE_ERROR;
        }
    }
    struct batch batch = {ops, count};
    return queue_run(store_env(store, ops[0].kind), run_batch, &batch);
}

struct taking {
    enum record_kind kind;
    str key;
    struct arena *arena;
    struct record *out;
};

static int run_take(struct turn *turn, void *context, enum store_result *result)
{
    const struct taking *taking = context;
    struct entry entry;
    int rc = entry_find(turn->env, turn->txn, taking->kind, taking->key, &entry);
    if (rc == MDB_NOTFOUND || (rc == 0 && !entry_is_live(&entry, turn->now))) {
        *result = STORE_NOT_FOUND;
        return 0;
    }
    if (rc != 0)
        return rc;
    *taking->out = store_record(taking->arena, taking->key, &entry);
    return entry_delete(turn, taking->kind, taking->key);
}

enum store_result store_take(struct store *store, enum record_kind kind, str key, struct arena *arena,
                             struct record *out)
{
    if (!store_key_fits(key))
        return STORE_NOT_FOUND;
    struct taking taking = {kind, key, arena, out};
    return queue_run(store_env(store, kind), run_take, &taking);
}

struct counting {
    enum record_kind kind;
    str key;
    uint32_t add, *total;
    int64_t life, *ends_at;
};

/* What is counted so far, and until when; as if it started now when nothing is. */
static int read_count(const struct env *env, MDB_txn *txn, int64_t now, const struct counting *counting)
{
    struct entry entry;
    *counting->total = 0;
    *counting->ends_at = now + counting->life;
    int rc = entry_find(env, txn, counting->kind, counting->key, &entry);
    if (rc != 0 || !entry_is_live(&entry, now))
        return rc == MDB_NOTFOUND ? 0 : rc;
    if (entry.value.n != sizeof *counting->total)
        return MDB_CORRUPTED;
    memcpy(counting->total, entry.value.p, sizeof *counting->total);
    *counting->ends_at = entry.expires_at;
    return 0;
}

static int run_count(struct turn *turn, void *context, enum store_result *result)
{
    const struct counting *counting = context;
    (void)result;
    int rc = read_count(turn->env, turn->txn, turn->now, counting);
    if (rc != 0)
        return rc;
    uint32_t total = *counting->total;
    total = total > UINT32_MAX - counting->add ? UINT32_MAX : total + counting->add;
    *counting->total = total;
    struct entry entry = {.expires_at = *counting->ends_at, .value = str_bytes(&total, sizeof total)};
    return entry_put(turn, counting->kind, counting->key, &entry);
}

static enum store_result look_at_count(struct env *env, const struct counting *counting)
{
    MDB_txn *txn;
    int rc = env_read(env, &txn);
    if (rc == 0) {
        rc = read_count(env, txn, clock_now(), counting);
        env_read_end(env, txn);
    }
    return env_result(env, "count", rc);
}

enum store_result store_count(struct store *store, enum record_kind kind, str key, uint32_t add, int64_t life,
                              uint32_t *total, int64_t *ends_at)
{
    if (record_table[kind].durable || !store_key_fits(key) || life <= 0 || life > INT32_MAX) {
        log_error("store.count refused kind=%d key_bytes=%zu life=%" PRId64, (int)kind, key.n, life);
        return STORE_ERROR;
    }
    struct counting counting = {kind, key, add, total, life, ends_at};
    if (add == 0)
        return look_at_count(store->lively, &counting);
    return queue_run(store->lively, run_count, &counting);
}
