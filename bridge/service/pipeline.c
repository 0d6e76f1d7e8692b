/* THE page. Read it from its end: `take` is where a record comes in. */
#include "service/pipeline.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/memory.h"
#include "decode/event.h"
#include "match/match.h"
#include "service/pipeline_private.h"
#include "settle/age.h"
#include "settle/fate.h"
#include "settle/write.h"

#define ASK_WAIT_MS 500 /* until it is asked again whether a schema is there, or jq */

/* By the last thing written of it, if there is one, else by a write of nothing. */
static void carry(struct pipeline *pipeline, struct record *record)
{
    struct list *writes = &pipeline->conclude.writes;
    struct write *last = CONTAINER_OF(writes->prev, struct write, message.link);
    if (!list_empty(writes) && last->record == record) {
        last->claims++;
        return;
    }
    struct write *nothing = memory_need(write_create(WRITE_NONE, record));
    list_push(writes, &nothing->message.link);
}

/* A transaction has all of a record or nothing of it: whoever gathers that must see every claim. */
void pipeline_release(struct pipeline *pipeline, struct record *record)
{
    if (pipeline->options.settings->transactional && record_claims(record) > 1) {
        carry(pipeline, record);
        return;
    }
    if (record_release(record))
        list_push(&pipeline->home, &record->message.link);
}

void pipeline_give_up(struct pipeline *pipeline, struct record *record)
{
    record_abandon(record);
    pipeline_release(pipeline, record);
}

/* There is no memory for what has come of it, so it is to be read again. Where keys are kept in
 * order a later one of its key would go before: then nothing goes any more. */
static void forget(struct record *record, const struct route *route)
{
    if (route && route->sub && route->sub->delivery.ordered)
        memory_out();
    record_abandon(record);
}

static void give_up(struct pipeline *pipeline, struct record *record, const struct route *route)
{
    forget(record, route);
    pipeline_release(pipeline, record);
}

/* The id of a record that none could be rendered for: its position. */
static struct slice position_id(struct pipeline *pipeline, const struct record *record)
{
    const struct text *namespace = &pipeline->options.settings->namespace_;
    buffer_clear(&pipeline->id);
    event_position_id(record, text_slice(namespace), &pipeline->id);
    return buffer_slice(&pipeline->id);
}

/* Of what there is not even a request for. */
static struct outcome unsent(const struct error *err)
{
    return (struct outcome){
        .kind = err->kind,
        .error = err->text,
        .method = "",
        .url = "",
        .retry_after_ms = -1,
        .started_unix_ms = clock_unix_ms(),
    };
}

/* data NULL: it has not been decoded, or what was made of it is needed no more. */
static struct slice type_of(const struct shared_event *shared)
{
    return shared && shared->decoded ? shared->event.type : SLICE_NONE;
}

/* The claim on the record stays. As conclude. */
static bool conclude_unsent(struct pipeline *pipeline, struct record *record,
                            const struct route *route, const struct shared_event *shared,
                            enum fate_kind fate, const struct error *err)
{
    const struct outcome outcome = unsent(err);
    struct verdict verdict = {
        .id = position_id(pipeline, record),
        .event_type = type_of(shared),
        .outcome = &outcome,
        .fate = fate,
        .attempts = record->attempts,
    };
    return conclude(&pipeline->conclude, &verdict, record, route);
}

void pipeline_bury(struct pipeline *pipeline, struct record *record, const struct route *route,
                   const struct shared_event *shared, const struct error *err)
{
    if (!conclude_unsent(pipeline, record, route, shared, FATE_DEAD, err))
        forget(record, route);
    pipeline_release(pipeline, record);
}

static void replayed(void *context, struct delivery *delivery)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    if (!remember_replayed(pipeline, delivery->route, record))
        forget(record, delivery->route);
    worker_end(pipeline->worker, delivery);
    pipeline_release(pipeline, record);
}

