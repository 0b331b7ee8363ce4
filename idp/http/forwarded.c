#include "http/forwarded.h"

#include <gnutls/x509.h>

static void release(gnutls_x509_crt_t *certificate)
{
    gnutls_x509_crt_deinit(*certificate);
}

static void release_datum(gnutls_datum_t *datum)
{
    gnutls_free(datum->data);
}

bool forwarded_certificate(struct arena *arena, str pem, str *out)
{
    static const str begin = STR_INIT("-----BEGIN CERTIFICATE-----\n"), end = STR_INIT("-----END CERTIFICATE-----");
    CLEANUP(release) gnutls_x509_crt_t certificate = NULL;
    while (pem.n > 0 && pem.p[pem.n - 1] == '\n')
        pem.n--;
    /* GnuTLS would skip what stands around it. */
    if (pem.n < begin.n + end.n || !str_starts(pem, begin) || !str_ends(pem, end) ||
        str_has((str){pem.p + begin.n, pem.n - begin.n - end.n}, '-'))
        return false;
    gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.p, (unsigned)pem.n};
    CLEANUP(release_datum) gnutls_datum_t der = {NULL, 0};
    if (gnutls_pem_base64_decode2("CERTIFICATE", &text, &der) < 0 || gnutls_x509_crt_init(&certificate) < 0 ||
        gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) < 0)
        return false;
    *out = arena_str(arena, str_bytes(der.data, der.size)); /* as it came: its thumbprint is what tokens are bound to */
    return true;
}
