/* The catalog: every subscription, compiled, and the lanes that they are in. An immutable snapshot
 * that all threads share; a reload makes a new one. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/credential.h"
#include "auth/mask.h"
#include "auth/sign.h"
#include "config/settings.h"
#include "match/filter.h"
#include "match/match.h"
#include "net/http.h"
#include "render/plan.h"

/* One subscription, ready for use. */
struct route {
    char *name;
    const struct subscription *sub; /* NULL: there is none of that name any more */
    unsigned index;                 /* its place in the catalog, in each one that follows too */
    unsigned lane;                  /* a place in the catalog's lanes */
    bool alone;                     /* in its lane */
    struct matcher *matcher;
    struct filter *filter; /* NULL: all */
    struct plan *plan;
    struct signer *signer; /* NULL: unsigned */
    struct credential *credential;
    struct mask *mask; /* for what is shown */
    struct http_options http;
};

/* The subscriptions that share a consumer group. */
struct lane_route {
    char *group;       /* grapnel.NAME */
    unsigned *members; /* places of routes, ascending; none: nobody is in it any more */
    size_t count;
};

/* Places are given once to a name or group and kept for it: what is in memory refers to them. */
struct catalog {
    struct route *routes;
    size_t count;
    struct lane_route *lanes;
    size_t lane_count;
};

/* Their numbers in metrics; the lane of retry topics, and what is of nobody, is METRICS_RETRIES. */
#define METRICS_RETRIES 0u

static inline unsigned route_series(const struct route *route)
{
    return route->index + 1;
}

static inline unsigned lane_series(unsigned lane)
{
    return lane + 1;
}

/* Compiles all subscriptions of the settings, which it borrows and which must outlive it. `before`:
 * the catalog that this one follows; NULL: none. Every mistake that config/ has not reported yet is
 * added to `problems` at its place. When there is one, of either, there is no catalog: NULL. */
struct catalog *catalog_create(const struct settings *settings, const struct catalog *before,
                               struct problems *problems);
void catalog_destroy(struct catalog *catalog);

/* NULL when there is none of that name. */
const struct route *catalog_find(const struct catalog *catalog, const char *name);

#endif
