#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings_table.h"

#define FILE_MAX_BYTES ((size_t)256 * 1024)

struct loading {
    struct arena *arena;
    struct settings *out;
    str *origins;
    struct buf problems;
};

static void complain(struct loading *loading, str origin, str key, str fault)
{
    buf_printf(&loading->problems, "%.*s: %.*s %.*s\n", STR_FMT(origin), STR_FMT(key), STR_FMT(fault));
}

static void set(struct loading *loading, size_t i, str value, str origin)
{
    str fault = setting_read(loading->arena, &setting_table[i], value, loading->out);
    if (fault.p)
        complain(loading, origin, str_of(setting_table[i].key), fault);
    loading->origins[i] = origin;
}

/* The key that differs least in how it begins and ends: for "did you mean". */
static str nearest(struct arena *arena, str key)
{
    size_t best = 2;
    const char *found = NULL;
    for (size_t i = 0; i < setting_count; i++) {
        str known = str_of(setting_table[i].key);
        size_t head = 0, tail = 0;
        while (head < key.n && head < known.n && key.p[head] == known.p[head])
            head++;
        while (tail + head < key.n && tail + head < known.n && key.p[key.n - 1 - tail] == known.p[known.n - 1 - tail])
            tail++;
        if (head + tail > best && head + tail + 3 > known.n) {
            best = head + tail;
            found = setting_table[i].key;
        }
    }
    return found ? arena_printf(arena, "is no setting (did you mean %s?)", found) : STR("is no setting");
}

static void set_by_key(struct loading *loading, str key, str value, str origin)
{
    size_t i = setting_find(key);
    if (i == setting_count)
        complain(loading, origin, key, nearest(loading->arena, key));
    else
        set(loading, i, value, origin);
}

static void use_defaults(struct loading *loading)
{
    for (size_t i = 0; i < setting_count; i++)
        if (setting_table[i].initial)
            set(loading, i, str_of(setting_table[i].initial), STR("default"));
}

/* All of a file; STR_NONE when it can't be read, with errno. */
static str read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return STR_NONE;
    char *bytes = arena_alloc(arena, FILE_MAX_BYTES + 1);
    size_t n = fread(bytes, 1, FILE_MAX_BYTES + 1, file);
    int error = ferror(file) ? errno : n > FILE_MAX_BYTES ? EFBIG : 0;
    fclose(file);
    errno = error;
    return error ? STR_NONE : (str){bytes, n};
}

/* "key = value" lines; a line that begins with # or ; is a remark. A key that stands there twice is a fault, because
 * one of the two would be believed wrongly. */
static void use_file(struct loading *loading, const char *path)
{
    str rest = read_file(loading->arena, path), line, key, value;
    bool *seen = ARENA_ARRAY(loading->arena, bool, setting_count + 1);
    if (!rest.p) {
        buf_printf(&loading->problems, "%s: cannot be read: %s\n", path, strerror(errno));
        return;
    }
    for (size_t number = 1; rest.p; number++) {
        str_cut(rest, '\n', &line, &rest);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
            continue;
        str origin = arena_printf(loading->arena, "%s:%zu", path, number);
        if (!str_cut(line, '=', &key, &value)) {
            buf_printf(&loading->problems, "%.*s: not of the form key = value\n", STR_FMT(origin));
            continue;
        }
        key = str_trim(key);
        size_t i = setting_find(key);
        if (i < setting_count && seen[i])
            complain(loading, origin, key, STR("stands there a second time"));
        seen[i] = true;
        set_by_key(loading, key, str_trim(value), origin);
    }
}

/* KONSAO_… variables that are no setting of ours may be somebody else's, unless they begin like one of our groups. */
static void refuse_unknown_variables(struct loading *loading)
{
    static const char *const groups[] = {"KONSAO_REGISTER_", "KONSAO_LIFE_",    "KONSAO_OTP_",
                                         "KONSAO_LIMIT_",    "KONSAO_LISTEN_",  "KONSAO_AUDIT_",
                                         "KONSAO_KEY_",      "KONSAO_SUPPORT_", "KONSAO_TLS_"};
    for (char **variable = environ; *variable; variable++) {
        str name, value;
        str_cut(str_of(*variable), '=', &name, &value);
        bool ours = false, known = false;
        for (size_t i = 0; i < COUNT_OF(groups); i++)
            ours |= str_starts(name, str_of(groups[i]));
        for (size_t i = 0; ours && i < setting_count; i++)
            known |= str_eq(name, setting_variable(loading->arena, &setting_table[i]));
        if (ours && !known)
            complain(loading, STR("environment"), name, STR("is no setting"));
    }
}

static void use_environment(struct loading *loading)
{
    for (size_t i = 0; i < setting_count; i++) {
        str name = setting_variable(loading->arena, &setting_table[i]);
        const char *value = getenv(name.p);
        if (value)
            set(loading, i, str_of(value), arena_printf(loading->arena, "environment %s", name.p));
    }
    refuse_unknown_variables(loading);
}

bool settings_load(struct arena *arena, const char *file, const struct setting_override *flags, size_t flag_count,
                   struct settings *out, str *problems)
{
    *out = (struct settings){0};
    struct loading loading = {.arena = arena, .out = out, .problems = buf_new(arena, 256)};
    out->origins = loading.origins = ARENA_ARRAY(arena, str, setting_count);
    use_defaults(&loading);
    if (file)
        use_file(&loading, file);
    use_environment(&loading);
    for (size_t i = 0; i < flag_count; i++)
        set_by_key(&loading, flags[i].key, flags[i].value, STR("flag"));
    settings_complete(arena, out, loading.origins);
    if (loading.problems.n == 0) /* a value that was not understood would only be complained about twice */
        settings_check(out, &loading.problems);
    *problems = str_trim(buf_str(&loading.problems));
    while (problems->n > 0 && problems->p[problems->n - 1] == '\n')
        problems->n--;
    return problems->n == 0;
}
