#include "deliver/keys.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_BUCKETS 16

void keys_init(struct keys *keys, struct siphash_seed seed)
{
    *keys = (struct keys){.seed = seed};
}

static struct key *first_from(const struct keys *keys, size_t bucket)
{
    for (; bucket < keys->used; bucket++)
        if (keys->buckets[bucket])
            return keys->buckets[bucket];
    return NULL;
}

/* The largest power of two that is at most `used`. */
static size_t whole_round(size_t used)
{
    return (size_t)1 << (sizeof(unsigned long) * 8 - 1 - (size_t)__builtin_clzl(used));
}

/* By so many low bits of the hash that all used buckets are reached; by one less where the bucket
 * is not used yet. */
static size_t bucket_of(const struct keys *keys, uint64_t hash)
{
    size_t round = whole_round(keys->used);
    size_t bucket = (size_t)hash & (2 * round - 1);
    return bucket < keys->used ? bucket : bucket - round;
}

static bool set_capacity(struct keys *keys, size_t capacity)
{
    struct key **buckets = realloc(keys->buckets, capacity * sizeof(struct key *));
    if (!buckets)
        return false;
    keys->bytes += capacity * sizeof(struct key *);
    keys->bytes -= keys->capacity * sizeof(struct key *);
    keys->buckets = buckets;
    keys->capacity = capacity;
    return true;
}

/* Without memory for more buckets it goes on with those there are: slower, and still right. */
static void grow(struct keys *keys)
{
    if (keys->used == keys->capacity && !set_capacity(keys, keys->capacity * 2))
        return;
    size_t added = keys->used;
    struct key **from = &keys->buckets[added - whole_round(added)];
    keys->buckets[added] = NULL;
    keys->used++;
    while (*from) {
        struct key *key = *from;
        if (bucket_of(keys, key->hash) != added) {
            from = &key->next;
            continue;
        }
        *from = key->next;
        key->next = keys->buckets[added];
        keys->buckets[added] = key;
    }
}

static void shrink(struct keys *keys)
{
    size_t last = --keys->used;
    struct key **end = &keys->buckets[last - whole_round(last)];
    while (*end)
        end = &(*end)->next;
    *end = keys->buckets[last];
    if (keys->used < keys->capacity / 4)
        (void)set_capacity(keys, keys->capacity / 2); /* the larger one does as well */
}

static bool begin(struct keys *keys)
{
    if (!set_capacity(keys, LEAST_BUCKETS))
        return false;
    memset(keys->buckets, 0, LEAST_BUCKETS * sizeof(struct key *));
    keys->used = LEAST_BUCKETS;
    return true;
}

static struct key *find(const struct keys *keys, struct slice bytes, uint64_t hash)
{
    if (!keys->used)
        return NULL;
    struct key *key = keys->buckets[bucket_of(keys, hash)];
    while (key && (key->hash != hash || !slice_equal((struct slice){key->bytes, key->size}, bytes)))
        key = key->next;
    return key;
}

struct key *keys_find(const struct keys *keys, struct slice bytes)
{
    return find(keys, bytes, siphash(keys->seed, bytes));
}

static struct key *make(struct slice bytes, uint64_t hash)
{
    struct key *key = calloc(1, sizeof *key + bytes.size);
    if (!key)
        return NULL;
    list_init(&key->waiting);
    list_init(&key->link);
    key->hash = hash;
    key->size = bytes.size;
    if (bytes.size)
        memcpy(key->bytes, bytes.data, bytes.size);
    return key;
}

struct key *keys_get(struct keys *keys, struct slice bytes)
{
    uint64_t hash = siphash(keys->seed, bytes);
    struct key *key = find(keys, bytes, hash);
    if (key || (!keys->used && !begin(keys)))
        return key;
    key = make(bytes, hash);
    if (!key)
        return NULL;
    if (keys->count >= keys->used)
        grow(keys);
    struct key **bucket = &keys->buckets[bucket_of(keys, hash)];
    key->next = *bucket;
    *bucket = key;
    keys->count++;
    keys->bytes += sizeof *key + key->size;
    return key;
}

void keys_drop(struct keys *keys, struct key *key)
{
    struct key **at = &keys->buckets[bucket_of(keys, key->hash)];
    while (*at != key)
        at = &(*at)->next;
    *at = key->next;
    keys->count--;
    keys->bytes -= sizeof *key + key->size;
    free(key);
    while (keys->used > LEAST_BUCKETS && keys->used / 2 > keys->count)
        shrink(keys);
}

struct key *keys_first(const struct keys *keys)
{
    return first_from(keys, 0);
}

struct key *keys_next(const struct keys *keys, const struct key *key)
{
    return key->next ? key->next : first_from(keys, bucket_of(keys, key->hash) + 1);
}

void keys_finish(struct keys *keys)
{
    struct key *next = NULL;
    for (struct key *key = keys_first(keys); key; key = next) {
        next = keys_next(keys, key);
        free(key);
    }
    free(keys->buckets);
    keys_init(keys, keys->seed);
}
