/* What a key is parked for: of each partition it was published in, from which event on up to which
 * one all are dead letters that are still to be replayed. It is parked while there is one.
 *
 * Whoever refuses an event, and whoever fails to replay one, says so in topics.state, and all put
 * together what they read there (service/states.c, inspect/parkings.c) and what they know
 * themselves (deliver/order.c), here. So it must come to the same in whichever order two say it,
 * and however often: the last event is the highest that anybody names, and the first one is named
 * by the latest replay that failed, since whatever was before it had been delivered by then.
 * Whoever knows less makes no difference, but for sending again what has been delivered.
 * Pure. Owner: whoever keeps it. */
#ifndef BASE_PARKING_H
#define BASE_PARKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

#define SPAN_FROM_ALL (-1) /* it is not known from which event on: it may be any */

/* Of one partition. */
struct span {
    const char *topic;
    int32_t partition;
    int64_t from;   /* the offset of the first; SPAN_FROM_ALL */
    int64_t last;   /* of the last that is known */
    int64_t replay; /* the latest replay that failed, which told `from`; 0: none */
};

struct held_span {
    struct held_span *next;
    struct span span;
    char topic[];
};

/* Zero-initialised is empty and valid. */
struct parking {
    struct held_span *first;
};

void parking_finish(struct parking *parking);

/* NULL: nothing of that partition. */
const struct span *parking_find(const struct parking *parking, struct slice topic,
                                int32_t partition);

/* The latest replay that failed; 0: none. */
int64_t parking_replay(const struct parking *parking);

/* Somebody knows that of it. False: no memory. */
bool parking_join(struct parking *parking, const struct span *said) MUST_CHECK;

/* All of that partition up to and with `offset` has been delivered, which is not told yet: what is
 * refused from now on begins behind it. */
void parking_begin_behind(struct parking *parking, struct slice topic, int32_t partition,
                          int64_t offset);

/* The same, and it is told: if there is nothing behind it, it is not parked for that partition any
 * more. */
void parking_pass(struct parking *parking, struct slice topic, int32_t partition, int64_t offset);

#endif
