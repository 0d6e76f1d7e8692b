#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_BUCKETS 16

void map_init(struct map *map, struct siphash_seed seed)
{
    *map = (struct map){.seed = seed};
}

void map_finish(struct map *map)
{
    free(map->buckets);
    map_init(map, map->seed);
}

static struct map_node *first_from(const struct map *map, size_t bucket)
{
    for (; bucket < map->used; bucket++)
        if (map->buckets[bucket])
            return map->buckets[bucket];
    return NULL;
}

/* The largest power of two that is at most `used`. */
static size_t whole_round(size_t used)
{
    return (size_t)1 << (sizeof(unsigned long) * 8 - 1 - (size_t)__builtin_clzl(used));
}

/* By so many low bits of the hash that all used buckets are reached; by one less where the bucket
 * is not used yet. */
static size_t bucket_of(const struct map *map, uint64_t hash)
{
    size_t round = whole_round(map->used);
    size_t bucket = (size_t)hash & (2 * round - 1);
    return bucket < map->used ? bucket : bucket - round;
}

static bool set_capacity(struct map *map, size_t capacity)
{
    struct map_node **buckets = realloc(map->buckets, capacity * sizeof(struct map_node *));
    if (!buckets)
        return false;
    map->buckets = buckets;
    map->capacity = capacity;
    return true;
}

/* Without memory for more buckets it goes on with those there are: slower, and still right. */
static void grow(struct map *map)
{
    if (map->used == map->capacity && !set_capacity(map, map->capacity * 2))
        return;
    size_t added = map->used;
    struct map_node **from = &map->buckets[added - whole_round(added)];
    map->buckets[added] = NULL;
    map->used++;
    while (*from) {
        struct map_node *node = *from;
        if (bucket_of(map, node->hash) != added) {
            from = &node->next;
            continue;
        }
        *from = node->next;
        node->next = map->buckets[added];
        map->buckets[added] = node;
    }
}

static void shrink(struct map *map)
{
    size_t last = --map->used;
    struct map_node **end = &map->buckets[last - whole_round(last)];
    while (*end)
        end = &(*end)->next;
    *end = map->buckets[last];
    if (map->used < map->capacity / 4)
        (void)set_capacity(map, map->capacity / 2); /* the larger one does as well */
}

static bool begin(struct map *map)
{
    if (!set_capacity(map, LEAST_BUCKETS))
        return false;
    memset(map->buckets, 0, LEAST_BUCKETS * sizeof(struct map_node *));
    map->used = LEAST_BUCKETS;
    return true;
}

struct map_node *map_find(const struct map *map, struct slice key)
{
    if (!map->used)
        return NULL;
    uint64_t hash = siphash(map->seed, key);
    struct map_node *node = map->buckets[bucket_of(map, hash)];
    while (node && (node->hash != hash || !slice_equal(node->key, key)))
        node = node->next;
    return node;
}

bool map_add(struct map *map, struct map_node *node, struct slice key)
{
    if (!map->used && !begin(map))
        return false;
    if (map->count >= map->used)
        grow(map);
    node->key = key;
    node->hash = siphash(map->seed, key);
    struct map_node **bucket = &map->buckets[bucket_of(map, node->hash)];
    node->next = *bucket;
    *bucket = node;
    map->count++;
    return true;
}

void map_remove(struct map *map, struct map_node *node)
{
    struct map_node **at = &map->buckets[bucket_of(map, node->hash)];
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    map->count--;
    while (map->used > LEAST_BUCKETS && map->used / 2 > map->count)
        shrink(map);
}

struct map_node *map_first(const struct map *map)
{
    return first_from(map, 0);
}

struct map_node *map_next(const struct map *map, const struct map_node *node)
{
    return node->next ? node->next : first_from(map, bucket_of(map, node->hash) + 1);
}
