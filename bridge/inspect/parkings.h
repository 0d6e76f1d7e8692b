/* The keys that are parked, by what topics.state says. Pure, but for parkings_read. Owner: one
 * thread. */
#ifndef INSPECT_PARKINGS_H
#define INSPECT_PARKINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/parking.h"
#include "inspect/letter.h"
#include "inspect/remembered.h"

struct parked_key {
    struct map_node node;
    struct slice subscription;
    struct slice key;
    struct parking parking;
    int64_t said_unix_ms; /* when that was said last */
    bool chosen;          /* the caller's */
    char bytes[];
};

struct parkings {
    struct map keys;
};

void parkings_init(struct parkings *parkings);
void parkings_finish(struct parkings *parkings);

/* That is said next. What is of no key is passed over. False: no memory. */
bool parkings_take(struct parkings *parkings, const struct state *state) MUST_CHECK;

/* All that the topic says. As remembered_read. */
bool parkings_read(struct parkings *parkings, const struct settings *settings,
                   struct error *err) MUST_CHECK;

/* NULL: it is not parked. */
struct parked_key *parkings_find(const struct parkings *parkings, struct slice subscription,
                                 struct slice key);

/* Is the key parked for that event of it, too? Else it has been delivered, or belongs to none of
 * its partitions that it is parked for. */
bool parkings_want(const struct parked_key *parked, const struct letter *letter);

/* For walking all of them, in any order: the first, and the one after; NULL at the end. */
struct parked_key *parkings_first(const struct parkings *parkings);
struct parked_key *parkings_next(const struct parkings *parkings, const struct parked_key *parked);

#endif
