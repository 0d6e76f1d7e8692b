/* A map from bytes to intrusive nodes. It grows and shrinks by a bucket at a time (linear hashing:
 * W. Litwin, "Linear hashing: a new tool for file and table addressing", 1980), so that no event
 * waits for a million of them to be moved. Its hash is seeded: who chooses the keys can't make them
 * collide.
 *
 * The nodes, and the bytes of their keys, are the caller's. Owner: whoever holds the map. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/siphash.h"
#include "base/slice.h"

struct map_node {
    struct map_node *next; /* in its bucket */
    uint64_t hash;
    struct slice key;
};

struct map {
    struct siphash_seed seed;
    struct map_node **buckets;
    size_t capacity; /* of buckets: a power of two */
    size_t used;     /* buckets in use: a node is in the one of its low bits */
    size_t count;    /* nodes */
};

void map_init(struct map *map, struct siphash_seed seed);

/* Forgets all nodes. */
void map_finish(struct map *map);

/* NULL: it is not there. */
struct map_node *map_find(const struct map *map, struct slice key);

/* Adds a node whose key is not there. False: no memory. */
bool map_add(struct map *map, struct map_node *node, struct slice key) MUST_CHECK;

void map_remove(struct map *map, struct map_node *node);

/* For walking all of them in any order, while none is added or removed: the first, and the one
 * after `node`; NULL at the end. */
struct map_node *map_first(const struct map *map);
struct map_node *map_next(const struct map *map, const struct map_node *node);

#endif