static void bury(void *context, struct delivery *delivery, enum error_kind why)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    const struct route *route = delivery->route;
    struct error err = {0};
    if (record->release) { /* what was to be released has been parked anew */
        worker_end(pipeline->worker, delivery);
        pipeline_release(pipeline, record);
        return;
    }
    if (why == ERROR_PARKED)
        error_set(&err, why,
                  "an earlier event of its key failed for good, and is not replayed yet");
    else
        error_set(&err, why, "the subscription is disabled");
    if ((why == ERROR_PARKED && !remember_parked(pipeline, route, record)) ||
        !conclude_unsent(pipeline, record, route, delivery->shared, FATE_DEAD, &err))
        forget(record, route);
    worker_end(pipeline->worker, delivery);
    pipeline_release(pipeline, record);
}

/* An event that could not even be made a delivery: what that means for its key, or for all. */
static void take_failed(struct pipeline *pipeline, const struct route *route,
                        const struct shared_event *shared, const struct error *err)
{
    struct record *record = shared->record;
    if (remember_stops(route)) {
        conclude_unsent(pipeline, record, route, shared, FATE_STOP, err);
        remember_disabled(pipeline, route, "exhausted");
        pipeline_give_up(pipeline, record);
        return;
    }
    if (remember_may_park(route, record) && (!worker_refuse(pipeline->worker, route, record) ||
                                             !remember_parked(pipeline, route, record)))
        forget(record, route);
    pipeline_bury(pipeline, record, route, shared, err);
}

/* ── an attempt is over ──────────────────────────────────────────────────── */

static uint32_t next_random(struct pipeline *pipeline)
{
    pipeline->random = pipeline->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(pipeline->random >> 32);
}

static bool may_be_tried_in(const struct delivery *delivery, int64_t wait_ms, struct error *err)
{
    int64_t most_ms = delivery->route->sub->delivery.max_age_ms;
    return age_allows(most_ms ? most_ms : AGE_UNLIMITED, delivery->first_attempt_unix_ms,
                      clock_unix_ms() + wait_ms, err);
}

/* It may have waited for longer than it was to: for its breaker or rate, in a retry topic, or for
 * us to be started again. */
static bool may_repeat(void *context, const struct delivery *delivery, struct error *err)
{
    (void)context;
    return may_be_tried_in(delivery, 0, err);
}

/* Is another attempt past max_age? Then `outcome`, with its text in `err`, says so. */
static bool has_expired(const struct delivery *delivery, const struct fate *fate,
                        struct outcome *outcome, struct error *err)
{
    if (fate->kind != FATE_RETRY || may_be_tried_in(delivery, fate->wait_ms, err))
        return false;
    outcome->kind = err->kind;
    outcome->error = err->text;
    return true;
}

/* Another attempt: a short wait in memory, a long one in a retry topic, but where keys are kept in
 * order, since the later ones wait behind it. */
static void try_again(struct pipeline *pipeline, struct delivery *delivery, int64_t wait_ms)
{
    bool here = delivery->route->sub->delivery.ordered ||
                (wait_ms <= FATE_IN_MEMORY_MS && worker_may_keep(pipeline->worker, delivery));
    if (here || !detour_hand_over(pipeline, delivery, wait_ms, true))
        worker_retry_at(pipeline->worker, delivery, clock_now_ms() + wait_ms);
}

/* The event stays where it is, and so do all that come after it. It is read again whether it could
 * be told of or not. */
static void stop_at(struct pipeline *pipeline, struct delivery *delivery, struct verdict *verdict)
{
    struct record *record = delivery->shared->record;
    verdict->fate = FATE_STOP;
    conclude(&pipeline->conclude, verdict, record, delivery->route);
    if (!delivery->moved)
        remember_disabled(pipeline, delivery->route, "exhausted");
    worker_end(pipeline->worker, delivery);
    pipeline_give_up(pipeline, record);
}

/* What a dead letter means for the others. False: no memory. */
static bool consequences(struct pipeline *pipeline, struct delivery *delivery,
                         const struct outcome *outcome)
{
    const struct route *route = delivery->route;
    struct record *record = delivery->shared->record;
    bool fine = true;
    if (remember_may_park(route, record)) {
        fine = worker_fail(pipeline->worker, delivery) ||
               worker_refuse(pipeline->worker, route, record);
        fine = fine && remember_parked(pipeline, route, record);
    }
    bool gone = outcome->status == 410 && status_set_has(&route->sub->delivery.never, 410);
    if (gone && !delivery->moved)
        remember_disabled(pipeline, route, "410");
    return fine;
}

