/* THE page. Read it from its end: pipeline_take is where a record comes in. */
#include "service/pipeline.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "decode/event.h"
#include "match/index.h"
#include "match/match.h"
#include "service/conclude.h"
#include "settle/age.h"
#include "settle/fate.h"
#include "settle/retry.h"
#include "settle/state.h"
#include "settle/write.h"

#define SCHEMA_WAIT_MS  500 /* until it is asked again whether a schema is there */
#define NOBODYS_WAIT_MS 5000
#define NOBODYS_MOST_MS 600000
#define PASS_WAIT_MS    5000 /* doubled each time that a retry goes on without an attempt */
#define PASS_MOST_MS    300000

#define FORMATS (FORMAT_BINARY + 1)

/* Which of a lane's subscriptions want an event. */
struct fanout {
    struct index *index;
    struct index_entry *entries;
};

struct pipeline {
    struct pipeline_options options;
    struct worker *worker;
    struct loop_step step;
    struct conclude conclude;
    struct list home;       /* for the source: records that nothing is written for */
    struct fanout *fanouts; /* by the catalog's lanes, made when first needed */
    size_t fanout_count;
    struct log_gate nobodys_gate;
    struct buffer id;
    uint64_t random;
};

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

/* The id of a record that none could be rendered for: its position. */
static struct slice position_id(struct pipeline *pipeline, const struct record *record)
{
    const struct text *namespace = &pipeline->options.settings->namespace_;
    buffer_clear(&pipeline->id);
    event_position_id(record, text_slice(namespace), &pipeline->id);
    return buffer_slice(&pipeline->id);
}

/* A claim on a record that nothing will be sent for: a dead letter, and the next one goes on. */
static void bury(struct pipeline *pipeline, struct record *record, const struct route *route,
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
        .attempts = record->attempts,
    };
    if (!conclude(&pipeline->conclude, &verdict, record, route))
        record_abandon(record);
    release(pipeline, record);
}

/* ── by a retry topic ────────────────────────────────────────────────────── */

/* The claim on the record becomes the write's. `envelope` says what is not the record's own. False:
 * no memory. */
static bool write_retry(struct pipeline *pipeline, struct record *record, struct envelope envelope,
                        int64_t wait_ms)
{
    const struct retry_topics *topics = pipeline->options.retries;
    size_t place = retry_topic_for(topics, wait_ms);
    envelope.topic = slice_of(record->topic);
    envelope.partition = record->partition;
    envelope.offset = record->offset;
    envelope.timestamp_ms = record->timestamp_ms;
    envelope.leg_unix_ms = retry_leg(&topics->items[place], clock_unix_ms(), envelope.due_unix_ms);
    struct write *write = write_create(WRITE_RETRY + place, record);
    if (!write)
        return false;
    write->value = record->value;
    write->headers = retry_headers(record, &envelope);
    if (!write->headers) {
        write_destroy(write);
        return false;
    }
    list_push(&pipeline->conclude.writes, &write->message.link);
    return true;
}

/* A retry whose subscription is not configured here may be another instance's, which has been
 * started with a newer configuration, or has not been yet: it goes round for a while. */
static bool pass_round(struct pipeline *pipeline, struct record *record)
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
        .replay = record->replay,
    };
    if (log_gate_open(&pipeline->nobodys_gate, clock_now_ms(), &(uint64_t){0}))
        log_warn("a retry of a subscription that is not configured here goes round",
                 BYTES("subscription", record->owner));
    return write_retry(pipeline, record, envelope, NOBODYS_WAIT_MS);
}

bool pipeline_pass_on(void *context, struct record *record, int64_t wait_ms)
{
    struct pipeline *pipeline = context;
    int64_t now_ms = clock_unix_ms();
    bool early = record->due_unix_ms > now_ms;
    int64_t least_ms = PASS_MOST_MS;
    if (record->passes < 6)
        least_ms = (int64_t)PASS_WAIT_MS << record->passes;
    if (!early && wait_ms < least_ms)
        wait_ms = least_ms;
    const struct envelope envelope = {
        .subscription = record->owner,
        .attempts = record->attempts,
        .passes = record->passes + !early,
        .due_unix_ms = early ? record->due_unix_ms : now_ms + wait_ms,
        .first_attempt_unix_ms = record->first_attempt_unix_ms,
        .replay = record->replay,
    };
    return write_retry(pipeline, record, envelope, wait_ms);
}

