#include "signin/authenticator/authenticator.h"

#include "base/attr.h"

const struct route authenticator_routes[] = {
    {"POST", "/app/api/enrolments", RUN_WORKER, false, enrol_begin, NULL},
    {"POST", "/app/api/enrolments/code", RUN_WORKER, false, enrol_code, NULL},
    {"POST", "/app/api/enrolments/passkey", RUN_WORKER, false, enrol_passkey, NULL},
    {"POST", "/app/api/unlock/options", RUN_WRITER, false, unlock_options, NULL},
    {"POST", "/app/api/unlock", RUN_WRITER, false, unlock_submit, NULL},
    {"POST", "/app/api/restore", RUN_WRITER, false, unlock_restore, NULL},
    {"GET", "/app/api/authenticators", RUN_WRITER, false, devices_list, NULL},
    {"POST", "/app/api/authenticators/rename", RUN_WRITER, false, devices_rename, NULL},
    {"POST", "/app/api/authenticators/remove", RUN_WORKER, false, devices_remove, NULL},
    {"POST", "/app/api/authenticators/vouch", RUN_WRITER, false, devices_vouch, NULL},
    {"POST", "/app/api/notices/seen", RUN_WRITER, false, notices_seen, NULL},
    {"POST", "/app/api/scan", RUN_WRITER, false, scan_submit, NULL},
    {"POST", "/app/api/approve", RUN_WORKER, false, approve_submit, NULL},
    {"POST", "/app/api/decline", RUN_WORKER, false, decline_submit, NULL},
    {"GET", "/app/api/history", RUN_WRITER, false, history_show, NULL},
    {"POST", "/app/api/history/disown", RUN_WRITER, false, history_disown, NULL},
    {"GET", "/app/api/consents", RUN_WRITER, false, consents_list, NULL},
    {"POST", "/app/api/consents/withdraw", RUN_WRITER, false, consents_withdraw, NULL},
    {"POST", "/app/api/requests", RUN_WRITER, false, requests_wait, NULL},
    {"POST", "/app/api/requests/open", RUN_WRITER, false, requests_open, NULL},
};
const size_t authenticator_route_count = COUNT_OF(authenticator_routes);
