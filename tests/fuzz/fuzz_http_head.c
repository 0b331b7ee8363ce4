#include <stdlib.h>

#include "http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_clean(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

/* What is accepted holds no control characters, no empty names, and lies within the input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    struct head head;
    str block = str_bytes(data, size);
    if (head_read(&head, arena, block) == HEAD_OK) {
        if (head.count > HEAD_FIELDS_MAX)
            abort();
        for (size_t i = 0; i < head.count; i++) {
            const struct field *field = &head.fields[i];
            if (field->name.n == 0 || !is_clean(field->name) || str_has(field->name, ' ') || !is_clean(field->value))
                abort();
            if (field->name.p < block.p || field->value.p + field->value.n >= block.p + block.n)
                abort();
        }
        const char *old = head_fault(&head, false), *new = head_fault(&head, true);
        if (old && !new && !head_get(&head, "transfer-encoding").p)
            abort(); /* what HTTP/1.0 refuses, 1.1 refuses, but for chunked bodies */
    }
    if (head_target_ok(block) && (block.n == 0 || block.p[0] != '/' || !str_is_printable(block)))
        abort();
    arena_free(arena);
    return 0;
}
