/* The KIdC: nine random digits and a Damm check digit, written 123456789-Y. */
#ifndef KONSAO_IPIS_KIDC_H
#define KONSAO_IPIS_KIDC_H

#include "base/arena.h"

#define KIDC_DIGITS 10

struct kidc {
    char digits[KIDC_DIGITS + 1]; /* ASCII, without the dash */
};

/** Reads what a person typed: ASCII or Khmer digits (U+17E0 to U+17E9), with or without the dash, spaces anywhere (also
 * U+200B, U+00A0). False unless ten digits with a right check digit. */
MUST_CHECK bool kidc_parse(str text, struct kidc *out);
/** The check digit of nine ASCII digits, by Damm's quasigroup of order 10. */
char kidc_check_digit(const char digits[static 9]);
/** "123456789-Y", the form the register speaks. */
str kidc_text(struct arena *arena, const struct kidc *kidc);
/** "•••••6789-Y", the only form that is shown. */
str kidc_masked(struct arena *arena, const struct kidc *kidc);

/** Digits of a one-time code as a person typed it, Khmer digits and spaces accepted; false unless 4 to 10 digits. */
MUST_CHECK bool otp_parse(struct arena *arena, str text, str *digits);

#endif
