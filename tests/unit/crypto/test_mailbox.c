#include "crypto/mailbox.h"

#include <string.h>

#include "crypto/primitives.h"
#include "unit/unit.h"

static void what_was_put_in_is_read_with_the_secret(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str secret = random_token(arena, 32), plain;
    struct mailbox box = mailbox_make(arena, secret);
    str put = mailbox_put(arena, box.slot, STR("a code"));
    assert_true(mailbox_open(arena, secret, box.sealed_key, put, &plain));
    assert_true(str_eq(plain, STR("a code")));
}

static void another_secret_or_another_mailbox_reads_nothing(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str secret = random_token(arena, 32), other = random_token(arena, 32), plain;
    struct mailbox box = mailbox_make(arena, secret), second = mailbox_make(arena, other);
    str put = mailbox_put(arena, box.slot, STR("a code"));
    assert_false(mailbox_open(arena, other, box.sealed_key, put, &plain));
    assert_false(mailbox_open(arena, other, second.sealed_key, put, &plain));
    assert_false(mailbox_open(arena, secret, box.sealed_key, mailbox_put(arena, second.slot, STR("x")), &plain));
    assert_false(mailbox_open(arena, secret, box.sealed_key, STR("garbage"), &plain));
}

static void the_slot_and_what_lies_in_it_do_not_show_the_text(void **state)
{
    (void)state;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    struct mailbox box = mailbox_make(arena, random_token(arena, 32));
    str put = mailbox_put(arena, box.slot, STR("a code of somebody"));
    assert_null(memmem(put.p, put.n, "somebody", 8));
    assert_null(memmem(box.slot.p, box.slot.n, "\"d\"", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_in_is_read_with_the_secret),
        cmocka_unit_test(another_secret_or_another_mailbox_reads_nothing),
        cmocka_unit_test(the_slot_and_what_lies_in_it_do_not_show_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
