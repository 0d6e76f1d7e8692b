/* How much of limits.memory a lane may hold: the more is free, the more.
 *
 * A lane may hold as much as is free in all (a dynamic threshold: A. Choudhury and E. Hahne,
 * "Dynamic queue length thresholds for shared-memory packet switches", 1998). One busy lane gets
 * half, two get a third each, and whatever dead endpoints pile up, a part stays free for the
 * others.
 *
 * Pure. Owner: the source thread, which counts a record when it is made and when it comes home. */
#ifndef CONSUME_BUDGET_H
#define CONSUME_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct budget {
    size_t limit; /* bytes of records in memory, all lanes together */
    size_t used;
};

static inline size_t budget_share(const struct budget *budget)
{
    return budget->used < budget->limit ? budget->limit - budget->used : 0;
}

/* A lane that holds `held` bytes takes no more. */
static inline bool budget_must_pause(const struct budget *budget, size_t held)
{
    return held > 0 && held >= budget_share(budget);
}

/* A lane that was paused goes on. Half of the share: what is fetched and thrown away at a pause
 * must be little against what is handled between two. */
static inline bool budget_may_resume(const struct budget *budget, size_t held)
{
    return held <= budget_share(budget) / 2;
}

#endif
