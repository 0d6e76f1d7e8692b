/* The places in flight that a worker's endpoints share: who may take the next one.
 *
 * Each may hold a fair share, of as many as there are endpoints with something to send and one
 * more, so that the next one to come finds a place (where there is but one subscription it may hold
 * all). Endpoints that gave no answer of late are doubtful: all of them together hold half of the
 * places at most, so that however many hang, the other half is for those that answer.
 *
 * Pure. Owner: the worker. */
#ifndef DELIVER_PLACES_H
#define DELIVER_PLACES_H

#include <stdbool.h>

struct places {
    unsigned limit; /* this worker's share of limits.in_flight; at least 1 */
    unsigned taken;
    unsigned doubtful; /* of those taken: by doubtful endpoints */
    unsigned active;   /* endpoints with something to send or in flight */
    bool shared;       /* there is more than one subscription */
};

/* How many one endpoint may hold. */
static inline unsigned places_share(const struct places *places)
{
    unsigned share = places->shared ? places->limit / (places->active + 1) : places->limit;
    return share ? share : 1;
}

/* May the doubtful ones take another? */
static inline bool places_for_doubtful(const struct places *places)
{
    return places->doubtful < (places->limit + 1) / 2;
}

/* May an endpoint that holds `held` take one? */
static inline bool places_may_take(const struct places *places, unsigned held)
{
    return places->taken < places->limit && held < places_share(places);
}

static inline void places_take(struct places *places, bool doubtful)
{
    places->taken++;
    places->doubtful += doubtful;
}

static inline void places_give_back(struct places *places, bool doubtful)
{
    places->taken--;
    places->doubtful -= doubtful;
}

#endif
