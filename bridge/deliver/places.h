/* The places in flight that a worker's endpoints share: who may take the next one.
 *
 * Each may hold a fair share, of as many as there are endpoints with something to send and one
 * more, so that the next one to come finds a place (where there is but one subscription it may hold
 * all). Endpoints that gave no answer of late are doubtful. They don't make the shares of others
 * smaller, and all of them together hold few: one each, by which it is seen that they are back, and
 * half of all at most.
 *
 * Pure. Owner: the worker. */
#ifndef DELIVER_PLACES_H
#define DELIVER_PLACES_H

#include <stdbool.h>

struct places {
    unsigned limit; /* this worker's share of limits.in_flight; at least 1 */
    unsigned taken;
    unsigned doubtful; /* of those taken: by doubtful endpoints */
    /* Endpoints with something to send or in flight. */
    unsigned active;
    unsigned active_doubtful;
    bool shared; /* there is more than one subscription */
};

/* How many one endpoint may hold. */
static inline unsigned places_share(const struct places *places)
{
    unsigned share = places->shared ? places->limit / (places->active + 1) : places->limit;
    return share ? share : 1;
}

#define PLACES_DOUBTFUL_PART 32

/* How many all of the doubtful ones may hold. */
static inline unsigned places_doubtful_most(const struct places *places)
{
    unsigned most = (places->limit + 1) / 2;
    unsigned part = places->limit / PLACES_DOUBTFUL_PART;
    unsigned each = places->active_doubtful > part ? places->active_doubtful : part;
    if (each == 0)
        return 1;
    return each < most ? each : most;
}

/* How many more they may take. */
static inline unsigned places_doubtful_room(const struct places *places)
{
    unsigned most = places_doubtful_most(places);
    return places->doubtful < most ? most - places->doubtful : 0;
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
