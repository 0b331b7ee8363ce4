/* What the fault tests write and check: grants, each in one batch with its audit entry, so that in any state of the
 * store there is exactly one entry for each grant. */
#ifndef KONSAO_TESTS_FAULTS_LOAD_H
#define KONSAO_TESTS_FAULTS_LOAD_H

#include "audit/audit.h"
#include "unit/store/fixture.h"

#define GRANT_KEY_BYTES 16

/* The value says its key, then has a length that depends on it: damage shows. */
static inline str grant_value(struct arena *arena, str key)
{
    size_t n = GRANT_KEY_BYTES + (unsigned char)key.p[15] * 16u;
    char *value = arena_alloc(arena, n);
    memset(value, key.p[15], n);
    memcpy(value, key.p, GRANT_KEY_BYTES);
    return (str){value, n};
}

static inline enum store_result write_grant(struct store *store, struct arena *arena, str key, str session)
{
    struct audit_entry entry = {.action = STR("token.issue"), .outcome = STR("ok"), .session_id = session};
    struct store_op ops[] = {put_op(RECORD_GRANT, key, grant_value(arena, key)), audit_op(arena, &entry)};
    ops[0].index[0] = session;
    ops[0].expires_at = clock_now() + 3600;
    return store_write(store, ops, 2);
}

static inline void assert_grant(struct store *store, struct arena *arena, str key)
{
    struct record record;
    assert_int_equal(store_get(store, RECORD_GRANT, key, arena, &record), STORE_OK);
    assert_true(str_eq(record.value, grant_value(arena, key)));
}

static inline bool check_grant(const struct record *record, void *context)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    assert_true(str_eq(record->value, grant_value(arena, record->key)));
    ++*(uint64_t *)context;
    return true;
}

/* How many grants the index gives for the session, each of them whole. */
static inline uint64_t count_session(struct store *store, str session)
{
    uint64_t count = 0;
    assert_int_equal(store_scan(store, RECORD_GRANT, 0, session, STR_NONE, check_grant, &count), STORE_OK);
    return count;
}

/* The audit chain holds, and has one entry for each grant. Returns how many. */
static inline uint64_t assert_whole(struct store *store)
{
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct audit_report report;
    uint64_t count = 0;
    if (!audit_verify(store, arena, &report))
        fail_msg("%s at %d", report.problem, (int)report.bad_at);
    assert_int_equal(store_scan(store, RECORD_GRANT, -1, STR_NONE, STR_NONE, check_grant, &count), STORE_OK);
    assert_int_equal(report.entries, count);
    return count;
}

#endif
