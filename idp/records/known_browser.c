#include "records/known_browser.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/primitives.h"
#include "store/codec.h"

#define KNOWN_COOKIE "konsao_known"
#define COOKIE_TEXT 43 /* base64url of 256 bits */

struct known_browser {
    int64_t used_at;
};
static const struct field fields[] = {FIELD(1, FIELD_I64, known_browser, used_at)};
static const struct codec codec = {RECORD_KNOWN_BROWSER, fields, COUNT_OF(fields)};

static str record_key(struct arena *arena, str mark, str resident)
{
    struct buf key = buf_new(arena, mark.n + 1 + resident.n);
    buf_add(&key, mark);
    buf_char(&key, '\0');
    buf_add(&key, resident);
    return buf_str(&key);
}

str known_browser_mark(struct request *rq)
{
    str cookie = request_cookie(rq, KNOWN_COOKIE);
    return cookie.n == COOKIE_TEXT ? sha256_key(rq->arena, cookie) : STR_NONE;
}

enum store_result known_browser_is(struct store *store, struct arena *arena, str mark, str resident, bool *known)
{
    struct record record;
    *known = false;
    if (!mark.p)
        return STORE_OK;
    enum store_result result =
        store_get(store, RECORD_KNOWN_BROWSER, record_key(arena, mark, resident), arena, &record);
    *known = result == STORE_OK;
    return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result known_browser_remember(struct store *store, struct request *rq, str resident)
{
    str mark = known_browser_mark(rq);
    if (!mark.p) {
        str cookie = random_token(rq->arena, 32);
        response_cookie(rq, KNOWN_COOKIE, cookie, KNOWN_BROWSER_LIFE);
        mark = sha256_key(rq->arena, cookie);
    }
    const struct known_browser browser = {clock_now()};
    struct store_op op = {.what = STORE_PUT,
                          .kind = RECORD_KNOWN_BROWSER,
                          .key = record_key(rq->arena, mark, resident),
                          .value = codec_encode(&codec, rq->arena, &browser),
                          .expires_at = browser.used_at + KNOWN_BROWSER_LIFE};
    return store_write(store, &op, 1);
}

struct store_op known_browser_forget_op(struct arena *arena, str mark, str resident)
{
    return (struct store_op){
        .what = STORE_DELETE, .kind = RECORD_KNOWN_BROWSER, .key = record_key(arena, mark, resident)};
}
