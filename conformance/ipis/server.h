/* What the handlers of the reference register get. */
#ifndef KONSAO_CONFORMANCE_IPIS_SERVER_H
#define KONSAO_CONFORMANCE_IPIS_SERVER_H

#include "http/http.h"
#include "misbehave.h"
#include "register.h"

struct server {
    struct reg *reg;
    struct misbehave *misbehave;
    str xroad_path; /* "/r1/…", under which the calls are served as by a security server; STR_NONE without X-Road */
};

/* calls.c: the interface */
void serve_otp(struct request *rq, void *context);
void serve_authenticate(struct request *rq, void *context);
void serve_attributes(struct request *rq, void *context);
void serve_status(struct request *rq, void *context);
void serve_add_authenticator(struct request *rq, void *context);
void serve_remove_authenticator(struct request *rq, void *context);

/* envelope.c: what is around every call */
/** Checks X-Road's headers and sets those of the answer; applies misbehaviour. False when it has answered. `call`:
 * "otp", … */
MUST_CHECK bool envelope_open(struct request *rq, struct server *server, const char *call);
/** X-Road-Client, or empty when the call did not come over X-Road. */
str envelope_client(const struct request *rq, const struct server *server);
/** Whether the request came to the X-Road path. */
bool is_xroad(const struct request *rq, const struct server *server);
/** Answers with an error of the interface. */
void respond_verdict(struct request *rq, struct verdict verdict);
/** Answers with an X-Road error (X-Road REST message protocol, section 4.6). */
void respond_xroad_error(struct request *rq, int status, const char *type, const char *message);
/** Answers 400 in the interface's form. */
void respond_bad(struct request *rq, const char *message);
/** A JSON body of at most 64 KB as an object; NULL after it has answered 400. */
json_t *json_body(struct request *rq);

/* drop.c */
/** Closes the connection; the client gets no answer. */
void respond_nothing(struct request *rq);

/* admin.c: for tests */
void serve_change(struct request *rq, void *context);
void serve_misbehave(struct request *rq, void *context);
void serve_misbehave_reset(struct request *rq, void *context);
void serve_outbox_reset(struct request *rq, void *context);
void serve_reset(struct request *rq, void *context);
void serve_reads(struct request *rq, void *context);

/* pages.c: for people */
void serve_home(struct request *rq, void *context);
void serve_outbox(struct request *rq, void *context);
void serve_residents(struct request *rq, void *context);
void serve_style(struct request *rq, void *context);
void serve_problem(struct request *rq, void *context, int status, const char *detail);

#endif
