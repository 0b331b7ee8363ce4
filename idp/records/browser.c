#include "records/browser.h"

#include <string.h>

/* The first that fits counts: most browsers also claim to be those that came before them. */
struct mark {
    const char *token, *name;
};

static const struct mark families[] = {
    {"Edg", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"UCBrowser/", "UC Browser"},
    {"FBAN/", "Facebook"},
    {"FBAV/", "Facebook"},
    {"FB_IAB", "Facebook"},
    {"Firefox/", "Firefox"},
    {"FxiOS/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
};

static const struct mark systems[] = {
    {"iPad", "iPad"},      {"iPhone", "iPhone"},   {"Android", "Android"}, {"Windows", "Windows"},
    {"CrOS ", "ChromeOS"}, {"Macintosh", "macOS"}, {"Linux", "Linux"},
};

static bool contains(str text, const char *word)
{
    return text.n > 0 && memmem(text.p, text.n, word, strlen(word));
}

static const char *name_in(const struct mark *marks, size_t count, str user_agent)
{
    for (size_t i = 0; i < count; i++)
        if (contains(user_agent, marks[i].token))
            return marks[i].name;
    return NULL;
}

str browser_family(struct arena *arena, str user_agent)
{
    const char *family = name_in(families, COUNT_OF(families), user_agent);
    const char *system = name_in(systems, COUNT_OF(systems), user_agent);
    if (family && system)
        return arena_printf(arena, "%s, %s", family, system);
    return str_of(family ? family : system);
}

bool browser_is_mobile(str user_agent)
{
    return contains(user_agent, "Mobile") || contains(user_agent, "Android") || contains(user_agent, "iPhone") ||
           contains(user_agent, "iPad");
}