bool pipeline_hand_over(void *context, struct delivery *delivery, int64_t wait_ms)
{
    struct pipeline *pipeline = context;
    const struct envelope envelope = {
        .subscription = slice_of(delivery->route->name),
        .attempts = delivery->attempts,
        .due_unix_ms = clock_unix_ms() + wait_ms,
        .first_attempt_unix_ms = delivery->first_attempt_unix_ms,
        .replay = delivery->shared->record->replay,
    };
    if (!write_retry(pipeline, delivery->shared->record, envelope, wait_ms))
        return false;
    worker_end(pipeline->worker, delivery);
    return true;
}

/* What has been tried keeps that in a retry topic, but where keys are kept in order; the rest is
 * simply read again. */
void pipeline_abandon(void *context, struct delivery *delivery, int64_t wait_ms)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    bool keeps = delivery->attempts > record->attempts && !delivery->route->sub->delivery.ordered;
    if (keeps && wait_ms != WORKER_READ_AGAIN && pipeline_hand_over(pipeline, delivery, wait_ms))
        return;
    worker_end(pipeline->worker, delivery);
    give_up(pipeline, record);
}

/* ── what is remembered ──────────────────────────────────────────────────── */

/* With a claim of its own on the record (NULL: none). False: no memory. */
static bool write_state(struct pipeline *pipeline, struct state *state, struct record *record)
{
    struct write *write = write_create(WRITE_STATE, record);
    if (!write)
        return false;
    state->unix_ms = clock_unix_ms();
    state->instance = slice_of(pipeline->options.instance);
    state_write(state, &write->made_key, &write->made);
    write->key = buffer_slice(&write->made_key);
    write->value = buffer_slice(&write->made);
    if (write->made_key.failed || write->made.failed) {
        write_destroy(write);
        return false;
    }
    if (record)
        record_claim(record);
    list_push(&pipeline->conclude.writes, &write->message.link);
    return true;
}

/* Of a record's key: the record is not finished before it is stored. */
static bool write_key_state(struct pipeline *pipeline, enum state_kind kind,
                            const struct route *route, struct record *record)
{
    struct state state = {
        .kind = kind,
        .subscription = slice_of(route->name),
        .key = record->key,
        .position = {slice_of(record->topic), record->partition, record->offset},
    };
    return write_state(pipeline, &state, record);
}

/* Nothing more is sent until a person enables it. */
static void disable(struct pipeline *pipeline, const struct route *route, const char *reason)
{
    char digest[STATE_DIGEST_BYTES];
    state_digest(text_slice(&route->sub->request.url), digest);
    struct state state = {
        .kind = STATE_DISABLED,
        .subscription = slice_of(route->name),
        .reason = slice_of(reason),
        .url = slice_of(digest),
    };
    if (!write_state(pipeline, &state, NULL))
        log_error("no memory to remember that a subscription is disabled",
                  STR("subscription", route->name));
    log_warn("disabling a subscription", STR("subscription", route->name), STR("reason", reason));
    worker_disable(pipeline->worker, route);
}

static bool parks(const struct route *route, const struct record *record)
{
    const struct subscription_delivery *policy = &route->sub->delivery;
    return policy->ordered && policy->exhausted == EXHAUSTED_PARK && record->key.data;
}

static bool stops(const struct route *route)
{
    const struct subscription_delivery *policy = &route->sub->delivery;
    return policy->ordered && policy->exhausted == EXHAUSTED_STOP;
}

void pipeline_release(void *context, const struct route *route, struct slice key,
                      const struct order_position *last)
{
    struct state state = {
        .kind = STATE_RELEASED,
        .subscription = slice_of(route->name),
        .key = key,
        .position = {slice_of(last->topic), last->partition, last->offset},
    };
    if (!write_state(context, &state, NULL))
        log_error("no memory to release a key", STR("subscription", route->name));
}

void pipeline_replayed(void *context, struct delivery *delivery)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    if (!write_key_state(pipeline, STATE_REPLAYED, delivery->route, record))
        record_abandon(record);
    worker_end(pipeline->worker, delivery);
    release(pipeline, record);
}

