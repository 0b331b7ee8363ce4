/* jwe_tool encrypt ALG ENC JWK: encrypts standard input to a public key. jwe_tool decrypt ALG JWK: decrypts a compact
 * JWE from standard input with a private one. For the tests, which hold it against npm's jose. */
#include <stdio.h>
#include <string.h>

#include "crypto/json.h"
#include "crypto/jwe.h"

#define INPUT_MAX 65536

static int refuse(const char *why)
{
    fprintf(stderr, "%s\n", why);
    return 1;
}

static void release(struct jose_key **key)
{
    jose_key_free(*key);
}

int main(int argc, char **argv)
{
    static char input[INPUT_MAX];
    bool encrypts = argc == 5 && strcmp(argv[1], "encrypt") == 0;
    if (!encrypts && !(argc == 4 && strcmp(argv[1], "decrypt") == 0))
        return refuse("usage: jwe_tool encrypt ALG ENC JWK < text; jwe_tool decrypt ALG JWK < jwe");
    CLEANUP(arena_release) struct arena *arena = arena_new();
    const char *why = "not a JWK";
    str text = {input, fread(input, 1, sizeof input, stdin)}, out;
    const json_t *jwk = json_parse_object(arena, str_of(argv[argc - 1]), INPUT_MAX);
    CLEANUP(release) struct jose_key *key = jose_key_from_jwk(jwk, jose_encryption_alg_of(str_of(argv[2])), &why);
    if (!key)
        return refuse(why);
    struct jwe_parts parts;
    if (encrypts)
        out = jwe_encrypt(arena, key, jwe_enc_of(str_of(argv[3])), "JWT", text);
    else if (!jwe_parse(arena, text, INPUT_MAX, &parts) || !jwe_decrypt(arena, &parts, key, &out))
        return refuse("it does not open");
    fwrite(out.p, 1, out.n, stdout);
    return 0;
}
