#include "http/head.h"

#include <string.h>

/* RFC 9110 section 5.6.2 */
static bool is_token(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !str_has(STR("-_!#$%&'*+.^`|~"), c))
            return false;
    }
    return s.n > 0;
}

/* RFC 9110 section 5.5: tab, space, visible ASCII, and the obsolete text above it. */
static bool is_field_value(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Takes what stands before the next NUL off `*rest`, and the NUL. */
static bool take_piece(str *rest, str *piece)
{
    return str_cut(*rest, '\0', piece, rest);
}

static bool take_line_end(str *rest)
{
    if (rest->n == 0 || rest->p[0] != '\0')
        return false;
    *rest = (str){rest->p + 1, rest->n - 1};
    return true;
}

static bool take_field(str *rest, struct field *field)
{
    str value;
    if (!take_piece(rest, &field->name) || !take_piece(rest, &value) || !take_line_end(rest))
        return false;
    field->value = str_trim(value);
    return is_token(field->name) && is_field_value(value);
}

enum head_status head_read(struct head *head, struct arena *arena, str block)
{
    struct field fields[HEAD_FIELDS_MAX];
    size_t count = 0;
    *head = (struct head){NULL, 0};
    if (!take_line_end(&block) || !take_line_end(&block))
        return HEAD_MALFORMED;
    while (block.n > 0 && block.p[0] != '\0') {
        if (count == HEAD_FIELDS_MAX)
            return HEAD_TOO_MANY;
        if (!take_field(&block, &fields[count]))
            return HEAD_MALFORMED;
        count++;
    }
    if (!take_line_end(&block) || !take_line_end(&block) || block.n > 0)
        return HEAD_MALFORMED;
    head->fields = ARENA_ARRAY(arena, struct field, count + 1);
    memcpy(head->fields, fields, count * sizeof fields[0]);
    head->count = count;
    return HEAD_OK;
}

str head_get(const struct head *head, const char *name)
{
    str wanted = str_of(name);
    for (size_t i = 0; i < head->count; i++)
        if (str_eq_nocase(head->fields[i].name, wanted))
            return head->fields[i].value;
    return STR_NONE;
}

static const str once[] = {
    STR_INIT("host"), STR_INIT("content-length"), STR_INIT("transfer-encoding"), STR_INIT("authorization"),
    STR_INIT("dpop"), STR_INIT("cookie"),         STR_INIT("content-type"),
};

static bool stands_twice(const struct head *head)
{
    bool seen[COUNT_OF(once)] = {false};
    for (size_t i = 0; i < head->count; i++)
        for (size_t k = 0; k < COUNT_OF(once); k++) {
            if (!str_eq_nocase(head->fields[i].name, once[k]))
                continue;
            if (seen[k])
                return true;
            seen[k] = true;
        }
    return false;
}

const char *head_fault(const struct head *head, bool http_1_1)
{
    str coding = head_get(head, "transfer-encoding");
    if (stands_twice(head))
        return "a header stands twice that may stand once";
    if (http_1_1 && !head_get(head, "host").p)
        return "no Host header";
    if (coding.p && head_get(head, "content-length").p)
        return "both Content-Length and Transfer-Encoding";
    /* libmicrohttpd compares the coding with the spaces behind it, so these must not be there. */
    if (coding.p && (!http_1_1 || !str_eq_nocase(coding, STR("chunked")) || coding.p[coding.n] != '\0'))
        return "this Transfer-Encoding is not supported";
    return NULL;
}

bool head_target_ok(str target)
{
    if (target.n == 0 || target.p[0] != '/')
        return false;
    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] <= 0x20 || target.p[i] > 0x7e || target.p[i] == '#')
            return false;
    return true;
}