/* Is it neither the event's fault nor the receiver's? Then it is nobody's but ours to know. */
static bool is_ours(enum error_kind kind)
{
    return kind == ERROR_BUSY || kind == ERROR_SYSTEM || kind == ERROR_MEMORY;
}

static void tell_of_ours(struct pipeline *pipeline, const struct route *route, enum error_kind kind,
                         const char *error)
{
    uint64_t held_back = 0;
    if (kind == ERROR_BUSY || !log_gate_open(&pipeline->waits_gate, clock_now_ms(), &held_back))
        return; /* a schema that isn't there is told of elsewhere */
    log_warn("an event waits", STR("subscription", route->name),
             STR("error_kind", error_name(kind)), STR("error", error), INT("repeated", held_back));
}

static void ask_later(struct pipeline *pipeline, struct delivery *delivery)
{
    worker_retry_at(pipeline->worker, delivery, clock_now_ms() + ASK_WAIT_MS);
}

static void settle(void *context, struct delivery *delivery, const struct outcome *came)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    struct outcome outcome = *came;
    struct error err = {0};
    if (is_ours(came->kind)) {
        tell_of_ours(pipeline, delivery->route, came->kind, came->error);
        ask_later(pipeline, delivery);
        return;
    }
    struct fate fate = fate_decide(&delivery->route->sub->delivery, came, delivery->attempts,
                                   next_random(pipeline));
    if (has_expired(delivery, &fate, &outcome, &err))
        fate.kind = FATE_DEAD;
    struct verdict verdict = {
        .id = outcome.id.size > 0 ? outcome.id : position_id(pipeline, record),
        .event_type = type_of(delivery->shared),
        .outcome = &outcome,
        .fate = fate.kind,
        .attempts = delivery->attempts,
        .next_attempt_unix_ms = clock_unix_ms() + fate.wait_ms,
    };
    if (fate.kind == FATE_DEAD && remember_stops(delivery->route)) {
        stop_at(pipeline, delivery, &verdict);
        return;
    }
    bool written = conclude(&pipeline->conclude, &verdict, record, delivery->route);
    if (fate.kind == FATE_RETRY) {
        try_again(pipeline, delivery, fate.wait_ms);
        return;
    }
    if (fate.kind == FATE_DEAD)
        written = consequences(pipeline, delivery, &outcome) && written;
    if (!written)
        forget(record, delivery->route);
    worker_end(pipeline->worker, delivery);
    pipeline_release(pipeline, record);
}

static void tell(void *context, unsigned worker, struct message *message)
{
    struct pipeline *pipeline = context;
    worker_tell(pipeline->options.workers[worker], message);
}

/* ── a record comes ──────────────────────────────────────────────────────── */

/* A retry that nobody can try. */
static void explain(const struct record *record, struct error *err)
{
    if (record->wrong == ERROR_DISABLED)
        error_set(err, record->wrong, "there is no subscription %.*s any more",
                  SLICE_ARGS(record->owner));
    else
        error_set(err, record->wrong, "the headers that make it a retry are missing or malformed");
}

static void take_wrong(struct pipeline *pipeline, struct record *record)
{
    struct error err = {0};
    if (detour_pass_round(pipeline, record))
        return;
    explain(record, &err);
    pipeline_bury(pipeline, record, NULL, NULL, &err);
}

enum decoder_result pipeline_decode(struct pipeline *pipeline, struct shared_event *shared,
                                    struct error *err)
{
    enum decoder_result result = decoder_decode(worker_decoder(pipeline->worker), shared->record,
                                                shared->format, &shared->event, err);
    shared->decoded = result == DECODER_EVENT;
    if (shared->decoded)
        worker_note_decoded(pipeline->worker, shared);
    return result;
}

void pipeline_count_unmatched(struct pipeline *pipeline, unsigned lane)
{
    metrics_add(pipeline->conclude.metrics, METRIC_UNMATCHED, lane_series(lane), METRICS_NO_LABEL,
                1);
}

