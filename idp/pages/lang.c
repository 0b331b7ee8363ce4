#include "pages/pages.h"

static const char *const codes[LANGS] = {[LANG_KM] = "km", [LANG_EN] = "en"};

const char *lang_code(enum lang lang)
{
    return codes[lang];
}

/* Finds "en" for "en", "EN" and "en-GB": by the primary subtag (RFC 5646 section 2.2.1). */
static bool lang_of_tag(str tag, enum lang *out)
{
    str primary, rest;
    str_cut(tag, '-', &primary, &rest);
    for (enum lang lang = 0; lang < LANGS; lang++) {
        if (str_eq_nocase(primary, str_of(codes[lang]))) {
            *out = lang;
            return true;
        }
    }
    return false;
}

enum lang lang_choose(str locales, enum lang fallback)
{
    enum lang lang;
    str tag;
    while (str_word(&locales, ' ', &tag)) {
        if (lang_of_tag(tag, &lang)) {
            return lang;
        }
    }
    return fallback;
}

enum lang lang_of_request(const struct request *rq, enum lang fallback)
{
    enum lang lang;
    if (lang_of_tag(params_get(&rq->query, "lang"), &lang) || lang_of_tag(params_get(&rq->form, "lang"), &lang) ||
        lang_of_tag(request_cookie(rq, "lang"), &lang)) {
        return lang;
    }
    return fallback;
}
