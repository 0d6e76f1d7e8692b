/* Events are published: their value says their number, so that who gets one can tell which. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model/model.h"
#include "sim/play/play.h"
#include "sim/world/memory.h"
#include "sim/world/world.h"

#define PAD_MOST 262144

struct publisher {
    struct world_event event;
    const struct scenario_burst *burst;
    int64_t left;
    struct dice dice;
};

static struct publisher publishers[BURSTS_MOST];
static size_t publisher_count;
static int64_t published;
static size_t publishing;

static enum event_kind choose_kind(struct publisher *publisher)
{
    const struct scenario_burst *burst = publisher->burst;
    int64_t roll = dice_below(&publisher->dice, 1000000);
    if ((roll -= burst->poison_per_million) < 0)
        return EVENT_POISON;
    if ((roll -= burst->empty_per_million) < 0)
        return EVENT_EMPTY;
    return roll - burst->unfit_per_million < 0 ? EVENT_UNFIT : EVENT_FINE;
}

static struct slice write_value(char *room, size_t size, const struct model_event *event,
                                int64_t bytes)
{
    static char pad[PAD_MOST];
    memset(pad, 'x', sizeof pad);
    if (event->kind == EVENT_EMPTY)
        return SLICE_NONE;
    int written =
        snprintf(room, size, "{\"n\":%" PRId64 ",\"type\":\"%s\"%s,\"pad\":\"%.*s\"%s", published,
                 event->type ? "b.two" : "a.one", event->kind == EVENT_UNFIT ? "" : ",\"field\":7",
                 (int)bytes, pad, event->kind == EVENT_POISON ? "" : "}");
    return (struct slice){room, (size_t)written};
}

/* Somebody takes a retry topic for his own. */
static void publish_stray(struct publisher *publisher)
{
    const struct kafka_message message = {.key = slice_of("stray"), .value = slice_of("{}")};
    for (struct kafka_topic *topic = cluster_next(NULL); topic; topic = cluster_next(topic)) {
        if (strncmp(topic->name, "grapnel.retry.", 14) != 0)
            continue;
        cluster_append(&topic->logs[dice_below(&publisher->dice, topic->log_count)], &message, -1,
                       NULL);
        return;
    }
}

static void publish_one(struct publisher *publisher)
{
    static char value[PAD_MOST + 256];
    const struct scenario_burst *burst = publisher->burst;
    char topic[16];
    char key[32];
    snprintf(topic, sizeof topic, "t%" PRId64, burst->topic);
    const struct kafka_topic *to = cluster_topic(topic);
    if (!to)
        return;
    struct model_event event = {
        .kind = choose_kind(publisher),
        .type = (unsigned)dice_below(&publisher->dice, 2),
        .published_us = world_now_us(),
        .log = &to->logs[dice_below(&publisher->dice, to->log_count)],
    };
    snprintf(key, sizeof key, "key-%" PRId64, dice_below(&publisher->dice, burst->keys));
    const struct kafka_header header = {slice_of("trace"), slice_of(key)};
    const struct kafka_message message = {
        .key = burst->keys ? slice_of(key) : SLICE_NONE,
        .value = write_value(value, sizeof value, &event, burst->bytes),
        .headers = &header,
        .header_count = (size_t)(published % 2),
        .timestamp_ms = (WORLD_EPOCH_US + world_now_us()) / 1000,
    };
    struct kafka_log *log = (struct kafka_log *)(uintptr_t)event.log;
    model_publishing(&event, published);
    cluster_append(log, &message, published++, NULL);
}

static void on_event(struct world_event *event)
{
    struct publisher *publisher = CONTAINER_OF(event, struct publisher, event);
    const struct scenario_burst *burst = publisher->burst;
    int64_t gap_us = burst->count > 0 ? burst->over_ms * 1000 / burst->count : 0;
    publish_one(publisher);
    if (dice_below(&publisher->dice, 1000000) < publisher->burst->strays_per_million)
        publish_stray(publisher);
    if (--publisher->left > 0)
        world_after(event, gap_us);
    else
        publishing--;
}

void publish_begin(const struct scenario *scenario)
{
    publishing = publisher_count = scenario->burst_count;
    for (size_t i = 0; i < scenario->burst_count; i++) {
        publishers[i] = (struct publisher){
            .event = {.fire = on_event},
            .burst = &scenario->bursts[i],
            .left = scenario->bursts[i].count,
            .dice = dice_for(world_seed(), "publish", i),
        };
        world_at(&publishers[i].event, scenario->bursts[i].at_ms * 1000);
    }
}

bool publish_done(void)
{
    return publishing == 0;
}
