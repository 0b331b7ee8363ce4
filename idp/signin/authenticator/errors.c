/* All that the authenticator's API says no with. Descriptions are for developers; the app has its own words. */
#include "signin/authenticator/api.h"

const struct api_error api_errors[API_FAULTS] = {
    [API_INVALID_REQUEST] = {"invalid_request", 400, "the body is not the JSON object that this call takes"},
    [API_INVALID_PROOF] = {"invalid_proof", 401, "the DPoP header has no proof of the device's key for this request"},
    [API_UNAVAILABLE] = {"temporarily_unavailable", 503, "try again in a moment"},
    [API_UNAUTHORIZED] = {"unauthorized", 401, "no app session of this device: unlock first"},
    [API_UNKNOWN_AUTHENTICATOR] = {"unknown_authenticator", 404, "there is no such authenticator on this device"},
    [API_WAITING_AUTHENTICATOR] = {"waiting_authenticator", 403,
                                   "this authenticator waits for another one of the resident's, or for active_at"},
    [API_THROTTLED] = {"throttled", 429, "too often: wait for retry_after seconds"},
    [API_FROZEN] = {"frozen", 429, "too many wrong codes for this number: wait for retry_after seconds"},
    [API_FORBIDDEN] = {"forbidden", 403, "the register does not let this person sign in: see status"},
    [API_UNREACHABLE] = {"unreachable", 503, "the population register does not answer, try again"},

    [API_INVALID_KIDC] = {"invalid_kidc", 422, "that is no KIdC: ten digits with a check digit"},
    [API_INVALID_ENROLMENT] = {"invalid_enrolment", 404, "there is no such enrolment, or its time is over: begin anew"},
    [API_WRONG_CODE] = {"wrong_code", 422, "the one-time code is wrong"},
    [API_EXPIRED_CODE] = {"expired_code", 422, "the one-time code is too old: begin anew"},
    [API_INVALID_NAME] = {"invalid_name", 422, "a name has 1 to 40 characters, none of them unseen"},
    [API_INVALID_PASSKEY] = {"invalid_passkey", 422, "the passkey's answer does not hold: see reason"},
    [API_CLONED] = {"cloned", 403, "a copy of this passkey was used elsewhere"},
    [API_TOO_MANY_AUTHENTICATORS] = {"too_many_authenticators", 409, "the resident has as many as there may be"},

    [API_INVALID_CODE] = {"invalid_code", 422, "that is no code of a request to sign in"},
    [API_STALE_CODE] = {"stale_code", 410, "the code is not of now: scan the one on the screen"},
    [API_SCANNED_TWICE] = {"scanned_twice", 409, "another device scanned this code first"},
    [API_ENDED] = {"ended", 410, "the request is over: see reason"},
    [API_TOO_MANY_REQUESTS] = {"too_many_requests", 429, "too many requests: wait for retry_after seconds"},
    [API_NO_RIGHT] = {"no_right", 403, "this person was granted nothing at this office"},
    [API_WRONG_NUMBER] = {"wrong_number", 403, "another number is on the screen: the request is over"},
    [API_ALTERED] = {"altered", 403, "what was signed is not what was shown: the request is over"},

    [API_UNKNOWN_ENTRY] = {"unknown_entry", 404, "the resident has nothing of that id"},
};
