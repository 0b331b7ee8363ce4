/* How oauth says no: one struct from the step that finds the fault to the one place that delivers it. */
#ifndef KONSAO_OAUTH_ERROR_H
#define KONSAO_OAUTH_ERROR_H

#include "provider.h"

struct oauth_error {
    const char *code;        /* "invalid_request" …; NULL: no error */
    const char *description; /* for developers: ASCII without quotes and backslashes (RFC 6749 section 5.2); holds no
                                input, but for metadata that a registrant sent */
    int status;              /* of a direct answer; 0: 400 */
};

#define OAUTH_OK ((struct oauth_error){0})
#define OAUTH_ERROR(error_code, text) ((struct oauth_error){.code = (error_code), .description = (text)})
#define OAUTH_ERROR_STATUS(http_status, error_code, text)                                                              \
    ((struct oauth_error){.code = (error_code), .description = (text), .status = (http_status)})
/** The store failed: nothing was issued or changed that the caller could rely on. */
#define OAUTH_UNAVAILABLE OAUTH_ERROR_STATUS(503, "temporarily_unavailable", "the store did not answer, try again")

/** Answers with the error as JSON (RFC 6749 section 5.2). invalid_client after HTTP Basic is 401 with a challenge. */
void oauth_respond_error(struct request *rq, struct oauth_error error);
/** Shows the error to the person, on a page of ours: for what must not be redirected (RFC 6749 section 4.1.2.1). */
void oauth_error_page(struct provider *provider, struct request *rq, int status, struct oauth_error error);

/** Says that a sign-in is over, or was never in this browser; the way on is the client (NULL: unknown). */
void oauth_over_page(struct provider *provider, struct request *rq, int status, const struct client *client);

#endif
