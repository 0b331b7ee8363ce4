#include <stdlib.h>

#include "crypto/json.h"
#include "records/authorization_type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
    if (!fine)
        abort();
}

/* What fits can be shown: every member by a field with a label, as text that has no control characters. */
static void check_shown(struct arena *arena, const json_t *definition, const json_t *detail, bool khmer)
{
    const json_t *fields = json_object_get(definition, "fields");
    size_t shown = 0;
    require(authorization_text(arena, definition, "title", khmer).n > 0);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *field = json_array_get(fields, i);
        str value = authorization_value(arena, field, detail, khmer);
        require(authorization_text(arena, field, "label", khmer).n > 0);
        require(!value.p || (value.n > 0 && str_is_utf8(value)));
        for (size_t at = 0; at < value.n; at++)
            require((unsigned char)value.p[at] >= 0x20);
        shown += value.p != NULL;
    }
    require(shown + (json_object_get(detail, "type") ? 1 : 0) >= json_object_size(detail));
}

/* A definition, a line break, and what may fit it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    str first, second, why = STR_NONE;
    const char *fault = NULL;
    if (!str_cut(str_bytes(data, size), '\n', &first, &second))
        first = str_bytes(data, size), second = STR("{}");
    const json_t *definition = json_parse_object(arena, first, AUTHORIZATION_TYPE_BYTES_MAX);
    const json_t *detail = json_parse_object(arena, second, AUTHORIZATION_TYPE_BYTES_MAX);
    if (definition && authorization_type_check(arena, definition, &why)) {
        require(!why.p);
        if (detail && authorization_detail_fits(definition, detail, &fault)) {
            check_shown(arena, definition, detail, false);
            check_shown(arena, definition, detail, true);
        } else if (detail) {
            require(fault != NULL);
        }
    } else if (definition) {
        require(why.n > 0);
    }
    arena_free(arena);
    return 0;
}
