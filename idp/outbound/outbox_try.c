#include "outbound/outbox_try.h"

#include "base/log.h"
#include "crypto/primitives.h"
#include "outbound/outbox_record.h"

#define BUSY_WAIT_MS 1000   /* when we were too busy to call, or the record could not be read */
#define STORE_WAIT_MS 60000 /* when what was sent can't be taken out of the store: it is sent once more */
#define ANSWER_MAX ((size_t)8192)

/* By chance, so that notices that failed together don't come back together. */
int64_t outbox_wait(const struct outbox_options *options, int64_t failures)
{
    int64_t wait = options->wait_ms;
    for (int64_t i = 1; i < failures && wait < options->wait_max_ms; i++)
        wait *= 2;
    if (wait > options->wait_max_ms)
        wait = options->wait_max_ms;
    uint32_t dice;
    random_fill(&dice, sizeof dice);
    return wait * 3 / 4 + wait / 2 * (dice % 1024) / 1024;
}

static enum outbox_outcome end_with(struct outbox_trial *trial, enum outbox_end end)
{
    trial->end = end;
    return OUTBOX_ENDED;
}

static bool is_hopeless(const struct outbox_trial *trial, int64_t at)
{
    return at >= trial->notice.created_at + trial->options->give_up_ms;
}

/* ---- the call ---- */

static enum outbox_outcome judge_status(struct outbox_trial *trial, int status)
{
    bool later = status >= 500 || status == 408 || status == 429;
    trial->status = status;
    trial->why = arena_printf(trial->arena, "status %d", status);
    trial->reached = !later;
    trial->unreached = later; /* a server in trouble is left alone like one that is away */
    if (status >= 200 && status < 300)
        return end_with(trial, OUTBOX_SENT);
    return later ? OUTBOX_FAILED : end_with(trial, OUTBOX_REFUSED);
}

static enum outbox_outcome post(struct outbox_trial *trial, const struct outbound_request *request)
{
    struct outbound_answer answer;
    enum outbound_result result = outbound_fetch(trial->options->outbound, trial->arena, request, &answer, &trial->why);
    if (result == OUTBOUND_BAD_URL)
        return end_with(trial, OUTBOX_REFUSED);
    if (result == OUTBOUND_BUSY)
        return OUTBOX_UNTRIED;
    if (answer.status > 0 && (result == OUTBOUND_ANSWERED || result == OUTBOUND_TOO_LARGE))
        return judge_status(trial, answer.status); /* at whatever length it says so */
    trial->unreached = true;
    return OUTBOX_FAILED;
}

static const struct outbox_kind *kind_of(const struct outbox_options *options, str name)
{
    const struct outbox_kind *kind = options->kinds;
    while (kind->name && !str_is(name, kind->name))
        kind++;
    return kind->name ? kind : NULL;
}

static enum outbox_outcome render_and_post(struct outbox_trial *trial)
{
    const struct outbox_options *options = trial->options;
    const struct outbox_kind *kind = kind_of(options, trial->notice.kind);
    struct outbound_request request = {.url = trial->notice.url, .body = STR(""), .answer_max = ANSWER_MAX};
    trial->why = STR("nobody wants it any more");
    if (!kind)
        return end_with(trial, OUTBOX_DROPPED);
    switch (kind->render(options->context, trial->arena, &trial->notice, &request)) {
    case OUTBOX_SEND:
        return post(trial, &request);
    case OUTBOX_LATER:
        trial->why = STR("it could not be made");
        return OUTBOX_FAILED;
    default:
        return end_with(trial, OUTBOX_DROPPED);
    }
}

static enum outbox_outcome load_and_post(struct outbox_trial *trial, str key)
{
    struct record record;
    trial->notice.key = key;
    trial->why = STR("its record can't be read");
    enum store_result result = store_get(trial->options->store, RECORD_OUTBOX, key, trial->arena, &record);
    if (result == STORE_NOT_FOUND)
        return OUTBOX_GONE;
    if (result != STORE_OK)
        return OUTBOX_UNTRIED;
    if (!outbox_record_read(&record, &trial->notice))
        return end_with(trial, OUTBOX_DROPPED);
    if (trial->failures > 0 && is_hopeless(trial, trial->options->clock_ms())) {
        trial->why = STR("the destination fails");
        return end_with(trial, OUTBOX_GIVEN_UP);
    }
    return render_and_post(trial);
}

/* ---- what is noted ---- */

/* When the store fails the notice is still tried again, by this process at that time, by the next one earlier. */
static enum outbox_outcome note_failure(struct outbox_trial *trial)
{
    struct outbox_notice *notice = &trial->notice;
    notice->attempts++;
    notice->next_try_at = trial->options->clock_ms() + outbox_wait(trial->options, notice->attempts);
    trial->next_try_at = notice->next_try_at;
    if (is_hopeless(trial, notice->next_try_at))
        return end_with(trial, OUTBOX_GIVEN_UP);
    struct store_op op = outbox_record_op(trial->arena, notice, IF_PRESENT);
    return store_write(trial->options->store, &op, 1) == STORE_CONFLICT ? OUTBOX_GONE : OUTBOX_FAILED;
}

static void log_end(const struct outbox_trial *trial)
{
    const struct outbox_notice *notice = &trial->notice;
    if (trial->end == OUTBOX_SENT)
        log_debug("outbox.sent kind=%.*s client=%.*s", STR_FMT(notice->kind), STR_FMT(notice->client_id));
    else
        log_warn("outbox.%s kind=%.*s client=%.*s to=%.*s failures=%lld why=\"%.*s\"", outbox_end_name(trial->end),
                 STR_FMT(notice->kind), STR_FMT(notice->client_id), STR_FMT(notice->destination),
                 (long long)notice->attempts, STR_FMT(trial->why));
}

/* Takes the notice out of the store, and says so. If that fails it is sent again: rather twice than never. */
static enum outbox_outcome finish(struct outbox_trial *trial)
{
    const struct outbox_options *options = trial->options;
    struct store_op op = {.what = STORE_DELETE, .kind = RECORD_OUTBOX, .key = trial->notice.key};
    if (store_write(options->store, &op, 1) != STORE_OK) {
        trial->next_try_at = options->clock_ms() + STORE_WAIT_MS;
        return OUTBOX_UNTRIED;
    }
    log_end(trial);
    if (options->ended && trial->notice.kind.p)
        options->ended(options->context, &trial->notice, trial->end, trial->status);
    return OUTBOX_ENDED;
}

enum outbox_outcome outbox_try(struct outbox_trial *trial, str key)
{
    trial->next_try_at = trial->options->clock_ms() + BUSY_WAIT_MS;
    enum outbox_outcome outcome = load_and_post(trial, key);
    if (outcome == OUTBOX_FAILED && trial->stopping(trial->stopping_context))
        return OUTBOX_UNTRIED; /* we broke it off ourselves */
    if (outcome == OUTBOX_FAILED) {
        log_info("outbox.failed kind=%.*s client=%.*s why=\"%.*s\"", STR_FMT(trial->notice.kind),
                 STR_FMT(trial->notice.client_id), STR_FMT(trial->why));
        outcome = note_failure(trial);
    }
    return outcome == OUTBOX_ENDED ? finish(trial) : outcome;
}
