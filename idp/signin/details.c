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

static void add_detail(struct visit *visit, struct view *view, const json_t *detail)
{
    struct arena *arena = visit->rq->arena;
    bool khmer = visit->lang == LANG_KM;
    str type = json_str(detail, "type");
    const json_t *definition = authorization_type_load(visit->provider->store, arena, type);
    struct view *item = view_item(view, "details");
    view_text(item, "title", definition ? authorization_text(arena, definition, "title", khmer) : type);
    if (definition)
        add_fields(arena, item, definition, detail, khmer);
}

static void add_resources(struct view *view, str resources)
{
    str resource, host, rest;
    while (str_word(&resources, ' ', &resource)) {
        struct view *item = view_item(view, "resources");
        size_t start = str_starts(resource, STR("https://")) ? STR("https://").n : 0;
        str_cut((str){resource.p + start, resource.n - start}, '/', &host, &rest);
        view_text(item, "host", start > 0 ? host : resource);
    }
}

void details_add(struct visit *visit, struct view *view)
{
    const struct interaction *interaction = &visit->interaction;
    add_resources(view, interaction->resources);
    if (!interaction->authorization_details.p)
        return;
    str wrapped = arena_printf(visit->rq->arena, "{\"list\":%.*s}", STR_FMT(interaction->authorization_details));
    const json_t *list = json_object_get(json_parse_object(visit->rq->arena, wrapped, DETAILS_BYTES_MAX), "list");
    for (size_t i = 0; i < json_array_size(list); i++)
        add_detail(visit, view, json_array_get(list, i));
}
