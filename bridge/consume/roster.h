/* The roster: which lanes there are, and whose retries may come. Made by service/, which keeps what
 * it borrows until it is given back. Immutable. */
#ifndef CONSUME_ROSTER_H
#define CONSUME_ROSTER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "config/subscription.h"

#define ROSTER_RETRIES UINT_MAX /* in the place of a lane: that of the retry topics */

/* One consumer group. */
struct roster_lane {
    const char *group;
    unsigned series;       /* of its metrics */
    unsigned place;        /* in the catalog, for its records; ROSTER_RETRIES */
    unsigned subscription; /* whose its records are; RECORD_SHARED: to be found out */
    bool retries;          /* the retry topics: a record says whose it is */
    bool ordered;          /* all records of a key go to one worker */
    bool limited;          /* somebody in it has a rate, of which this instance has a share */
    bool parks;            /* keys may be parked: it is asked which, when partitions come */
    unsigned spread;       /* how many workers share its records */
    size_t least_records;  /* it may hold so many, however slow it is */
    struct texts topics;
    struct subscription_start start;
    const char *ignored; /* topics that do not exist for it: regular expressions */
};

/* A subscription that retries may be of. */
struct roster_owner {
    const char *name;
    unsigned subscription;
    unsigned spread;
    bool ordered;
};

struct roster {
    struct roster_lane *lanes;
    size_t lane_count;
    struct roster_owner *owners; /* by name, in the order of strcmp */
    size_t owner_count;
    size_t queue_bytes; /* of librdkafka's own queue, for a lane that begins */
};

/* NULL: nobody is called so. */
const struct roster_owner *roster_find(const struct roster *roster, struct slice name);

/* NULL: there is no lane of that group. */
const struct roster_lane *roster_lane(const struct roster *roster, const char *group);

#endif