void pipeline_bury(void *context, struct delivery *delivery, enum error_kind why)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    const struct route *route = delivery->route;
    struct error err = {0};
    if (record->release) { /* what was to be released has been parked anew */
        worker_end(pipeline->worker, delivery);
        release(pipeline, record);
        return;
    }
    if (why == ERROR_PARKED)
        error_set(&err, why,
                  "an earlier event of its key failed for good, and is not replayed yet");
    else
        error_set(&err, why, "the subscription is disabled");
    if (why == ERROR_PARKED && !write_key_state(pipeline, STATE_PARKED, route, record))
        record_abandon(record);
    worker_end(pipeline->worker, delivery);
    bury(pipeline, record, route, &err);
}

/* An event that could not even be made a delivery: what that means for its key, or for all. */
static void take_failed(struct pipeline *pipeline, struct record *record, const struct route *route,
                        const struct error *err)
{
    const struct order_position position = {record->topic, record->partition, record->offset};
    if (stops(route)) {
        disable(pipeline, route, "exhausted");
        give_up(pipeline, record);
        return;
    }
    if (parks(route, record) && (!write_key_state(pipeline, STATE_PARKED, route, record) ||
                                 !worker_park(pipeline->worker, route, record->key, &position)))
        record_abandon(record);
    bury(pipeline, record, route, err);
}

/* ── an attempt is over ──────────────────────────────────────────────────── */

static uint32_t next_random(struct pipeline *pipeline)
{
    pipeline->random = pipeline->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(pipeline->random >> 32);
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

/* Another attempt: a short wait in memory, a long one in a retry topic, but where keys are kept in
 * order, since the later ones wait behind it. */
static void try_again(struct pipeline *pipeline, struct delivery *delivery, int64_t wait_ms)
{
    bool here = delivery->route->sub->delivery.ordered ||
                (wait_ms <= FATE_IN_MEMORY_MS && worker_may_keep(pipeline->worker, delivery));
    if (here || !pipeline_hand_over(pipeline, delivery, wait_ms))
        worker_retry_at(pipeline->worker, delivery, clock_now_ms() + wait_ms);
}

/* The event stays where it is, and so do all that come after it. */
static void stop_at(struct pipeline *pipeline, struct delivery *delivery,
                    const struct outcome *outcome)
{
    struct record *record = delivery->shared->record;
    log_error("an event failed for good; its subscription waits for a person",
              STR("subscription", delivery->route->name), BYTES("id", outcome->id),
              INT("status", outcome->status), STR("error", outcome->error));
    disable(pipeline, delivery->route, "exhausted");
    worker_end(pipeline->worker, delivery);
    give_up(pipeline, record);
}

/* What a dead letter means for the others. False: no memory. */
static bool consequences(struct pipeline *pipeline, struct delivery *delivery,
                         const struct outcome *outcome)
{
    const struct route *route = delivery->route;
    struct record *record = delivery->shared->record;
    bool fine = true;
    if (parks(route, record)) {
        fine = write_key_state(pipeline, STATE_PARKED, route, record);
        worker_fail(pipeline->worker, delivery);
    }
    if (outcome->status == 410 && status_set_has(&route->sub->delivery.never, 410))
        disable(pipeline, route, "410");
    return fine;
}

void pipeline_settle(void *context, struct delivery *delivery, const struct outcome *came)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    struct outcome outcome = *came;
    struct error err = {0};
    if (came->kind == ERROR_BUSY) { /* nothing has left yet */
        worker_retry_at(pipeline->worker, delivery, clock_now_ms() + SCHEMA_WAIT_MS);
        return;
    }
    struct fate fate = fate_decide(&delivery->route->sub->delivery, came, delivery->attempts,
                                   next_random(pipeline));
    if (has_expired(delivery, &fate, &outcome, &err))
        fate.kind = FATE_DEAD;
    if (fate.kind == FATE_DEAD && stops(delivery->route)) {
        stop_at(pipeline, delivery, &outcome);
        return;
    }
    struct verdict verdict = {
        .id = outcome.id.size > 0 ? outcome.id : position_id(pipeline, record),
        .event_type = delivery->shared->event.type,
        .outcome = &outcome,
        .fate = fate.kind,
        .attempts = delivery->attempts,
        .next_attempt_unix_ms = clock_unix_ms() + fate.wait_ms,
    };
    bool written = conclude(&pipeline->conclude, &verdict, record, delivery->route);
    if (fate.kind == FATE_RETRY) {
        try_again(pipeline, delivery, fate.wait_ms);
        return;
    }
    if (fate.kind == FATE_DEAD)
        written = consequences(pipeline, delivery, &outcome) && written;
    if (!written)
        record_abandon(record);
    worker_end(pipeline->worker, delivery);
    release(pipeline, record);
}

