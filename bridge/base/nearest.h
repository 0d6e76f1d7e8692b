/* The known name that was meant by one that is not known: for keys, commands, options, properties.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

#include "base/slice.h"

struct nearest {
    struct slice typed;
    const char *name; /* so far; NULL: none is near */
    size_t distance;
};

void nearest_init(struct nearest *nearest, struct slice typed);

/* Keeps `name` if it is near, and nearer than what was offered before: at most a third of its
 * letters added, left out, replaced or swapped with their neighbour, and at least one may be. Upper
 * and lower case are the same. Names and texts beyond 64 bytes have no nearest. */
void nearest_offer(struct nearest *nearest, const char *name);

/* The nearest of all these; NULL: none is. */
const char *nearest_name(struct slice typed, const char *const *names, size_t count);

#endif
