/* What is remembered beyond a restart (settle/state.h): that a subscription is disabled, that a key
 * is parked or replayed.
 *
 * The happy path: it is written with the results, and the record that it is of is not finished
 * before it is stored; all instances read it back (states.c). What can fail: memory; then the
 * record is read again, and what happened will happen again. */
#include "base/clock.h"
#include "service/pipeline_private.h"
#include "settle/state.h"
#include "settle/write.h"

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

static bool write_key_state(struct pipeline *pipeline, enum state_kind kind,
                            const struct route *route, struct record *record,
                            const struct span *span)
{
    struct state state = {
        .kind = kind,
        .subscription = slice_of(route->name),
        .key = record->key,
        .span = *span,
    };
    return write_state(pipeline, &state, record);
}

void remember_disabled(struct pipeline *pipeline, const struct route *route, const char *reason)
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

/* The dead letter and this are two records, and none is finished before both are stored. If all
 * ends between them, the letter may be there and the key goes on: the event is read again, and goes
 * or is refused anew; or this alone: it is read again, and refused. In a transaction both are. */
bool remember_parked(struct pipeline *pipeline, const struct route *route, struct record *record)
{
    const struct span *span = worker_parked(pipeline->worker, route, record);
    enum state_kind kind = record->replay ? STATE_FAILED : STATE_PARKED;
    return span && write_key_state(pipeline, kind, route, record, span);
}

bool remember_replayed(struct pipeline *pipeline, const struct route *route, struct record *record)
{
    const struct span span = {
        .topic = record->topic, .partition = record->partition, .last = record->offset};
    return write_key_state(pipeline, STATE_REPLAYED, route, record, &span);
}

bool remember_may_park(const struct route *route, const struct record *record)
{
    const struct subscription_delivery *policy = &route->sub->delivery;
    return policy->ordered && policy->exhausted == EXHAUSTED_PARK && record->key.data &&
           !record->alone;
}

bool remember_stops(const struct route *route)
{
    const struct subscription_delivery *policy = &route->sub->delivery;
    return policy->ordered && policy->exhausted == EXHAUSTED_STOP;
}
