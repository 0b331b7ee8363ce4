#include "records/client/client_metadata.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/json.h"

#define TEXT_MAX 400 /* bytes: about 130 Khmer letters */
#define LIST_MAX 32

bool metadata_refuse(struct parsing *p, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    p->why = arena_str(p->arena, (str){text, n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1});
    return false;
}

str metadata_copy(const struct parsing *p, const char *member)
{
    return arena_str(p->own, json_str(p->metadata, member));
}

bool metadata_text(struct parsing *p, const char *member, str *out)
{
    str text = metadata_copy(p, member);
    if (!text.p)
        return true;
    if (str_trim(text).n == 0 || str_trim(text).n != text.n || text.n > TEXT_MAX || !str_is_utf8(text))
        return metadata_refuse(p, "%s must be a text of at most %d bytes, without spaces around it", member, TEXT_MAX);
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f || str_turns_direction(text, i))
            return metadata_refuse(p, "%s must not contain control characters", member);
    *out = text;
    return true;
}

bool str_list_holds(const struct str_list *list, str item)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], item))
            return true;
    return false;
}

bool metadata_add(struct parsing *p, const char *member, struct str_list *list, str item, item_check *check)
{
    if (list->count == LIST_MAX)
        return metadata_refuse(p, "%s has more than %d entries", member, LIST_MAX);
    if (str_list_holds(list, item))
        return metadata_refuse(p, "%s has \"%.*s\" twice", member, STR_FMT(item));
    if (!check(p, member, item))
        return false;
    if (!list->items)
        list->items = ARENA_ARRAY(p->own, str, LIST_MAX);
    list->items[list->count++] = arena_str(p->own, item);
    return true;
}

bool metadata_list(struct parsing *p, const char *member, struct str_list *list, item_check *check)
{
    const json_t *array = json_object_get(p->metadata, member), *item;
    size_t i;
    json_array_foreach(array, i, item)
    {
        if (!json_is_string(item))
            return metadata_refuse(p, "%s must be an array of strings", member);
        if (!metadata_add(p, member, list, (str){json_string_value(item), json_string_length(item)}, check))
            return false;
    }
    return true;
}

bool metadata_is_word(struct parsing *p, const char *member, str item)
{
    bool fine = item.n > 0 && item.n <= WORD_MAX && str_is_printable(item) && !str_has(item, ' ');
    return (fine && !str_has(item, '"') && !str_has(item, '\\')) ||
           metadata_refuse(p, "%s may only hold words of printable ASCII without quotes and backslashes", member);
}

void metadata_flag(const struct parsing *p, const char *member, bool *out)
{
    const json_t *value = json_object_get(p->metadata, member);
    if (value)
        *out = json_is_true(value);
}

bool metadata_alg(struct parsing *p, const char *member, enum jose_alg *out)
{
    str name = json_str(p->metadata, member);
    if (!name.p)
        return true;
    *out = jose_alg_of(name);
    return *out != ALG_NONE_GIVEN || metadata_refuse(p, "%s must be ES256, RS256, PS256 or EdDSA", member);
}

