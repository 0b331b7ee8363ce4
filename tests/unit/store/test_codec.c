#include "store/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    str name, note;
    int64_t number;
    bool flag;
};

static const struct field fields[] = {
    FIELD(1, FIELD_STR, sample, name),
    FIELD(2, FIELD_I64, sample, number),
    FIELD(7, FIELD_BOOL, sample, flag),
    FIELD(200, FIELD_STR, sample, note),
};
static const struct codec codec = {RECORD_CLIENT, fields, COUNT_OF(fields)};

static struct sample round_trip(struct arena *arena, struct sample in)
{
    struct sample out = {0};
    assert_true(codec_decode(&codec, codec_encode(&codec, arena, &in), &out));
    return out;
}

static void keeps_every_field(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    char *big = arena_alloc(arena, 300000);
    memset(big, 'x', 300000);
    struct sample out = round_trip(arena, (struct sample){STR("a\0b"), {big, 300000}, 5, true});
    assert_true(str_eq(out.name, STR("a\0b")));
    assert_true(str_eq(out.note, str_bytes(big, 300000)));
    assert_int_equal(out.number, 5);
    assert_true(out.flag);
}

static void keeps_every_size_of_integer(void **state)
{
    (void)state;
    static const int64_t numbers[] = {0,     1,     -1,     127,        128,       -128,     -129,
                                      32767, 32768, -32769, 1700000000, INT64_MAX, INT64_MIN};
    CLEANUP(arena_release) struct arena *arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        assert_true(round_trip(arena, (struct sample){.number = numbers[i]}).number == numbers[i]);
}

static void tells_none_from_empty(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct sample out = round_trip(arena, (struct sample){.name = STR("")});
    assert_non_null(out.name.p);
    assert_int_equal(out.name.n, 0);
    assert_null(out.note.p);
}

static void zeros_take_no_room(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    assert_int_equal(codec_encode(&codec, arena, &(struct sample){0}).n, 2);
}

static void skips_tags_it_does_not_know(void **state)
{
    (void)state;
    struct sample out = {0};
    assert_true(codec_decode(&codec, STR("\1\1\1\1a\x63\3xyz\7\0"), &out));
    assert_true(str_is(out.name, "a"));
    assert_true(out.flag);
}

static void takes_fields_in_any_order(void **state)
{
    (void)state;
    struct sample out = {0};
    assert_true(codec_decode(&codec, STR("\1\1\310\1n\2\1\5\1\1a"), &out));
    assert_true(str_is(out.name, "a") && str_is(out.note, "n") && out.number == 5);
}

static void refuses_another_kind_and_format(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct sample out = {0};
    str value = codec_encode(&codec, arena, &(struct sample){.name = STR("a")});
    struct codec other = codec;
    other.kind = RECORD_SESSION;
    assert_false(codec_decode(&other, value, &out));
    assert_false(codec_decode(&codec, STR("\2\1\1\1a"), &out));
}

static void refuses_damaged_values(void **state)
{
    (void)state;
    static const str damaged[] = {
        STR_INIT(""),                              /* nothing */
        STR_INIT("\1"),                            /* no kind */
        STR_INIT("\1\1\1"),                        /* no length */
        STR_INIT("\1\1\1\2a"),                     /* a byte short */
        STR_INIT("\1\1\1\200"),                    /* a length that does not end */
        STR_INIT("\1\1\1\377\377\377\377\377\1a"), /* a length that is no length */
        STR_INIT("\1\1\0\1a"),                     /* tag 0 */
        STR_INIT("\1\1\1\1a\1\1b"),                /* twice */
        STR_INIT("\1\1\2\0"),                      /* an empty integer */
        STR_INIT("\1\1\2\11\1\1\1\1\1\1\1\1\1"),   /* an integer of nine bytes */
        STR_INIT("\1\1\7\1x"),                     /* a bool with content */
    };
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        struct sample out = {0};
        if (codec_decode(&codec, damaged[i], &out))
            fail_msg("case %zu was accepted", i);
    }
}

static void refuses_a_value_cut_inside_a_field(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str value = codec_encode(&codec, arena, &(struct sample){STR("name"), STR("note"), 1000, false});
    for (size_t n = 3; n < value.n; n++) {
        struct sample out = {0};
        bool boundary = n == 8 || n == 12; /* after name, after number */
        assert_int_equal(codec_decode(&codec, (str){value.p, n}, &out), boundary);
    }
}

static void numbers_kinds_once(void **state)
{
    (void)state;
    for (int a = 0; a < RECORD_KINDS; a++) {
        assert_true(record_table[a].id != 0);
        for (int b = 0; b < a; b++)
            assert_true(record_table[a].id != record_table[b].id &&
                        strcmp(record_table[a].name, record_table[b].name) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_field),
        cmocka_unit_test(keeps_every_size_of_integer),
        cmocka_unit_test(tells_none_from_empty),
        cmocka_unit_test(zeros_take_no_room),
        cmocka_unit_test(skips_tags_it_does_not_know),
        cmocka_unit_test(takes_fields_in_any_order),
        cmocka_unit_test(refuses_another_kind_and_format),
        cmocka_unit_test(refuses_damaged_values),
        cmocka_unit_test(refuses_a_value_cut_inside_a_field),
        cmocka_unit_test(numbers_kinds_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
