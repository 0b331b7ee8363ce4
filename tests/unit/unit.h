/* What every unit test includes: cmocka, and a fresh arena. */
#ifndef KONSAO_TESTS_UNIT_H
#define KONSAO_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

/** `actual` is the text `expected`. */
#define assert_str(actual, expected)                                                                                   \
    do {                                                                                                               \
        str actual_ = (actual), expected_ = str_of(expected);                                                          \
        if (!str_eq(actual_, expected_))                                                                               \
            fail_msg("\"%.*s\" is not \"%.*s\"", STR_FMT(actual_), STR_FMT(expected_));                                \
    } while (0)

#define TEST_ARENA CLEANUP(arena_release) struct arena *arena = arena_new()

#endif
