#include "deliver/keys.h"

#include <stdlib.h>
#include <string.h>

static struct key *key_of(struct map_node *node)
{
    return node ? CONTAINER_OF(node, struct key, node) : NULL;
}

static size_t bytes_of(const struct key *key)
{
    return sizeof *key + key->node.key.size;
}

static size_t map_bytes(const struct map *map)
{
    return map->capacity * sizeof(struct map_node *);
}

void keys_init(struct keys *keys, struct siphash_seed seed)
{
    *keys = (struct keys){0};
    map_init(&keys->map, seed);
}

struct key *keys_find(const struct keys *keys, struct slice bytes)
{
    return key_of(map_find(&keys->map, bytes));
}

static bool add(struct keys *keys, struct key *key, struct slice bytes)
{
    size_t before = map_bytes(&keys->map);
    bool added = map_add(&keys->map, &key->node, bytes);
    keys->bytes += map_bytes(&keys->map) - before;
    return added;
}

struct key *keys_get(struct keys *keys, struct slice bytes)
{
    struct key *key = keys_find(keys, bytes);
    if (key)
        return key;
    key = calloc(1, sizeof *key + bytes.size);
    if (!key)
        return NULL;
    list_init(&key->waiting);
    list_init(&key->link);
    if (bytes.size)
        memcpy(key->bytes, bytes.data, bytes.size);
    if (!add(keys, key, (struct slice){key->bytes, bytes.size})) {
        free(key);
        return NULL;
    }
    keys->bytes += bytes_of(key);
    return key;
}

static void destroy(struct key *key)
{
    parking_finish(&key->parking);
    free(key);
}

void keys_drop(struct keys *keys, struct key *key)
{
    size_t before = map_bytes(&keys->map);
    map_remove(&keys->map, &key->node);
    keys->bytes -= before - map_bytes(&keys->map);
    keys->bytes -= bytes_of(key);
    destroy(key);
}

struct key *keys_first(const struct keys *keys)
{
    return key_of(map_first(&keys->map));
}

struct key *keys_next(const struct keys *keys, const struct key *key)
{
    return key_of(map_next(&keys->map, &key->node));
}

void keys_finish(struct keys *keys)
{
    struct key *next = NULL;
    for (struct key *key = keys_first(keys); key; key = next) {
        next = keys_next(keys, key);
        destroy(key);
    }
    map_finish(&keys->map);
    keys->bytes = 0;
}
