/* The description of the endpoints (OpenAPI 3.1) that relying parties read: docs/openapi.json, with what only a running
 * server knows filled in. */
#include <stdio.h>

#include "crypto/json.h"
#include "oauth/endpoints.h"
#include "oauth/oauth.h"

static void add_server(json_t *servers, str url, const char *description)
{
    json_t *server = json_object();
    json_object_set_new(server, "url", json_stringn(url.p, url.n));
    json_object_set_new(server, "description", json_string(description));
    json_array_append_new(servers, server);
}

/* Whether a route of the feature table is what the document calls `template`: "/register/{client_id}" there is
 * "/register/" and a star here. */
static bool is_path_of(const char *route, str template)
{
    str path = str_of(route), stem = path, parameter;
    if (!str_ends(path, STR("*")))
        return str_eq(path, template);
    stem.n--;
    parameter = (str){template.p + stem.n, template.n - stem.n};
    return str_starts(template, stem) && str_starts(parameter, STR("{"));
}

static bool is_off(str template, const struct settings *settings)
{
    for (size_t i = 0; i < oauth_feature_count; i++)
        if (is_path_of(oauth_features[i].route.path, template))
            return !oauth_feature_on(&oauth_features[i], settings);
    return false;
}

static void fill_in(json_t *document, const struct settings *settings)
{
    json_t *servers = json_array(), *paths = json_object_get(document, "paths"), *item;
    const char *path;
    void *next;
    add_server(servers, settings->issuer, "The issuer");
    if (settings->mtls_url.n > 0)
        add_server(servers, settings->mtls_url, "The same, where clients are asked for a certificate (RFC 8705)");
    json_object_set_new(document, "servers", servers);
    json_object_set_new(json_object_get(document, "info"), "version", json_string(KONSAO_VERSION));
    json_object_foreach_safe(paths, next, path, item)
    {
        if (is_off(str_of(path), settings))
            json_object_del(paths, path);
    }
}

str openapi_document(struct arena *arena, const struct settings *settings, char *error, size_t error_size)
{
    const char *file = arena_printf(arena, "%.*s/openapi.json", STR_FMT(settings->templates)).p;
    json_error_t fault;
    json_t *document = json_load_file(file, JSON_REJECT_DUPLICATES, &fault);
    arena_defer(arena, (void (*)(void *))json_decref, document);
    if (!json_is_object(json_object_get(document, "info")) || !json_is_object(json_object_get(document, "paths"))) {
        snprintf(error, error_size, "%s: %s", file, document ? "it has no info or no paths" : fault.text);
        return STR_NONE;
    }
    fill_in(document, settings);
    return json_text(arena, document);
}

void openapi_handle(struct request *rq, void *context)
{
    const struct provider *provider = context;
    response_header(rq, "Cache-Control", STR("public, max-age=3600"));
    respond_json(rq, 200, provider->openapi);
}
