#include "crypto/primitives.h"
#include "webauthn/cbor.h"
#include "webauthn/parts.h"

enum flag {
    FLAG_UP = 0x01, /* user present */
    FLAG_UV = 0x04, /* user verified */
    FLAG_BE = 0x08, /* backup eligible */
    FLAG_BS = 0x10, /* backed up */
    FLAG_AT = 0x40, /* attested credential data */
    FLAG_ED = 0x80, /* extensions */
};

#define AAGUID_BYTES 16

static bool cut(str *rest, size_t n, str *out)
{
    if (rest->n < n)
        return false;
    *out = (str){rest->p, n};
    *rest = (str){rest->p + n, rest->n - n};
    return true;
}

static int64_t big_endian(str bytes)
{
    int64_t number = 0;
    for (size_t i = 0; i < bytes.n; i++)
        number = number << 8 | (unsigned char)bytes.p[i];
    return number;
}

static enum webauthn_fault read_credential(str *rest, struct authenticator_data *out)
{
    str length;
    if (!cut(rest, AAGUID_BYTES, &out->aaguid) || !cut(rest, 2, &length))
        return WEBAUTHN_MALFORMED;
    size_t n = (size_t)big_endian(length);
    if (n == 0 || n > CREDENTIAL_ID_MAX)
        return WEBAUTHN_CREDENTIAL;
    return cut(rest, n, &out->credential_id) && cbor_take(rest, &out->public_key) ? WEBAUTHN_OK : WEBAUTHN_MALFORMED;
}

/* By length and then by bytes: the one order of the canonical form, which libfido2 insists on here. */
static bool is_sorted(const struct cbor_map *map)
{
    for (size_t i = 1; i < map->count; i++) {
        str before = map->keys[i - 1], key = map->keys[i];
        if (before.n > key.n || (before.n == key.n && str_cmp(before, key) >= 0))
            return false;
    }
    return true;
}

/* Extensions, and then nothing more. What they say is not looked at: none was asked for. */
static enum webauthn_fault read_extensions(str *rest, bool has, struct authenticator_data *out)
{
    struct cbor_map map;
    str name;
    if (has != (rest->n > 0))
        return WEBAUTHN_FLAGS;
    if (!has)
        return WEBAUTHN_OK;
    if (!cbor_take(rest, &out->extensions) || !cbor_map(out->extensions, &map) || rest->n > 0 || !is_sorted(&map))
        return WEBAUTHN_MALFORMED;
    for (size_t i = 0; i < map.count; i++)
        if (!cbor_text(map.keys[i], &name))
            return WEBAUTHN_MALFORMED;
    return WEBAUTHN_OK;
}

static enum webauthn_fault judge_flags(unsigned flags, bool attested)
{
    if (!(flags & FLAG_UP))
        return WEBAUTHN_NOT_PRESENT;
    if (!(flags & FLAG_UV))
        return WEBAUTHN_NOT_VERIFIED;
    if ((flags & FLAG_BS && !(flags & FLAG_BE)) || !(flags & FLAG_AT) == attested)
        return WEBAUTHN_FLAGS;
    return WEBAUTHN_OK;
}

enum webauthn_fault authenticator_data_read(const struct webauthn_site *site, str bytes, bool attested,
                                            struct authenticator_data *out)
{
    unsigned char hash[SHA256_BYTES];
    str rest = bytes, rp_id_hash, flag_byte, count;
    *out = (struct authenticator_data){0};
    if (!cut(&rest, SHA256_BYTES, &rp_id_hash) || !cut(&rest, 1, &flag_byte) || !cut(&rest, 4, &count))
        return WEBAUTHN_MALFORMED;
    sha256(site->rp_id, hash);
    if (!secret_equal(rp_id_hash, str_bytes(hash, sizeof hash)))
        return WEBAUTHN_RP_ID;
    unsigned flags = (unsigned char)flag_byte.p[0];
    out->sign_count = big_endian(count);
    out->backup_eligible = flags & FLAG_BE;
    out->backed_up = flags & FLAG_BS;
    enum webauthn_fault fault = judge_flags(flags, attested);
    if (fault == WEBAUTHN_OK && attested)
        fault = read_credential(&rest, out);
    return fault == WEBAUTHN_OK ? read_extensions(&rest, flags & FLAG_ED, out) : fault;
}
