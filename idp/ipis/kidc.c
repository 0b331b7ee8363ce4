#include "ipis/kidc.h"

#include <string.h>

/* A totally anti-symmetric quasigroup of order 10 with a zero diagonal (H. M. Damm, 2004): a digit changed or two
 * neighbours swapped never leave the interim digit as it was. */
static const unsigned char damm[10][10] = {
    {0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
    {1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
    {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
    {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
};

enum sign { SIGN_DIGIT, SIGN_SPACE, SIGN_DASH, SIGN_OTHER };

/* Takes one sign off the text that a person typed. */
static enum sign next_sign(str *text, char *digit)
{
    static const struct {
        str bytes;
        enum sign sign;
    } known[] = {
        {STR_INIT(" "), SIGN_SPACE},
        {STR_INIT("\t"), SIGN_SPACE},
        {STR_INIT("\r"), SIGN_SPACE},
        {STR_INIT("\n"), SIGN_SPACE},
        {STR_INIT("\xc2\xa0"), SIGN_SPACE},     /* U+00A0, no-break space */
        {STR_INIT("\xe2\x80\x8b"), SIGN_SPACE}, /* U+200B: Khmer text and keyboards are full of them */
        {STR_INIT("-"), SIGN_DASH},
        {STR_INIT("\xe2\x80\x90"), SIGN_DASH}, /* U+2010, hyphen */
        {STR_INIT("\xe2\x80\x91"), SIGN_DASH}, /* U+2011, no-break hyphen */
        {STR_INIT("\xe2\x80\x93"), SIGN_DASH}, /* U+2013, what a phone's keyboard makes of "-" */
    };
    if (text->p[0] >= '0' && text->p[0] <= '9') {
        *digit = text->p[0];
        *text = (str){text->p + 1, text->n - 1};
        return SIGN_DIGIT;
    }
    if (text->n >= 3 && str_starts(*text, STR("\xe1\x9f"))) { /* U+17E0 to U+17E9 are E1 9F A0 to E1 9F A9 */
        unsigned char last = (unsigned char)text->p[2];
        if (last < 0xa0 || last > 0xa9)
            return SIGN_OTHER;
        *digit = (char)('0' + (last - 0xa0));
        *text = (str){text->p + 3, text->n - 3};
        return SIGN_DIGIT;
    }
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_starts(*text, known[i].bytes)) {
            *text = (str){text->p + known[i].bytes.n, text->n - known[i].bytes.n};
            return known[i].sign;
        }
    return SIGN_OTHER;
}

/* Reads at most `max` digits; a dash may stand once, after `dash_after` of them. The count, or 0 when the text is
 * anything else. */
static size_t read_digits(str text, char *out, size_t max, size_t dash_after)
{
    size_t count = 0;
    bool dashed = false;
    while (text.n > 0) {
        char digit = 0;
        switch (next_sign(&text, &digit)) {
        case SIGN_DIGIT:
            if (count == max)
                return 0;
            out[count++] = digit;
            break;
        case SIGN_DASH:
            if (dashed || count == 0 || count != dash_after)
                return 0;
            dashed = true;
            break;
        case SIGN_SPACE:
            break;
        default:
            return 0;
        }
    }
    return count;
}

char kidc_check_digit(const char digits[static 9])
{
    unsigned interim = 0;
    for (size_t i = 0; i < 9; i++)
        interim = damm[interim][(unsigned)(digits[i] - '0')];
    return (char)('0' + interim);
}

bool kidc_parse(str text, struct kidc *out)
{
    char digits[KIDC_DIGITS];
    if (read_digits(text, digits, KIDC_DIGITS, KIDC_DIGITS - 1) != KIDC_DIGITS)
        return false;
    if (kidc_check_digit(digits) != digits[KIDC_DIGITS - 1])
        return false;
    memcpy(out->digits, digits, KIDC_DIGITS);
    out->digits[KIDC_DIGITS] = '\0';
    return true;
}

str kidc_text(struct arena *arena, const struct kidc *kidc)
{
    return arena_printf(arena, "%.9s-%c", kidc->digits, kidc->digits[KIDC_DIGITS - 1]);
}

str kidc_masked(struct arena *arena, const struct kidc *kidc)
{
    return arena_printf(arena, "•••••%.4s-%c", kidc->digits + 5, kidc->digits[KIDC_DIGITS - 1]);
}

#define OTP_DIGITS_MIN 4
#define OTP_DIGITS_MAX 10

bool otp_parse(struct arena *arena, str text, str *digits)
{
    char found[OTP_DIGITS_MAX];
    size_t count = read_digits(text, found, OTP_DIGITS_MAX, 0);
    if (count < OTP_DIGITS_MIN)
        return false;
    *digits = arena_str(arena, (str){found, count});
    return true;
}
