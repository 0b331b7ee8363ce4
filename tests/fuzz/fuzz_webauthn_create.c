/* Registrations from outside, for a fixed challenge. The first byte chooses: 'j', the whole credential in JSON;
 * anything else, an attestation object (the rest right around it), where the CBOR is. */
#include <stdlib.h>

#include "crypto/json.h"
#include "crypto/primitives.h"
#include "webauthn/cbor.h"
#include "webauthn/parts.h"

static const struct webauthn_site site = {STR_INIT("id.gov.kh"), STR_INIT("https://id.gov.kh"), STR_INIT("android:x"),
                                          STR_INIT("Konsao")};

/* The credential around an attestation object, with the id that stands in it, where that can be found. */
static json_t *around(struct arena *arena, str object)
{
    static const char client_data[] =
        "{\"type\":\"webauthn.create\",\"challenge\":\"ZnV6eg\",\"origin\":\"https://id.gov.kh\"}";
    struct authenticator_data data;
    struct cbor_map map;
    str item, bytes, rest = object, id = STR("id");
    if (cbor_take(&rest, &item) && cbor_map(item, &map)) {
        item = cbor_named(&map, "authData");
        if (item.p && cbor_bytes(item, &bytes) && authenticator_data_read(&site, bytes, true, &data) == WEBAUTHN_OK)
            id = data.credential_id;
    }
    str id_text = base64url_encode(arena, id), object_text = base64url_encode(arena, object),
        client_text = base64url_encode(arena, str_of(client_data));
    str text = arena_printf(arena,
                            "{\"id\":\"%.*s\",\"rawId\":\"%.*s\",\"type\":\"public-key\",\"response\":{"
                            "\"clientDataJSON\":\"%.*s\",\"attestationObject\":\"%.*s\"}}",
                            STR_FMT(id_text), STR_FMT(id_text), STR_FMT(client_text), STR_FMT(object_text));
    return json_parse_object(arena, text, (size_t)1 << 20);
}

/* What is accepted must be what the store may keep. */
static void expect_sound(struct arena *arena, const struct webauthn_created *created)
{
    struct public_key key;
    if (created->credential_id.n == 0 || created->credential_id.n > CREDENTIAL_ID_MAX || created->aaguid.n != 16 ||
        created->sign_count < 0 || created->sign_count > UINT32_MAX ||
        (created->backed_up && !created->backup_eligible) || !public_key_read(arena, created->public_key, &key) ||
        key.alg != created->alg)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct webauthn_created created;
    if (size == 0)
        return 0;
    struct arena *arena = arena_new();
    str input = str_bytes(data + 1, size - 1);
    const json_t *credential = data[0] == 'j' ? json_parse_object(arena, input, (size_t)1 << 16) : around(arena, input);
    if (webauthn_create(arena, &site, credential, STR("fuzz"), &created) == WEBAUTHN_OK)
        expect_sound(arena, &created);
    arena_free(arena);
    return 0;
}
