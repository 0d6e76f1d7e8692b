#include "service/pipeline.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "decode/event.h"
#include "match/match.h"
#include "settle/dead_letter.h"
#include "settle/fate.h"
#include "settle/result.h"
#include "settle/write.h"

#define RESULT_BYTES 640 /* what a usual one takes, so that its buffer grows once */

struct pipeline {
    struct pipeline_options options;
    struct worker *worker;
    struct metrics_block *metrics;
    struct loop_step step;
    struct list writes;     /* for the recorder */
    struct list home;       /* for the source: records that nothing is written for */
    struct log_gate *gates; /* one a subscription */
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

static void bury(struct pipeline *pipeline, const struct route *route, struct record *record,
                 const struct error *err);

void pipeline_take(void *context, struct record *record)
{
    struct pipeline *pipeline = context;
    const struct route *route = &pipeline->options.catalog->routes[lane_subscription(record->lane)];
    struct shared_event *shared = worker_event(pipeline->worker, record);
    struct error err = {0};
    if (!shared) {
        give_up(pipeline, record);
        return;
    }
    shared->decoded = event_decode(record, route->sub->format, &shared->event, &err);
    if (!shared->decoded) {
        bury(pipeline, route, record, &err);
    } else if (!matcher_wants(route->matcher, &shared->event, NULL)) {
        metrics_add(pipeline->metrics, METRIC_UNMATCHED, route->index, METRICS_NO_LABEL, 1);
        release(pipeline, record);
    } else if (!worker_submit(pipeline->worker, route, shared, &err)) {
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
static void tell(struct pipeline *pipeline, const struct route *route,
                 const struct verdict *verdict)
{
    const struct outcome *outcome = verdict->outcome;
    uint64_t held_back = 0;
    if (verdict->fate == FATE_DELIVERED) {
        log_debug("delivered", STR("subscription", verdict->subscription), BYTES("id", verdict->id),
                  INT("attempt", verdict->attempts), INT("status", outcome->status),
                  INT("duration_ms", outcome->duration_us / 1000));
        return;
    }
    if (!log_enabled(LOG_DEBUG) &&
        !log_gate_open(&pipeline->gates[route->index], clock_now_ms(), &held_back))
        return;
    log_warn(verdict_outcome(verdict->fate), STR("subscription", verdict->subscription),
             BYTES("id", verdict->id), INT("attempt", verdict->attempts),
             INT("status", outcome->status), STR("error_kind", error_name(outcome->kind)),
             STR("error", outcome->error), INT("repeated", held_back));
}

static void count(struct pipeline *pipeline, const struct route *route,
                  const struct verdict *verdict)
{
    static const enum metric_value outcomes[] = {
        [FATE_DELIVERED] = METRIC_OUTCOME_DELIVERED,
        [FATE_RETRY] = METRIC_OUTCOME_RETRYING,
        [FATE_DEAD] = METRIC_OUTCOME_DEAD_LETTERED,
    };
    const struct outcome *outcome = verdict->outcome;
    struct metrics_block *metrics = pipeline->metrics;
    metrics_add(metrics, METRIC_DELIVERIES, route->index, outcomes[verdict->fate], 1);
    if (verdict->attempts > 0) {
        metrics_add(metrics, METRIC_ATTEMPTS, route->index,
                    metrics_class(outcome->status, outcome->kind), 1);
        metrics_observe_us(metrics, METRIC_ATTEMPT_DURATION, route->index, outcome->duration_us);
    }
    if (verdict->fate == FATE_DEAD)
        metrics_add(metrics, METRIC_DEAD_LETTERS, route->index, metrics_reason(outcome->kind), 1);
    if (verdict->fate == FATE_DELIVERED)
        metrics_observe_us(metrics, METRIC_LATENCY, route->index,
                           (clock_now_ms() - verdict->record->polled_ms) * 1000);
}

/* Counts, logs and writes down what became of it; false as write_down. */
static bool conclude(struct pipeline *pipeline, const struct route *route, struct verdict *verdict,
                     struct record *record)
{
    verdict->record = record;
    verdict->subscription = route->sub->name;
    verdict->now_unix_ms = clock_unix_ms();
    verdict->instance = pipeline->options.instance;
    count(pipeline, route, verdict);
    tell(pipeline, route, verdict);
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

void pipeline_settle(void *context, struct delivery *delivery, const struct outcome *outcome)
{
    struct pipeline *pipeline = context;
    const struct route *route = delivery->route;
    struct record *record = delivery->shared->record;
    struct fate fate =
        fate_decide(&route->sub->delivery, outcome, delivery->attempts, next_random(pipeline));
    struct verdict verdict = {
        .id = outcome->id.size > 0 ? outcome->id : position_id(pipeline, record),
        .event_type = delivery->shared->event.type,
        .outcome = outcome,
        .fate = fate.kind,
        .attempts = delivery->attempts,
        .next_attempt_unix_ms = clock_unix_ms() + fate.wait_ms,
    };
    bool written = conclude(pipeline, route, &verdict, record);
    if (fate.kind == FATE_RETRY) {
        worker_retry_at(pipeline->worker, delivery, clock_now_ms() + fate.wait_ms);
        return;
    }
    if (!written)
        record_abandon(record);
    worker_end(pipeline->worker, delivery);
    release(pipeline, record);
}

/* A record that no event can be made of: a dead letter, and the next one goes on. */
static void bury(struct pipeline *pipeline, const struct route *route, struct record *record,
                 const struct error *err)
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
    };
    if (!conclude(pipeline, route, &verdict, record))
        record_abandon(record);
    release(pipeline, record);
}

void pipeline_abandon(void *context, struct delivery *delivery)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
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
    size_t routes = options->catalog->count;
    pipeline->gates = calloc(routes ? routes : 1, sizeof *pipeline->gates);
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
