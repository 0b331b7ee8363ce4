#include "store/records.h"

const struct record_info record_table[RECORD_KINDS] = {
    [RECORD_CLIENT] = {.name = "client", .id = 1, .durable = true},
    [RECORD_CONSENT] = {.name = "consent", .id = 2, .durable = true, .indexes = 2},
    [RECORD_GRANT] = {.name = "grant", .id = 3, .durable = true, .indexes = 2},
    [RECORD_REFRESH] = {.name = "refresh", .id = 4, .durable = true, .indexes = 1},
    [RECORD_AUDIT] = {.name = "audit", .id = 5, .durable = true},
    [RECORD_REGISTRATION_TOKEN] = {.name = "registration_token", .id = 12, .durable = true},
    [RECORD_EXCHANGE_POLICY] = {.name = "exchange_policy", .id = 13, .durable = true},
    [RECORD_OUTBOX] = {.name = "outbox", .id = 18, .durable = true, .indexes = 2},
    [RECORD_AUTHORIZATION_TYPE] = {.name = "authorization_type", .id = 20, .durable = true},
    [RECORD_PARTICIPANT] = {.name = "participant", .id = 17, .durable = true, .indexes = 1},
    [RECORD_DEADLINE] = {.name = "deadline", .id = 19, .durable = true},
    [RECORD_INTERACTION] = {.name = "interaction", .id = 6},
    [RECORD_CODE] = {.name = "code", .id = 7},
    [RECORD_SESSION] = {.name = "session", .id = 8, .indexes = 2},
    [RECORD_ACCESS] = {.name = "access", .id = 9, .indexes = 1},
    [RECORD_REPLAY] = {.name = "replay", .id = 10},
    [RECORD_COUNTER] = {.name = "counter", .id = 11},
    [RECORD_PUSHED] = {.name = "pushed", .id = 14},
    [RECORD_DEVICE] = {.name = "device", .id = 15, .indexes = 1},
    [RECORD_BACKCHANNEL] = {.name = "backchannel", .id = 16, .indexes = 1},
};
