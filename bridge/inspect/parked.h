/* Dead letters of keys that are kept in order and parked: gathered, and given back in the order in
 * which they were published, each event once, however often it has failed. Owner: one thread. */
#ifndef INSPECT_PARKED_H
#define INSPECT_PARKED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "inspect/dead_letters.h"

/* Zero-initialised is empty and valid. */
struct parked_letters {
    struct letter_copy *items;
    size_t count;
    size_t capacity;
};

void parked_finish(struct parked_letters *parked);

/* Keeps a copy. False: no memory. */
bool parked_add(struct parked_letters *parked, const struct dead_letter *letter) MUST_CHECK;

/* By subscription and key, and of each in the order published; of one event the last letter. */
void parked_sort(struct parked_letters *parked);

/* Is the letter at `place` the last of its subscription and key? After parked_sort. */
bool parked_is_last(const struct parked_letters *parked, size_t place);

#endif
