/* Of this room only: one request to a sign-in page, with what was loaded for it, and the ways to answer it. Each of the
 * functions that answer does so exactly once; its caller returns. */
#ifndef KONSAO_SIGNIN_VISIT_H
#define KONSAO_SIGNIN_VISIT_H

#include "provider.h"
#include "records/session.h"
#include "signin/sso.h"

struct visit {
    struct provider *provider;
    struct request *rq;
    struct interaction interaction;
    const struct client *client;
    enum lang lang;
};

/** How strong a sign-in its request wants. */
struct sso_policy visit_policy(const struct visit *visit);

/** Loads what the path names, if it is this browser's. False when there is nothing to go on with: answered then. */
MUST_CHECK bool visit_open(struct visit *visit, struct provider *provider, struct request *rq);

/** A view with the form token and who asks. */
struct view *visit_view(struct visit *visit);
/** The host that people see beside the client's name. */
str visit_host_shown(const struct visit *visit);
/** Answers with a page. */
void visit_show(struct visit *visit, int status, const char *page, struct view *view);
/** Answers with a general problem: 400, 403, 503. */
void visit_problem(struct visit *visit, int status);
/** Answers "look again": GET the same address. */
void visit_reload(struct visit *visit);
/** Answers "finished": on to /authorize/ID. */
void visit_leave(struct visit *visit);

/** Stores the interaction. False when that failed: answered then (another tab was faster: visit_reload). */
MUST_CHECK bool visit_save(struct visit *visit);
/** Back to the first step, in memory only: forgets the number and who was signed in. What the request was, stays. */
void visit_restart(struct visit *visit);
/** Stores the refusal with an OAuth error and answers. */
void visit_refuse(struct visit *visit, str error);
/** Goes on with who is signed in (adopted already): stores, then answers by leaving or by `show_consent`. */
void visit_proceed(struct visit *visit, void (*show_consent)(struct visit *visit));

/** The browser's live session, if what it keeps of the person opens: STORE_NOT_FOUND otherwise. */
MUST_CHECK enum store_result visit_session(struct visit *visit, struct session *session, struct person *person);

/** The internal reference of who has this number. */
str visit_resident(struct visit *visit, const struct kidc *kidc);
/** An audit entry with all that is known of this visit. `resident`: STR_NONE where nobody is named. */
struct audit_entry visit_entry(struct visit *visit, const char *action, str outcome, str resident);
/** What the register's calls need. */
struct ipis_call visit_call(struct visit *visit);

/** When a session ends that begins at `now` (seconds), on what the register said: never after its proof. */
int64_t visit_session_end(const struct settings *settings, int64_t now, const struct ipis_proof *proof);

/** "15:04" and "15:04:05" of a time in Cambodia (UTC+7, no summer time). */
str visit_clock(struct arena *arena, int64_t at, bool seconds);

#endif
