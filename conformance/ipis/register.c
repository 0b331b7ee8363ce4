#include "register.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authenticators.h"
#include "base/clock.h"
#include "crypto/json.h"
#include "crypto/primitives.h"
#include "ipis/attributes.h"
#include "journal.h"
#include "resident.h"
#include "tokens.h"

#define JOURNAL_LINES 500

struct reg {
    struct reg_options options;
    struct arena *arena;
    pthread_mutex_t lock; /* over all that follows */
    struct residents residents;
    struct tokens *tokens;
    struct authenticators *authenticators;
    struct journal *outbox, *reads;
};

static void lock(struct reg *reg)
{
    pthread_mutex_lock(&reg->lock);
}

/* For CLEANUP, so that every way out of a call unlocks. */
static void unlock(struct reg **reg)
{
    pthread_mutex_unlock(&(*reg)->lock);
}

#define LOCKED(reg)                                                                                                    \
    lock(reg);                                                                                                         \
    CLEANUP(unlock) struct reg *locked = (reg)

struct reg *reg_new(const struct reg_options *options, const char *residents_file, char *error, size_t error_size)
{
    struct arena *arena = arena_new();
    struct reg *reg = ARENA_NEW(arena, struct reg);
    *reg = (struct reg){.options = *options, .arena = arena};
    if (!residents_load(arena, residents_file, &reg->residents, error, error_size)) {
        arena_free(arena);
        return NULL;
    }
    reg->outbox = journal_new(JOURNAL_LINES, NULL);
    reg->reads = journal_new(JOURNAL_LINES, options->data_dir);
    if (!reg->reads) {
        snprintf(error, error_size, "%s/reads.jsonl can't be written", options->data_dir);
        journal_free(reg->outbox);
        arena_free(arena);
        return NULL;
    }
    reg->tokens = tokens_new();
    reg->authenticators = authenticators_new();
    pthread_mutex_init(&reg->lock, NULL);
    return reg;
}

void reg_free(struct reg *reg)
{
    if (!reg)
        return;
    pthread_mutex_destroy(&reg->lock);
    tokens_free(reg->tokens);
    authenticators_free(reg->authenticators);
    journal_free(reg->outbox);
    journal_free(reg->reads);
    arena_free(reg->arena);
}

/* ---- verdicts ---- */

static struct verdict refused(int status, const char *code, const char *message)
{
    return (struct verdict){status, code, message, -1, 0};
}

static struct verdict unknown(void)
{
    return refused(404, "UNKNOWN", "There is no such number.");
}

static struct verdict bad_token(void)
{
    return refused(401, "BAD_TOKEN", "The token is not good for this number, or no longer.");
}

static struct verdict expired(void)
{
    return refused(410, "EXPIRED", "The code is too old, was used, or was never sent.");
}

static struct verdict frozen_for(int64_t left_ms)
{
    struct verdict verdict = refused(423, "FROZEN", "Too many wrong codes: the number is frozen for a while.");
    verdict.retry_after = (left_ms + 999) / 1000;
    return verdict;
}

/* Frozen or not; a freeze that is over takes the failures with it. */
static struct verdict check_frozen(struct resident *resident)
{
    int64_t left_ms = resident->frozen_until_ms - clock_mono_ms();
    if (resident->frozen_until_ms == 0)
        return VERDICT_OK;
    if (left_ms <= 0) {
        resident->frozen_until_ms = 0;
        resident->failures = 0;
        return VERDICT_OK;
    }
    return frozen_for(left_ms);
}

static struct verdict check_status(const struct resident *resident)
{
    switch (resident->status) {
    case RESIDENT_SUSPENDED:
        return refused(403, "SUSPENDED", "The number is suspended.");
    case RESIDENT_DECEASED_FLAGGED:
        return refused(403, "DECEASED_FLAGGED", "A death was reported for this number.");
    case RESIDENT_CLOSED:
        return refused(403, "CLOSED", "The number is closed.");
    default:
        break;
    }
    if (resident_is_minor(resident) && !resident->biometrics_enrolled)
        return refused(403, "MINOR", "A minor before biometric enrolment: a guardian acts for them.");
    return VERDICT_OK;
}

/* ---- one-time codes ---- */

