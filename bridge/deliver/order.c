#include "deliver/order.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct order_item *item_of(struct list *link)
{
    return CONTAINER_OF(link, struct order_item, link);
}

void order_init(struct order *order, bool parks, struct siphash_seed seed)
{
    *order = (struct order){.parks = parks};
    keys_init(&order->keys, seed);
}

void order_finish(struct order *order)
{
    keys_finish(&order->keys);
}

static void drop_if_idle(struct order *order, struct key *key)
{
    if (!key->busy && !key->parked && list_empty(&key->waiting))
        keys_drop(&order->keys, key);
}

static void stop_waiting(struct order *order, struct order_item *item)
{
    list_remove(&item->link);
    order->waiting--;
}

/* ── parked keys ─────────────────────────────────────────────────────────── */

static bool is_refused(const struct key *key, const struct order_item *item)
{
    return key->parked && item->replay <= key->refused;
}

static bool is_last(const struct key *key, const struct order_position *position)
{
    return key->last_topic && key->last_partition == position->partition &&
           key->last_offset == position->offset && strcmp(key->last_topic, position->topic) == 0;
}

/* Of one partition the highest: a replay that failed again is refused anew. Without memory for its
 * topic the last one is not known, and the key stays parked until it is. */
static void set_last(struct key *key, const struct order_position *position)
{
    bool same_topic = key->last_topic && strcmp(key->last_topic, position->topic) == 0;
    if (same_topic && key->last_partition == position->partition &&
        key->last_offset >= position->offset)
        return;
    if (!same_topic) {
        free(key->last_topic);
        key->last_topic = strdup(position->topic);
    }
    key->last_partition = position->partition;
    key->last_offset = position->offset;
}

static void park(struct order *order, struct key *key, int64_t refused, struct list *parked)
{
    order->parked += !key->parked;
    if (!key->parked || key->refused < refused)
        key->refused = refused;
    key->parked = true;
    struct list *after = NULL;
    for (struct list *link = key->waiting.next; link != &key->waiting; link = after) {
        struct order_item *item = item_of(link);
        after = link->next;
        if (!is_refused(key, item))
            continue;
        stop_waiting(order, item);
        item->key = NULL;
        set_last(key, &item->position);
        list_push(parked, link);
    }
}

bool order_park(struct order *order, struct slice key_bytes, const struct order_position *last,
                struct list *parked, struct error *err)
{
    struct key *key = keys_get(&order->keys, key_bytes);
    if (!key)
        return error_set(err, ERROR_MEMORY, "no memory for a key");
    set_last(key, last);
    park(order, key, 0, parked);
    return true;
}

bool order_last(const struct order *order, struct slice key_bytes, struct order_position *last)
{
    const struct key *key = keys_find(&order->keys, key_bytes);
    if (!key || !key->parked || !key->last_topic)
        return false;
    *last = (struct order_position){key->last_topic, key->last_partition, key->last_offset};
    return true;
}

bool order_release(struct order *order, struct slice key_bytes, const struct order_position *last)
{
    struct key *key = keys_find(&order->keys, key_bytes);
    if (!key || !key->parked || !is_last(key, last))
        return false;
    key->parked = false;
    key->refused = 0;
    free(key->last_topic);
    key->last_topic = NULL;
    order->parked--;
    drop_if_idle(order, key);
    return true;
}

/* ── turns ───────────────────────────────────────────────────────────────── */

bool order_add(struct order *order, struct order_item *item, struct slice key_bytes,
               enum order_turn *turn, struct error *err)
{
    item->key = NULL;
    *turn = ORDER_GOES;
    if (!key_bytes.data) {
        order->under_way++;
        return true;
    }
    struct key *key = keys_get(&order->keys, key_bytes);
    if (!key)
        return error_set(err, ERROR_MEMORY, "no memory for a key");
    if (is_refused(key, item)) {
        *turn = ORDER_PARKED;
        set_last(key, &item->position);
        return true;
    }
    item->key = key;
    if (key->busy) {
        *turn = ORDER_WAITS;
        list_push(&key->waiting, &item->link);
        order->waiting++;
        return true;
    }
    key->busy = true;
    order->under_way++;
    return true;
}

struct order_item *order_done(struct order *order, struct order_item *item)
{
    struct key *key = item->key;
    item->key = NULL;
    order->under_way--;
    if (!key)
        return NULL;
    assert(key->busy);
    key->busy = false;
    if (list_empty(&key->waiting)) {
        drop_if_idle(order, key);
        return NULL;
    }
    struct order_item *next = item_of(key->waiting.next);
    stop_waiting(order, next);
    key->busy = true;
    order->under_way++;
    return next;
}

struct order_item *order_fail(struct order *order, struct order_item *item, struct list *parked)
{
    if (order->parks && item->key) {
        set_last(item->key, &item->position);
        park(order, item->key, item->replay, parked);
    }
    return order_done(order, item);
}

/* ── partitions go ───────────────────────────────────────────────────────── */

static void drop_from(struct order *order, struct key *key, order_gone *gone, void *context,
                      struct list *dropped)
{
    struct list *after = NULL;
    for (struct list *link = key->waiting.next; link != &key->waiting; link = after) {
        after = link->next;
        if (gone && !gone(context, item_of(link)))
            continue;
        stop_waiting(order, item_of(link));
        item_of(link)->key = NULL;
        list_push(dropped, link);
    }
}

void order_drop(struct order *order, order_gone *gone, void *context, struct list *dropped)
{
    struct list idle; /* dropping a key from the map may move those not walked yet */
    list_init(&idle);
    for (struct key *key = keys_first(&order->keys); key; key = keys_next(&order->keys, key)) {
        drop_from(order, key, gone, context, dropped);
        if (!key->busy && list_empty(&key->waiting))
            list_push(&idle, &key->link);
    }
    for (struct list *link = list_pop(&idle); link; link = list_pop(&idle))
        drop_if_idle(order, CONTAINER_OF(link, struct key, link));
}
