/* Web Authentication Level 3, section 7.1. */
#include "base/buf.h"
#include "crypto/json.h"
#include "webauthn/cbor.h"
#include "webauthn/parts.h"

struct attestation_object {
    str format, statement, authenticator_data;
};

static bool attestation_object_read(str bytes, struct attestation_object *out)
{
    struct cbor_map map;
    str item;
    if (!cbor_take(&bytes, &item) || bytes.n > 0 || !cbor_map(item, &map) || map.count != 3)
        return false;
    str format = cbor_named(&map, "fmt"), data = cbor_named(&map, "authData");
    out->statement = cbor_named(&map, "attStmt");
    return format.p && data.p && out->statement.p && cbor_text(format, &out->format) &&
           cbor_bytes(data, &out->authenticator_data) && cbor_map(out->statement, &map);
}

/* Those that section 5.8.4 names, each once; others may come in later, and are passed over. */
static bool read_transports(struct arena *arena, const json_t *list, str *out)
{
    static const str names = STR_INIT("usb nfc ble smart-card hybrid internal");
    struct buf words = buf_new(arena, 48);
    const json_t *item;
    size_t i;
    if (list && !json_is_array(list))
        return false;
    json_array_foreach(list, i, item)
    {
        str word = {json_string_value(item), json_string_length(item)};
        if (!word.p)
            return false;
        if (str_list_has(names, ' ', word) && !str_list_has(buf_str(&words), ' ', word))
            buf_add_word(&words, word);
    }
    *out = buf_str(&words);
    return true;
}

static enum webauthn_fault check(struct arena *arena, const struct webauthn_site *site,
                                 const struct attestation_object *object, str client_data, struct webauthn_created *out)
{
    struct authenticator_data data;
    struct public_key key;
    enum webauthn_fault fault = authenticator_data_read(site, object->authenticator_data, true, &data);
    if (fault != WEBAUTHN_OK)
        return fault;
    if (!str_eq(data.credential_id, out->credential_id))
        return WEBAUTHN_CREDENTIAL;
    if (!public_key_read(arena, data.public_key, &key))
        return WEBAUTHN_ALGORITHM;
    out->public_key = data.public_key;
    out->alg = key.alg;
    out->sign_count = data.sign_count;
    out->aaguid = data.aaguid;
    out->backup_eligible = data.backup_eligible;
    out->backed_up = data.backed_up;
    return attestation_check(arena, site, object->format, object->statement, object->authenticator_data, &data,
                             client_data, key.alg);
}

enum webauthn_fault webauthn_create(struct arena *arena, const struct webauthn_site *site, const json_t *credential,
                                    str challenge, struct webauthn_created *out)
{
    struct attestation_object object;
    const json_t *response;
    str client_data, bytes;
    *out = (struct webauthn_created){0};
    enum webauthn_fault fault = parts_read(arena, credential, &out->credential_id, &client_data, &response);
    if (fault != WEBAUTHN_OK)
        return fault;
    if (!parts_bytes(arena, response, "attestationObject", 1, WEBAUTHN_BYTES_MAX, &bytes) ||
        !read_transports(arena, json_object_get(response, "transports"), &out->transports))
        return WEBAUTHN_MALFORMED;
    fault = client_data_check(arena, site, client_data, "webauthn.create", challenge);
    if (fault != WEBAUTHN_OK)
        return fault;
    return attestation_object_read(bytes, &object) ? check(arena, site, &object, client_data, out) : WEBAUTHN_MALFORMED;
}