/* Six digits, each code as likely as any other: 2^32 values cut to a multiple of a million. */
static void make_code(const char *always, char out[static 8])
{
    uint32_t value;
    if (always) {
        snprintf(out, 8, "%s", always);
        return;
    }
    do
        random_fill(&value, sizeof value);
    while (value >= UINT32_MAX - UINT32_MAX % 1000000);
    snprintf(out, 8, "%06u", (unsigned)(value % 1000000));
}

static str utc_now(struct arena *arena)
{
    int64_t now_ms = clock_now_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm parts;
    char text[32];
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return arena_printf(arena, "%s.%03dZ", text, (int)(now_ms % 1000));
}

static str mask_contact(struct arena *arena, str contact)
{
    size_t shown = contact.n > 6 ? 3 : 0;
    return arena_printf(arena, "•••%.*s", (int)shown, contact.p + contact.n - shown);
}

struct verdict reg_send_otp(struct reg *reg, struct arena *arena, str kidc, struct otp_sent *out)
{
    LOCKED(reg);
    struct resident *resident = residents_find(&locked->residents, kidc);
    if (!resident)
        return unknown();
    struct verdict frozen = check_frozen(resident);
    if (frozen.status != 200)
        return frozen;
    str phone = resident_text(resident, "phone");
    if (!phone.p)
        return refused(409, "NOT_ENROLLED", "The register has no phone for this number.");
    make_code(reg->options.code, resident->code);
    resident->code_ends_ms = clock_mono_ms() + reg->options.otp_life * 1000;
    struct buf line = buf_new(arena, 256);
    buf_char(&line, '{');
    buf_json_str(&line, "kidc", kidc_text(arena, &resident->kidc));
    buf_json_str(&line, "contact", phone);
    buf_json_str(&line, "code", str_of(resident->code));
    buf_json_str(&line, "sentAt", utc_now(arena));
    buf_char(&line, '}');
    journal_add(reg->outbox, buf_str(&line));
    *out = (struct otp_sent){mask_contact(arena, phone), reg->options.otp_life};
    return VERDICT_OK;
}

static struct verdict wrong_factor(struct reg *reg, struct resident *resident)
{
    resident->failures++;
    if (resident->failures >= reg->options.otp_attempts) {
        resident->code[0] = '\0';
        resident->frozen_until_ms = clock_mono_ms() + reg->options.freeze * 1000;
        return frozen_for(reg->options.freeze * 1000);
    }
    struct verdict verdict = refused(401, "WRONG_FACTOR", "The code is wrong.");
    verdict.attempts_left = reg->options.otp_attempts - resident->failures;
    return verdict;
}

/* The factors. A right code is used up at once, whatever comes of it. */
static struct verdict check_factors(struct reg *reg, struct resident *resident, const struct sign_in *in)
{
    struct verdict frozen = check_frozen(resident);
    if (frozen.status != 200)
        return frozen;
    if (resident->code[0] == '\0' || clock_mono_ms() >= resident->code_ends_ms)
        return expired();
    bool right = secret_equal(in->code, str_of(resident->code));
    if (in->date_of_birth.p && !str_eq(in->date_of_birth, resident_text(resident, "dateOfBirth")))
        right = false;
    if (!right)
        return wrong_factor(reg, resident);
    resident->code[0] = '\0';
    resident->failures = 0;
    return VERDICT_OK;
}

static size_t index_of(const struct reg *reg, const struct resident *resident)
{
    return (size_t)(resident - reg->residents.items);
}

/* A token can't be guessed, so a wrong one counts for nothing: nobody freezes a number with it. */
static struct verdict check_authenticator(struct reg *reg, struct resident *resident, const struct sign_in *in)
{
    struct verdict frozen = check_frozen(resident);
    if (frozen.status != 200)
        return frozen;
    if (!authenticators_has(reg->authenticators, in->authenticator, index_of(reg, resident), in->client))
        return refused(401, "WRONG_FACTOR", "There is no such authenticator.");
    return VERDICT_OK;
}

struct verdict reg_authenticate(struct reg *reg, struct arena *arena, str kidc, const struct sign_in *in,
                                struct signed_in *out)
{
    LOCKED(reg);
    struct resident *resident = residents_find(&locked->residents, kidc);
    if (!resident)
        return unknown();
    struct verdict verdict =
        in->authenticator.p ? check_authenticator(reg, resident, in) : check_factors(reg, resident, in);
    if (verdict.status == 200) /* only now: whoever has no code learns nothing of the status */
        verdict = check_status(resident);
    if (verdict.status != 200)
        return verdict;
    *out = (struct signed_in){random_token(arena, 32), clock_now(), clock_now() + reg->options.kyc_life};
    tokens_add(reg->tokens, out->token, index_of(reg, resident), in->client,
               clock_mono_ms() + reg->options.kyc_life * 1000);
    return VERDICT_OK;
}

