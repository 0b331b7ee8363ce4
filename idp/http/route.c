#include "http/route.h"

#include <string.h>

#include "base/buf.h"

struct node {
    struct node *next;
    const struct route *route;
    str key; /* the path, or what stands before its "*" */
    bool open_end;
};

struct route_table {
    size_t mask;
    struct node **buckets;
};

/* FNV-1a: the keys are ours, only look-ups come from outside, so nobody can make buckets long. */
static size_t hash(str s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h;
}

static struct node *bucket(const struct route_table *table, str key)
{
    return table->buckets[hash(key) & table->mask];
}

static bool same_place(const struct node *node, str key, bool open_end)
{
    return node->open_end == open_end && str_eq(node->key, key);
}

static bool add_route(struct route_table *table, struct arena *arena, const struct route *route)
{
    str key = str_of(route->path);
    bool open_end = str_ends(key, STR("/*"));
    if (open_end)
        key.n--;
    if (!str_starts(key, STR("/")) || str_has(key, '*') || !route->method || !route->handle)
        return false;
    for (const struct node *node = bucket(table, key); node; node = node->next)
        if (same_place(node, key, open_end) && strcmp(node->route->method, route->method) == 0)
            return false;
    struct node *node = ARENA_NEW(arena, struct node);
    struct node **head = &table->buckets[hash(key) & table->mask];
    *node = (struct node){*head, route, key, open_end};
    *head = node;
    return true;
}

struct route_table *route_table_new(struct arena *arena, const struct route *routes, size_t count,
                                    const struct route **bad)
{
    struct route_table *table = ARENA_NEW(arena, struct route_table);
    size_t buckets = 16;
    while (buckets < count * 2)
        buckets *= 2;
    table->mask = buckets - 1;
    table->buckets = ARENA_ARRAY(arena, struct node *, buckets);
    for (size_t i = 0; i < count; i++)
        if (!add_route(table, arena, &routes[i])) {
            *bad = &routes[i];
            return NULL;
        }
    return table;
}

static void look_up(const struct route_table *table, str method, str key, bool open_end, struct route_match *match)
{
    for (const struct node *node = bucket(table, key); node; node = node->next) {
        if (!same_place(node, key, open_end))
            continue;
        match->known_path = true;
        match->cors = match->cors || node->route->cors;
        if (!match->route && str_is(method, node->route->method))
            match->route = node->route;
    }
}

/* Splits behind the last "/": "/signin/abc" is "/signin/" and "abc". False when the rest is not a plain segment. */
static bool split(str path, str *before, str *tail)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/') {
        char c = path.p[n - 1];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !str_has(STR("-._~"), c)) /* RFC 3986 section 2.3 */
            return false;
        n--;
    }
    *before = (str){path.p, n};
    *tail = (str){path.p + n, path.n - n};
    return n > 0 && tail->n > 0 && !str_is(*tail, ".") && !str_is(*tail, "..");
}

struct route_match route_find(const struct route_table *table, str method, str path)
{
    struct route_match match = {NULL, STR_NONE, false, false};
    str before, tail;
    look_up(table, method, path, false, &match);
    if (match.route || !split(path, &before, &tail))
        return match;
    look_up(table, method, before, true, &match);
    if (match.route)
        match.tail = tail;
    return match;
}

static void add_methods(const struct route_table *table, str key, bool open_end, struct buf *allow)
{
    for (const struct node *node = bucket(table, key); node; node = node->next) {
        str method = str_of(node->route->method);
        if (!same_place(node, key, open_end))
            continue;
        if (allow->n > 0)
            buf_add(allow, STR(", "));
        buf_add(allow, method);
        if (str_is(method, "GET"))
            buf_add(allow, STR(", HEAD"));
    }
}

str route_allow(const struct route_table *table, struct arena *arena, str path, bool cors)
{
    struct buf allow = buf_new(arena, 64);
    str before, tail;
    add_methods(table, path, false, &allow);
    if (split(path, &before, &tail))
        add_methods(table, before, true, &allow);
    if (cors)
        buf_add(&allow, STR(", OPTIONS"));
    return buf_str(&allow);
}
