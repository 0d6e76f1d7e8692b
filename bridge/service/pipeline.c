#include "service/pipeline.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "decode/event.h"
#include "match/match.h"
#include "settle/age.h"
#include "settle/dead_letter.h"
#include "settle/fate.h"
#include "settle/result.h"
#include "settle/retry.h"
#include "settle/write.h"

#define RESULT_BYTES 640 /* what a usual one takes, so that its buffer grows once */

#define NO_MEMORY_WAIT_MS 1000

#define NOBODYS_WAIT_MS 5000
#define NOBODYS_MOST_MS 600000

struct pipeline {
    struct pipeline_options options;
    struct worker *worker;
    struct metrics_block *metrics;
    struct loop_step step;
    struct list writes;     /* for the recorder */
    struct list home;       /* for the source: records that nothing is written for */
    struct log_gate *gates; /* one a subscription, and one for retries of none */
    struct log_gate nobodys_gate;
    struct buffer id;
    uint64_t random;
};

/* ── a record comes ──────────────────────────────────────────────────────── */

static void release(struct pipeline *pipeline, struct record *record)
{
    if (record_release(record))
        list_push(&pipeline->home, &record->message.link);
}

static void give_up(struct pipeline *pipeline, struct record *record)
{
    record_abandon(record);
    release(pipeline, record);
}

static void bury(struct pipeline *pipeline, struct record *record, const struct error *err);
static bool pass_on(struct pipeline *pipeline, struct record *record);

/* A retry that nobody can try. */
static void explain(const struct record *record, struct error *err)
{
    if (record->wrong == ERROR_DISABLED)
        error_set(err, record->wrong, "there is no subscription %.*s any more",
                  SLICE_ARGS(record->owner));
    else
        error_set(err, record->wrong, "the headers that make it a retry are missing or malformed");
}

void pipeline_take(void *context, struct record *record)
{
    struct pipeline *pipeline = context;
    struct error err = {0};
    if (record->wrong && pass_on(pipeline, record))
        return;
    if (record->wrong) {
        explain(record, &err);
        bury(pipeline, record, &err);
        return;
    }
    const struct route *route = &pipeline->options.catalog->routes[record->subscription];
    struct shared_event *shared = worker_event(pipeline->worker, record);
    if (!shared) {
        give_up(pipeline, record);
        return;
    }
    shared->decoded = event_decode(record, route->sub->format, &shared->event, &err);
    bool no_memory = !shared->decoded && err.kind == ERROR_MEMORY;
    if (!shared->decoded && !no_memory) {
        bury(pipeline, record, &err);
    } else if (!no_memory && !matcher_wants(route->matcher, &shared->event, NULL)) {
        metrics_add(pipeline->metrics, METRIC_UNMATCHED, route->index, METRICS_NO_LABEL, 1);
        release(pipeline, record);
    } else if (no_memory || !worker_submit(pipeline->worker, route, shared, &err)) {
        give_up(pipeline, record);
    } else {
        return; /* the delivery owns `shared`, and has the record's claim */
    }
    worker_drop_event(pipeline->worker, shared);
}

void pipeline_refuse(void *context, struct record *record)
{
    give_up(context, record);
}

/* ── an attempt is over ──────────────────────────────────────────────────── */

static void add_write(struct pipeline *pipeline, struct write *write)
{
    list_push(&pipeline->writes, &write->message.link);
}

static struct write *make_result(const struct verdict *verdict, struct record *record)
{
    struct write *write = write_create(WRITE_RESULT, record);
    if (!write)
        return NULL;
    buffer_reserve(&write->made, RESULT_BYTES + verdict->outcome->response.size);
    result_write(verdict, &write->made);
    if (write->made.failed) {
        write_destroy(write);
        return NULL;
    }
    write->value = buffer_slice(&write->made);
    return write;
}

