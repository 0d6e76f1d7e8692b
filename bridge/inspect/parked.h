/* Dead letters of keys that are kept in order: gathered, and given back in the order in which their
 * events are to be sent again, each once, however often it has failed. Owner: one thread. */
#ifndef INSPECT_PARKED_H
#define INSPECT_PARKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "inspect/dead_letters.h"

struct parked_letter {
    struct letter_copy copy;
    int64_t turn; /* after parked_sort: by what its key's partitions take turns */
    bool last;    /* after parked_sort: of its subscription, key and partition */
};

/* Zero-initialised is empty and valid. */
struct parked_letters {
    struct parked_letter *items;
    size_t count;
    size_t capacity;
};

void parked_finish(struct parked_letters *parked);

/* Keeps a copy. False: no memory. */
bool parked_add(struct parked_letters *parked, const struct dead_letter *letter) MUST_CHECK;

/* By subscription and key, and each partition's in the order published; of several partitions the
 * one whose event failed first goes first. Of one event the last letter is left. */
void parked_sort(struct parked_letters *parked);

#endif
