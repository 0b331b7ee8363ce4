/* Of the settings alone: the table of all keys, and what a value of each type must look like. */
#ifndef KONSAO_SETTINGS_TABLE_H
#define KONSAO_SETTINGS_TABLE_H

#include "base/buf.h"
#include "settings.h"

enum setting_type {
    SETTING_TEXT,    /* may be empty */
    SETTING_PATH,    /* may be empty */
    SETTING_ADDRESS, /* an IP address; may be empty */
    SETTING_URL,     /* scheme, host, port and, where `max` is 1, a path; https, or http on a loopback host */
    SETTING_CHOICE,  /* one of `choices` */
    SETTING_NUMBER,
    SETTING_SECONDS, /* a number with or without s, m, h or d */
};

struct setting {
    const char *key;
    enum setting_type type;
    size_t offset;       /* in struct settings: of a str, or of an int64_t */
    const char *initial; /* the default, as it would be written; NULL: found out at the start, as `text` says */
    int64_t min, max;
    const char *choices; /* space-separated */
    const char *text;    /* what it is for, in a sentence or two */
};

extern const struct setting setting_table[];
extern const size_t setting_count;

/** The number of a key in the table; setting_count when there is none. */
size_t setting_find(str key);
static inline bool setting_is_text(const struct setting *setting)
{
    return setting->type < SETTING_NUMBER;
}
static inline str *setting_text_of(struct settings *settings, const struct setting *setting)
{
    return (str *)(void *)((char *)settings + setting->offset);
}
static inline int64_t *setting_number_of(struct settings *settings, const struct setting *setting)
{
    return (int64_t *)(void *)((char *)settings + setting->offset);
}
/** Reads `value` into `out`. STR_NONE, or in words what it should be. */
MUST_CHECK str setting_read(struct arena *arena, const struct setting *setting, str value, struct settings *out);
/** The value as it would be written in a file. */
str setting_write(struct arena *arena, const struct settings *settings, const struct setting *setting);
/** The variable that sets it: KONSAO_REGISTER_URL. */
str setting_variable(struct arena *arena, const struct setting *setting);
/** Whether the host of a URL is this machine: localhost, 127.0.0.1 or [::1]. */
bool url_is_loopback(str url);

/** Fills in what follows from other settings, then checks that they fit together; adds a line for each that does not.
 */
void settings_complete(struct arena *arena, struct settings *settings, str *origins);
void settings_check(const struct settings *settings, struct buf *problems);

#endif
