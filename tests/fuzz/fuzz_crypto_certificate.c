/* Certificates and distinguished names from outside. The first byte chooses: DER, PEM, or the text of a name. What
 * matches a subject is a valid name; nothing matches an empty one. */
#include <stdlib.h>
#include <string.h>

#include "crypto/certificate.h"

static void examine(struct arena *arena, const struct certificate *certificate)
{
    static const char *const values[] = {"a.example", "https://a.example/", "192.0.2.1", "a@b.example", ""};
    if (!certificate)
        return;
    if (certificate_thumbprint(certificate, arena).n != 43)
        abort();
    certificate_is_current(certificate, 1700000000);
    for (size_t i = 0; i < COUNT_OF(values); i++)
        for (unsigned kind = SAN_DNS; kind <= SAN_EMAIL; kind++)
            if (certificate_has_san(certificate, (enum certificate_san)kind, str_of(values[i])) && values[i][0] == '\0')
                abort();
    str subject = certificate_subject(certificate, arena);
    if (certificate_has_subject(certificate, subject) && (subject.n == 0 || !certificate_dn_is_valid(subject)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *arena = arena_new();
    str input = str_bytes(data + 1, size - 1);
    switch (data[0]) {
    case 'd':
        examine(arena, certificate_from_der(arena, input));
        break;
    case 'p':
        examine(arena, certificate_from_pem(arena, input));
        break;
    default:
        if (certificate_dn_is_valid(input) && (input.n < 3 || !memchr(input.p, '=', input.n)))
            abort();
    }
    arena_free(arena);
    return 0;
}
