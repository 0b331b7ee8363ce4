#include <stdlib.h>

#include "crypto/json.h"
#include "oauth/register/registration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
    if (!fine)
        abort();
}

static void check(struct arena *arena, const json_t *metadata)
{
    str why = STR_NONE;
    struct client *client = client_parse(json_text(arena, metadata), arena, &why);
    require(client || why.n > 0);
    if (client) {
        const unsigned allowed = GRANT_AUTHORIZATION_CODE | GRANT_REFRESH_TOKEN | GRANT_IMPLICIT;
        require(str_is(client->id, "id") && client->profile == PROFILE_OPEN && client->require_pkce);
        require((client->grants & ~allowed) == 0 && client->claims.count == 0 && client->audience.count == 0);
        for (size_t i = 0; i < client->scopes.count; i++)
            require(str_is(client->scopes.items[i], "openid") || str_is(client->scopes.items[i], "profile"));
        require(!client->organization.p && client->resources.count == 0 && client->secret_count == 0);
    }
    client_free(client);
}

/* Whatever a stranger says, its client has nothing beyond its limits and nothing that only we write. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct registration_limits limits = {.profiles = STR_INIT("open"),
                                                      .grants = STR_INIT("authorization_code refresh_token implicit"),
                                                      .scope = STR_INIT("openid profile")};
    struct arena *arena = arena_new();
    struct settings settings = {.registration_pkce = STR("yes")};
    struct provider provider = {.settings = &settings};
    struct request rq = {.arena = arena, .body_type = BODY_JSON, .body = str_bytes(data, size)};
    json_t *said;
    if (!registration_body(&rq, &said).code) {
        struct registration registration = {
            .metadata =
                json_parse_object(arena, STR("{\"client_id\":\"id\",\"token_endpoint_auth_method\":\"none\"}"), 99)};
        struct oauth_error error = registration_fill(&provider, arena, said, &limits, NULL, &registration);
        require(!error.code || (error.description && str_is_printable(str_of(error.description))));
        if (!error.code)
            check(arena, registration.metadata);
    }
    arena_free(arena);
    return 0;
}