void pipeline_tell(void *context, unsigned worker, struct message *message)
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
    if (pass_round(pipeline, record))
        return;
    explain(record, &err);
    bury(pipeline, record, NULL, &err);
}

static enum decoder_result decode(struct pipeline *pipeline, struct shared_event *shared,
                                  struct error *err)
{
    enum decoder_result result = decoder_decode(worker_decoder(pipeline->worker), shared->record,
                                                shared->format, &shared->event, err);
    shared->decoded = result == DECODER_EVENT;
    if (shared->decoded)
        worker_note_decoded(pipeline->worker, shared);
    return result;
}

static void count_unmatched(struct pipeline *pipeline, unsigned lane)
{
    metrics_add(pipeline->conclude.metrics, METRIC_UNMATCHED, lane_series(lane), METRICS_NO_LABEL,
                1);
}

bool pipeline_judge(void *context, struct delivery *delivery)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    if (matcher_wants(delivery->route->matcher, &delivery->shared->event, NULL))
        return true;
    count_unmatched(pipeline, delivery->route->lane);
    worker_end(pipeline->worker, delivery);
    release(pipeline, record);
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
        give_up(pipeline, shared->record);
}

/* For one subscription; the claim on the record is its delivery's. */
static void take_for(struct pipeline *pipeline, struct record *record, const struct route *route)
{
    struct error err = {0};
    struct shared_event *shared = worker_event(pipeline->worker, record, route->sub->format);
    if (!shared) {
        give_up(pipeline, record);
        return;
    }
    enum decoder_result result = decode(pipeline, shared, &err);
    if (result == DECODER_WAITS) {
        await_schema(pipeline, route, shared);
    } else if (result == DECODER_FAILED) {
        take_failed(pipeline, record, route, &err);
    } else if (!matcher_wants(route->matcher, &shared->event, NULL)) {
        count_unmatched(pipeline, route->lane);
        release(pipeline, record);
    } else if (!worker_submit(pipeline->worker, route, shared, &err)) {
        give_up(pipeline, record);
    }
    worker_drop_event(pipeline->worker, shared);
}

/* Made when the lane's first record comes. NULL: no memory. */
static struct index *lane_index(struct pipeline *pipeline, unsigned lane)
{
    const struct catalog *catalog = pipeline->options.catalog;
    const struct lane_route *members = &catalog->lanes[lane];
    struct fanout *fanout = &pipeline->fanouts[lane];
    if (fanout->index)
        return fanout->index;
    free(fanout->entries);
    fanout->entries = calloc(members->count + 1, sizeof *fanout->entries);
    for (size_t i = 0; fanout->entries && i < members->count; i++) {
        const struct route *route = &catalog->routes[members->members[i]];
        fanout->entries[i] = (struct index_entry){route->matcher, route->sub, route->index};
    }
    if (fanout->entries)
        fanout->index = index_create(fanout->entries, members->count);
    return fanout->index;
}

/* One of those that want the event: a claim of its own, and a delivery, here or at a worker that
 * has places in flight for it. */
static void submit(struct pipeline *pipeline, const struct route *route,
                   struct shared_event *shared)
{
    struct error err = {0};
    record_claim(shared->record);
    bool fine = worker_serves(pipeline->worker, route)
                    ? worker_submit(pipeline->worker, route, shared, &err)
                    : worker_take_for(pipeline->worker, shared->record, route->index);
    if (!fine)
        give_up(pipeline, shared->record);
}

/* What a record is in the formats in which subscriptions of its lane read it. */
struct readings {
    struct shared_event *events[FORMATS];
    struct error errors[FORMATS];
};

/* In all formats before anything is made of one of them: if a schema isn't there the record comes
 * again. False: no memory; true with *waits: it waits for a schema. */
static bool read_all(struct pipeline *pipeline, struct record *record,
                     const struct index_topic *topic, struct readings *readings, bool *waits)
{
    for (enum format format = FORMAT_AUTO; format < FORMATS && !*waits; format++) {
        if (index_count(topic, format) == 0)
            continue;
        struct shared_event *shared = worker_event(pipeline->worker, record, format);
        readings->events[format] = shared;
        if (!shared)
            return false;
        *waits = decode(pipeline, shared, &readings->errors[format]) == DECODER_WAITS;
    }
    return true;
}

