#include <string.h>

#include "pages/internal.h"

uint32_t name_hash(str name)
{
    uint32_t hash = 2166136261u; /* FNV-1a: names come from our own code and templates */
    for (size_t i = 0; i < name.n; i++) {
        hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
    }
    return hash;
}

struct view *view_new(struct arena *arena)
{
    struct view *view = ARENA_NEW(arena, struct view);
    view->arena = arena;
    return view;
}

static struct value *find_own(const struct view *view, uint32_t hash, str name)
{
    for (size_t i = 0; i < view->count; i++) {
        if (view->values[i].hash == hash && str_is(name, view->values[i].name)) {
            return &view->values[i];
        }
    }
    return NULL;
}

const struct value *view_find(const struct view *view, uint32_t hash, str name)
{
    for (; view; view = view->outside) {
        const struct value *value = find_own(view, hash, name);
        if (value) {
            return value;
        }
    }
    return NULL;
}

/* The view's own value called `name`, made anew if need be. */
static struct value *value_slot(struct view *view, const char *name)
{
    uint32_t hash = name_hash(str_of(name));
    struct value *value = find_own(view, hash, str_of(name));
    if (value) {
        return value;
    }
    if (view->count == view->room) {
        size_t room = view->room ? view->room * 2 : 8;
        struct value *values = ARENA_ARRAY(view->arena, struct value, room);
        if (view->count) {
            memcpy(values, view->values, view->count * sizeof(*values));
        }
        view->values = values;
        view->room = room;
    }
    value = &view->values[view->count++];
    *value = (struct value){.name = name, .hash = hash};
    return value;
}

void view_text(struct view *view, const char *name, str text)
{
    struct value *value = value_slot(view, name);
    value->kind = VALUE_TEXT;
    value->text = text;
}

void view_int(struct view *view, const char *name, int64_t number)
{
    view_text(view, name, arena_printf(view->arena, "%lld", (long long)number));
}

void view_flag(struct view *view, const char *name, bool flag)
{
    struct value *value = value_slot(view, name);
    value->kind = VALUE_FLAG;
    value->flag = flag;
}

struct view *view_item(struct view *view, const char *name)
{
    struct value *value = value_slot(view, name);
    struct view *item = view_new(view->arena);
    item->outside = view;
    if (value->kind == VALUE_VIEWS) {
        value->last->next = item;
    } else {
        value->kind = VALUE_VIEWS;
        value->first = item;
    }
    value->last = item;
    return item;
}

struct view *view_child(struct view *view, const char *name)
{
    struct value *value = value_slot(view, name);
    value->kind = VALUE_FLAG; /* whatever it was: there is one child */
    return view_item(view, name);
}

bool value_is_set(const struct value *value)
{
    if (!value) {
        return false;
    }
    switch (value->kind) {
    case VALUE_TEXT:
        return value->text.n > 0;
    case VALUE_FLAG:
        return value->flag;
    case VALUE_VIEWS:
        return true;
    }
    return false;
}

bool view_has_flag(const struct view *view, str prefix)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct value *value = &view->values[i];
        if (value->kind == VALUE_FLAG && value->flag && str_starts(str_of(value->name), prefix)) {
            return true;
        }
    }
    return false;
}
