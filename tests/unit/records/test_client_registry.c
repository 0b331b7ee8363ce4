#include <pthread.h>
#include <stdatomic.h>

#include "records/client/client.h"
#include "unit/store/fixture.h"

#define METADATA(id, name, more)                                                                                       \
    "{\"client_id\":\"" id "\",\"client_name\":\"" name "\",\"token_endpoint_auth_method\":\"none\","                  \
    "\"redirect_uris\":[\"https://a.kh/cb\"]" more "}"

static void write_client(struct fixture *f, const char *metadata)
{
    assert_int_equal(put(f, RECORD_CLIENT, STR("a"), str_of(metadata), 0), STORE_OK);
}

static void remove_client(struct fixture *f)
{
    struct store_op op = {.what = STORE_DELETE, .kind = RECORD_CLIENT, .key = STR("a")};
    assert_int_equal(store_write(f->store, &op, 1), STORE_OK);
}

static void a_change_is_seen_at_once_and_what_is_held_stays(void **state)
{
    struct fixture *f = *state;
    struct client_registry *registry = client_registry_new(f->store);
    struct arena *first = arena_new(), *second = arena_new();
    assert_null(client_find(registry, first, STR("a")));
    write_client(f, METADATA("a", "Old", ""));
    const struct client *old = client_find(registry, first, STR("a"));
    assert_non_null(old);
    assert_ptr_equal(client_find(registry, second, STR("a")), old); /* parsed once */
    write_client(f, METADATA("a", "New", ""));
    const struct client *fresh = client_find(registry, second, STR("a"));
    assert_str(fresh->name[1], "New");
    assert_str(old->name[1], "Old"); /* the first request still holds it */
    arena_free(first);
    client_registry_free(registry);
    assert_str(fresh->name[1], "New"); /* and the second outlives the registry */
    arena_free(second);
}

static void one_that_was_removed_and_added_anew_is_the_new_one(void **state)
{
    struct fixture *f = *state;
    struct client_registry *registry = client_registry_new(f->store);
    write_client(f, METADATA("a", "One", ""));
    assert_str(client_find(registry, f->arena, STR("a"))->name[1], "One");
    remove_client(f);
    write_client(f, METADATA("a", "Two", "")); /* the same version number again */
    assert_str(client_find(registry, f->arena, STR("a"))->name[1], "Two");
    remove_client(f);
    assert_null(client_find(registry, f->arena, STR("a")));
    client_registry_free(registry);
}

static void a_disabled_or_damaged_one_is_nobody(void **state)
{
    struct fixture *f = *state;
    struct client_registry *registry = client_registry_new(f->store);
    write_client(f, METADATA("a", "A", ",\"disabled\":true"));
    assert_null(client_find(registry, f->arena, STR("a")));
    write_client(f, METADATA("b", "Another's record", ""));
    assert_null(client_find(registry, f->arena, STR("a")));
    write_client(f, "no JSON");
    assert_null(client_find(registry, f->arena, STR("a")));
    write_client(f, METADATA("a", "A", ""));
    assert_non_null(client_find(registry, f->arena, STR("a")));
    assert_null(client_find(registry, f->arena, STR("")));
    assert_null(client_find(registry, f->arena, STR_NONE));
    client_registry_free(registry);
}

struct readers {
    struct client_registry *registry;
    atomic_bool stop;
    atomic_uint wrong;
};

static void *read_until_told(void *context)
{
    struct readers *readers = context;
    while (!readers->stop) {
        struct arena *arena = arena_new();
        const struct client *client = client_find(readers->registry, arena, STR("a"));
        if (!client || !str_is(client->id, "a") || client->redirect_uris.count != 1)
            readers->wrong++;
        arena_free(arena);
    }
    return NULL;
}

static void many_threads_read_while_it_changes(void **state)
{
    struct fixture *f = *state;
    struct readers readers = {.registry = client_registry_new(f->store)};
    pthread_t threads[3];
    write_client(f, METADATA("a", "0", ""));
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_until_told, &readers), 0);
    for (int i = 0; i < 100; i++)
        write_client(f, i % 2 ? METADATA("a", "0", "") : METADATA("a", "1", ""));
    readers.stop = true;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(readers.wrong, 0);
    client_registry_free(readers.registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_change_is_seen_at_once_and_what_is_held_stays),
        STORE_TEST(one_that_was_removed_and_added_anew_is_the_new_one),
        STORE_TEST(a_disabled_or_damaged_one_is_nobody),
        STORE_TEST(many_threads_read_while_it_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
