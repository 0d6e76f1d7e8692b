/* The lanes of a catalog, as consume/ wants to hear of them. */
#ifndef SERVICE_LANES_H
#define SERVICE_LANES_H

#include "base/arena.h"
#include "catalog/catalog.h"
#include "config/settings.h"
#include "consume/roster.h"

/* Owner: the service's thread; the source reads the roster. */
struct lanes {
    struct roster roster;
    struct arena arena;
    struct lanes *next; /* the service's */
};

/* Borrows the settings and the catalog, which outlive it. `workers`: how many there are. */
struct lanes *lanes_create(const struct settings *settings, const struct catalog *catalog,
                           unsigned workers);
void lanes_destroy(struct lanes *lanes);

#endif