/* `envelope` says what is not the record's own. */
static struct write *make_retry(const struct pipeline *pipeline, struct record *record,
                                struct envelope envelope, int64_t wait_ms)
{
    envelope.topic = slice_of(record->topic);
    envelope.partition = record->partition;
    envelope.offset = record->offset;
    envelope.timestamp_ms = record->timestamp_ms;
    struct write *write =
        write_create(WRITE_RETRY + retry_topic_for(pipeline->options.retries, wait_ms), record);
    if (!write)
        return NULL;
    write->value = record->value;
    write->headers = retry_headers(record, &envelope);
    if (write->headers)
        return write;
    write_destroy(write);
    return NULL;
}

/* A retry whose subscription is not configured here may be another instance's, which has been
 * started with a newer configuration, or has not been yet: it goes round for a while. */
static bool pass_on(struct pipeline *pipeline, struct record *record)
{
    int64_t now_ms = clock_unix_ms();
    int64_t since_ms = record->nobodys_since_unix_ms ? record->nobodys_since_unix_ms : now_ms;
    if (record->wrong != ERROR_DISABLED || now_ms - since_ms >= NOBODYS_MOST_MS)
        return false;
    const struct envelope envelope = {
        .subscription = record->owner,
        .attempts = record->attempts,
        .due_unix_ms = now_ms + NOBODYS_WAIT_MS,
        .first_attempt_unix_ms = record->first_attempt_unix_ms,
        .nobodys_since_unix_ms = since_ms,
    };
    struct write *write = make_retry(pipeline, record, envelope, NOBODYS_WAIT_MS);
    if (!write) {
        give_up(pipeline, record);
        return true;
    }
    if (log_gate_open(&pipeline->nobodys_gate, clock_now_ms(), &(uint64_t){0}))
        log_warn("a retry of a subscription that is not configured here goes round",
                 BYTES("subscription", record->owner));
    add_write(pipeline, write);
    return true;
}

/* The delivery goes on by a retry topic: its claim on the record becomes the write's. */
static bool hand_over(struct pipeline *pipeline, struct delivery *delivery, int64_t wait_ms)
{
    const struct envelope envelope = {
        .subscription = slice_of(delivery->route->sub->name),
        .attempts = delivery->attempts,
        .due_unix_ms = clock_unix_ms() + wait_ms,
        .first_attempt_unix_ms = delivery->first_attempt_unix_ms,
    };
    struct write *write = make_retry(pipeline, delivery->shared->record, envelope, wait_ms);
    if (!write)
        return false;
    add_write(pipeline, write);
    worker_end(pipeline->worker, delivery);
    return true;
}

static struct write *make_dead_letter(const struct verdict *verdict, struct record *record)
{
    struct write *write = write_create(WRITE_DEAD_LETTER, record);
    if (!write)
        return NULL;
    write->value = record->value;
    write->headers = dead_letter_headers(verdict);
    if (!write->headers) {
        write_destroy(write);
        return NULL;
    }
    return write;
}

/* Each write takes a claim of its own. False when one could not be made: the record must then be
 * abandoned, so that it is read again. */
static bool write_down(struct pipeline *pipeline, const struct verdict *verdict,
                       struct record *record)
{
    const struct settings *settings = pipeline->options.settings;
    struct write *letter = NULL;
    struct write *result = NULL;
    bool wants_letter = verdict->fate == FATE_DEAD;
    bool wants_result =
        settings->topics.results.data && result_wanted(settings->results_record, verdict->fate);
    if (wants_letter)
        letter = make_dead_letter(verdict, record);
    if (wants_result)
        result = make_result(verdict, record);
    if ((wants_letter && !letter) || (wants_result && !result)) {
        write_destroy(letter);
        write_destroy(result);
        return false;
    }
    if (letter) {
        record_claim(record);
        add_write(pipeline, letter);
    }
    if (result) {
        record_claim(record);
        add_write(pipeline, result);
    }
    return true;
}

