#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <string.h>

#include "webauthn/cbor.h"
#include "webauthn/parts.h"

/* Labels of COSE_Key parameters: of every key, of curves, of RSA. */
enum label { LABEL_KTY = 1, LABEL_ALG = 3, LABEL_CRV = -1, LABEL_X = -2, LABEL_Y = -3, LABEL_N = -1, LABEL_E = -2 };

#define COORDINATE_BYTES 32
#define RSA_N_BYTES 256 /* libfido2 1.12 knows RSA of 2048 bits, with an exponent of three bytes */

static bool number_is(const struct cbor_map *map, enum label label, int64_t wanted)
{
    int64_t number;
    str value = cbor_numbered(map, label);
    return value.p && cbor_int(value, &number) && number == wanted;
}

static bool bytes_of(const struct cbor_map *map, enum label label, size_t n, str *out)
{
    str value = cbor_numbered(map, label);
    return value.p && cbor_bytes(value, out) && out->n == n;
}

static void free_es256(void *key)
{
    es256_pk_t *pk = key;
    es256_pk_free(&pk);
}

/* Also refuses a point that is not on the curve, in es256_pk_from_ptr. */
static bool read_es256(struct arena *arena, const struct cbor_map *map, struct public_key *out)
{
    unsigned char point[2 * COORDINATE_BYTES];
    str x, y;
    if (map->count != 5 || !number_is(map, LABEL_KTY, COSE_KTY_EC2) || !number_is(map, LABEL_CRV, COSE_P256) ||
        !bytes_of(map, LABEL_X, COORDINATE_BYTES, &x) || !bytes_of(map, LABEL_Y, COORDINATE_BYTES, &y))
        return false;
    memcpy(point, x.p, COORDINATE_BYTES);
    memcpy(point + COORDINATE_BYTES, y.p, COORDINATE_BYTES);
    es256_pk_t *pk = es256_pk_new();
    if (!pk)
        return false;
    arena_defer(arena, free_es256, pk);
    out->fido2 = pk;
    return es256_pk_from_ptr(pk, point, sizeof point) == FIDO_OK;
}

static void free_eddsa(void *key)
{
    eddsa_pk_t *pk = key;
    eddsa_pk_free(&pk);
}

static bool read_eddsa(struct arena *arena, const struct cbor_map *map, struct public_key *out)
{
    str x;
    if (map->count != 4 || !number_is(map, LABEL_KTY, COSE_KTY_OKP) || !number_is(map, LABEL_CRV, COSE_ED25519) ||
        !bytes_of(map, LABEL_X, COORDINATE_BYTES, &x))
        return false;
    eddsa_pk_t *pk = eddsa_pk_new();
    if (!pk)
        return false;
    arena_defer(arena, free_eddsa, pk);
    out->fido2 = pk;
    return eddsa_pk_from_ptr(pk, x.p, x.n) == FIDO_OK;
}

static void free_rs256(void *key)
{
    rs256_pk_t *pk = key;
    rs256_pk_free(&pk);
}

static bool read_rs256(struct arena *arena, const struct cbor_map *map, struct public_key *out)
{
    static const str f4 = STR_INIT("\x01\x00\x01"); /* the exponent that everybody has; others are weak or a mistake */
    unsigned char numbers[RSA_N_BYTES + 3];
    str n, e;
    if (map->count != 4 || !number_is(map, LABEL_KTY, COSE_KTY_RSA) || !bytes_of(map, LABEL_N, RSA_N_BYTES, &n) ||
        !bytes_of(map, LABEL_E, f4.n, &e) || !str_eq(e, f4) || !(n.p[n.n - 1] & 1))
        return false;
    memcpy(numbers, n.p, n.n);
    memcpy(numbers + n.n, e.p, e.n);
    rs256_pk_t *pk = rs256_pk_new();
    if (!pk)
        return false;
    arena_defer(arena, free_rs256, pk);
    out->fido2 = pk;
    return rs256_pk_from_ptr(pk, numbers, sizeof numbers) == FIDO_OK; /* 2048 bits, not fewer */
}

bool public_key_read(struct arena *arena, str cose, struct public_key *out)
{
    struct cbor_map map;
    str item, alg;
    if (!cbor_take(&cose, &item) || cose.n > 0 || !cbor_map(item, &map))
        return false;
    alg = cbor_numbered(&map, LABEL_ALG);
    if (!alg.p || !cbor_int(alg, &out->alg))
        return false;
    switch (out->alg) {
    case COSE_ES256:
        return read_es256(arena, &map, out);
    case COSE_EDDSA:
        return read_eddsa(arena, &map, out);
    case COSE_RS256:
        return read_rs256(arena, &map, out);
    default:
        return false;
    }
}
