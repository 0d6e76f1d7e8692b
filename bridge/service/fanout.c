/* A record that several subscriptions of its lane may want.
 *
 * The happy path: it is decoded in each format that one of them reads it in, the lane's index says
 * who wants that, and each of those whose filter does too gets a claim and a delivery. What can
 * fail: it can't be decoded in a format (a dead letter for each that reads it so), a filter fails
 * (for that one), a schema isn't there yet (it comes again).
 */
#include <stdlib.h>

#include "base/memory.h"
#include "match/index.h"
#include "match/match.h"
#include "service/pipeline_private.h"

#define FORMATS (FORMAT_BINARY + 1)

/* Which of a lane's subscriptions want an event. */
struct fanout {
    struct index *index;
    struct index_entry *entries;
};

void fanout_reset(struct pipeline *pipeline, size_t lanes)
{
    for (size_t i = 0; i < pipeline->fanout_count; i++) {
        index_destroy(pipeline->fanouts[i].index);
        free(pipeline->fanouts[i].entries);
    }
    free(pipeline->fanouts);
    pipeline->fanouts = lanes ? memory_need(calloc(lanes, sizeof *pipeline->fanouts)) : NULL;
    pipeline->fanout_count = lanes;
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
    if (!worker_serves(pipeline->worker, route))
        worker_take_for(pipeline->worker, shared->record, route->index);
    else if (!worker_submit(pipeline->worker, route, shared, &err))
        pipeline_give_up(pipeline, shared->record);
}

/* Its topics and events take it. */
static void submit_wanted(struct pipeline *pipeline, const struct route *route,
                          struct shared_event *shared)
{
    struct error err = {0};
    enum pipeline_wish wish = pipeline_ask_filter(pipeline, route, shared, &err);
    if (wish == WISH_NONE)
        return;
    if (wish == WISH_FAILED) {
        record_claim(shared->record);
        pipeline_bury(pipeline, shared->record, route, shared, &err);
        return;
    }
    shared->unjudged = wish == WISH_UNKNOWN;
    submit(pipeline, route, shared);
    shared->unjudged = false;
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
        struct error *err = &readings->errors[format];
        enum decoder_result result = pipeline_decode(pipeline, shared, err);
        if (result == DECODER_FAILED && err->kind == ERROR_MEMORY)
            return false;
        *waits = result == DECODER_WAITS;
    }
    return true;
}

/* To all of a lane that read the topic in that format: how many take it, their filters aside. */
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
            pipeline_bury(pipeline, shared->record, route, shared, err);
        } else if (matcher_wants(route->matcher, &shared->event, NULL)) {
            submit_wanted(pipeline, route, shared);
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
        pipeline_count_unmatched(pipeline, record->group);
    pipeline_release(pipeline, record);
}

void fanout_take(struct pipeline *pipeline, struct record *record)
{
    struct index *index = lane_index(pipeline, record->group);
    const struct index_topic *topic = index ? index_topic(index, record->topic) : NULL;
    struct readings readings = {0};
    bool waits = false;
    if (!topic || !read_all(pipeline, record, topic, &readings, &waits))
        pipeline_give_up(pipeline, record);
    else if (waits)
        worker_await_schema(pipeline->worker, record, RECORD_SHARED);
    else
        take_read(pipeline, index, topic, record, &readings);
    for (size_t i = 0; i < FORMATS; i++)
        if (readings.events[i])
            worker_drop_event(pipeline->worker, readings.events[i]);
}
