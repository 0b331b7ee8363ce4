#include "records/assurance.h"

#include "base/buf.h"

static const struct {
    const char *name;
    str amr, amr_elsewhere; /* the second: with a passkey that may be on other devices too */
} ways[WAYS] = {
    /* mfa: that one has the device, and that one is its owner (user verification) */
    [WAY_OTP] = {"otp", STR_INIT("otp"), STR_INIT("otp")},
    [WAY_PASSKEY] = {"passkey", STR_INIT("hwk user mfa"), STR_INIT("swk user mfa")},
    [WAY_QR] = {"qr", STR_INIT("hwk user mfa"), STR_INIT("swk user mfa")},
};

/* ---- the table ---- */

static bool read_ways(str list, unsigned *out)
{
    str name;
    *out = 0;
    while (str_word(&list, ',', &name)) {
        size_t way = 0;
        while (way < WAYS && !str_is(name, ways[way].name))
            way++;
        if (way == WAYS || *out & 1U << way)
            return false;
        *out |= 1U << way;
    }
    return *out != 0;
}

bool assurance_read(struct arena *arena, str setting, struct assurance *out, str *why)
{
    str entry;
    unsigned seen = 0;
    *out = (struct assurance){0};
    while (str_word(&setting, ' ', &entry)) {
        struct assurance_level *level = &out->levels[out->count];
        str list;
        if (out->count == ASSURANCE_LEVELS_MAX) {
            *why = STR("has more than eight levels");
            return false;
        }
        if (!str_cut(entry, '=', &level->acr, &list) || level->acr.n == 0 || !read_ways(list, &level->ways)) {
            *why = arena_printf(arena, "has \"%.*s\", which is not ACR=WAY,WAY with ways out of otp, passkey, qr",
                                STR_FMT(entry));
            return false;
        }
        if (seen & level->ways || str_list_has(assurance_names(arena, out), ' ', level->acr)) {
            *why = arena_printf(arena, "has a way or a level twice, at \"%.*s\"", STR_FMT(entry));
            return false;
        }
        seen |= level->ways;
        out->count++;
    }
    *why = STR("leaves out a way: each of otp, passkey, qr reaches some level");
    return seen == (1U << WAYS) - 1;
}

str assurance_names(struct arena *arena, const struct assurance *table)
{
    struct buf names = buf_new(arena, 64);
    for (size_t i = 0; i < table->count; i++)
        buf_add_word(&names, table->levels[i].acr);
    return buf_str(&names);
}

/* The place of a level; the number of levels when the table has none of that name. */
static size_t place_of(const struct assurance *table, str acr)
{
    size_t i = 0;
    while (i < table->count && !str_eq(table->levels[i].acr, acr))
        i++;
    return i;
}

static size_t place_of_way(const struct assurance *table, enum way way)
{
    size_t i = 0;
    while (i + 1 < table->count && !(table->levels[i].ways & 1U << way))
        i++;
    return i;
}

str assurance_acr(const struct assurance *table, enum way way)
{
    return table->levels[place_of_way(table, way)].acr;
}

str assurance_amr(enum way way, bool device_bound)
{
    return device_bound ? ways[way].amr : ways[way].amr_elsewhere;
}

/* ---- what a sign-in is good for ---- */

bool assurance_reaches(const struct assurance *table, str acr, str wanted)
{
    size_t reached = place_of(table, acr), place = place_of(table, wanted);
    if (reached == table->count || place == table->count)
        return str_eq(acr, wanted);
    return place <= reached;
}

static bool reaches_one_of(const struct assurance *table, str acr, str acr_values)
{
    str wanted;
    while (str_word(&acr_values, ' ', &wanted))
        if (assurance_reaches(table, acr, wanted))
            return true;
    return false;
}

bool assurance_suffices(const struct assurance *table, str acr, str minimum, str acr_values)
{
    return (minimum.n == 0 || assurance_reaches(table, acr, minimum)) &&
           (acr_values.n == 0 || reaches_one_of(table, acr, acr_values));
}

unsigned assurance_ways(const struct assurance *table, str minimum, str acr_values, bool essential)
{
    unsigned left = 0;
    for (unsigned way = 0; way < WAYS; way++)
        if (assurance_suffices(table, assurance_acr(table, way), minimum, essential ? acr_values : STR_NONE))
            left |= 1U << way;
    return left;
}

str assurance_said(const struct assurance *table, str acr, str acr_values)
{
    str wanted, best = STR_NONE;
    while (str_word(&acr_values, ' ', &wanted))
        if (assurance_reaches(table, acr, wanted) && (!best.p || assurance_reaches(table, wanted, best)))
            best = wanted;
    return best.p ? best : acr;
}
