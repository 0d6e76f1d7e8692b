/* Generations: each configuration that has been in use, with what was made of it, until no thread
 * uses it any more. Owner: the service's thread. */
#ifndef SERVICE_GENERATION_H
#define SERVICE_GENERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "catalog/catalog.h"
#include "config/settings.h"
#include "service/lanes.h"
#include "settle/retry.h"

struct generation {
    struct generation *next; /* older */
    struct settings *settings;
    struct catalog *catalog;
    struct lanes *lanes;
    struct retry_topics *retries; /* those of all before, and its own */
    unsigned users;               /* threads that have not let go of it yet */
};

/* Makes lanes and retry topics of it. `before`: the one it follows; NULL: none. It takes settings
 * and catalog, on success. NULL: no memory. */
struct generation *generation_create(struct settings *settings, struct catalog *catalog,
                                     const struct generation *before, unsigned workers);

/* With all that is its own. NULL is fine. */
void generation_destroy(struct generation *generation);

#endif
