#include "oauth/repeat.h"

#include "base/buf.h"

bool repeat_by_get(struct request *rq, str issuer)
{
    if (!str_eq(rq->method, STR("POST")) || request_header(rq, "Cookie").p || rq->body_type != BODY_FORM)
        return false;
    struct buf url = buf_new(rq->arena, issuer.n + rq->path.n + rq->body.n + 1);
    buf_add(&url, issuer);
    buf_add(&url, rq->path);
    buf_char(&url, '?');
    for (size_t i = 0; i < rq->form.count; i++) {
        if (i > 0)
            buf_char(&url, '&');
        buf_add_urlencoded(&url, rq->form.items[i].name);
        buf_char(&url, '=');
        buf_add_urlencoded(&url, rq->form.items[i].value);
    }
    if (rq->form.status != PARAMS_OK || url.n > HTTP_TARGET_MAX)
        return false;
    respond_redirect(rq, buf_str(&url));
    return true;
}