/* To all of a lane that read the topic in that format: how many want it. */
static size_t fan_out(struct pipeline *pipeline, struct index *index,
                      const struct index_topic *topic, struct shared_event *shared,
                      const struct error *err)
{
    const struct catalog *catalog = pipeline->options.catalog;
    const unsigned *places = NULL;
    size_t wanted = 0;
    size_t count = index_find(index, topic, shared->format,
                              shared->decoded ? shared->event.type : SLICE_NONE, &places);
    bool decoded = shared->decoded;
    for (size_t i = 0; i < count; i++) {
        const struct route *route = &catalog->routes[places[i]];
        if (!decoded) {
            record_claim(shared->record);
            bury(pipeline, shared->record, route, err);
        } else if (matcher_wants(route->matcher, &shared->event, NULL)) {
            submit(pipeline, route, shared);
        } else {
            continue;
        }
        wanted++;
    }
    return wanted;
}

static void take_read(struct pipeline *pipeline, struct index *index,
                      const struct index_topic *topic, struct record *record,
                      const struct readings *readings)
{
    size_t wanted = 0;
    for (enum format format = FORMAT_AUTO; format < FORMATS; format++)
        if (readings->events[format])
            wanted += fan_out(pipeline, index, topic, readings->events[format],
                              &readings->errors[format]);
    if (wanted == 0)
        count_unmatched(pipeline, record->group);
    release(pipeline, record);
}

/* For all of its lane that want it. */
static void take_shared(struct pipeline *pipeline, struct record *record)
{
    struct index *index = lane_index(pipeline, record->group);
    const struct index_topic *topic = index ? index_topic(index, record->topic) : NULL;
    struct readings readings = {0};
    bool waits = false;
    if (!topic || !read_all(pipeline, record, topic, &readings, &waits))
        give_up(pipeline, record);
    else if (waits)
        worker_await_schema(pipeline->worker, record, RECORD_SHARED);
    else
        take_read(pipeline, index, topic, record, &readings);
    for (size_t i = 0; i < FORMATS; i++)
        if (readings.events[i])
            worker_drop_event(pipeline->worker, readings.events[i]);
}

/* The end of a replay takes its turn behind what was replayed. */
static void take_release(struct pipeline *pipeline, struct record *record)
{
    bool known = record->subscription != RECORD_NOBODYS;
    const struct route *route =
        known ? &pipeline->options.catalog->routes[record->subscription] : NULL;
    if (!route || !parks(route, record)) {
        release(pipeline, record); /* nobody waits for it */
        return;
    }
    struct error err = {0};
    struct shared_event *shared = worker_event(pipeline->worker, record, FORMAT_BINARY);
    if (!shared || !worker_submit(pipeline->worker, route, shared, &err))
        give_up(pipeline, record);
    if (shared)
        worker_drop_event(pipeline->worker, shared);
}

void pipeline_take(void *context, struct record *record, unsigned subscription)
{
    struct pipeline *pipeline = context;
    if (record->release)
        take_release(pipeline, record);
    else if (record->wrong)
        take_wrong(pipeline, record);
    else if (subscription == RECORD_SHARED)
        take_shared(pipeline, record);
    else
        take_for(pipeline, record, &pipeline->options.catalog->routes[subscription]);
}

void pipeline_refuse(void *context, struct record *record)
{
    give_up(context, record);
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

static void forget_fanouts(struct pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->fanout_count; i++) {
        index_destroy(pipeline->fanouts[i].index);
        free(pipeline->fanouts[i].entries);
    }
    free(pipeline->fanouts);
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
    list_init(&pipeline->conclude.writes);
    list_init(&pipeline->home);
    pipeline->fanouts = calloc(options->catalog->lane_count + 1, sizeof *pipeline->fanouts);
    pipeline->fanout_count = options->catalog->lane_count;
    if (!pipeline->fanouts || getrandom(&pipeline->random, sizeof pipeline->random, 0) < 0) {
        free(pipeline->fanouts);
        free(pipeline);
        return NULL;
    }
    return pipeline;
}

void pipeline_attach(struct pipeline *pipeline, struct worker *worker)
{
    pipeline->worker = worker;
    pipeline->conclude.metrics = worker_metrics(worker);
    loop_add_step(worker_loop(worker), &pipeline->step);
}

void pipeline_destroy(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    hand_on(&pipeline->step);
    forget_fanouts(pipeline);
    buffer_finish(&pipeline->id);
    free(pipeline->conclude.gates);
    free(pipeline);
}
