/* The authenticator's API: what the web app at /app, and native apps, are made on. docs/openapi.json describes it;
 * docs/qr.md has its errors. Handlers' context: struct provider. */
#ifndef KONSAO_SIGNIN_AUTHENTICATOR_AUTHENTICATOR_H
#define KONSAO_SIGNIN_AUTHENTICATOR_AUTHENTICATOR_H

#include "http/http.h"

/** All calls of the API, for the server's routes: one line each (authenticator.c). */
extern const struct route authenticator_routes[];
extern const size_t authenticator_route_count;

/* enrol.c: POST /app/api/enrolments, …/code, …/passkey */
http_handler enrol_begin;
http_handler enrol_code;
http_handler enrol_passkey;

/* unlock.c: POST /app/api/unlock/options, /app/api/unlock, /app/api/restore */
http_handler unlock_options;
http_handler unlock_submit;
http_handler unlock_restore;

/* manage.c: GET /app/api/authenticators; POST …/rename, …/remove, …/vouch; POST /app/api/notices/seen */
http_handler devices_list;
http_handler devices_rename;
http_handler devices_remove;
http_handler devices_vouch;
http_handler notices_seen;

/* scan.c, approve.c, decline.c: POST /app/api/scan, /app/api/approve, /app/api/decline */
http_handler scan_submit;
http_handler approve_submit;
http_handler decline_submit;

/* history.c: GET /app/api/history, POST …/disown. consents.c: GET /app/api/consents, POST …/withdraw */
http_handler history_show;
http_handler history_disown;
http_handler consents_list;
http_handler consents_withdraw;

/* requests.c: POST /app/api/requests (waits for news), …/open */
http_handler requests_wait;
http_handler requests_open;

#endif
