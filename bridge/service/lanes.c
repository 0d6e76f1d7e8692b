#include "service/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "consume/record.h"
#include "consume/source.h"
#include "deliver/worker.h"
#include "kafka/client.h"
#include "settle/own_topics.h"
#include "settle/retry.h"

/* ── what a lane does not read ───────────────────────────────────────────── */

/* What the configuration says, and what regular expressions don't match. */
static const char *ignored_topics(struct lanes *lanes, const struct settings *settings,
                                  const struct catalog *catalog, const struct lane_route *members)
{
    struct buffer out = {0};
    const char *given = client_given(&settings->kafka, "topic.blacklist");
    if (given && given[0]) {
        buffer_add_text(&out, given);
        buffer_add_char(&out, ','); /* at the end it means nothing */
    }
    own_topics_add(&out, settings, catalog, members);
    buffer_need(&out);
    const char *copy = arena_copy(&lanes->arena, buffer_slice(&out));
    buffer_finish(&out);
    return copy;
}

/* ── one lane ────────────────────────────────────────────────────────────── */

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct text *)a)->data, ((const struct text *)b)->data);
}

/* All that the members read, each once. */
static struct texts all_topics(struct lanes *lanes, const struct catalog *catalog,
                               const struct lane_route *members)
{
    size_t count = 0;
    for (size_t i = 0; i < members->count; i++)
        count += catalog->routes[members->members[i]].sub->topics.count;
    struct text *items = arena_alloc(&lanes->arena, count * sizeof *items);
    count = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct texts *topics = &catalog->routes[members->members[i]].sub->topics;
        for (size_t j = 0; j < topics->count; j++)
            items[count++] = topics->items[j];
    }
    qsort(items, count, sizeof *items, by_text);
    size_t unique = 0;
    for (size_t i = 0; i < count; i++)
        if (unique == 0 || strcmp(items[unique - 1].data, items[i].data) != 0)
            items[unique++] = items[i];
    return (struct texts){items, unique};
}

static bool has_rate(const struct subscription *sub)
{
    return sub->delivery.rate.count > 0;
}

static bool any_limited(const struct catalog *catalog, const struct lane_route *members)
{
    for (size_t i = 0; i < members->count; i++)
        if (has_rate(catalog->routes[members->members[i]].sub))
            return true;
    return false;
}

/* Twice what may be under way; without a bound where some records wait for others, or for their
 * schema, which must not keep the rest from coming. */
static size_t least_records(const struct settings *settings, const struct catalog *catalog,
                            const struct lane_route *members)
{
    size_t least = 0;
    for (size_t i = 0; i < members->count; i++) {
        const struct subscription *sub = catalog->routes[members->members[i]].sub;
        if (sub->delivery.ordered || (settings->registry.url.data && sub->format != FORMAT_BINARY))
            return SIZE_MAX;
        least += 2 * (size_t)sub->delivery.in_flight;
    }
    return least;
}

static bool parks(const struct subscription *sub)
{
    return sub->delivery.ordered && sub->delivery.exhausted == EXHAUSTED_PARK;
}

static struct roster_lane make_lane(struct lanes *lanes, const struct settings *settings,
                                    const struct catalog *catalog, unsigned place, unsigned workers)
{
    const struct lane_route *members = &catalog->lanes[place];
    const struct route *first = &catalog->routes[members->members[0]];
    const struct subscription *sub = first->sub;
    return (struct roster_lane){
        .group = members->group,
        .series = lane_series(place),
        .place = place,
        .subscription = first->alone ? first->index : RECORD_SHARED,
        .limited = any_limited(catalog, members),
        .ordered = sub->delivery.ordered,
        .parks = parks(sub),
        .spread = first->alone ? worker_spread(workers, sub->delivery.in_flight) : workers,
        .least_records = least_records(settings, catalog, members),
        .topics = all_topics(lanes, catalog, members),
        .start = sub->start,
        .ignored = ignored_topics(lanes, settings, catalog, members),
    };
}

/* Any of those that are configured. */
static bool any(const struct catalog *catalog, bool (*is)(const struct subscription *sub))
{
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->routes[i].sub && is(catalog->routes[i].sub))
            return true;
    return false;
}

/* That of the retry topics, those that no schedule names any more included. A replay may be under
 * way in a partition that comes: what is left of it must not be sent if it has failed. */
static struct roster_lane make_retry_lane(struct lanes *lanes, const struct settings *settings,
                                          const struct catalog *catalog, unsigned workers,
                                          const char *pattern)
{
    struct text *topic = arena_alloc(&lanes->arena, sizeof *topic);
    *topic = (struct text){.data = pattern, .size = strlen(pattern)};
    return (struct roster_lane){
        .group = settings->topics.retries.data,
        .series = METRICS_RETRIES,
        .place = ROSTER_RETRIES,
        .subscription = RECORD_NOBODYS,
        .parks = any(catalog, parks),
        .limited = any(catalog, has_rate),
        .retries = true,
        .spread = workers,
        .least_records = SIZE_MAX,
        .topics = {topic, 1},
        .start = {.at = START_EARLIEST},
    };
}

/* ── whose retries there may be ──────────────────────────────────────────── */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct roster_owner *)a)->name, ((const struct roster_owner *)b)->name);
}

static void add_owners(struct lanes *lanes, const struct catalog *catalog, unsigned workers)
{
    struct roster *roster = &lanes->roster;
    roster->owners = arena_alloc(&lanes->arena, (catalog->count + 1) * sizeof *roster->owners);
    for (size_t i = 0; i < catalog->count; i++) {
        const struct subscription *sub = catalog->routes[i].sub;
        if (!sub)
            continue;
        roster->owners[roster->owner_count++] = (struct roster_owner){
            .name = catalog->routes[i].name,
            .subscription = (unsigned)i,
            .spread = worker_spread(workers, sub->delivery.in_flight),
            .ordered = sub->delivery.ordered,
        };
    }
    qsort(roster->owners, roster->owner_count, sizeof *roster->owners, by_name);
}

struct lanes *lanes_create(const struct settings *settings, const struct catalog *catalog,
                           unsigned workers)
{
    struct lanes *lanes = calloc(1, sizeof *lanes);
    char *pattern = lanes ? retry_topics_pattern(settings->topics.retries.data) : NULL;
    if (!pattern) {
        free(lanes);
        return NULL;
    }
    const char *retries = arena_copy(&lanes->arena, slice_of(pattern));
    struct roster *roster = &lanes->roster;
    free(pattern);
    add_owners(lanes, catalog, workers);
    roster->lanes = arena_alloc(&lanes->arena, (catalog->lane_count + 1) * sizeof *roster->lanes);
    for (unsigned i = 0; i < catalog->lane_count; i++)
        if (catalog->lanes[i].count > 0)
            roster->lanes[roster->lane_count++] = make_lane(lanes, settings, catalog, i, workers);
    if (roster->lane_count > 0)
        roster->lanes[roster->lane_count++] =
            make_retry_lane(lanes, settings, catalog, workers, retries);
    roster->queue_bytes = source_queue_bytes(settings->limits.memory_bytes, roster->lane_count);
    return lanes;
}

void lanes_destroy(struct lanes *lanes)
{
    if (!lanes)
        return;
    arena_finish(&lanes->arena);
    free(lanes);
}
