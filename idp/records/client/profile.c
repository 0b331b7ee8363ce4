#include "records/client/profile.h"

static const struct profile_rules table[SECURITY_PROFILES] = {
    [PROFILE_OPEN] = {.name = "open", .rs256 = true, .people = true, .alg = ALG_RS256, .code_life_max = 600},
    [PROFILE_FAPI2] = {.name = "fapi2",
                       .par = true,
                       .pkce = true,
                       .code_only = true,
                       .asymmetric_client = true,
                       .sender_constraint = true,
                       .issuer_audience = true,
                       .people = true,
                       .alg = ALG_ES256,
                       .code_life_max = 60},
    [PROFILE_FAPI2_SIGNED] = {.name = "fapi2_signed",
                              .par = true,
                              .signed_request = true,
                              .signed_response = true,
                              .pkce = true,
                              .code_only = true,
                              .asymmetric_client = true,
                              .sender_constraint = true,
                              .issuer_audience = true,
                              .people = true,
                              .alg = ALG_ES256,
                              .code_life_max = 60},
    [PROFILE_CAMDX] = {.name = "camdx",
                       .pkce = true,
                       .code_only = true,
                       .asymmetric_client = true,
                       .issuer_audience = true,
                       .organization = true,
                       .alg = ALG_ES256,
                       .code_life_max = 60},
};

const struct profile_rules *profile_rules(enum security_profile profile)
{
    return &table[profile];
}

bool profile_of(str name, enum security_profile *out)
{
    for (size_t i = 0; i < SECURITY_PROFILES; i++)
        if (str_is(name, table[i].name)) {
            *out = (enum security_profile)i;
            return true;
        }
    return false;
}

static unsigned demands(const struct profile_rules *rules)
{
    const bool all[] = {rules->par,
                        rules->signed_request,
                        rules->signed_response,
                        rules->pkce,
                        rules->code_only,
                        rules->asymmetric_client,
                        rules->sender_constraint,
                        rules->issuer_audience,
                        rules->organization,
                        !rules->rs256,
                        !rules->people};
    unsigned bits = 0;
    for (size_t i = 0; i < COUNT_OF(all); i++)
        bits |= (unsigned)all[i] << i;
    return bits;
}

bool profile_keeps(enum security_profile profile, enum security_profile other)
{
    return (demands(&table[other]) & ~demands(&table[profile])) == 0;
}