enum pipeline_wish pipeline_ask_filter(struct pipeline *pipeline, const struct route *route,
                                       const struct shared_event *shared, struct error *err)
{
    bool wants = true;
    if (shared->record->attempts > 0)
        return WISH_SOME;
    if (!filter_wants(route->filter, &shared->event, &pipeline->filter, &wants, err)) {
        mask_error(route->mask, err);
        if (!is_ours(err->kind))
            return WISH_FAILED;
        tell_of_ours(pipeline, route, err->kind, err->text);
        return WISH_UNKNOWN;
    }
    if (wants)
        return WISH_SOME;
    metrics_add(pipeline->conclude.metrics, METRIC_FILTERED, route_series(route), METRICS_NO_LABEL,
                1);
    return WISH_NONE;
}

static void fail_filter(struct pipeline *pipeline, struct delivery *delivery,
                        const struct error *err)
{
    const struct outcome outcome = unsent(err);
    settle(pipeline, delivery, &outcome);
}

static bool judge(void *context, struct delivery *delivery)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    struct error err = {0};
    enum pipeline_wish wish = WISH_NONE;
    if (matcher_wants(delivery->route->matcher, &delivery->shared->event, NULL))
        wish = pipeline_ask_filter(pipeline, delivery->route, delivery->shared, &err);
    else
        pipeline_count_unmatched(pipeline, delivery->route->lane);
    switch (wish) {
    case WISH_SOME:
        return true;
    case WISH_FAILED:
        fail_filter(pipeline, delivery, &err);
        break;
    case WISH_UNKNOWN:
        delivery->unjudged = true;
        ask_later(pipeline, delivery);
        break;
    case WISH_NONE:
        worker_end(pipeline->worker, delivery);
        pipeline_release(pipeline, record);
        break;
    }
    return false;
}

/* Its schema isn't there. Where keys are kept in order its turn is taken all the same: the later
 * ones of its key may be of a schema that is. */
static void await_schema(struct pipeline *pipeline, const struct route *route,
                         struct shared_event *shared)
{
    struct error err = {0};
    shared->unjudged = true;
    if (!route->sub->delivery.ordered)
        worker_await_schema(pipeline->worker, shared->record, route->index);
    else if (!worker_submit(pipeline->worker, route, shared, &err))
        give_up(pipeline, shared->record, route);
}

/* Its topics and events take it. */
static void take_matched(struct pipeline *pipeline, const struct route *route,
                         struct shared_event *shared)
{
    struct error err = {0};
    enum pipeline_wish wish = pipeline_ask_filter(pipeline, route, shared, &err);
    shared->unjudged = wish == WISH_UNKNOWN;
    if (wish == WISH_NONE)
        pipeline_release(pipeline, shared->record);
    else if (wish == WISH_FAILED)
        take_failed(pipeline, route, shared, &err);
    else if (!worker_submit(pipeline->worker, route, shared, &err))
        give_up(pipeline, shared->record, route);
}

/* For one subscription; the claim on the record is its delivery's. */
static void take_for(struct pipeline *pipeline, struct record *record, const struct route *route)
{
    struct error err = {0};
    struct shared_event *shared = worker_event(pipeline->worker, record, route->sub->format);
    if (!shared) {
        give_up(pipeline, record, route);
        return;
    }
    enum decoder_result result = pipeline_decode(pipeline, shared, &err);
    if (result == DECODER_WAITS) {
        await_schema(pipeline, route, shared);
    } else if (result == DECODER_FAILED && err.kind == ERROR_MEMORY) {
        give_up(pipeline, record, route);
    } else if (result == DECODER_FAILED) {
        take_failed(pipeline, route, shared, &err);
    } else if (!matcher_wants(route->matcher, &shared->event, NULL)) {
        pipeline_count_unmatched(pipeline, route->lane);
        pipeline_release(pipeline, record);
    } else {
        take_matched(pipeline, route, shared);
    }
    worker_drop_event(pipeline->worker, shared);
}

