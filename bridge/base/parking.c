#include "base/parking.h"

#include <stdlib.h>
#include <string.h>

void parking_finish(struct parking *parking)
{
    struct held_span *next = NULL;
    for (struct held_span *held = parking->first; held; held = next) {
        next = held->next;
        free(held);
    }
    parking->first = NULL;
}

/* The link to it, or the one at the end. */
static struct held_span **find(struct parking *parking, struct slice topic, int32_t partition)
{
    struct held_span **link = &parking->first;
    while (*link && !((*link)->span.partition == partition && slice_is(topic, (*link)->span.topic)))
        link = &(*link)->next;
    return link;
}

const struct span *parking_find(const struct parking *parking, struct slice topic,
                                int32_t partition)
{
    struct parking same = *parking;
    const struct held_span *held = *find(&same, topic, partition);
    return held ? &held->span : NULL;
}

int64_t parking_replay(const struct parking *parking)
{
    int64_t latest = 0;
    for (const struct held_span *held = parking->first; held; held = held->next)
        latest = held->span.replay > latest ? held->span.replay : latest;
    return latest;
}

static struct held_span *hold(const struct span *span)
{
    size_t size = strlen(span->topic) + 1;
    struct held_span *held = malloc(sizeof *held + size);
    if (!held)
        return NULL;
    *held = (struct held_span){.span = *span};
    memcpy(held->topic, span->topic, size);
    held->span.topic = held->topic;
    return held;
}

bool parking_join(struct parking *parking, const struct span *said)
{
    struct held_span **link = find(parking, slice_of(said->topic), said->partition);
    if (!*link) {
        *link = hold(said);
        return *link != NULL;
    }
    struct span *span = &(*link)->span;
    bool later = said->replay > span->replay;
    if (later || (said->replay == span->replay && said->from < span->from))
        span->from = said->from;
    if (later)
        span->replay = said->replay;
    if (said->last > span->last)
        span->last = said->last;
    return true;
}

static void begin_behind(struct held_span *held, int64_t offset)
{
    if (held && held->span.from <= offset)
        held->span.from = offset < INT64_MAX ? offset + 1 : offset;
}

void parking_begin_behind(struct parking *parking, struct slice topic, int32_t partition,
                          int64_t offset)
{
    begin_behind(*find(parking, topic, partition), offset);
}

void parking_pass(struct parking *parking, struct slice topic, int32_t partition, int64_t offset)
{
    struct held_span **link = find(parking, topic, partition);
    struct held_span *held = *link;
    if (!held || held->span.last > offset) {
        begin_behind(held, offset);
        return;
    }
    *link = held->next;
    free(held);
}
