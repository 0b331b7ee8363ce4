#include "signin/choice.h"

#include "base/buf.h"
#include "signin/sso.h"

/* The words of `words` that are not in `without`, added to `list`. */
static void add_others(struct buf *list, str words, str without)
{
    str word;
    while (str_word(&words, ' ', &word))
        if (!str_list_has(without, ' ', word))
            buf_add_word(list, word);
}

struct consent choice_allow(struct arena *arena, const struct interaction *interaction, const struct consent *before,
                            str checked)
{
    str asked = sso_claims(arena, interaction), rest = asked, claim;
    struct buf granted = buf_new(arena, 128), declined = buf_new(arena, 128), scope = buf_new(arena, 128);
    struct buf resources = buf_new(arena, 64);
    buf_add(&scope, interaction->scope);
    buf_add(&resources, interaction->resources);
    if (before) {
        add_others(&granted, before->granted, asked);
        add_others(&declined, before->declined, asked);
        add_others(&scope, before->scope, interaction->scope);
        add_others(&resources, before->resources, interaction->resources);
    }
    while (str_word(&rest, ' ', &claim)) {
        bool given = str_list_has(interaction->claims_essential, ' ', claim) || str_list_has(checked, ' ', claim);
        buf_add_word(given ? &granted : &declined, claim);
    }
    return (struct consent){.client_id = interaction->client_id,
                            .resident = interaction->resident,
                            .scope = buf_str(&scope),
                            .resources = buf_str(&resources),
                            .granted = buf_str(&granted),
                            .declined = buf_str(&declined)};
}

static const struct choice_group groups[CHOICE_GROUPS] = {
    {"group.name", STR_INIT("name#km name family_name#km given_name#km middle_name#km family_name given_name "
                            "middle_name")},
    {"group.personal", STR_INIT("birthdate gender nationality birthplace picture")},
    {"group.contact", STR_INIT("phone_number phone_number_verified email email_verified")},
    {"group.address", STR_INIT("address")},
    {"group.kidc", STR_INIT("kidc")},
    {"group.other", STR_INIT("")}, /* whatever is in none of those above */
};

static bool is_grouped(str claim)
{
    for (size_t i = 0; i < CHOICE_GROUPS; i++)
        if (str_list_has(groups[i].claims, ' ', claim))
            return true;
    return false;
}

void choice_groups(struct arena *arena, str claims, struct choice_group out[static CHOICE_GROUPS])
{
    for (size_t i = 0; i < CHOICE_GROUPS; i++) {
        struct buf list = buf_new(arena, 64);
        str in_order = groups[i].claims, claim;
        while (str_word(&in_order, ' ', &claim))
            if (str_list_has(claims, ' ', claim))
                buf_add_word(&list, claim);
        out[i] = (struct choice_group){groups[i].title, buf_str(&list)};
    }
    struct buf others = buf_new(arena, 64);
    str claim;
    while (str_word(&claims, ' ', &claim))
        if (!is_grouped(claim))
            buf_add_word(&others, claim);
    out[CHOICE_GROUPS - 1].claims = buf_str(&others);
}
