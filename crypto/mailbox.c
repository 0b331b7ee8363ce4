#include "crypto/mailbox.h"

#include <stdlib.h>

#include "crypto/json.h"
#include "crypto/jwe.h"
#include "crypto/primitives.h"

#define PURPOSE "konsao mailbox"
#define BYTES_MAX ((size_t)4096)

static void release_key(struct jose_key **key)
{
    jose_key_free(*key);
}

struct mailbox mailbox_make(struct arena *arena, str secret)
{
    CLEANUP(release_key) struct jose_key *key = jose_key_generate(ALG_ECDH_ES);
    return (struct mailbox){.slot = jose_key_public_jwk(key, arena),
                            .sealed_key = seal_under(arena, secret, STR(PURPOSE), jose_key_to_der(key, arena))};
}

str mailbox_put(struct arena *arena, str slot, str plain)
{
    const char *why = "";
    CLEANUP(release_key)
    struct jose_key *key = jose_key_from_jwk(json_parse_object(arena, slot, BYTES_MAX), ALG_ECDH_ES, &why);
    if (!key) /* we made it ourselves */
        abort();
    return jwe_encrypt(arena, key, ENC_A256GCM, NULL, plain);
}

bool mailbox_open(struct arena *arena, str secret, str sealed_key, str put, str *plain)
{
    struct jwe_parts jwe;
    str der;
    if (!unseal_under(arena, secret, STR(PURPOSE), sealed_key, &der) || !jwe_parse(arena, put, BYTES_MAX, &jwe))
        return false;
    CLEANUP(release_key) struct jose_key *key = jose_key_from_der(der, ALG_ECDH_ES);
    return key && jwe_decrypt(arena, &jwe, key, plain);
}
