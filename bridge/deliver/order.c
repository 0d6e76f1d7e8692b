#include "deliver/order.h"

#include <assert.h>

static struct order_item *item_of(struct list *link)
{
    return CONTAINER_OF(link, struct order_item, link);
}

void order_init(struct order *order, enum order_exhausted exhausted, struct siphash_seed seed)
{
    *order = (struct order){.exhausted = exhausted};
    keys_init(&order->keys, seed);
    list_init(&order->held);
    list_init(&order->unkeyed);
}

void order_finish(struct order *order)
{
    struct siphash_seed seed = order->keys.seed;
    keys_finish(&order->keys);
    order_init(order, order->exhausted, seed);
}

static void drop_if_idle(struct order *order, struct key *key)
{
    if (!key->busy && !key->parked && list_empty(&key->waiting))
        keys_drop(&order->keys, key);
}

static void wait_at(struct order *order, struct list *where, struct order_item *item)
{
    list_insert_before(where, &item->link);
    order->waiting++;
}

static void stop_waiting(struct order *order, struct order_item *item)
{
    list_remove(&item->link);
    order->waiting--;
}

/* A key with something waiting and nothing under way, while stopped. */
static void hold(struct order *order, struct key *key)
{
    list_remove(&key->link);
    list_push(&order->held, &key->link);
}

static bool is_refused(const struct key *key, const struct order_item *item)
{
    return key->parked && item->replay <= key->refused;
}

static void add_unkeyed(struct order *order, struct order_item *item, enum order_turn *turn)
{
    *turn = order->stopped ? ORDER_WAITS : ORDER_GOES;
    if (order->stopped)
        wait_at(order, &order->unkeyed, item);
    else
        order->under_way++;
}

bool order_add(struct order *order, struct order_item *item, struct slice key_bytes,
               enum order_turn *turn, struct error *err)
{
    item->key = NULL;
    if (!key_bytes.data) {
        add_unkeyed(order, item, turn);
        return true;
    }
    struct key *key = keys_get(&order->keys, key_bytes);
    if (!key)
        return error_set(err, ERROR_MEMORY, "no memory for a key");
    *turn = ORDER_PARKED;
    if (is_refused(key, item))
        return true;
    item->key = key;
    *turn = key->busy || order->stopped ? ORDER_WAITS : ORDER_GOES;
    if (*turn == ORDER_GOES) {
        key->busy = true;
        order->under_way++;
        return true;
    }
    wait_at(order, &key->waiting, item);
    if (!key->busy)
        hold(order, key);
    return true;
}

/* The first that waits of a key of which none is under way. */
static struct order_item *go_next(struct order *order, struct key *key)
{
    if (list_empty(&key->waiting)) {
        drop_if_idle(order, key);
        return NULL;
    }
    if (order->stopped) {
        hold(order, key);
        return NULL;
    }
    struct order_item *next = item_of(key->waiting.next);
    stop_waiting(order, next);
    key->busy = true;
    order->under_way++;
    return next;
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
    return go_next(order, key);
}

static void park(struct order *order, struct key *key, int64_t refused, struct list *parked)
{
    order->parked += !key->parked;
    if (!key->parked || key->refused < refused)
        key->refused = refused;
    key->parked = true;
    struct list *after = NULL;
    for (struct list *link = key->waiting.next; link != &key->waiting; link = after) {
        after = link->next;
        if (!is_refused(key, item_of(link)))
            continue;
        stop_waiting(order, item_of(link));
        item_of(link)->key = NULL;
        list_push(parked, link);
    }
}

struct order_item *order_fail(struct order *order, struct order_item *item, struct list *parked)
{
    switch (order->exhausted) {
    case ORDER_SKIP:
        break;
    case ORDER_PARK:
        if (item->key)
            park(order, item->key, item->replay, parked);
        break;
    case ORDER_STOP:
        order_stop(order);
        order_put_back(order, item);
        return NULL;
    }
    return order_done(order, item);
}

void order_stop(struct order *order)
{
    order->stopped = true;
}

void order_put_back(struct order *order, struct order_item *item)
{
    struct key *key = item->key;
    assert(order->stopped);
    order->under_way--;
    wait_at(order, key ? key->waiting.next : order->unkeyed.next, item);
    if (!key)
        return;
    key->busy = false;
    hold(order, key);
}

void order_resume(struct order *order, struct list *ready)
{
    order->stopped = false;
    for (struct list *link = list_pop(&order->held); link; link = list_pop(&order->held))
        list_push(ready, &go_next(order, CONTAINER_OF(link, struct key, link))->link);
    while (!list_empty(&order->unkeyed)) {
        struct order_item *item = item_of(order->unkeyed.next);
        stop_waiting(order, item);
        order->under_way++;
        list_push(ready, &item->link);
    }
}

bool order_park(struct order *order, struct slice key_bytes, struct list *parked, struct error *err)
{
    struct key *key = keys_get(&order->keys, key_bytes);
    if (!key)
        return error_set(err, ERROR_MEMORY, "no memory for a key");
    park(order, key, 0, parked);
    if (list_empty(&key->waiting))
        list_remove(&key->link);
    return true;
}

bool order_release(struct order *order, struct slice key_bytes)
{
    struct key *key = keys_find(&order->keys, key_bytes);
    if (!key || !key->parked)
        return false;
    key->parked = false;
    order->parked--;
    drop_if_idle(order, key);
    return true;
}

static void drop_from(struct order *order, struct list *waiting, order_gone *gone, void *context,
                      struct list *dropped)
{
    struct list *after = NULL;
    for (struct list *link = waiting->next; link != waiting; link = after) {
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
    drop_from(order, &order->unkeyed, gone, context, dropped);
    for (struct key *key = keys_first(&order->keys); key; key = keys_next(&order->keys, key)) {
        drop_from(order, &key->waiting, gone, context, dropped);
        if (key->busy || !list_empty(&key->waiting))
            continue;
        list_remove(&key->link);
        list_push(&idle, &key->link);
    }
    for (struct list *link = list_pop(&idle); link; link = list_pop(&idle))
        drop_if_idle(order, CONTAINER_OF(link, struct key, link));
}
