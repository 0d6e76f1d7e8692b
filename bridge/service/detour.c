/* By a retry topic: what can't be sent here and now.
 *
 * The happy path: the record is written to the topic whose delay fits, with headers that say whose
 * it is and when it is due, and comes back by the lane of retries. What can fail: memory; then the
 * record is read again. */
#include "base/clock.h"
#include "service/pipeline_private.h"
#include "settle/retry.h"
#include "settle/write.h"

#define NOBODYS_WAIT_MS 5000
#define NOBODYS_MOST_MS 600000
#define PASS_WAIT_MS    5000 /* doubled each time that a retry goes on without an attempt */
#define PASS_MOST_MS    300000

static enum envelope_kind kind_of(const struct record *record)
{
    if (record->release)
        return ENVELOPE_RELEASE;
    return record->alone ? ENVELOPE_ALONE : ENVELOPE_EVENT;
}

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
    envelope.replay = record->replay;
    envelope.kind = kind_of(record);
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
bool detour_pass_round(struct pipeline *pipeline, struct record *record)
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
    if (log_gate_open(&pipeline->nobodys_gate, clock_now_ms(), &(uint64_t){0}))
        log_warn("a retry of a subscription that is not configured here goes round",
                 BYTES("subscription", record->owner));
    if (!write_retry(pipeline, record, envelope, NOBODYS_WAIT_MS))
        pipeline_give_up(pipeline, record);
    return true;
}

bool detour_pass_on(void *context, struct record *record, int64_t wait_ms, bool booked)
{
    struct pipeline *pipeline = context;
    int64_t now_ms = clock_unix_ms();
    bool early = record->due_unix_ms > now_ms;
    bool in_vain = !early && !booked;
    int64_t least_ms = PASS_MOST_MS;
    if (record->passes < 6)
        least_ms = (int64_t)PASS_WAIT_MS << record->passes;
    if (in_vain)
        wait_ms =
            retry_about_ms(pipeline->options.retries, wait_ms > least_ms ? wait_ms : least_ms);
    const struct envelope envelope = {
        .subscription = record->owner,
        .attempts = record->attempts,
        .passes = record->passes + in_vain,
        .due_unix_ms = early ? record->due_unix_ms : now_ms + wait_ms,
        .first_attempt_unix_ms = record->first_attempt_unix_ms,
    };
    return write_retry(pipeline, record, envelope, wait_ms);
}

bool detour_hand_over(void *context, struct delivery *delivery, int64_t wait_ms, bool booked)
{
    struct pipeline *pipeline = context;
    if (!booked)
        wait_ms = retry_about_ms(pipeline->options.retries, wait_ms);
    const struct envelope envelope = {
        .subscription = slice_of(delivery->route->name),
        .attempts = delivery->attempts,
        .due_unix_ms = clock_unix_ms() + wait_ms,
        .first_attempt_unix_ms = delivery->first_attempt_unix_ms,
    };
    if (!write_retry(pipeline, delivery->shared->record, envelope, wait_ms))
        return false;
    worker_end(pipeline->worker, delivery);
    return true;
}

static bool keeps_order(const struct route *route)
{
    return route->sub && route->sub->delivery.ordered;
}

/* What has been tried keeps that in a retry topic, and so does what is one of several of a record,
 * which the others have had; but where keys are kept in order, and for all else, it is simply read
 * again. */
void detour_abandon(void *context, struct delivery *delivery, int64_t wait_ms)
{
    struct pipeline *pipeline = context;
    struct record *record = delivery->shared->record;
    bool shared = record->subscription == RECORD_SHARED;
    bool keeps = shared || delivery->attempts > record->attempts;
    if (keeps && !keeps_order(delivery->route) && wait_ms != WORKER_READ_AGAIN &&
        detour_hand_over(pipeline, delivery, wait_ms, true))
        return;
    worker_end(pipeline->worker, delivery);
    pipeline_give_up(pipeline, record);
}

/* One of several of a record. False: it can't be, or there is no memory. */
static bool refuse_for(struct pipeline *pipeline, struct record *record, unsigned subscription)
{
    const struct route *route = &pipeline->options.catalog->routes[subscription];
    const struct envelope envelope = {
        .subscription = slice_of(route->name),
        .due_unix_ms = clock_unix_ms(),
        .first_attempt_unix_ms = -1,
    };
    return !keeps_order(route) && write_retry(pipeline, record, envelope, 0);
}

void detour_refuse(void *context, struct record *record, unsigned subscription)
{
    bool several = record->subscription == RECORD_SHARED && subscription != RECORD_SHARED;
    if (!several || !refuse_for(context, record, subscription))
        pipeline_give_up(context, record);
}
