#include "signin/details.h"

#include "crypto/json.h"
#include "records/authorization_type.h"

#define DETAILS_BYTES_MAX 16384

static void add_fields(struct arena *arena, struct view *item, const json_t *definition, const json_t *detail,
                       bool khmer)
{
    const json_t *fields = json_object_get(definition, "fields");
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        str value = authorization_value(arena, field, detail, khmer);
        if (!value.p)
            continue;
        struct view *line = view_item(item, "fields");
        view_text(line, "label", authorization_text(arena, field, "label", khmer));
        view_text(line, "value", value);
    }
}

static void add_detail(const struct visit *visit, struct view *view, const json_t *detail)
{
    struct arena *arena = visit->rq->arena;
    bool khmer = visit->lang == LANG_KM;
    const json_t *definition = authorization_type_load(visit->provider->store, arena, json_str(detail, "type"));
    struct view *item = view_item(view, "details");
    view_text(item, "title", authorization_text(arena, definition, "title", khmer));
    add_fields(arena, item, definition, detail, khmer);
}

/* How a service is named to people. */
static str host_of(str resource)
{
    str host, rest;
    size_t start = str_starts(resource, STR("https://")) ? STR("https://").n : 0;
    str_cut((str){resource.p + start, resource.n - start}, '/', &host, &rest);
    return start > 0 ? host : resource;
}

static void add_resources(struct view *view, str resources)
{
    str resource;
    while (str_word(&resources, ' ', &resource))
        view_text(view_item(view, "resources"), "host", host_of(resource));
}

/* What the pipeline checked and stored: an array; NULL when nothing is asked for in detail. */
static const json_t *details_of(const struct visit *visit)
{
    str text = visit->interaction.authorization_details;
    if (!text.p)
        return NULL;
    str wrapped = arena_printf(visit->rq->arena, "{\"list\":%.*s}", STR_FMT(text));
    return json_object_get(json_parse_object(visit->rq->arena, wrapped, DETAILS_BYTES_MAX), "list");
}

bool details_are_known(const struct visit *visit)
{
    const json_t *list = details_of(visit);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!authorization_type_load(visit->provider->store, visit->rq->arena,
                                     json_str(json_array_get(list, i), "type")))
            return false;
    return true;
}

void details_add(struct visit *visit, struct view *view)
{
    const json_t *list = details_of(visit);
    add_resources(view, visit->interaction.resources);
    for (size_t i = 0; i < json_array_size(list); i++)
        add_detail(visit, view, json_array_get(list, i));
}

/* ---- the same for a phone ---- */

static json_t *text_of(str text)
{
    return json_stringn(text.p ? text.p : "", text.n);
}

static json_t *fields_of(struct arena *arena, const json_t *definition, const json_t *detail, bool khmer)
{
    const json_t *fields = json_object_get(definition, "fields");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        str value = authorization_value(arena, field, detail, khmer);
        if (!value.p)
            continue;
        json_t *line = json_object();
        json_object_set_new(line, "label", text_of(authorization_text(arena, field, "label", khmer)));
        json_object_set_new(line, "value", text_of(value));
        json_array_append_new(list, line);
    }
    return list;
}

void details_add_json(const struct visit *visit, json_t *object)
{
    struct arena *arena = visit->rq->arena;
    bool khmer = visit->lang == LANG_KM;
    const json_t *asked = details_of(visit);
    json_t *details = json_array(), *resources = json_array();
    for (size_t i = 0; i < json_array_size(asked); i++) {
        const json_t *detail = json_array_get(asked, i);
        const json_t *definition = authorization_type_load(visit->provider->store, arena, json_str(detail, "type"));
        json_t *item = json_object();
        json_object_set_new(item, "title", text_of(authorization_text(arena, definition, "title", khmer)));
        json_object_set_new(item, "fields", fields_of(arena, definition, detail, khmer));
        json_array_append_new(details, item);
    }
    str rest = visit->interaction.resources, resource;
    while (str_word(&rest, ' ', &resource))
        json_array_append_new(resources, text_of(host_of(resource)));
    json_object_set_new(object, "details", details);
    json_object_set_new(object, "resources", resources);
}
