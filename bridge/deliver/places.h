/* The places in flight that a worker's endpoints share: who may take the next one.
 *
 * Each may hold half as many as are free, so that the next one to come finds some, however many
 * come (where there is but one subscription it may hold all). A receiver that hangs keeps its
 * places until the time-outs, so those of which nothing is known yet, the new, hold half of all at
 * most, and each a quarter of what is left of that. Endpoints that gave no answer of late are
 * doubtful: all of them together hold few, one each, by which it is seen that they are back, and
 * half of all at most.
 *
 * Pure. Owner: the worker. */
#ifndef DELIVER_PLACES_H
#define DELIVER_PLACES_H

#include <stdbool.h>

/* What a place is counted as while it is taken. */
enum standing { STANDING_KNOWN, STANDING_NEW, STANDING_DOUBTFUL };

struct places {
    unsigned limit; /* this worker's share of limits.in_flight; at least 1 */
    unsigned taken;
    unsigned taken_new;       /* of those: by endpoints that were new */
    unsigned doubtful;        /* … that were doubtful */
    unsigned active_doubtful; /* doubtful endpoints with something to send or in flight */
    bool shared;              /* there is more than one subscription */
};

static inline unsigned places_half(const struct places *places)
{
    return (places->limit + 1) / 2;
}

/* Less than that part of what is free? Who holds none does, as long as there is one. */
static inline bool places_holds_few(unsigned held, unsigned are_free, unsigned part)
{
    return held < (are_free + part - 1) / part;
}

/* May an endpoint that holds `held` take one? `is_new`: nothing is known of it yet. */
static inline bool places_may_take(const struct places *places, unsigned held, bool is_new)
{
    unsigned are_free = places->limit - places->taken;
    if (!places->shared)
        return are_free > 0;
    return places_holds_few(held, are_free, 2) &&
           (!is_new || places_holds_few(held, places_half(places) - places->taken_new, 4));
}

#define PLACES_DOUBTFUL_PART 32

/* How many all of the doubtful ones may hold. */
static inline unsigned places_doubtful_most(const struct places *places)
{
    unsigned most = places_half(places);
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

static inline void places_take(struct places *places, enum standing standing)
{
    places->taken++;
    places->taken_new += standing == STANDING_NEW;
    places->doubtful += standing == STANDING_DOUBTFUL;
}

static inline void places_give_back(struct places *places, enum standing standing)
{
    places->taken--;
    places->taken_new -= standing == STANDING_NEW;
    places->doubtful -= standing == STANDING_DOUBTFUL;
}

#endif
