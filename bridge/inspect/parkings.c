#include "inspect/parkings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buffer.h"

static struct parked_key *key_of(struct map_node *node)
{
    return node ? CONTAINER_OF(node, struct parked_key, node) : NULL;
}

void parkings_init(struct parkings *parkings)
{
    struct siphash_seed seed = {0};
    (void)!getrandom(&seed, sizeof seed, 0);
    map_init(&parkings->keys, seed);
}

static void free_key(struct parked_key *parked)
{
    parking_finish(&parked->parking);
    free(parked);
}

void parkings_finish(struct parkings *parkings)
{
    struct parked_key *next = NULL;
    for (struct parked_key *parked = parkings_first(parkings); parked; parked = next) {
        next = parkings_next(parkings, parked);
        free_key(parked);
    }
    map_finish(&parkings->keys);
}

/* A subscription's name has no space. False: no memory. */
static bool name_key(struct buffer *name, struct slice subscription, struct slice key)
{
    buffer_add_slice(name, subscription);
    buffer_add_char(name, ' ');
    buffer_add_slice(name, key);
    return !name->failed;
}

struct parked_key *parkings_find(const struct parkings *parkings, struct slice subscription,
                                 struct slice key)
{
    struct buffer name = {0};
    struct map_node *node = NULL;
    if (name_key(&name, subscription, key))
        node = map_find(&parkings->keys, buffer_slice(&name));
    buffer_finish(&name);
    return key_of(node);
}

static struct parked_key *add(struct parkings *parkings, const struct state *state)
{
    struct buffer name = {0};
    struct parked_key *parked = NULL;
    if (name_key(&name, state->subscription, state->key))
        parked = calloc(1, sizeof *parked + name.size);
    if (parked) {
        size_t begin = state->subscription.size + 1;
        memcpy(parked->bytes, name.data, name.size);
        parked->subscription = (struct slice){parked->bytes, state->subscription.size};
        parked->key = (struct slice){parked->bytes + begin, state->key.size};
    }
    if (parked &&
        !map_add(&parkings->keys, &parked->node, (struct slice){parked->bytes, name.size})) {
        free(parked);
        parked = NULL;
    }
    buffer_finish(&name);
    return parked;
}

bool parkings_take(struct parkings *parkings, const struct state *state)
{
    if (!state->key.data || state->kind == STATE_FORGOTTEN)
        return true; /* who goes on running knows it still */
    struct parked_key *parked = parkings_find(parkings, state->subscription, state->key);
    if (!parked && !state_parks(state))
        return true;
    parked = parked ? parked : add(parkings, state);
    if (!parked || !state_join(state, &parked->parking))
        return false;
    if (state_parks(state))
        parked->said_unix_ms = state->unix_ms;
    if (!parked->parking.first) {
        map_remove(&parkings->keys, &parked->node);
        free_key(parked);
    }
    return true;
}

static bool take(void *context, const struct state *state)
{
    return parkings_take(context, state);
}

bool parkings_read(struct parkings *parkings, const struct settings *settings, struct error *err)
{
    return remembered_read(settings, take, parkings, err);
}

bool parkings_want(const struct parked_key *parked, const struct letter *letter)
{
    const struct span *span = parking_find(&parked->parking, letter->topic, letter->partition);
    if (span)
        return letter->offset >= span->from;
    for (const struct held_span *held = parked->parking.first; held; held = held->next)
        if (held->span.from == SPAN_FROM_ALL)
            return true; /* an older version told one partition of all */
    return false;
}

struct parked_key *parkings_first(const struct parkings *parkings)
{
    return key_of(map_first(&parkings->keys));
}

struct parked_key *parkings_next(const struct parkings *parkings, const struct parked_key *parked)
{
    return key_of(map_next(&parkings->keys, &parked->node));
}
