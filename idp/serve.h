/* `konsao serve`: makes a provider of its parts, serves until it is told to stop, and takes it apart again. */
#ifndef KONSAO_SERVE_H
#define KONSAO_SERVE_H

#include "settings.h"

/** Returns the exit code: 0 after a stop by SIGTERM or SIGINT, 1 when it could not start, with a sentence on standard
 * error. */
int serve(const struct settings *settings);

#endif
