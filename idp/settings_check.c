/* What follows from other settings, and what must fit together. */
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "settings_table.h"

#define DAY 86400

static size_t number_of(size_t offset)
{
    size_t i = 0;
    while (setting_table[i].offset != offset)
        i++;
    return i;
}
#define ORIGIN(member) origins[number_of(offsetof(struct settings, member))]

/* Where the pages are: beside the program in a build folder, or where an installation has them. */
static str find_templates(struct arena *arena)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n < 0)
        return STR("templates");
    program[n] = '\0';
    *strrchr(program, '/') = '\0';
    str built = arena_printf(arena, "%s/share/templates", program);
    if (access(built.p, R_OK) == 0)
        return built;
    char *above = strrchr(program, '/');
    if (above)
        *above = '\0';
    return arena_printf(arena, "%s/share/konsao/templates", program);
}

void settings_complete(struct arena *arena, struct settings *s, str *origins)
{
    if (!s->issuer.p) {
        s->issuer = arena_printf(arena, "http://localhost:%" PRId64, s->listen_port);
        ORIGIN(issuer) = STR("default, from listen.port");
    }
    if (s->loops == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        s->loops = cores > 0 ? cores : 1;
        ORIGIN(loops) = STR("default, as many as cores");
    }
    if (s->register_concurrent_max == 0) {
        s->register_concurrent_max = s->workers * 3 / 4;
        ORIGIN(register_concurrent_max) = STR("default, from workers");
    }
    if (!s->master_key.p) {
        s->master_key = arena_printf(arena, "%.*s/master.key", STR_FMT(s->data));
        ORIGIN(master_key) = STR("default, from data");
    }
    if (!s->templates.p) {
        s->templates = find_templates(arena);
        ORIGIN(templates) = STR("default, beside the program");
    }
}

/* The rules, each with the sentence for whoever broke it. */
void settings_check(const struct settings *s, struct buf *problems)
{
    const struct rule {
        bool broken;
        const char *sentence;
    } rules[] = {
        {s->key_keep < s->life_id_token + DAY || s->key_keep < s->life_access + DAY,
         "key.keep must be at least a day longer than life.id_token and life.access: what a key signed must stay "
         "checkable after it retired"},
        {s->register_connect_timeout_ms > s->register_timeout_ms,
         "register.connect_timeout_ms must not be longer than register.timeout_ms, which it is a part of"},
        {s->register_concurrent_max >= s->workers,
         "register.concurrent_max must be smaller than workers: a slow register would hold up everybody"},
        {(s->register_cert.n > 0) != (s->register_key.n > 0),
         "register.cert and register.key go together: a certificate and its private key"},
        {(s->register_xroad_service.n > 0) != (s->register_xroad_client.n > 0),
         "register.xroad_service and register.xroad_client go together: whom to ask on CamDX, and who asks"},
        {s->otp_resend_wait * s->otp_resends >= s->life_interaction,
         "otp.resend_wait times otp.resends must be shorter than life.interaction: the last code could never be used"},
        {s->life_code > s->life_interaction,
         "life.code must not be longer than life.interaction: the portal comes back at once, a person does not"},
        {s->life_refresh_grace >= s->life_refresh, "life.refresh_grace must be shorter than life.refresh"},
        {s->life_access > s->life_session,
         "life.access must not be longer than life.session: signing out would leave tokens behind"},
    };
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        if (rules[i].broken)
            buf_printf(problems, "settings: %s\n", rules[i].sentence);
}
