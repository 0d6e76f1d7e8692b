/* The known name that is nearest to a mistyped one. */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include <stddef.h>

#include "base/slice.h"

struct nearest {
    struct slice typed;
    const char *name; /* so far; NULL: none is near */
    size_t distance;
};

void nearest_init(struct nearest *nearest, struct slice typed);

/* Keeps `name` if it is near, and nearer than what was offered before: at most a third of its
 * letters added, left out, replaced or swapped with their neighbour, and at least one may be. */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
