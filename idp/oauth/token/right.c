#include "oauth/token/right.h"

enum store_result right_of(const struct provider *provider, struct arena *arena, const struct client *client,
                           const struct token_subject *of, struct officer *out)
{
    *out = (struct officer){0};
    if (of->officer.p)
        return officer_find(provider->store, arena, of->officer, out);
    /* issued before the client became a back office: nobody looked whether the person has a right */
    bool needs_one = client->officers_only && of->grant.p && !of->actor.p;
    return needs_one ? STORE_NOT_FOUND : STORE_OK;
}

static void audit_refusal(const struct token_request *request, const struct token_subject *of)
{
    struct audit_entry entry = {.action = STR("officer.refuse"),
                                .outcome = STR("no right"),
                                .client_id = request->client->id,
                                .subject = of->subject,
                                .request_id = str_of(request->rq->id),
                                .peer = request->rq->peer,
                                .detail = params_get(&request->rq->form, "grant_type")};
    audit_later(request->provider->audit, &entry);
}

struct oauth_error right_for(struct token_request *request, const struct token_subject *of, struct officer *out)
{
    switch (right_of(request->provider, request->rq->arena, request->client, of, out)) {
    case STORE_OK:
        break;
    case STORE_NOT_FOUND:
        audit_refusal(request, of);
        return OAUTH_ERROR("invalid_grant", "the person has no right at this client any more");
    default:
        return OAUTH_UNAVAILABLE;
    }
    if (out->expires_at > 0 && (request->expires_by == 0 || out->expires_at < request->expires_by))
        request->expires_by = out->expires_at;
    return OAUTH_OK;
}

bool right_is_told(const struct officer *right, const struct token_subject *of)
{
    return right->client_id.p && !of->actor.p;
}
