/* The keys of one subscription that have something under way, something waiting, or are parked.
 *
 * A hash map that grows and shrinks by one bucket at a time (linear hashing: Litwin, "Linear
 * hashing: a new tool for file and table addressing", VLDB 1980), so that no event ever waits for a
 * million keys to be moved. Its hash is seeded: who publishes the keys can't make them collide.
 * Owner: whoever owns the order. */
#ifndef DELIVER_KEYS_H
#define DELIVER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/slice.h"
#include "base/siphash.h"

struct key {
    struct key *next; /* in its bucket */
    uint64_t hash;
    struct list waiting; /* of order_item, in their order */
    struct list link;    /* in a list of keys, or in none */
    int64_t refused;     /* parked: the latest replay that is refused too; 0 for none */
    bool busy;           /* one of it is under way */
    bool parked;
    size_t size;
    char bytes[];
};

struct keys {
    struct siphash_seed seed;
    struct key **buckets;
    size_t capacity; /* of buckets: a power of two */
    size_t used;     /* buckets in use: a key is in the one of its low bits */
    size_t count;    /* keys */
    size_t bytes;    /* of memory, the buckets' too */
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

/* For walking all of them in any order, while none is made or dropped: the first, and the one after
 * `key`; NULL at the end. */
struct key *keys_first(const struct keys *keys);
struct key *keys_next(const struct keys *keys, const struct key *key);

#endif
