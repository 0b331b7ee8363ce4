#include <curl/curl.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/json.h"
#include "http/tls_check.h"
#include "operator/estate.h"
#include "operator/verbs.h"
#include "pages/pages.h"
#include "records/assurance.h"

const struct flag check_flags[] = {
    {"defaults", NULL, "print a settings file with all defaults, explained, to start from"},
    {"markdown", NULL, "print the same as a page of documentation"},
    {NULL, NULL, NULL}};

#define ERROR_BYTES 512

struct finding {
    const char *what;
    bool fine;
    str text;
};

static struct finding check_data(struct command *command)
{
    struct finding finding = {.what = "data"};
    CLEANUP(estate_close) struct estate estate = {0};
    const char *store = arena_printf(command->arena, "%.*s/store", STR_FMT(command->settings.data)).p;
    if (access(estate_ring_path(command), F_OK) != 0 && access(store, F_OK) != 0) {
        finding.fine = true;
        finding.text = STR("no key ring yet: konsao serve makes it at its first start");
        return finding;
    }
    finding.fine = estate_open(command, false, &estate);
    finding.text = finding.fine ? STR("store and key ring can be opened") : STR("store or key ring can't be opened");
    return finding;
}

static struct finding check_templates(struct command *command)
{
    struct finding finding = {.what = "templates"};
    char error[ERROR_BYTES] = "";
    struct pages *pages = pages_load(command->settings.templates.p, error, sizeof error);
    finding.fine = pages != NULL;
    finding.text = pages ? STR("all pages can be shown") : arena_str(command->arena, str_of(error));
    pages_free(pages);
    return finding;
}

/* The server's certificate must be for the hosts that clients know. */
static struct finding check_tls(struct command *command)
{
    const struct settings *s = &command->settings;
    struct finding finding = {.what = "tls", .fine = true, .text = STR("none here: it is left to a proxy")};
    char text[ERROR_BYTES] = "";
    if (s->tls_certificate.n == 0)
        return finding;
    const char *hosts[] = {s->tls_port > 0 ? arena_cstr(command->arena, settings_host(s->issuer)) : NULL,
                           s->tls_mtls_port > 0 ? arena_cstr(command->arena, settings_host(s->mtls_url)) : NULL};
    for (size_t i = 0; i < COUNT_OF(hosts) && finding.fine; i++)
        if (hosts[i])
            finding.fine = tls_check(s->tls_certificate.p, s->tls_key.p, hosts[i], text, sizeof text);
    finding.text = arena_str(command->arena, str_of(text));
    return finding;
}

struct minimum_search {
    struct arena *arena;
    str levels, lost; /* client_ids whose minimum nobody reaches */
};

static bool look_at_minimum(const struct record *record, void *context)
{
    struct minimum_search *search = context;
    CLEANUP(arena_release) struct arena *arena = arena_new();
    str minimum = json_str(json_parse_object(arena, record->value, record->value.n), "minimum_acr");
    if (minimum.p && !str_list_has(search->levels, ' ', minimum))
        search->lost = arena_printf(search->arena, "%.*s%s%.*s", STR_FMT(search->lost), search->lost.n > 0 ? ", " : "",
                                    STR_FMT(record->key));
    return true;
}

/* The table of levels, and that every client's minimum is in it. */
static struct finding check_levels(struct command *command)
{
    struct finding finding = {.what = "assurance"};
    CLEANUP(estate_close) struct estate estate = {0};
    struct assurance table;
    char error[ERROR_BYTES];
    str why;
    if (!assurance_read(command->arena, command->settings.assurance_levels, &table, &why)) {
        finding.text = arena_printf(command->arena, "assurance.levels %.*s", STR_FMT(why));
        return finding;
    }
    struct minimum_search search = {command->arena, assurance_names(command->arena, &table), STR_NONE};
    finding.text = search.levels;
    finding.fine = true;
    if (!estate_open_in(&command->settings, false, &estate, error, sizeof error))
        return finding; /* that is told elsewhere */
    if (store_scan(estate.store, RECORD_CLIENT, -1, STR_NONE, STR_NONE, look_at_minimum, &search) != STORE_OK ||
        search.lost.n > 0) {
        finding.fine = false;
        finding.text = arena_printf(command->arena, "nobody reaches the minimum_acr of %.*s", STR_FMT(search.lost));
    }
    return finding;
}

static void release_curl(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

/* Connects as the connector does, TLS included, and asks nothing. */
static struct finding check_register(struct command *command)
{
    const struct settings *s = &command->settings;
    struct finding finding = {.what = "register"};
    char error[CURL_ERROR_SIZE] = "";
    CLEANUP(release_curl) CURL *curl = curl_easy_init();
    if (!curl)
        return finding;
    curl_easy_setopt(curl, CURLOPT_URL, s->register_url.p);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)s->register_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)s->register_connect_timeout_ms);
    if (s->register_ca.n > 0)
        curl_easy_setopt(curl, CURLOPT_CAINFO, s->register_ca.p);
    if (s->register_cert.n > 0) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, s->register_cert.p);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, s->register_key.p);
    }
    CURLcode code = curl_easy_perform(curl);
    finding.fine = code == CURLE_OK;
    finding.text = finding.fine ? STR("takes connections")
                                : arena_printf(command->arena, "can't be reached: %s",
                                               error[0] ? error : curl_easy_strerror(code));
    return finding;
}

static void print_json(struct command *command, const struct finding *findings, size_t count)
{
    struct buf json = buf_new(command->arena, 4096);
    buf_char(&json, '{');
    buf_json_raw(&json, "settings", settings_json(command->arena, &command->settings));
    buf_json_member(&json, "checks");
    buf_char(&json, '{');
    for (size_t i = 0; i < count; i++) {
        buf_json_member(&json, findings[i].what);
        buf_char(&json, '{');
        buf_json_bool(&json, "ok", findings[i].fine);
        buf_json_str(&json, "text", findings[i].text);
        buf_char(&json, '}');
    }
    buf_add(&json, STR("}}"));
    command_print(buf_str(&json));
}

static void print_text(struct command *command, const struct finding *findings, size_t count)
{
    printf("%.*s\n", STR_FMT(settings_explain(command->arena, &command->settings)));
    for (size_t i = 0; i < count; i++)
        printf("%-8s %-10s %.*s\n", findings[i].fine ? "ok" : "PROBLEM", findings[i].what, STR_FMT(findings[i].text));
}

int check_run(struct command *command)
{
    if (command_has(command, "defaults") || command_has(command, "markdown")) {
        str text = settings_reference(command->arena, command_has(command, "markdown"));
        while (text.n > 0 && text.p[text.n - 1] == '\n')
            text.n--;
        command_print(text);
        return DONE;
    }
    const struct finding findings[] = {check_data(command), check_levels(command), check_templates(command),
                                       check_tls(command), check_register(command)};
    bool fine = true;
    for (size_t i = 0; i < COUNT_OF(findings); i++)
        fine = fine && findings[i].fine;
    (command->json ? print_json : print_text)(command, findings, COUNT_OF(findings));
    return fine ? DONE : FAILED;
}
