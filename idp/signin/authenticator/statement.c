#include "signin/authenticator/statement.h"

#include "base/buf.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "signin/authenticator/shown.h"

str statement_text(struct arena *arena, const struct statement *statement)
{
    /* names in their order; what the strings hold needs no escaping beyond JSON's own two characters */
    struct buf text = buf_new(arena, statement->shown.n + statement->claims.n + 256);
    buf_char(&text, '{');
    buf_json_str(&text, "channel", statement->channel);
    buf_json_words(&text, "claims", statement->claims, ' ');
    buf_json_str(&text, "decision", STR("approve"));
    buf_json_str(&text, "number", statement->number);
    buf_json_raw(&text, "shown", statement->shown);
    buf_char(&text, '}');
    return buf_str(&text);
}

str statement_challenge(struct arena *arena, const struct statement *statement)
{
    return sha256_key(arena, statement_text(arena, statement));
}

bool statement_claims(struct arena *arena, str shown, str picked, str *given)
{
    const json_t *claims = json_object_get(json_parse_object(arena, shown, SHOWN_BYTES_MAX), "claims");
    struct buf list = buf_new(arena, 128), known = buf_new(arena, 128);
    for (size_t i = 0; i < json_array_size(claims); i++) {
        const json_t *claim = json_array_get(claims, i);
        str name = json_str(claim, "name");
        buf_add_word(&known, name);
        if (json_is_true(json_object_get(claim, "required")) || str_list_has(picked, ' ', name))
            buf_add_word(&list, name);
    }
    *given = buf_str(&list);
    str name;
    while (str_word(&picked, ' ', &name))
        if (!str_list_has(buf_str(&known), ' ', name))
            return false;
    return true;
}