/* ---- attributes ---- */

/* Adds those of `names` that the resident has, and their sources. False at a name that is not asked for in `where`. */
static bool add_attributes(struct arena *arena, const struct resident *resident, str names, const char *where,
                           struct buf *values, struct buf *sources)
{
    str name;
    buf_char(values, '{');
    while (str_word(&names, ' ', &name)) {
        const char *key = arena_cstr(arena, name);
        const char *asked_in = attribute_asked_in(key);
        if (!asked_in || strcmp(asked_in, where) != 0)
            return false;
        const json_t *value = resident_value(resident, key);
        if (strcmp(key, "kidc") == 0) {
            buf_json_str(values, key, kidc_text(arena, &resident->kidc));
            buf_json_str(sources, key, STR("IPIS"));
        } else if (value) {
            buf_json_raw(values, key, json_text(arena, value));
            buf_json_str(sources, key, json_str(json_object_get(resident->attributes, key), "source"));
        }
    }
    buf_char(values, '}');
    return true;
}

static void record_read(struct reg *reg, struct arena *arena, const struct resident *resident,
                        const struct read_request *in)
{
    struct buf line = buf_new(arena, 512);
    buf_char(&line, '{');
    buf_json_str(&line, "kidc", kidc_masked(arena, &resident->kidc));
    buf_json_words(&line, "names", arena_printf(arena, "%.*s %.*s", STR_FMT(in->biographic), STR_FMT(in->contact)),
                   ' ');
    buf_json_str(&line, "relyingParty", in->relying_party);
    buf_json_str(&line, "consentId", in->consent_id);
    buf_json_str(&line, "transactionId", in->transaction_id);
    buf_json_str(&line, "client", in->client);
    buf_json_str(&line, "readAt", utc_now(arena));
    buf_char(&line, '}');
    journal_add(reg->reads, buf_str(&line));
}

struct verdict reg_read(struct reg *reg, struct arena *arena, str kidc, const struct read_request *in, str *json)
{
    LOCKED(reg);
    struct resident *resident = residents_find(&locked->residents, kidc);
    if (!resident)
        return unknown();
    if (!tokens_has(reg->tokens, in->token, index_of(reg, resident), in->client, clock_mono_ms()))
        return bad_token();
    struct verdict status = check_status(resident);
    if (status.status != 200)
        return status;
    struct buf biographic = buf_new(arena, 1024), contact = buf_new(arena, 256), sources = buf_new(arena, 512);
    buf_char(&sources, '{');
    if (!add_attributes(arena, resident, in->biographic, ASK_BIOGRAPHIC, &biographic, &sources) ||
        !add_attributes(arena, resident, in->contact, ASK_CONTACT, &contact, &sources))
        return refused(400, "BAD_REQUEST", "There is no attribute of that name.");
    buf_char(&sources, '}');
    struct buf out = buf_new(arena, 2048);
    buf_char(&out, '{');
    buf_json_raw(&out, "biographicData", buf_str(&biographic));
    buf_json_raw(&out, "contactData", buf_str(&contact));
    buf_json_raw(&out, "sources", buf_str(&sources));
    buf_char(&out, '}');
    record_read(reg, arena, resident, in);
    *json = buf_str(&out);
    return VERDICT_OK;
}

struct verdict reg_status(struct reg *reg, struct arena *arena, str kidc, str *json)
{
    LOCKED(reg);
    const struct resident *resident = residents_find(&locked->residents, kidc);
    if (!resident)
        return unknown();
    struct buf out = buf_new(arena, 128);
    buf_char(&out, '{');
    buf_json_str(&out, "status", str_of(resident_status_name(resident->status)));
    buf_json_bool(&out, "minor", resident_is_minor(resident));
    buf_json_bool(&out, "biometricsEnrolled", resident->biometrics_enrolled);
    buf_json_str(&out, "since", resident->since);
    buf_char(&out, '}');
    *json = buf_str(&out);
    return VERDICT_OK;
}

/* ---- authenticators ---- */

