/* What a client proves itself with. */
#include <string.h>

#include "crypto/certificate.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "records/client/client_metadata.h"

static bool read_method(struct parsing *p)
{
    static const char *const names[] = {[AUTH_NONE] = "none",
                                        [AUTH_BASIC] = "client_secret_basic",
                                        [AUTH_POST] = "client_secret_post",
                                        [AUTH_PRIVATE_KEY_JWT] = "private_key_jwt",
                                        [AUTH_SECRET_JWT] = "client_secret_jwt",
                                        [AUTH_TLS] = "tls_client_auth",
                                        [AUTH_SELF_SIGNED_TLS] = "self_signed_tls_client_auth"};
    str name = json_str(p->metadata, "token_endpoint_auth_method");
    p->client->auth = AUTH_BASIC; /* RFC 7591 section 2 */
    for (unsigned i = 0; i < COUNT_OF(names); i++)
        if (str_is(name, names[i])) {
            p->client->auth = (enum client_auth)i;
            return true;
        }
    return !name.p || metadata_refuse(p, "token_endpoint_auth_method must be client_secret_basic, client_secret_post, "
                                         "client_secret_jwt, private_key_jwt, tls_client_auth, "
                                         "self_signed_tls_client_auth or none");
}

static bool read_secret(struct parsing *p, const json_t *secret)
{
    struct client *c = p->client;
    str digest, encoded = json_str(secret, "sha256");
    int64_t expires_at = 0;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)secret, name, value)
    {
        if (strcmp(name, "sha256") != 0 && strcmp(name, "expires_at") != 0)
            return metadata_refuse(p, "client_secrets has an unknown member \"%.40s\"", name);
    }
    if (!encoded.p || !base64url_decode(p->arena, encoded, &digest) || digest.n != SHA256_BYTES)
        return metadata_refuse(p, "client_secrets must hold SHA-256 digests (sha256) in base64url");
    if (json_object_get(secret, "expires_at") && !json_int(secret, "expires_at", 0, INT64_MAX / 2, &expires_at))
        return metadata_refuse(p, "client_secrets: expires_at must be a time in seconds");
    memcpy(c->secrets[c->secret_count].hash, digest.p, SHA256_BYTES);
    c->secrets[c->secret_count++].expires_at = expires_at;
    return true;
}

static bool read_secrets(struct parsing *p)
{
    const json_t *array = json_object_get(p->metadata, "client_secrets"), *item;
    size_t i;
    if (json_array_size(array) > COUNT_OF(p->client->secrets))
        return metadata_refuse(p, "client_secrets may hold two: the one in use and the one before");
    json_array_foreach(array, i, item)
    {
        if (!read_secret(p, item))
            return false;
    }
    return true;
}

static bool read_keys(struct parsing *p)
{
    const json_t *jwks = json_object_get(p->metadata, "jwks");
    const char *why = NULL;
    if (!jwks)
        return true;
    p->client->keys = jose_keyset_from_jwks(jwks, &why);
    return p->client->keys || metadata_refuse(p, "jwks: %s", why);
}

/* Exactly one of five members says what the certificate must name (RFC 8705 section 2.1.2). */
static bool read_certificate_name(struct parsing *p)
{
    static const char *const names[] = {[CERTIFICATE_DN] = "tls_client_auth_subject_dn",
                                        [CERTIFICATE_DNS] = "tls_client_auth_san_dns",
                                        [CERTIFICATE_URI] = "tls_client_auth_san_uri",
                                        [CERTIFICATE_IP] = "tls_client_auth_san_ip",
                                        [CERTIFICATE_EMAIL] = "tls_client_auth_san_email"};
    struct client *c = p->client;
    size_t given = 0;
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        str name = metadata_copy(p, names[i]);
        if (!name.p)
            continue;
        given++;
        c->certificate_by = (enum client_certificate_name)i;
        c->certificate_name = name;
    }
    if (c->auth == AUTH_TLS && (given != 1 || c->certificate_name.n == 0 || c->certificate_name.n > 1000))
        return metadata_refuse(p,
                               "tls_client_auth needs one of tls_client_auth_subject_dn, _san_dns, _san_uri, _san_ip, "
                               "_san_email");
    if (given && c->certificate_by == CERTIFICATE_DN && !certificate_dn_is_valid(c->certificate_name))
        return metadata_refuse(p, "tls_client_auth_subject_dn must be a distinguished name such as "
                                  "CN=bank.example.kh,O=Bank,C=KH (RFC 4514)");
    return given == 0 || c->auth == AUTH_TLS ||
           metadata_refuse(p, "tls_client_auth_… members are only for token_endpoint_auth_method tls_client_auth");
}

static bool read_registration_token(struct parsing *p)
{
    str digest, encoded = json_str(p->metadata, "registration_token_sha256");
    if (!encoded.p)
        return true;
    if (!base64url_decode(p->arena, encoded, &digest) || digest.n != SHA256_BYTES)
        return metadata_refuse(p, "registration_token_sha256 must be a SHA-256 digest in base64url");
    memcpy(p->client->registration_token, digest.p, SHA256_BYTES);
    return true;
}

bool client_read_auth(struct parsing *p)
{
    p->client->sealed_secret = metadata_copy(p, "sealed_client_secret");
    return read_method(p) && read_secrets(p) && read_keys(p) && read_certificate_name(p) &&
           read_registration_token(p) &&
           (!json_object_get(p->metadata, "token_endpoint_auth_signing_alg") ||
            str_is(json_str(p->metadata, "token_endpoint_auth_signing_alg"), "HS256") ||
            metadata_alg(p, "token_endpoint_auth_signing_alg", &p->client->auth_alg));
}
