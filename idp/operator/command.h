/* The `konsao` command: what a verb is, and what came of reading its arguments. */
#ifndef KONSAO_OPERATOR_COMMAND_H
#define KONSAO_OPERATOR_COMMAND_H

#include "base/buf.h"
#include "settings.h"

enum { DONE = 0, FAILED = 1, MISUSED = 2 }; /* exit codes */

struct flag {
    const char *name;
    const char *argument; /* what its value is called in the help; NULL: it has none */
    const char *text;
};

struct given_flag {
    const char *name;
    str value; /* followed by a NUL; STR_NONE for a flag without */
};

struct command;

struct verb {
    const char *name;    /* one word, or two: "client add" */
    const char *operand; /* what must stand after it; NULL: nothing */
    const char *summary;
    const struct flag *flags; /* its own, until one without a name; NULL: none */
    bool json;                /* it knows --json */
    bool plain;               /* it needs no settings */
    int (*run)(struct command *command);
};

struct command {
    struct arena *arena;
    const struct verb *verb;
    struct settings settings;
    const char *config;               /* file; NULL: none */
    struct setting_override *changes; /* of settings, by flags */
    size_t change_count;
    struct given_flag *given; /* the verb's own flags, in order */
    size_t given_count;
    str operand;
    bool json;
};

/** Finds the verb, reads flags and settings, runs it. Returns the exit code. `verbs` ends with one without a name. */
int command_run(int argc, char **argv, const struct verb *verbs);

/** Whether a flag of the verb was given; its (last) value, STR_NONE when it was not. */
bool command_has(const struct command *command, const char *flag);
str command_value(const struct command *command, const char *flag);

/** Tells the operator why it did not work. Returns FAILED, or MISUSED. */
int command_fails(const char *format, ...) PRINTF_LIKE(1, 2);
int command_misused(const char *format, ...) PRINTF_LIKE(1, 2);
/** Reads a file of at most `max` bytes; tells why when it can't. */
MUST_CHECK bool command_read_file(struct arena *arena, const char *path, size_t max, str *out);
/** Reads a length of time, from 1 to `most` seconds: "90s", "45m", "12h", "30d", or a bare number of `unit` seconds. */
MUST_CHECK bool command_life(str text, int64_t unit, int64_t most, int64_t *out);
/** A time as people read it, UTC. */
str command_time(struct arena *arena, int64_t seconds);
/** Puts text and a line's end on standard output. */
void command_print(str text);

#endif
