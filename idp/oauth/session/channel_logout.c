#include "oauth/session/channel_logout.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/primitives.h"
#include "oauth/nested.h"

#define LOGOUT_TOKEN_LIFE 120 /* seconds: as the specification advises, section 4 */

/* Back-Channel Logout section 2.4. The jti is the notice's own, so that a try that is repeated is known for one; there
 * is never a nonce, which would let it pass for an ID token. */
static str logout_claims(const struct provider *provider, struct arena *arena, const struct outbox_notice *notice,
                         str subject, str sid)
{
    int64_t now = clock_now();
    struct buf json = buf_new(arena, 512);
    buf_char(&json, '{');
    buf_json_str(&json, "iss", provider->settings->issuer);
    buf_json_str(&json, "aud", notice->client_id);
    buf_json_int(&json, "iat", now);
    buf_json_int(&json, "exp", now + LOGOUT_TOKEN_LIFE);
    buf_json_str(&json, "jti", base64url_encode(arena, notice->key));
    buf_json_str(&json, "sub", subject);
    buf_json_str(&json, "sid", sid);
    buf_add(&json, STR(",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}}"));
    return buf_str(&json);
}

enum outbox_rendered backchannel_logout_render(void *context, struct arena *arena, const struct outbox_notice *notice,
                                               struct outbound_request *request)
{
    struct provider *provider = context;
    const struct client *client = client_find(provider->clients, arena, notice->client_id);
    str subject, sid, token;
    if (!client || !client->backchannel_logout_uri.p || !participant_read_recipe(notice->recipe, &subject, &sid))
        return OUTBOX_DROP;
    struct nested how = {client, client->id_token_alg, "logout+jwt", &client->id_token_encryption};
    if (!nested_make_aside(provider, arena, &how, logout_claims(provider, arena, notice, subject, sid), &token))
        return OUTBOX_LATER;
    struct buf body = buf_new(arena, token.n + 16);
    buf_add(&body, STR("logout_token="));
    buf_add_urlencoded(&body, token);
    request->url = client->backchannel_logout_uri;
    request->content_type = STR("application/x-www-form-urlencoded");
    request->body = buf_str(&body);
    return OUTBOX_SEND;
}

str frontchannel_logout_url(const struct provider *provider, struct arena *arena, const struct participant *told)
{
    struct buf url = buf_new(arena, told->frontchannel_uri.n + 256);
    buf_add(&url, told->frontchannel_uri);
    buf_add(&url, str_has(told->frontchannel_uri, '?') ? STR("&iss=") : STR("?iss="));
    buf_add_urlencoded(&url, provider->settings->issuer);
    buf_add(&url, STR("&sid="));
    buf_add_urlencoded(&url, told->client_sid);
    return buf_str(&url);
}
