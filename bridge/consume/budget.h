/* How much of limits.memory a lane may hold: the more is free, the more, and no more than it needs.
 *
 * A lane may hold as much as is free in all (a dynamic threshold: A. Choudhury and E. Hahne,
 * "Dynamic queue length thresholds for shared-memory packet switches", 1998). One busy lane gets
 * half, two get a third each, and whatever dead endpoints pile up, a part stays free for the
 * others. And it may hold what it finishes in ten seconds: what a dead endpoint waits for is left
 * in Kafka, and takes neither memory nor the time to fetch it. Ten, since a record may wait that
 * long in memory for its next attempt.
 *
 * Pure. Owner: the source thread, which counts a record when it is made and when it comes home. */
#ifndef CONSUME_BUDGET_H
#define CONSUME_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

#define BUDGET_PACE_SECONDS 10
#define BUDGET_LEAST_BYTES  ((size_t)8 << 20) /* of what nothing has finished yet */

struct budget {
    size_t limit; /* bytes of records in memory, all lanes together */
    size_t used;
};

/* What one lane holds, and how fast it finishes. */
struct budget_lane {
    size_t bytes;
    size_t records;
    size_t finished; /* bytes in this second, … */
    size_t before;   /* … and in the one before it */
    size_t least;    /* so many records it may hold if its share allows it */
};

static inline size_t budget_share(const struct budget *budget)
{
    return budget->used < budget->limit ? budget->limit - budget->used : 0;
}

static inline size_t budget_needs(const struct budget_lane *lane)
{
    size_t pace = lane->finished > lane->before ? lane->finished : lane->before;
    size_t bytes = pace * BUDGET_PACE_SECONDS;
    return bytes > BUDGET_LEAST_BYTES ? bytes : BUDGET_LEAST_BYTES;
}

/* The lane takes no more. */
static inline bool budget_must_pause(const struct budget *budget, const struct budget_lane *lane)
{
    if (lane->bytes > 0 && lane->bytes >= budget_share(budget))
        return true;
    return lane->bytes >= budget_needs(lane) && lane->records >= lane->least;
}

/* A lane that was paused goes on. Half: what is fetched and thrown away at a pause must be little
 * against what is handled between two. */
static inline bool budget_may_resume(const struct budget *budget, const struct budget_lane *lane)
{
    return lane->bytes <= budget_share(budget) / 2 &&
           (lane->bytes <= budget_needs(lane) / 2 || lane->records <= lane->least / 2);
}

/* A second is over. */
static inline void budget_turn(struct budget_lane *lane)
{
    lane->before = lane->finished;
    lane->finished = 0;
}

#endif
