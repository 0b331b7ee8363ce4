#include "oauth/authorize/authorize.h"

#include "crypto/primitives.h"
#include "oauth/authorize/finish.h"
#include "oauth/authorize/response.h"
#include "oauth/request/flood.h"
#include "oauth/request/pipeline.h"
#include "oauth/request/repeat.h"

/* The register can't be asked now: the interaction stays where it is, and the page's way on is to come back here. */
static void show_unreachable(struct provider *provider, struct request *rq, const struct interaction *interaction)
{
    enum lang lang = lang_of_request(rq, lang_choose(interaction->ui_locales, LANG_KM));
    const struct client *client = client_find(provider->clients, rq->arena, interaction->client_id);
    struct view *view = view_new(rq->arena);
    view_text(view, "client_name", client ? client->name[lang] : STR_NONE);
    view_text(view, "retry_url", rq->path);
    page_respond(rq, provider->pages, lang, 503, "signin/unreachable", view, STR_NONE);
}

/* Takes back a result that does not hold any more: the person signs in anew in the same interaction. */
static void forget_result(struct interaction *interaction)
{
    interaction->stage = STAGE_START;
    interaction->sid = interaction->resident = interaction->granted_claims = STR_NONE;
}

/* Stores the checked request and goes on at `path`. */
static void hand_over(struct authorize_request *request, const char *path)
{
    struct provider *provider = request->provider;
    if (flood_of_requests(provider, request->rq))
        response_send_error(provider, request->rq, &request->interaction,
                            OAUTH_ERROR("temporarily_unavailable", "too many requests from this address"));
    else if (interaction_create(provider->store, request->rq, authorize_browser_secret(request), &request->interaction,
                                provider->settings->life_interaction) == STORE_OK)
        response_go_on(provider, request->rq, path, &request->interaction);
    else
        response_send_error(provider, request->rq, &request->interaction,
                            OAUTH_ERROR("server_error", "the store did not answer"));
}

void authorize_handle(struct request *rq, void *context)
{
    struct provider *provider = context;
    if (repeat_by_get(rq, provider->settings->issuer))
        return;
    struct authorize_request request = {.provider = provider, .rq = rq, .at = AT_AUTHORIZE};
    request.sent = request.params = str_eq(rq->method, STR("POST")) ? &rq->form : &rq->query;
    struct oauth_error error = pipeline_run(&request);
    if (error.code && !request.redirect_known) {
        oauth_error_page(provider, rq, 400, error);
        return;
    }
    if (error.code) {
        response_send_error(provider, rq, &request.interaction, error);
        return;
    }
    request.interaction.transaction_id = random_uuid(rq->arena);
    struct interaction *interaction = &request.interaction;
    enum finish result = SIGN_IN_AGAIN;
    if (provider->sign_in_silently(provider, rq, interaction))
        result = finish_interaction(provider, rq, interaction);
    if (result == REGISTER_AWAY) {
        hand_over(&request, "/authorize/"); /* stored, so that it can be tried again */
    } else if (result == SIGN_IN_AGAIN) {
        forget_result(interaction);
        hand_over(&request, "/signin/");
    }
}

/* Back to the sign-in pages, with the result taken back when there was one. */
static void sign_in_again(struct provider *provider, struct request *rq, struct interaction *interaction)
{
    bool had_result = interaction->stage == STAGE_DONE;
    if (had_result)
        forget_result(interaction);
    if (had_result && interaction_save(provider->store, rq->arena, interaction) == STORE_ERROR)
        response_send_error(provider, rq, interaction, OAUTH_ERROR("server_error", "the store did not answer"));
    else
        response_go_on(provider, rq, "/signin/", interaction);
}

void authorize_resume(struct request *rq, void *context)
{
    struct provider *provider = context;
    struct interaction interaction;
    enum store_result result = interaction_load(provider->store, rq, rq->tail, &interaction);
    if (result == STORE_NOT_FOUND) {
        oauth_over_page(provider, rq, 404, NULL);
        return;
    }
    if (result != STORE_OK) {
        oauth_error_page(provider, rq, 503, OAUTH_UNAVAILABLE);
        return;
    }
    bool finished = interaction.stage == STAGE_DONE || interaction.stage == STAGE_REFUSED;
    enum finish outcome = finished ? finish_interaction(provider, rq, &interaction) : SIGN_IN_AGAIN;
    if (outcome == REGISTER_AWAY)
        show_unreachable(provider, rq, &interaction);
    else if (outcome == SIGN_IN_AGAIN)
        sign_in_again(provider, rq, &interaction);
}
