/* The table, written out: as a file to start from, as documentation, and as what is in force. */
#include <inttypes.h>
#include <stdlib.h>

#include "settings_table.h"

#define WIDTH 100

static struct settings defaults(struct arena *arena)
{
    struct settings settings = {0};
    for (size_t i = 0; i < setting_count; i++)
        if (setting_table[i].initial &&
            setting_read(arena, &setting_table[i], str_of(setting_table[i].initial), &settings).p)
            abort(); /* the table contradicts itself */
    return settings;
}

/* What may stand there, in words; empty for free text. */
static str range(struct arena *arena, const struct setting *setting)
{
    struct settings limits = {0};
    if (setting->type == SETTING_CHOICE)
        return arena_printf(arena, "one of: %s", setting->choices);
    if (setting_is_text(setting))
        return STR("");
    *setting_number_of(&limits, setting) = setting->min;
    str from = setting_write(arena, &limits, setting);
    *setting_number_of(&limits, setting) = setting->max;
    return arena_printf(arena, "%.*s to %.*s", STR_FMT(from), STR_FMT(setting_write(arena, &limits, setting)));
}

static void add_remark(struct buf *out, str text)
{
    str word;
    size_t column = 0;
    while (str_word(&text, ' ', &word)) {
        if (column == 0 || column + 1 + word.n > WIDTH) {
            buf_add(out, column == 0 ? STR("#") : STR("\n#"));
            column = 1;
        }
        buf_printf(out, " %.*s", STR_FMT(word));
        column += 1 + word.n;
    }
    buf_char(out, '\n');
}

static void add_to_file(struct buf *out, const struct setting *setting, str value)
{
    str limits = range(out->arena, setting);
    str text =
        limits.n > 0 ? arena_printf(out->arena, "%s (%.*s)", setting->text, STR_FMT(limits)) : str_of(setting->text);
    add_remark(out, text);
    buf_printf(out, "#%s =%s%.*s\n\n", setting->key, value.n > 0 ? " " : "", STR_FMT(value));
}

static void add_to_markdown(struct buf *out, const struct setting *setting, str value)
{
    str limits = range(out->arena, setting);
    buf_printf(out, "| `%s` | ", setting->key);
    if (value.n > 0)
        buf_printf(out, "`%.*s`", STR_FMT(value));
    buf_printf(out, " | %.*s | %s |\n", STR_FMT(limits), setting->text);
}

str settings_reference(struct arena *arena, bool markdown)
{
    struct settings initial = defaults(arena);
    struct buf out = buf_new(arena, 8192);
    if (markdown)
        buf_add(&out, STR("# Settings\n\n"
                          "Printed by `konsao check --markdown` from the table that the program reads.\n\n"
                          "A value comes from the file (`--config FILE`, or `KONSAO_CONFIG`), over it from the "
                          "environment (`KONSAO_REGISTER_URL` for `register.url`), over that from flags "
                          "(`--set register.url=…`). `konsao check` shows what is in force and where it came from. "
                          "Times are written as `30s`, `15m`, `8h` or `30d`.\n\n"
                          "| key | default | may be | what it is for |\n| --- | --- | --- | --- |\n"));
    else
        buf_add(&out,
                STR("# Settings of Konsao. All are shown with their defaults: take the # away and change what you "
                    "need.\n# `konsao check --config FILE` says whether it fits together.\n\n"));
    for (size_t i = 0; i < setting_count; i++) {
        str value = setting_table[i].initial ? setting_write(arena, &initial, &setting_table[i]) : STR("");
        (markdown ? add_to_markdown : add_to_file)(&out, &setting_table[i], value);
    }
    return buf_str(&out);
}

str settings_explain(struct arena *arena, const struct settings *settings)
{
    struct buf out = buf_new(arena, 4096);
    int width = 0;
    for (size_t i = 0; i < setting_count; i++) {
        int length = (int)setting_write(arena, settings, &setting_table[i]).n;
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < setting_count; i++)
        buf_printf(&out, "%-28s %-*.*s %.*s\n", setting_table[i].key, width,
                   STR_FMT(setting_write(arena, settings, &setting_table[i])), STR_FMT(settings->origins[i]));
    return buf_str(&out);
}

str settings_json(struct arena *arena, const struct settings *settings)
{
    struct buf out = buf_new(arena, 4096);
    buf_char(&out, '{');
    for (size_t i = 0; i < setting_count; i++) {
        buf_json_member(&out, setting_table[i].key);
        buf_char(&out, '{');
        if (setting_is_text(&setting_table[i]))
            buf_json_str(&out, "value", setting_write(arena, settings, &setting_table[i]));
        else
            buf_json_int(&out, "value",
                         *(const int64_t *)(const void *)((const char *)settings + setting_table[i].offset));
        buf_json_str(&out, "origin", settings->origins[i]);
        buf_char(&out, '}');
    }
    buf_char(&out, '}');
    return buf_str(&out);
}
