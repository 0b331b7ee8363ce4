/* POST /app/api/decline: no, or "this was not me", before anything was approved. */
#include "signin/authenticator/asked.h"
#include "signin/authenticator/authenticator.h"

#define REASON_MAX 16

static void answer(struct call *call, enum channel_end end)
{
    api_answer(call, 200, arena_printf(call->rq->arena, "{\"result\":\"%s\"}", channel_end_name(end)));
}

static bool read_reason(struct call *call, enum channel_end *end)
{
    str reason;
    if (!api_text(call, "reason", REASON_MAX, &reason))
        return false;
    *end = str_is(reason, "reported") ? END_REPORTED : END_DECLINED;
    if (str_is(reason, channel_end_name(*end)))
        return true;
    api_fail(call, API_INVALID_REQUEST);
    return false;
}

void decline_submit(struct request *rq, void *context)
{
    struct call call;
    struct asked asked = {.call = &call};
    enum channel_end end;
    if (!api_open(&call, context, rq, API_DEVICE) || !read_reason(&call, &end) || !asked_find(&asked))
        return;
    switch (asked_end(&asked, end)) {
    case STORE_OK:
        answer(&call, end);
        break;
    case STORE_CONFLICT: /* over in another way: then there is nothing left to decline */
        asked_ended_before(&asked);
        break;
    default:
        api_fail(&call, API_UNAVAILABLE);
    }
}
