#include "oauth/request/repeat.h"

#include "base/buf.h"
#include "ipis/kidc.h"

/* A KIdC in an address would stay in histories and in the logs of proxies: the person types it instead. */
static bool is_kidc(const struct param *param)
{
    struct kidc kidc;
    return str_is(param->name, "login_hint") && kidc_parse(param->value, &kidc);
}

bool repeat_by_get(struct request *rq, str issuer)
{
    if (!str_eq(rq->method, STR("POST")) || request_header(rq, "Cookie").p || rq->body_type != BODY_FORM)
        return false;
    struct buf url = buf_new(rq->arena, issuer.n + rq->path.n + rq->body.n + 1);
    buf_add(&url, issuer);
    buf_add(&url, rq->path);
    buf_char(&url, '?');
    for (size_t i = 0; i < rq->form.count; i++) {
        if (is_kidc(&rq->form.items[i]))
            continue;
        if (url.p[url.n - 1] != '?')
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