/* The verdict's line: what went well only for those who debug, what did not once a minute. */
static void tell(struct pipeline *pipeline, size_t series, const struct verdict *verdict)
{
    const struct outcome *outcome = verdict->outcome;
    uint64_t held_back = 0;
    if (verdict->fate == FATE_DELIVERED) {
        log_debug("delivered", BYTES("subscription", verdict->subscription),
                  BYTES("id", verdict->id), INT("attempt", verdict->attempts),
                  INT("status", outcome->status), INT("duration_ms", outcome->duration_us / 1000));
        return;
    }
    if (!log_enabled(LOG_DEBUG) &&
        !log_gate_open(&pipeline->gates[series], clock_now_ms(), &held_back))
        return;
    log_warn(verdict_outcome(verdict->fate), BYTES("subscription", verdict->subscription),
             BYTES("id", verdict->id), INT("attempt", verdict->attempts),
             INT("status", outcome->status), STR("error_kind", error_name(outcome->kind)),
             STR("error", outcome->error), INT("repeated", held_back));
}

static void count(struct pipeline *pipeline, size_t series, const struct verdict *verdict)
{
    static const enum metric_value outcomes[] = {
        [FATE_DELIVERED] = METRIC_OUTCOME_DELIVERED,
        [FATE_RETRY] = METRIC_OUTCOME_RETRYING,
        [FATE_DEAD] = METRIC_OUTCOME_DEAD_LETTERED,
    };
    const struct outcome *outcome = verdict->outcome;
    struct metrics_block *metrics = pipeline->metrics;
    metrics_add(metrics, METRIC_DELIVERIES, series, outcomes[verdict->fate], 1);
    if (verdict->attempts > 0) {
        metrics_add(metrics, METRIC_ATTEMPTS, series, metrics_class(outcome->status, outcome->kind),
                    1);
        metrics_observe_us(metrics, METRIC_ATTEMPT_DURATION, series, outcome->duration_us);
    }
    if (verdict->fate == FATE_DEAD)
        metrics_add(metrics, METRIC_DEAD_LETTERS, series, metrics_reason(outcome->kind), 1);
    if (verdict->fate == FATE_DELIVERED)
        metrics_observe_us(metrics, METRIC_LATENCY, series,
                           (clock_now_ms() - verdict->record->polled_ms) * 1000);
}

/* Counts, logs and writes down what became of it; false as write_down. */
static bool conclude(struct pipeline *pipeline, struct verdict *verdict, struct record *record)
{
    const struct catalog *catalog = pipeline->options.catalog;
    bool known = record->subscription != RECORD_NOBODYS;
    size_t series = known ? record->subscription : catalog->count;
    verdict->record = record;
    verdict->subscription = known ? slice_of(catalog->routes[series].sub->name) : record->owner;
    verdict->now_unix_ms = clock_unix_ms();
    verdict->instance = pipeline->options.instance;
    count(pipeline, series, verdict);
    tell(pipeline, series, verdict);
    return write_down(pipeline, verdict, record);
}

/* The id of a record that none could be rendered for: its position. */
static struct slice position_id(struct pipeline *pipeline, const struct record *record)
{
    const struct text *namespace = &pipeline->options.settings->namespace_;
    buffer_clear(&pipeline->id);
    event_position_id(record, text_slice(namespace), &pipeline->id);
    return buffer_slice(&pipeline->id);
}

static uint32_t next_random(struct pipeline *pipeline)
{
    pipeline->random = pipeline->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(pipeline->random >> 32);
}

/* Another attempt: a short wait in memory, a long one in a retry topic. */
static void try_again(struct pipeline *pipeline, struct delivery *delivery, int64_t wait_ms)
{
    if (wait_ms > FATE_IN_MEMORY_MS && hand_over(pipeline, delivery, wait_ms))
        return;
    worker_retry_at(pipeline->worker, delivery, clock_now_ms() + wait_ms);
}

/* Is another attempt past max_age? Then `outcome`, with its text in `err`, says so. */
static bool has_expired(const struct delivery *delivery, const struct fate *fate,
                        struct outcome *outcome, struct error *err)
{
    int64_t most_ms = delivery->route->sub->delivery.max_age_ms;
    if (fate->kind != FATE_RETRY ||
        age_allows(most_ms ? most_ms : AGE_UNLIMITED, delivery->first_attempt_unix_ms,
                   clock_unix_ms() + fate->wait_ms, err))
        return false;
    outcome->kind = err->kind;
    outcome->error = err->text;
    return true;
}

