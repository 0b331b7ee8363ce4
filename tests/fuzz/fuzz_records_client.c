#include <stdlib.h>

#include "records/client/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
    if (!fine)
        abort();
}

/* Whatever is accepted keeps the promises that the rest of the provider is built on; whatever is not has a reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    str why = STR_NONE;
    struct client *client = client_parse(str_bytes(data, size), arena, &why);
    require(client || why.n > 0);
    if (client) {
        bool by_secret = client->auth == AUTH_BASIC || client->auth == AUTH_POST;
        require(client->id.n > 0 && client->name[0].n > 0 && client->name[1].n > 0 && client->grants != 0);
        require(by_secret == (client->secret_count > 0));
        require(client->auth != AUTH_PRIVATE_KEY_JWT || client->keys);
        require(client->auth != AUTH_NONE || client->require_pkce);
        require(!(client->grants & GRANT_AUTHORIZATION_CODE) || client->redirect_uris.count > 0);
        require(client->id_token_alg != ALG_NONE_GIVEN);
        require(client->pairwise || !client->sector.p);
    }
    client_free(client);
    arena_free(arena);
    return 0;
}
