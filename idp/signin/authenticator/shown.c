#include "signin/authenticator/shown.h"

#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "signin/authenticator/canonical.h"
#include "signin/choice.h"
#include "signin/details.h"

#define NONCE_BYTES 16

static json_t *text_of(str text)
{
    return json_stringn(text.p ? text.p : "", text.n);
}

static void set(json_t *object, const char *name, str text)
{
    json_object_set_new(object, name, text_of(text));
}

static str label_of(struct arena *arena, const struct pages *pages, enum lang lang, str claim)
{
    str key = arena_printf(arena, "claim.%.*s", STR_FMT(claim));
    str label = pages_message_or_none(pages, lang, key.p);
    return label.p ? label : claim;
}

void shown_add_claims(struct buf *json, const struct pages *pages, enum lang lang, const char *name, str claims)
{
    struct buf list = buf_new(json->arena, 128);
    str claim;
    buf_char(&list, '[');
    while (str_word(&claims, ' ', &claim)) {
        buf_add(&list, list.n > 1 ? STR(",{") : STR("{"));
        buf_json_str(&list, "name", claim);
        buf_json_str(&list, "label", label_of(json->arena, pages, lang, claim));
        buf_char(&list, '}');
    }
    buf_char(&list, ']');
    buf_json_raw(json, name, buf_str(&list));
}

/* In the order of the consent page. */
static json_t *claims_of(const struct visit *visit, str declined)
{
    struct arena *arena = visit->rq->arena;
    struct choice_group groups[CHOICE_GROUPS];
    json_t *list = json_array();
    str claim;
    choice_groups(arena, sso_claims(arena, &visit->interaction), groups);
    for (size_t i = 0; i < CHOICE_GROUPS; i++) {
        while (str_word(&groups[i].claims, ' ', &claim)) {
            json_t *item = json_object();
            bool required = str_list_has(visit->interaction.claims_essential, ' ', claim);
            set(item, "name", claim);
            set(item, "label", label_of(arena, visit->provider->pages, visit->lang, claim));
            json_object_set_new(item, "required", json_boolean(required));
            json_object_set_new(item, "off", json_boolean(!required && str_list_has(declined, ' ', claim)));
            json_array_append_new(list, item);
        }
    }
    return list;
}

static str logo_of(const struct visit *visit)
{
    if (visit->client->logo.n == 0)
        return STR_NONE;
    struct buf url = buf_new(visit->rq->arena, 128);
    buf_add(&url, visit->provider->settings->issuer);
    buf_add(&url, STR("/client-logo/"));
    buf_add_urlencoded(&url, visit->client->id);
    return buf_str(&url);
}

static void set_client(json_t *shown, const struct visit *visit)
{
    const struct client *client = visit->client;
    set(shown, "client_id", client->id);
    set(shown, "client_name", client->name[visit->lang]);
    set(shown, "client_host", visit_host_shown(visit));
    set(shown, "client_purpose", client->purpose[visit->lang]);
    set(shown, "logo", logo_of(visit));
}

static void set_request(json_t *shown, const struct visit *visit, str declined)
{
    const struct interaction *interaction = &visit->interaction;
    json_object_set_new(shown, "claims", claims_of(visit, declined));
    set(shown, "scope", interaction->scope);
    json_object_set_new(shown, "offline", json_boolean(str_list_has(interaction->scope, ' ', STR("offline_access"))));
    details_add_json(visit, shown);
    set(shown, "binding_message", interaction->binding_message);
    json_object_set_new(shown, "from_device", json_boolean(interaction->flow == FLOW_DEVICE));
}

static void set_browser(json_t *shown, const struct channel *channel, const struct shown_with *with)
{
    set(shown, "browser", channel->browser_family);
    set(shown, "place", channel->browser_place);
    json_object_set_new(shown, "browser_known", json_boolean(with->browser_known));
    json_object_set_new(shown, "networks_differ", json_boolean(with->networks_differ));
    set(shown, "role", with->role);
}

str shown_text(const struct visit *visit, const struct channel *channel, const struct shown_with *with)
{
    json_t *shown = json_object();
    arena_defer(visit->rq->arena, (void (*)(void *))json_decref, shown);
    set_client(shown, visit);
    set_request(shown, visit, with->declined);
    set_browser(shown, channel, with);
    set(shown, "nonce", random_token(visit->rq->arena, NONCE_BYTES));
    json_object_set_new(shown, "issued_at", json_integer(clock_now()));
    return canonical_json(visit->rq->arena, shown);
}
