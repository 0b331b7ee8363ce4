#include <stdlib.h>
#include <string.h>

#include "ipis/kidc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is accepted must be a number that reads the same once it is written out again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct kidc kidc, again;
    if (kidc_parse(str_bytes(data, size), &kidc)) {
        if (kidc_check_digit(kidc.digits) != kidc.digits[KIDC_DIGITS - 1])
            abort();
        if (!kidc_parse(kidc_text(arena, &kidc), &again) || strcmp(kidc.digits, again.digits) != 0)
            abort();
        if (!str_is_utf8(kidc_masked(arena, &kidc)))
            abort();
    }
    str digits;
    if (otp_parse(arena, str_bytes(data, size), &digits) && (digits.n < 4 || digits.n > 10))
        abort();
    arena_free(arena);
    return 0;
}
