/* Hanging up without an answer. A well-behaved server has no such thing, so this alone looks inside the web server's
 * room. */
#include <sys/socket.h>

#include "http/internal.h"
#include "server.h"

void respond_nothing(struct request *rq)
{
    shutdown(rq->exchange->peer->fd, SHUT_RDWR);
    respond(rq, 500, "text/plain", STR("")); /* nobody hears it */
}
