#include "records/places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "records/network.h"

#define FILE_MAX ((size_t)64 * 1024 * 1024)
#define NAME_MAX_BYTES 100
#define BITS 128
#define NEAR_BITS_4 (96 + 16)
#define NEAR_BITS_6 32

struct row {
    struct network network;
    struct place place;
};

/* Sorted by length of prefix, longest first, then by address: one search for each length that there is. */
struct places {
    struct row *rows;
    size_t count;
    size_t begin[BITS + 2]; /* of the rows with a prefix of BITS - i bits; one more for the end */
};

static int compare(const void *a, const void *b)
{
    const struct row *one = a, *other = b;
    if (one->network.bits != other->network.bits)
        return one->network.bits > other->network.bits ? -1 : 1;
    return memcmp(&one->network.address, &other->network.address, sizeof one->network.address);
}

static bool is_country(str country)
{
    return country.n == 2 && country.p[0] >= 'A' && country.p[0] <= 'Z' && country.p[1] >= 'A' && country.p[1] <= 'Z';
}

/* What phones show must not turn around what stands beside it. */
static bool is_name(str name)
{
    if (name.n == 0 || name.n > NAME_MAX_BYTES || !str_is_utf8(name))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f || str_turns_direction(name, i))
            return false;
    return true;
}

/* The next word, with spaces and tabs before it left out. */
static str take_word(str *line)
{
    size_t n = 0;
    *line = str_trim(*line);
    while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
        n++;
    str word = {line->p, n};
    *line = str_trim((str){line->p + n, line->n - n});
    return word;
}

/* NULL, or what is wrong with the line. */
static const char *read_row(str line, struct row *row)
{
    str network = take_word(&line);
    row->place.country = take_word(&line);
    row->place.name = line;
    if (!network_read(network, &row->network))
        return "the network must look like 203.0.113.0/24 or 2001:db8::/32, with no bits beyond its length";
    if (!is_country(row->place.country))
        return "the country must be two upper-case letters";
    if (!is_name(row->place.name))
        return "the name must be there, of at most 100 bytes of UTF-8 without control characters";
    return NULL;
}

static size_t count_lines(str text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    return lines;
}

/* Sorts, and notes where each length begins. False with a sentence when a network stands there twice. */
static bool arrange(struct arena *arena, struct places *places, str *why)
{
    if (places->count > 0)
        qsort(places->rows, places->count, sizeof *places->rows, compare);
    for (size_t i = 1; i < places->count; i++)
        if (compare(&places->rows[i - 1], &places->rows[i]) == 0) {
            *why = arena_printf(arena, "the network of %.*s (%.*s) stands there twice",
                                STR_FMT(places->rows[i].place.name), STR_FMT(places->rows[i].place.country));
            return false;
        }
    size_t row = 0;
    for (unsigned i = 0; i <= BITS; i++) {
        places->begin[i] = row;
        while (row < places->count && places->rows[row].network.bits == BITS - i)
            row++;
    }
    places->begin[BITS + 1] = row;
    return true;
}

bool places_read(struct arena *arena, str text, struct places **out, str *why)
{
    struct places *places = ARENA_NEW(arena, struct places);
    str line, rest = arena_str(arena, text);
    places->rows = ARENA_ARRAY(arena, struct row, count_lines(text));
    for (size_t number = 1; rest.n > 0; number++) {
        (void)str_cut(rest, '\n', &line, &rest);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        const char *fault = read_row(line, &places->rows[places->count]);
        if (fault) {
            *why = arena_printf(arena, "line %zu: %s", number, fault);
            return false;
        }
        places->count++;
    }
    *out = places;
    return arrange(arena, places, why);
}

static void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

bool places_load(struct arena *arena, const char *file, struct places **out, str *why)
{
    CLEANUP(close_file) FILE *in = fopen(file, "re");
    struct buf text = buf_new(arena, 4096);
    char chunk[16384];
    size_t n = 0;
    while (in && text.n <= FILE_MAX && (n = fread(chunk, 1, sizeof chunk, in)) > 0)
        buf_add(&text, str_bytes(chunk, n));
    if (!in || ferror(in)) {
        *why = arena_printf(arena, "%s can't be read: %s", file, strerror(errno));
        return false;
    }
    str fault;
    if (text.n > FILE_MAX)
        fault = STR("it is larger than 64 MB");
    else if (places_read(arena, buf_str(&text), out, &fault))
        return true;
    *why = arena_printf(arena, "%s: %.*s", file, STR_FMT(fault));
    return false;
}

static void keep_bits(struct address *address, unsigned bits)
{
    for (unsigned i = bits; i < BITS; i++)
        address->bytes[i / 8] = (unsigned char)(address->bytes[i / 8] & ~(0x80 >> i % 8));
}

/* The row of the smallest network that has `address`; NULL when none does. */
static const struct row *find(const struct places *places, const struct address *address)
{
    for (unsigned i = 0; places && i <= BITS; i++) {
        size_t first = places->begin[i], count = places->begin[i + 1] - first;
        struct row wanted = {.network = {*address, BITS - i}};
        if (count == 0)
            continue;
        keep_bits(&wanted.network.address, BITS - i);
        const struct row *row = bsearch(&wanted, places->rows + first, count, sizeof wanted, compare);
        if (row)
            return row;
    }
    return NULL;
}

bool place_find(const struct places *places, str peer, struct place *out)
{
    struct address address;
    const struct row *row = address_read(peer, &address) ? find(places, &address) : NULL;
    if (row)
        *out = row->place;
    return row;
}

static bool is_four(const struct address *address)
{
    static const struct network four = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}, 96};
    return network_has(&four, address);
}

bool networks_differ(const struct places *places, str peer_a, str peer_b)
{
    struct address a, b;
    struct place place_a, place_b;
    if (!address_read(peer_a, &a) || !address_read(peer_b, &b))
        return true;
    const struct network near = {a, is_four(&a) ? NEAR_BITS_4 : NEAR_BITS_6};
    if (network_has(&near, &b) || (address_is_loopback(&a) && address_is_loopback(&b)))
        return false;
    return !place_find(places, peer_a, &place_a) || !place_find(places, peer_b, &place_b) ||
           !str_eq(place_a.country, place_b.country) || !str_eq(place_a.name, place_b.name);
}
