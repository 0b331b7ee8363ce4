#include <stdlib.h>

#include "crypto/json.h"
#include "ipis/answer.h"
#include "ipis/attributes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_attributes(json_t *attributes, json_t *sources)
{
    const char *name;
    json_t *value;
    json_object_foreach(attributes, name, value)
    {
        if (!attribute_is_valid(name, value, json_str(sources, name)))
            abort();
    }
}

/* The first byte chooses the status, the second the call; the rest is the body. What is taken over must be what its
 * type says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 200, 200, 200, 401, 403, 404, 409, 410, 423, 429, 500, 302};
    static const char *const names[] = {"kidc",        "familyNameKh", "dateOfBirth", "gender",
                                        "nationality", "address",      "phone",       NULL};
    static const struct kidc kidc = {"0000005724"};
    if (size < 2)
        return 0;
    struct arena *arena = arena_new();
    struct ipis_call call = {.arena = arena, .transaction_id = STR("t"), .relying_party = STR("r")};
    struct answer answer = {.status = statuses[data[0] % COUNT_OF(statuses)],
                            .content_type = STR("application/json"),
                            .body = str_bytes(data + 2, size - 2)};
    json_t *body = NULL, *attributes, *sources;
    enum ipis_result result = answer_read(&call, &answer, &body);
    if ((result == IPIS_OK) != (answer.status == 200 && body != NULL))
        abort();
    if ((result == IPIS_FORBIDDEN) != (call.code.p != NULL))
        abort();
    int64_t expires_in;
    struct ipis_proof proof;
    str id, token;
    if (result == IPIS_OK && data[1] % 4 == 3 && answer_authenticator(arena, body, &id, &token) &&
        (!is_authenticator_id(id) || !is_kyc_token(token)))
        abort();
    if (result == IPIS_OK && data[1] % 4 == 0 && answer_otp(&call, body, &expires_in) && expires_in < 1)
        abort();
    if (result == IPIS_OK && data[1] % 4 == 1 && answer_proof(&call, body, "otp", &proof) == IPIS_OK &&
        !is_kyc_token(proof.kyc_token))
        abort();
    if (result == IPIS_OK && data[1] % 4 == 2 && answer_attributes(arena, body, &kidc, names, &attributes, &sources))
        check_attributes(attributes, sources);
    arena_free(arena);
    return 0;
}
