/* The keys that a subscription with order: key has to do with now. Owner: whoever owns the order.
 */
#ifndef DELIVER_KEYS_H
#define DELIVER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/map.h"
#include "base/parking.h"
#include "base/slice.h"

struct key {
    struct map_node node;
    struct list waiting; /* of order_item, in their order */
    struct list link;    /* in a list of keys, or in none */
    bool busy;           /* one of it is under way */
    bool parked;
    struct parking parking; /* what for; empty too where there was no memory for it */
    char bytes[];
};

struct keys {
    struct map map;
    size_t bytes; /* of memory, the map's too */
};

void keys_init(struct keys *keys, struct siphash_seed seed);

/* Frees all of them. */
void keys_finish(struct keys *keys);

/* NULL: it is not there. */
struct key *keys_find(const struct keys *keys, struct slice bytes);

/* Found or made; the bytes are copied. NULL: no memory. */
struct key *keys_get(struct keys *keys, struct slice bytes) MUST_CHECK;

/* Takes it out and frees it. */
void keys_drop(struct keys *keys, struct key *key);

static inline size_t keys_count(const struct keys *keys)
{
    return keys->map.count;
}

/* For walking all of them in any order, while none is made or dropped: the first, and the one after
 * `key`; NULL at the end. */
struct key *keys_first(const struct keys *keys);
struct key *keys_next(const struct keys *keys, const struct key *key);

#endif
