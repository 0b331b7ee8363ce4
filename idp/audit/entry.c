#include "audit/entry.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/codec.h"

static const struct field fields[] = {
    FIELD(1, FIELD_I64, audit_entry, at_ms),          FIELD(2, FIELD_STR, audit_entry, action),
    FIELD(3, FIELD_STR, audit_entry, outcome),        FIELD(4, FIELD_STR, audit_entry, actor),
    FIELD(5, FIELD_STR, audit_entry, client_id),      FIELD(6, FIELD_STR, audit_entry, subject),
    FIELD(7, FIELD_STR, audit_entry, session_id),     FIELD(8, FIELD_STR, audit_entry, request_id),
    FIELD(9, FIELD_STR, audit_entry, transaction_id), FIELD(10, FIELD_STR, audit_entry, xroad_id),
    FIELD(11, FIELD_STR, audit_entry, peer),          FIELD(12, FIELD_STR, audit_entry, detail),
};

static const struct codec codec = {RECORD_AUDIT, fields, COUNT_OF(fields)};

str audit_encode(struct arena *arena, struct audit_entry *entry)
{
    if (entry->at_ms == 0)
        entry->at_ms = clock_now_ms();
    return codec_encode(&codec, arena, entry);
}

void audit_hash(struct arena *arena, str previous, str encoded, unsigned char out[static SHA256_BYTES])
{
    static const char zeros[SHA256_BYTES];
    struct buf buf = buf_new(arena, SHA256_BYTES + encoded.n);
    buf_add(&buf, previous.p ? previous : str_bytes(zeros, sizeof zeros));
    buf_add(&buf, encoded);
    sha256(buf_str(&buf), out);
}

static str chain(struct arena *arena, uint64_t number, str previous, void *context)
{
    const str *encoded = context;
    (void)number;
    if (previous.n >= SHA256_BYTES)
        previous.n = SHA256_BYTES; /* its own hash */
    unsigned char hash[SHA256_BYTES];
    audit_hash(arena, previous, *encoded, hash);
    struct buf buf = buf_new(arena, sizeof hash + encoded->n);
    buf_add(&buf, str_bytes(hash, sizeof hash));
    buf_add(&buf, *encoded);
    return buf_str(&buf);
}

struct store_op audit_encoded_op(str *encoded)
{
    return (struct store_op){.what = STORE_APPEND, .kind = RECORD_AUDIT, .chain = chain, .context = encoded};
}

bool audit_decode(str value, str *hash, str *encoded, struct audit_entry *out)
{
    if (value.n < SHA256_BYTES)
        return false;
    *hash = (str){value.p, SHA256_BYTES};
    *encoded = (str){value.p + SHA256_BYTES, value.n - SHA256_BYTES};
    *out = (struct audit_entry){0};
    return codec_decode(&codec, *encoded, out);
}
