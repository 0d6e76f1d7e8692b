/* Which known name was meant by one that is not known: for keys, commands and options. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

#include "base/slice.h"

/* The name that the fewest edits (a letter added, left out, replaced, or two swapped) make of
 * `text`; NULL where even that one is too far off to be meant. Names and texts beyond 64 bytes
 * have no nearest. Thread: any. */
const char *nearest_name(struct slice text, const char *const *names, size_t count);

#endif