/* The end of a replay takes its turn behind what was replayed, also where that goes round. */
static void take_release(struct pipeline *pipeline, struct record *record)
{
    if (detour_pass_round(pipeline, record))
        return;
    bool known = record->subscription != RECORD_NOBODYS;
    const struct route *route =
        known ? &pipeline->options.catalog->routes[record->subscription] : NULL;
    if (route && !route->sub) { /* it goes when it is read: by a reload, just now */
        pipeline_give_up(pipeline, record);
        return;
    }
    if (!route || !route->sub->delivery.ordered || !record->key.data) {
        pipeline_release(pipeline, record); /* nobody waits for it */
        return;
    }
    struct error err = {0};
    struct shared_event *shared = worker_event(pipeline->worker, record, FORMAT_BINARY);
    if (!shared || !worker_submit(pipeline->worker, route, shared, &err))
        give_up(pipeline, record, route);
    if (shared)
        worker_drop_event(pipeline->worker, shared);
}

static void take(void *context, struct record *record, unsigned subscription)
{
    struct pipeline *pipeline = context;
    if (record->release)
        take_release(pipeline, record);
    else if (record->wrong)
        take_wrong(pipeline, record);
    else if (subscription == RECORD_SHARED)
        fanout_take(pipeline, record);
    else
        take_for(pipeline, record, &pipeline->options.catalog->routes[subscription]);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static void hand_on(struct loop_step *step)
{
    struct pipeline *pipeline = CONTAINER_OF(step, struct pipeline, step);
    if (!list_empty(&pipeline->conclude.writes))
        recorder_post(pipeline->options.recorder, &pipeline->conclude.writes);
    if (!list_empty(&pipeline->home))
        source_give_back(pipeline->options.source, &pipeline->home);
}

static void change(void *context, const struct catalog *catalog, const void *retries)
{
    struct pipeline *pipeline = context;
    pipeline->options.catalog = catalog;
    pipeline->options.retries = retries;
    fanout_reset(pipeline, catalog->lane_count);
}

static void let_go(void *context, const struct catalog *catalog)
{
    const struct pipeline *pipeline = context;
    pipeline->options.let_go(pipeline->options.context, catalog);
}

struct worker_hooks pipeline_hooks(struct pipeline *pipeline)
{
    return (struct worker_hooks){
        .context = pipeline,
        .take = take,
        .refuse = detour_refuse,
        .judge = judge,
        .may_repeat = may_repeat,
        .settle = settle,
        .tell = tell,
        .abandon = detour_abandon,
        .hand_over = detour_hand_over,
        .pass_on = detour_pass_on,
        .bury = bury,
        .replayed = replayed,
        .change = change,
        .let_go = let_go,
    };
}

struct pipeline *pipeline_create(const struct pipeline_options *options)
{
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline)
        return NULL;
    pipeline->options = *options;
    pipeline->step.run = hand_on;
    pipeline->conclude.settings = options->settings;
    pipeline->conclude.instance = options->instance;
    pipeline->conclude.schema_id = options->schema_id;
    list_init(&pipeline->conclude.writes);
    list_init(&pipeline->home);
    fanout_reset(pipeline, options->catalog->lane_count);
    if (options->schema_id)
        pipeline->conclude.avro = result_avro_create(NULL);
    if (getrandom(&pipeline->random, sizeof pipeline->random, 0) < 0 ||
        (options->schema_id && !pipeline->conclude.avro)) {
        pipeline_destroy(pipeline);
        return NULL;
    }
    return pipeline;
}

void pipeline_attach(struct pipeline *pipeline, struct worker *worker)
{
    pipeline->worker = worker;
    pipeline->conclude.metrics = worker_metrics(worker);
    pipeline->filter.jq = worker_jq(worker);
    loop_add_step(worker_loop(worker), &pipeline->step);
}

void pipeline_destroy(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    hand_on(&pipeline->step);
    fanout_reset(pipeline, 0);
    buffer_finish(&pipeline->id);
    buffer_finish(&pipeline->filter.scratch);
    free(pipeline->conclude.gates);
    result_avro_destroy(pipeline->conclude.avro);
    free(pipeline);
}
