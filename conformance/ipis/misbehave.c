#include "misbehave.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/json.h"

#define RULES_MAX 32

struct rule {
    char call[24];
    struct misbehaviour what;
    int64_t times; /* left */
};

struct misbehave {
    pthread_mutex_t lock;
    pthread_cond_t stopped_now;
    bool stopped;
    struct rule rules[RULES_MAX];
    size_t count;
};

struct misbehave *misbehave_new(void)
{
    struct misbehave *misbehave = calloc(1, sizeof *misbehave);
    pthread_condattr_t monotonic;
    if (!misbehave)
        abort();
    pthread_mutex_init(&misbehave->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&misbehave->stopped_now, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return misbehave;
}

void misbehave_free(struct misbehave *misbehave)
{
    if (!misbehave)
        return;
    pthread_cond_destroy(&misbehave->stopped_now);
    pthread_mutex_destroy(&misbehave->lock);
    free(misbehave);
}

static bool how_of(str name, enum how *out)
{
    static const struct {
        str name;
        enum how how;
    } known[] = {
        {STR_INIT("delay"), HOW_DELAY}, {STR_INIT("timeout"), HOW_TIMEOUT},
        {STR_INIT("error"), HOW_ERROR}, {STR_INIT("malformed"), HOW_MALFORMED},
        {STR_INIT("drop"), HOW_DROP},   {STR_INIT("xroad-error"), HOW_XROAD_ERROR},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (str_eq(known[i].name, name)) {
            *out = known[i].how;
            return true;
        }
    return false;
}

/* An optional integer. */
static bool number(const json_t *rule, const char *name, int64_t min, int64_t max, int64_t otherwise, int64_t *out)
{
    *out = otherwise;
    return !json_object_get(rule, name) || json_int(rule, name, min, max, out);
}

const char *misbehave_add(struct misbehave *misbehave, const json_t *json)
{
    struct rule rule = {0};
    str call = json_str(json, "call"), body = json_str(json, "body");
    int64_t status, wait_ms;
    if (!str_list_has(STR("otp authenticate attributes authenticators status *"), ' ', call))
        return "call must be otp, authenticate, attributes, authenticators, status or *";
    if (!how_of(json_str(json, "how"), &rule.what.how))
        return "how must be delay, timeout, error, malformed, drop or xroad-error";
    wait_ms = rule.what.how == HOW_TIMEOUT ? 60000 : rule.what.how == HOW_DELAY ? 1000 : 0;
    if (!number(json, "ms", 0, 600000, wait_ms, &rule.what.ms) || !number(json, "status", 400, 599, 500, &status) ||
        !number(json, "times", 1, INT32_MAX, INT32_MAX, &rule.times))
        return "ms must be 0 to 600000, status 400 to 599, times at least 1";
    if (body.n >= sizeof rule.what.body)
        return "body is too long";
    rule.what.status = (int)status;
    snprintf(rule.call, sizeof rule.call, "%.*s", STR_FMT(call));
    snprintf(rule.what.body, sizeof rule.what.body, "%.*s", STR_FMT(body.p ? body : STR("{\"transactionId\":")));
    pthread_mutex_lock(&misbehave->lock);
    bool fits = misbehave->count < RULES_MAX;
    if (fits)
        misbehave->rules[misbehave->count++] = rule;
    pthread_mutex_unlock(&misbehave->lock);
    return fits ? NULL : "there are too many rules already; reset them";
}

void misbehave_reset(struct misbehave *misbehave)
{
    pthread_mutex_lock(&misbehave->lock);
    misbehave->count = 0;
    pthread_mutex_unlock(&misbehave->lock);
}

struct misbehaviour misbehave_for(struct misbehave *misbehave, str call)
{
    struct misbehaviour what = {.how = HOW_NOT};
    pthread_mutex_lock(&misbehave->lock);
    for (size_t i = 0; i < misbehave->count; i++) {
        struct rule *rule = &misbehave->rules[i];
        if (rule->times == 0 || (!str_is(call, rule->call) && rule->call[0] != '*'))
            continue;
        rule->times--;
        what = rule->what;
        break;
    }
    pthread_mutex_unlock(&misbehave->lock);
    return what;
}

void misbehave_wait(struct misbehave *misbehave, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&misbehave->lock);
    while (!misbehave->stopped && pthread_cond_timedwait(&misbehave->stopped_now, &misbehave->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&misbehave->lock);
}

void misbehave_stop(struct misbehave *misbehave)
{
    pthread_mutex_lock(&misbehave->lock);
    misbehave->stopped = true;
    pthread_cond_broadcast(&misbehave->stopped_now);
    pthread_mutex_unlock(&misbehave->lock);
}
