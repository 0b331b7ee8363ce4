#include "oauth/oauth.h"

void oauth_notice_ended(void *context, const struct outbox_notice *notice, enum outbox_end end, int status)
{
    struct provider *provider = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    const struct audit_entry entry = {
        .action = STR("notice.end"),
        .outcome = end == OUTBOX_SENT ? STR("ok") : str_of(outbox_end_name(end)),
        .actor = arena_printf(arena, "client:%.*s", STR_FMT(notice->client_id)),
        .client_id = notice->client_id,
        .detail = arena_printf(arena, "%.*s status %d", STR_FMT(notice->kind), status),
    };
    audit_later(provider->audit, &entry);
}
