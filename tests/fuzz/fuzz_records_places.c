#include <stdlib.h>

#include "records/places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fine)
{
    if (!fine)
        abort();
}

/* What is taken can be asked; what is not says why. The first line is asked for as an address. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    str text = str_bytes(data, size), peer, rest, why = STR_NONE;
    struct places *places = NULL;
    struct place place;
    (void)str_cut(text, '\n', &peer, &rest);
    if (!places_read(arena, rest, &places, &why)) {
        require(why.n > 0);
    } else if (place_find(places, peer, &place)) {
        require(place.country.n == 2 && place.name.n > 0 && str_is_utf8(place.name));
        require(!networks_differ(places, peer, peer));
    }
    arena_free(arena);
    return 0;
}
