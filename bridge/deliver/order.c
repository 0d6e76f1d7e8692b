#include "deliver/order.h"

#include <assert.h>

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
    return key->parked && !item->alone && item->replay <= parking_replay(&key->parking);
}

/* A replay that fails tells where the next one begins: in its turn, so whatever was before it has
 * been delivered. An event that is published, or read again, says nothing of that.
 * An event whose failing needs no turn (it can't be decoded) may tell too much, while one before it
 * is under way: if that fails it tells the same replay's earlier beginning, and the earliest
 * counts; and until then it is in the retry topic, before what any later replay hands over. */
static bool refuse(struct key *key, const struct order_position *position, int64_t replay)
{
    const struct span *known =
        parking_find(&key->parking, slice_of(position->topic), position->partition);
    const struct span span = {
        .topic = position->topic,
        .partition = position->partition,
        .from = position->offset,
        .last = position->offset,
        .replay = !replay && known ? known->replay : replay,
    };
    return parking_join(&key->parking, &span);
}

static bool refuse_item(struct key *key, const struct order_item *item)
{
    return item->end || refuse(key, &item->position, item->replay);
}

/* Without memory for a span order_parked has none, and who asks it gives up. */
static void park(struct order *order, struct key *key, struct list *parked)
{
    order->parked += !key->parked;
    key->parked = true;
    struct list *after = NULL;
    for (struct list *link = key->waiting.next; link != &key->waiting; link = after) {
        struct order_item *item = item_of(link);
        after = link->next;
        if (!is_refused(key, item))
            continue;
        stop_waiting(order, item);
        item->key = NULL;
        (void)!refuse_item(key, item);
        list_push(parked, link);
    }
}

bool order_refuse(struct order *order, struct slice key_bytes,
                  const struct order_position *position, int64_t replay, struct list *parked,
                  struct error *err)
{
    struct key *key = keys_get(&order->keys, key_bytes);
    bool known = key && refuse(key, position, replay);
    if (key)
        park(order, key, parked);
    return known || error_set(err, ERROR_MEMORY, "no memory for a key");
}

bool order_park(struct order *order, struct slice key_bytes, const struct span *span,
                struct list *parked, struct error *err)
{
    struct key *key = keys_get(&order->keys, key_bytes);
    bool known = key && parking_join(&key->parking, span);
    if (key)
        park(order, key, parked);
    return known || error_set(err, ERROR_MEMORY, "no memory for a key");
}

const struct span *order_parked(const struct order *order, struct slice key_bytes,
                                struct slice topic, int32_t partition)
{
    const struct key *key = keys_find(&order->keys, key_bytes);
    return key ? parking_find(&key->parking, topic, partition) : NULL;
}

void order_deliver(struct order *order, struct slice key_bytes,
                   const struct order_position *position)
{
    struct key *key = keys_find(&order->keys, key_bytes);
    if (key)
        parking_begin_behind(&key->parking, slice_of(position->topic), position->partition,
                             position->offset);
}

void order_pass(struct order *order, struct slice key_bytes, const struct order_position *position)
{
    struct key *key = keys_find(&order->keys, key_bytes);
    if (!key || !key->parked)
        return;
    parking_pass(&key->parking, slice_of(position->topic), position->partition, position->offset);
    if (key->parking.first)
        return;
    key->parked = false;
    order->parked--;
    drop_if_idle(order, key);
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
        return refuse_item(key, item) || error_set(err, ERROR_MEMORY, "no memory for a key");
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
    if (order->parks && item->key && !item->alone) {
        (void)!refuse_item(item->key, item);
        park(order, item->key, parked);
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
