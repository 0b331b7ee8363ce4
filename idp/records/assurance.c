#include "records/assurance.h"

#include "base/buf.h"

static const struct assurance table[] = {
    {STR_INIT("urn:konsao:acr:otp"), STR_INIT("otp"), STR_INIT("KIdC and a one-time code sent by the register")},
};

const struct assurance *assurance_otp(void)
{
    return &table[0];
}

const struct assurance *assurance_find(str acr)
{
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (str_eq(table[i].acr, acr))
            return &table[i];
    return NULL;
}

str assurance_names(struct arena *arena)
{
    struct buf names = buf_new(arena, 64);
    for (size_t i = 0; i < COUNT_OF(table); i++)
        buf_add_word(&names, table[i].acr);
    return buf_str(&names);
}

bool assurance_reachable(str acr_values)
{
    str acr;
    while (str_word(&acr_values, ' ', &acr))
        if (assurance_find(acr))
            return true;
    return false;
}
