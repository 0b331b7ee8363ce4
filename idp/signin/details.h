/* Of this room only: what a client asks for in detail (RFC 9396), and for which services (RFC 8707), in words. */
#ifndef KONSAO_SIGNIN_DETAILS_H
#define KONSAO_SIGNIN_DETAILS_H

#include <jansson.h>

#include "signin/visit.h"

/** Whether all that is asked for in detail can be shown as its type says: a type may have been removed meanwhile. */
bool details_are_known(const struct visit *visit);
/** Adds the lists `details` (title, fields: label, value) and `resources` (host) to the consent page's view. */
void details_add(struct visit *visit, struct view *view);
/** The same lists (`resources`: hosts, as texts) as members of a JSON object. */
void details_add_json(const struct visit *visit, json_t *object);

#endif