void pipeline_settle(void *context, struct delivery *delivery, const struct outcome *came)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    struct outcome outcome = *came;
    struct error err = {0};
    if (came->kind == ERROR_MEMORY) { /* which says nothing of the event or its receiver */
        worker_retry_at(pipeline->worker, delivery, clock_now_ms() + NO_MEMORY_WAIT_MS);
        return;
    }
    struct fate fate = fate_decide(&delivery->route->sub->delivery, came, delivery->attempts,
                                   next_random(pipeline));
    if (has_expired(delivery, &fate, &outcome, &err))
        fate.kind = FATE_DEAD;
    struct verdict verdict = {
        .id = outcome.id.size > 0 ? outcome.id : position_id(pipeline, record),
        .event_type = delivery->shared->event.type,
        .outcome = &outcome,
        .fate = fate.kind,
        .attempts = delivery->attempts,
        .next_attempt_unix_ms = clock_unix_ms() + fate.wait_ms,
    };
    bool written = conclude(pipeline, &verdict, record);
    if (fate.kind == FATE_RETRY) {
        try_again(pipeline, delivery, fate.wait_ms);
        return;
    }
    if (!written)
        record_abandon(record);
    worker_end(pipeline->worker, delivery);
    release(pipeline, record);
}

/* A record that no event can be made of: a dead letter, and the next one goes on. */
static void bury(struct pipeline *pipeline, struct record *record, const struct error *err)
{
    const struct outcome outcome = {
        .kind = err->kind,
        .error = err->text,
        .method = "",
        .url = "",
        .retry_after_ms = -1,
        .started_unix_ms = clock_unix_ms(),
    };
    struct verdict verdict = {
        .id = position_id(pipeline, record),
        .outcome = &outcome,
        .fate = FATE_DEAD,
        .attempts = record->attempts,
    };
    if (!conclude(pipeline, &verdict, record))
        record_abandon(record);
    release(pipeline, record);
}

void pipeline_tell(void *context, unsigned worker, struct message *message)
{
    struct pipeline *pipeline = context;
    worker_tell(pipeline->options.workers[worker], message);
}

/* What has been tried keeps that in a retry topic; the rest is simply read again, as is what
 * somebody else reads again in any case. */
void pipeline_abandon(void *context, struct delivery *delivery, int64_t wait_ms)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    if (wait_ms >= 0 && delivery->attempts > 0 && hand_over(pipeline, delivery, wait_ms))
        return;
    worker_end(pipeline->worker, delivery);
    give_up(pipeline, record);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static void hand_on(struct loop_step *step)
{
    struct pipeline *pipeline = CONTAINER_OF(step, struct pipeline, step);
    if (!list_empty(&pipeline->writes))
        recorder_post(pipeline->options.recorder, &pipeline->writes);
    if (!list_empty(&pipeline->home))
        source_give_back(pipeline->options.source, &pipeline->home);
}

struct pipeline *pipeline_create(const struct pipeline_options *options)
{
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline)
        return NULL;
    pipeline->options = *options;
    pipeline->step.run = hand_on;
    list_init(&pipeline->writes);
    list_init(&pipeline->home);
    pipeline->gates = calloc(options->catalog->count + 1, sizeof *pipeline->gates);
    if (!pipeline->gates || getrandom(&pipeline->random, sizeof pipeline->random, 0) < 0) {
        free(pipeline->gates);
        free(pipeline);
        return NULL;
    }
    return pipeline;
}

void pipeline_attach(struct pipeline *pipeline, struct worker *worker)
{
    pipeline->worker = worker;
    pipeline->metrics = worker_metrics(worker);
    loop_add_step(worker_loop(worker), &pipeline->step);
}

void pipeline_destroy(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    hand_on(&pipeline->step);
    buffer_finish(&pipeline->id);
    free(pipeline->gates);
    free(pipeline);
}
