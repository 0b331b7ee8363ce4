#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "pages/internal.h"

static void release_json(json_t **json)
{
    json_decref(*json);
}

static int compare_keys(const void *a, const void *b)
{
    return str_cmp(((const struct message *)a)->key, ((const struct message *)b)->key);
}

const struct message *catalogue_find(const struct catalogue *catalogue, str key)
{
    struct message wanted = {.key = key};
    if (!catalogue->count) {
        return NULL;
    }
    return bsearch(&wanted, catalogue->items, catalogue->count, sizeof(wanted), compare_keys);
}

/* jansson does not tell where a key stood, so look for it. */
static size_t key_line(struct arena *arena, const struct catalogue *catalogue, str key)
{
    str quoted = arena_printf(arena, "\"%.*s\"", STR_FMT(key));
    const char *at = memmem(catalogue->source.p, catalogue->source.n, quoted.p, quoted.n);
    return at ? line_of(catalogue->source, at) : 1;
}

static bool catalogue_load(struct arena *arena, struct catalogue *catalogue, const char *path, struct fault *fault)
{
    json_error_t error;
    catalogue->path = str_of(path);
    catalogue->source = file_read(arena, path, fault);
    if (!catalogue->source.p) {
        return false;
    }
    CLEANUP(release_json)
    json_t *json = json_loadb(catalogue->source.p, catalogue->source.n, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json)) {
        return fault_at(fault, catalogue->path, json ? 1 : (size_t)error.line, "%s",
                        json ? "not a JSON object" : error.text);
    }
    catalogue->items = ARENA_ARRAY(arena, struct message, json_object_size(json));
    const char *key;
    json_t *text;
    json_object_foreach(json, key, text)
    {
        if (!json_string_length(text)) {
            return fault_at(fault, catalogue->path, key_line(arena, catalogue, str_of(key)), "%s: not a text, or empty",
                            key);
        }
        catalogue->items[catalogue->count++] = (struct message){
            .key = arena_str(arena, str_of(key)),
            .text = arena_str(arena, (str){json_string_value(text), json_string_length(text)}),
        };
    }
    qsort(catalogue->items, catalogue->count, sizeof(*catalogue->items), compare_keys);
    return true;
}

static bool has_all_of(struct arena *arena, const struct catalogue *catalogue, const struct catalogue *other,
                       struct fault *fault)
{
    for (size_t i = 0; i < other->count; i++) {
        str key = other->items[i].key;
        if (!catalogue_find(catalogue, key)) {
            return fault_at(fault, other->path, key_line(arena, other, key), "%.*s: not in %.*s", STR_FMT(key),
                            STR_FMT(catalogue->path));
        }
    }
    return true;
}

bool catalogues_load(struct pages *pages, const char *folder, struct fault *fault)
{
    for (enum lang lang = 0; lang < LANGS; lang++) {
        str path = arena_printf(pages->arena, "%s/locales/%s.json", folder, lang_code(lang));
        if (!catalogue_load(pages->arena, &pages->catalogues[lang], path.p, fault)) {
            return false;
        }
    }
    return has_all_of(pages->arena, &pages->catalogues[LANG_KM], &pages->catalogues[LANG_EN], fault) &&
           has_all_of(pages->arena, &pages->catalogues[LANG_EN], &pages->catalogues[LANG_KM], fault);
}

str pages_message_or_none(const struct pages *pages, enum lang lang, const char *key)
{
    const struct message *message = catalogue_find(&pages->catalogues[lang], str_of(key));
    return message ? message->text : STR_NONE;
}

str pages_message(const struct pages *pages, enum lang lang, const char *key)
{
    str text = pages_message_or_none(pages, lang, key);
    return text.p ? text : str_of(key);
}