struct verdict reg_add_authenticator(struct reg *reg, struct arena *arena, str kidc, str kyc_token, str client,
                                     struct authenticator_given *out)
{
    LOCKED(reg);
    struct resident *resident = residents_find(&locked->residents, kidc);
    if (!resident)
        return unknown();
    if (!tokens_has(reg->tokens, kyc_token, index_of(reg, resident), client, clock_mono_ms()))
        return bad_token();
    struct verdict verdict = check_frozen(resident);
    if (verdict.status == 200)
        verdict = check_status(resident);
    if (verdict.status != 200)
        return verdict;
    *out = (struct authenticator_given){random_uuid(arena), random_token(arena, 32)};
    authenticators_add(reg->authenticators, out->id, out->token, index_of(reg, resident), client);
    return VERDICT_OK;
}

struct verdict reg_remove_authenticator(struct reg *reg, str kidc, str token, str client, str id)
{
    LOCKED(reg);
    const struct resident *resident = residents_find(&locked->residents, kidc);
    if (!resident)
        return unknown();
    if (!authenticators_has(reg->authenticators, token, index_of(reg, resident), client))
        return bad_token();
    authenticators_remove(reg->authenticators, id, index_of(reg, resident), client);
    return VERDICT_OK;
}

/* ---- for people and tests ---- */

str reg_outbox_json(struct reg *reg, struct arena *arena, str kidc)
{
    LOCKED(reg);
    return journal_json(locked->outbox, arena, kidc);
}

str reg_reads_json(struct reg *reg, struct arena *arena)
{
    LOCKED(reg);
    return journal_json(locked->reads, arena, STR_NONE);
}

static void add_resident(const struct reg *reg, struct arena *arena, const struct resident *resident, struct buf *out)
{
    static const char *const shown[] = {"familyNameKh", "givenNameKh", "familyNameEn", "givenNameEn",
                                        "dateOfBirth",  "gender",      "phone",        "email"};
    buf_char(out, '{');
    buf_json_str(out, "kidc", kidc_text(arena, &resident->kidc));
    buf_json_str(out, "status", str_of(resident_status_name(resident->status)));
    buf_json_str(out, "since", resident->since);
    buf_json_bool(out, "minor", resident_is_minor(resident));
    buf_json_bool(out, "biometricsEnrolled", resident->biometrics_enrolled);
    buf_json_bool(out, "frozen", resident->frozen_until_ms > clock_mono_ms());
    buf_json_int(out, "authenticators", (int64_t)authenticators_count(reg->authenticators, index_of(reg, resident)));
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        buf_json_str(out, shown[i], resident_text(resident, shown[i]));
    buf_char(out, '}');
}

str reg_residents_json(struct reg *reg, struct arena *arena)
{
    LOCKED(reg);
    struct buf out = buf_new(arena, 8192);
    buf_char(&out, '[');
    for (size_t i = 0; i < locked->residents.count; i++) {
        if (i > 0)
            buf_char(&out, ',');
        add_resident(reg, arena, &locked->residents.items[i], &out);
    }
    buf_char(&out, ']');
    return buf_str(&out);
}

void reg_outbox_reset(struct reg *reg)
{
    LOCKED(reg);
    journal_clear(locked->outbox);
}

struct verdict reg_change(struct reg *reg, str kidc, const struct change *change)
{
    LOCKED(reg);
    struct resident *resident = residents_find(&locked->residents, kidc);
    if (!resident)
        return unknown();
    if (change->status.p && !resident_status_of(change->status, &resident->status))
        return refused(400, "BAD_REQUEST", "There is no such status.");
    if (change->freeze)
        resident->frozen_until_ms = clock_mono_ms() + reg->options.freeze * 1000;
    if (change->unfreeze) {
        resident->frozen_until_ms = 0;
        resident->failures = 0;
    }
    return VERDICT_OK;
}

void reg_reset(struct reg *reg)
{
    LOCKED(reg);
    for (size_t i = 0; i < locked->residents.count; i++) {
        struct resident *resident = &locked->residents.items[i];
        resident->status = resident->status_in_file;
        resident->code[0] = '\0';
        resident->failures = 0;
        resident->frozen_until_ms = 0;
    }
    tokens_clear(locked->tokens);
    authenticators_clear(locked->authenticators);
    journal_clear(locked->outbox);
    journal_clear(locked->reads);
}
