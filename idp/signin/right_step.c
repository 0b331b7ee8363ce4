#include "signin/right_step.h"

#include "base/log.h"
#include "records/officer.h"

/* `*out` is empty where none is needed. */
static enum store_result look(struct provider *provider, struct request *rq, const struct client *client, str resident,
                              struct officer *out)
{
    *out = (struct officer){0};
    return client->officers_only ? officer_load(provider->store, rq->arena, client->id, resident, out) : STORE_OK;
}

static struct audit_entry entry_of(struct request *rq, const struct interaction *interaction, str resident, str sid)
{
    return (struct audit_entry){.action = STR("officer.refuse"),
                                .outcome = STR("no right"),
                                .actor = arena_printf(rq->arena, "resident:%.*s", STR_FMT(resident)),
                                .client_id = interaction->client_id,
                                .session_id = sid,
                                .request_id = str_of(rq->id),
                                .transaction_id = interaction->transaction_id,
                                .peer = rq->peer};
}

enum store_result right_check(struct provider *provider, struct request *rq, const struct interaction *interaction,
                              const struct client *client, const struct session *session)
{
    struct officer right;
    enum store_result result = look(provider, rq, client, session->resident, &right);
    /* otherwise a page will be shown, and that is noted then */
    if (result == STORE_NOT_FOUND && str_list_has(interaction->prompt, ' ', STR("none"))) {
        struct audit_entry entry = entry_of(rq, interaction, session->resident, session->sid);
        audit_later(provider->audit, &entry);
    }
    return result;
}

/* Who it was stays in the interaction: a refusal of theirs is an answer to a request that was made for them. */
static void refuse(struct visit *visit)
{
    struct interaction *interaction = &visit->interaction;
    struct audit_entry entry = entry_of(visit->rq, interaction, interaction->resident, interaction->sid);
    if (!audit_write(visit->provider->store, &entry))
        log_error("audit.write failed action=officer.refuse request=%s", visit->rq->id);
    interaction->stage = STAGE_START;
    if (visit_save(visit))
        visit_show(visit, 403, "signin/no_right", visit_view(visit));
}

bool right_proceed(struct visit *visit)
{
    struct officer right;
    enum store_result result = look(visit->provider, visit->rq, visit->client, visit->interaction.resident, &right);
    if (result == STORE_NOT_FOUND)
        refuse(visit);
    else if (result != STORE_OK)
        visit_problem(visit, 503);
    return result == STORE_OK;
}

void right_add(struct visit *visit, struct view *view)
{
    struct officer right;
    if (look(visit->provider, visit->rq, visit->client, visit->interaction.resident, &right) != STORE_OK)
        return;
    struct buf roles = buf_new(visit->rq->arena, right.roles.n + 16);
    str rest = right.roles, role;
    while (str_word(&rest, ' ', &role))
        buf_printf(&roles, "%s%.*s", roles.n > 0 ? ", " : "", STR_FMT(role));
    view_text(view, "officer_organization", right.organization);
    view_text(view, "officer_roles", buf_str(&roles));
}