static const struct member {
    const char *name;
    json_type type; /* JSON_TRUE: true or false */
    bool internal;  /* only Konsao writes it */
} members[] = {
    {"client_id", JSON_STRING, false},
    {"client_name", JSON_STRING, false},
    {"client_name#km", JSON_STRING, false},
    {"purpose", JSON_STRING, false},
    {"purpose#km", JSON_STRING, false},
    {"client_uri", JSON_STRING, false},
    {"logo_uri", JSON_STRING, false},
    {"logo_image", JSON_STRING, true},
    {"policy_uri", JSON_STRING, false},
    {"policy_uri#km", JSON_STRING, false},
    {"tos_uri", JSON_STRING, false},
    {"tos_uri#km", JSON_STRING, false},
    {"contacts", JSON_ARRAY, false},
    {"application_type", JSON_STRING, false},
    {"security_profile", JSON_STRING, false},
    {"redirect_uris", JSON_ARRAY, false},
    {"post_logout_redirect_uris", JSON_ARRAY, false},
    {"request_uris", JSON_ARRAY, false},
    {"initiate_login_uri", JSON_STRING, false},
    {"backchannel_logout_uri", JSON_STRING, false},
    {"backchannel_logout_session_required", JSON_TRUE, false},
    {"frontchannel_logout_uri", JSON_STRING, false},
    {"frontchannel_logout_session_required", JSON_TRUE, false},
    {"grant_types", JSON_ARRAY, false},
    {"response_types", JSON_ARRAY, false},
    {"scope", JSON_STRING, false},
    {"claims", JSON_ARRAY, false},
    {"audience", JSON_ARRAY, false},
    {"resources", JSON_ARRAY, false},
    {"allowed_resources", JSON_ARRAY, false},
    {"authorization_details_types", JSON_ARRAY, false},
    {"organization", JSON_STRING, false},
    {"officers_only", JSON_TRUE, false},
    {"qr_networks", JSON_ARRAY, false},
    {"disabled", JSON_TRUE, true},
    {"token_endpoint_auth_method", JSON_STRING, false},
    {"token_endpoint_auth_signing_alg", JSON_STRING, false},
    {"client_secrets", JSON_ARRAY, true},
    {"sealed_client_secret", JSON_STRING, true},
    {"registration_token_sha256", JSON_STRING, true},
    {"registration_limits", JSON_OBJECT, true},
    {"jwks", JSON_OBJECT, false},
    {"jwks_uri", JSON_STRING, false},
    {"tls_client_auth_subject_dn", JSON_STRING, false},
    {"tls_client_auth_san_dns", JSON_STRING, false},
    {"tls_client_auth_san_uri", JSON_STRING, false},
    {"tls_client_auth_san_ip", JSON_STRING, false},
    {"tls_client_auth_san_email", JSON_STRING, false},
    {"require_pkce", JSON_TRUE, false},
    {"require_pushed_authorization_requests", JSON_TRUE, false},
    {"require_signed_request_object", JSON_TRUE, false},
    {"request_object_signing_alg", JSON_STRING, false},
    {"request_object_encryption_alg", JSON_STRING, false},
    {"request_object_encryption_enc", JSON_STRING, false},
    {"backchannel_token_delivery_mode", JSON_STRING, false},
    {"backchannel_client_notification_endpoint", JSON_STRING, false},
    {"backchannel_authentication_request_signing_alg", JSON_STRING, false},
    {"backchannel_user_code_parameter", JSON_TRUE, false},
    {"default_max_age", JSON_INTEGER, false},
    {"require_auth_time", JSON_TRUE, false},
    {"default_acr_values", JSON_ARRAY, false},
    {"minimum_acr", JSON_STRING, false},
    {"id_token_signed_response_alg", JSON_STRING, false},
    {"id_token_encrypted_response_alg", JSON_STRING, false},
    {"id_token_encrypted_response_enc", JSON_STRING, false},
    {"userinfo_signed_response_alg", JSON_STRING, false},
    {"userinfo_encrypted_response_alg", JSON_STRING, false},
    {"userinfo_encrypted_response_enc", JSON_STRING, false},
    {"introspection_signed_response_alg", JSON_STRING, false},
    {"introspection_encrypted_response_alg", JSON_STRING, false},
    {"introspection_encrypted_response_enc", JSON_STRING, false},
    {"authorization_signed_response_alg", JSON_STRING, false},
    {"authorization_encrypted_response_alg", JSON_STRING, false},
    {"authorization_encrypted_response_enc", JSON_STRING, false},
    {"subject_type", JSON_STRING, false},
    {"sector_identifier", JSON_STRING, false},
    {"sector_identifier_uri", JSON_STRING, false},
    {"pairwise_version", JSON_INTEGER, true},
    {"access_token_format", JSON_STRING, false},
    {"dpop_bound_access_tokens", JSON_TRUE, false},
    {"tls_client_certificate_bound_access_tokens", JSON_TRUE, false},
    {"software_id", JSON_STRING, false},
    {"software_version", JSON_STRING, false},
    {"client_id_issued_at", JSON_INTEGER, true},
    {"updated_at", JSON_INTEGER, true},
};

static const char *type_name(json_type type)
{
    return type == JSON_STRING    ? "a string"
           : type == JSON_ARRAY   ? "an array"
           : type == JSON_OBJECT  ? "an object"
           : type == JSON_INTEGER ? "a whole number"
                                  : "true or false";
}

static const struct member *member_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(members); i++)
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    return NULL;
}

bool metadata_check_members(struct parsing *p)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)p->metadata, name, value)
    {
        const struct member *member = member_find(name);
        bool fits =
            !member || (member->type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == member->type);
        if (!fits)
            return metadata_refuse(p, "%s must be %s", name, type_name(member->type));
    }
    return true;
}

const char *client_unknown_member(const json_t *metadata)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)metadata, name, value)
    {
        if (!member_find(name))
            return name;
    }
    return NULL;
}

bool client_member_is_internal(const char *name)
{
    const struct member *member = member_find(name);
    return member && member->internal;
}
