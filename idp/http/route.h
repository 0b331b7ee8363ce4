/* Of this room only: finding the route of a path with at most two look-ups, however many routes there are. */
#ifndef KONSAO_HTTP_ROUTE_H
#define KONSAO_HTTP_ROUTE_H

#include "http/http.h"

struct route_table;

/** A table over `routes`, which must outlive it. NULL when a route is malformed or stands twice; `*bad` is it then. */
struct route_table *route_table_new(struct arena *arena, const struct route *routes, size_t count,
                                    const struct route **bad);

struct route_match {
    const struct route *route; /* NULL: 404, or 405 when known_path */
    str tail;                  /* for a path with "*" */
    bool known_path;           /* some method is served here */
    bool cors;                 /* some route of this path has cors */
};

/** The route for a method ("GET" for HEAD) and a raw path: the exact path first, then those with "*". */
struct route_match route_find(const struct route_table *table, str method, str path);
/** The methods that are served at `path`, for Allow (RFC 9110 section 10.2.1). */
str route_allow(const struct route_table *table, struct arena *arena, str path, bool cors);

#endif
