/* What a phone approved becomes a sign-in of the browser that waits. */
#include "base/clock.h"
#include "base/log.h"
#include "crypto/primitives.h"
#include "records/known_browser.h"
#include "signin/qr/qr.h"
#include "signin/right_step.h"
#include "signin/steps.h"

/* Each answer works once. */
static enum store_result use_up(struct visit *visit, const struct channel *channel)
{
    struct store_op op = {.what = STORE_DELETE,
                          .kind = RECORD_CHANNEL,
                          .key = channel->id,
                          .condition = IF_VERSION,
                          .version = channel->version};
    enum store_result result = store_write(visit->provider->store, &op, 1);
    if (result == STORE_OK)
        http_wake(visit->provider->http, channel->id);
    return result;
}

/* On disk before the browser learns anything. */
static bool record(struct visit *visit, const struct channel *channel, const struct channel_answer *answer)
{
    struct audit_entry entry = visit_entry(visit, "signin.phone", STR("ok"), answer->resident);
    entry.detail = channel->way == CHANNEL_QR ? STR("qr") : STR("same_device");
    return audit_write(visit->provider->store, &entry);
}

/* A new session for who answered, whatever the browser had before. */
static bool start_session(struct visit *visit, const struct channel_answer *answer, struct session *session)
{
    struct provider *provider = visit->provider;
    *session = (struct session){.resident = answer->resident,
                                .acr = answer->acr,
                                .amr = answer->amr,
                                .transaction_id = visit->interaction.transaction_id,
                                .auth_time = answer->auth_time,
                                .expires_at = answer->expires_at};
    return session_start(provider->store, visit->rq, session, &answer->person) == STORE_OK;
}

/* What was agreed to is what the phone showed: no page asks again. */
static void finish(struct visit *visit, const struct channel_answer *answer)
{
    struct interaction *interaction = &visit->interaction;
    struct consent consent;
    bool another = interaction->for_resident.p && !str_eq(interaction->for_resident, interaction->resident);
    enum store_result result =
        consent_load(visit->provider->store, visit->rq->arena, interaction->client_id, interaction->resident, &consent);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        visit_problem(visit, 503);
    } else if (another || result == STORE_NOT_FOUND || !str_eq(consent.consent_id, answer->consent_id)) {
        visit_proceed(visit, visit_reload);
    } else if (right_proceed(visit)) {
        sso_finish(visit->rq->arena, interaction, &consent);
        if (visit_save(visit))
            visit_leave(visit);
    }
}

static void accept(struct visit *visit, const struct channel *channel, const struct channel_answer *answer)
{
    struct session session;
    const struct sso_policy policy = visit_policy(visit);
    if (!record(visit, channel, answer) || !start_session(visit, answer, &session)) {
        visit_problem(visit, 503);
        return;
    }
    if (known_browser_remember(visit->provider->store, visit->rq, answer->resident) != STORE_OK)
        log_warn("channel.browser not remembered request=%s", visit->rq->id);
    sso_adopt(&policy, &visit->interaction, &session);
    visit->interaction.authenticator = answer->authenticator;
    visit->interaction.sealed_kidc = STR_NONE; /* the session has it now */
    finish(visit, answer);
}

/* Opens it with the browser's cookie, and what the phone told it to bring. */
static bool open_answer(struct visit *visit, const struct channel *channel, struct channel_answer *answer)
{
    struct request *rq = visit->rq;
    return channel_open(rq->arena, channel, interaction_secret(rq), params_get(&rq->query, "continue"), answer) &&
           answer->expires_at > clock_now();
}

bool qr_complete(struct visit *visit)
{
    struct channel channel;
    struct channel_answer answer;
    enum store_result result =
        channel_of_interaction(visit->provider->store, visit->rq->arena, visit->interaction.id, &channel);
    if (result == STORE_NOT_FOUND || (result == STORE_OK && channel.state != CHANNEL_APPROVED))
        return false;
    if (result == STORE_OK && !open_answer(visit, &channel, &answer)) {
        /* an answer that opens for nobody any more must not send the page here again and again */
        if (channel.way == CHANNEL_QR && use_up(visit, &channel) != STORE_OK)
            log_warn("channel.answer not taken away request=%s", visit->rq->id);
        return false;
    }
    if (result == STORE_OK)
        result = use_up(visit, &channel);
    if (result == STORE_OK)
        accept(visit, &channel, &answer);
    else if (result == STORE_CONFLICT || result == STORE_NOT_FOUND)
        visit_reload(visit); /* another tab was faster */
    else
        visit_problem(visit, 503);
    return true;
}

bool qr_is_foreign(struct provider *provider, struct request *rq)
{
    str secret = params_get(&rq->query, "continue");
    struct channel channel;
    if (!secret.p || rq->tail.n == 0 || rq->tail.n > STORE_KEY_MAX ||
        channel_of_interaction(provider->store, rq->arena, rq->tail, &channel) != STORE_OK || !channel.continuation.p ||
        !secret_equal(channel.continuation, sha256_key(rq->arena, secret)))
        return false;
    channel_fail(provider, rq, &channel, END_FOREIGN_COOKIE);
    return true;
}
