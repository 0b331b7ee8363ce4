/* Compiler attributes, spelled once. */
#ifndef KONSAO_BASE_ATTR_H
#define KONSAO_BASE_ATTR_H

/** The result says whether it worked: ignoring it is an error (-Werror). */
#define MUST_CHECK __attribute__((warn_unused_result))

/** printf-style checking: `fmt` and `args` are argument positions, from 1. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/** Calls `fn(&variable)` when the variable leaves its scope. This, and the arena, are the only clean-up idioms. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
