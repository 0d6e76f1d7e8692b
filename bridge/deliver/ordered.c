/* Subscriptions that keep keys in order, and such as are disabled.
 *
 * The happy path: a delivery takes its turn (order.h), and when it ends the next of its key goes.
 * What can fail: an event for good, and then its key goes on or is parked; what is parked becomes a
 * dead letter until it is replayed. */
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "deliver/worker_private.h"

/* It may have waited long. */
static struct delivery *delivery_of(struct order_item *item)
{
    struct delivery *delivery = CONTAINER_OF(item, struct delivery, item);
    worker_renew_route(delivery);
    return delivery;
}

/* ── turns ───────────────────────────────────────────────────────────────── */

static void go(struct worker *worker, struct delivery *delivery)
{
    delivery->turn = TURN_GOES;
    if (delivery->shared->record->release) {
        order_deliver(delivery->endpoint->order, delivery->shared->record->key,
                      &delivery->item.position);
        worker->options.hooks.replayed(worker->options.hooks.context, delivery);
        return;
    }
    endpoint_queue(delivery->endpoint, delivery);
    worker_note_ready(worker, delivery->endpoint);
}

bool worker_order(struct worker *worker, struct delivery *delivery, struct error *err)
{
    struct endpoint *endpoint = delivery->endpoint;
    const struct record *record = delivery->shared->record;
    enum order_turn turn;
    delivery->item.position =
        (struct order_position){record->topic, record->partition, record->offset};
    delivery->item.replay = record->replay;
    delivery->item.alone = record->alone;
    delivery->item.end = record->release;
    if (!order_add(endpoint->order, &delivery->item, record->key, &turn, err))
        return false;
    if (turn == ORDER_GOES)
        go(worker, delivery);
    else if (turn == ORDER_WAITS)
        delivery->turn = TURN_WAITS;
    else
        worker->options.hooks.bury(worker->options.hooks.context, delivery, ERROR_PARKED);
    endpoint_note_queued(endpoint);
    return true;
}

void worker_leave_turn(struct worker *worker, struct delivery *delivery)
{
    if (delivery->turn != TURN_GOES)
        return;
    delivery->turn = TURN_NONE;
    struct order_item *next = order_done(delivery->endpoint->order, &delivery->item);
    if (next)
        go(worker, delivery_of(next));
}

static void bury_parked(struct worker *worker, struct list *parked)
{
    for (struct list *link = list_pop(parked); link; link = list_pop(parked)) {
        struct delivery *delivery = delivery_of(CONTAINER_OF(link, struct order_item, link));
        delivery->turn = TURN_NONE;
        worker->options.hooks.bury(worker->options.hooks.context, delivery, ERROR_PARKED);
    }
}

bool worker_fail(struct worker *worker, struct delivery *delivery)
{
    struct list parked;
    list_init(&parked);
    if (delivery->turn != TURN_GOES)
        return false;
    delivery->turn = TURN_NONE;
    struct order_item *next = order_fail(delivery->endpoint->order, &delivery->item, &parked);
    bury_parked(worker, &parked);
    if (next)
        go(worker, delivery_of(next));
    return true;
}

bool worker_refuse(struct worker *worker, const struct route *route, const struct record *record)
{
    const struct order_position position = {record->topic, record->partition, record->offset};
    struct endpoint *endpoint = worker_endpoint(worker, route);
    struct list parked;
    list_init(&parked);
    bool fine = endpoint->order && order_refuse(endpoint->order, record->key, &position,
                                                record->replay, &parked, NULL);
    bury_parked(worker, &parked);
    return fine;
}

const struct span *worker_parked(struct worker *worker, const struct route *route,
                                 const struct record *record)
{
    const struct endpoint *endpoint = worker_endpoint(worker, route);
    return endpoint->order ? order_parked(endpoint->order, record->key, slice_of(record->topic),
                                          record->partition)
                           : NULL;
}

static bool is_from(void *context, const struct order_item *item)
{
    const struct delivery *delivery = CONTAINER_OF(item, struct delivery, item);
    return record_home_equal(&delivery->shared->record->home, context);
}

void worker_drop_waiting(struct endpoint *endpoint, const struct record_home *home,
                         struct list *deliveries)
{
    struct list dropped;
    list_init(&dropped);
    if (!endpoint->order)
        return;
    order_drop(endpoint->order, home ? is_from : NULL, (void *)(uintptr_t)home, &dropped);
    for (struct list *link = list_pop(&dropped); link; link = list_pop(&dropped)) {
        struct delivery *delivery = delivery_of(CONTAINER_OF(link, struct order_item, link));
        delivery->turn = TURN_NONE;
        list_push(deliveries, &delivery->link);
    }
    endpoint_note_queued(endpoint);
}

/* ── what is remembered ──────────────────────────────────────────────────── */

/* What waits goes another way: alone in its lane it is read again when the lane goes on. */
static void set_disabled(struct worker *worker, struct endpoint *endpoint, bool disabled)
{
    if (endpoint->disabled == disabled)
        return;
    endpoint->disabled = disabled;
    if (disabled)
        worker_abandon_endpoint(worker, endpoint);
    worker_note_ready(worker, endpoint);
}

static void remember_key(struct worker *worker, struct endpoint *endpoint,
                         const struct remembered *remembered)
{
    const struct span *span = &remembered->span;
    const struct order_position position = {span->topic, span->partition, span->last};
    struct list parked;
    list_init(&parked);
    if (remembered->state == WORKER_REPLAYED)
        order_pass(endpoint->order, remembered->key, &position);
    else if (!order_park(endpoint->order, remembered->key, span, &parked, NULL))
        memory_out(); /* its events would go on */
    bury_parked(worker, &parked);
}

void worker_obey(struct worker *worker, struct remembered *remembered)
{
    const struct route *route = &worker->options.catalog->routes[remembered->subscription];
    struct endpoint *endpoint = worker->endpoints[remembered->subscription];
    if (route->sub)
        endpoint = worker_endpoint(worker, route);
    if (endpoint && !remembered->key.data)
        set_disabled(worker, endpoint, remembered->state == WORKER_DISABLED);
    else if (endpoint && endpoint->order)
        remember_key(worker, endpoint, remembered);
    free(remembered);
}

/* NULL: no memory. */
static struct remembered *make(enum worker_state state, unsigned subscription, struct slice key,
                               const struct span *span)
{
    size_t topic_size = span ? strlen(span->topic) + 1 : 0;
    struct remembered *made = malloc(sizeof *made + topic_size + key.size);
    if (!made)
        return NULL;
    *made = (struct remembered){
        .message = {.type = WORKER_STATE}, .state = state, .subscription = subscription};
    if (!span)
        return made;
    memcpy(made->bytes, span->topic, topic_size);
    if (key.size)
        memcpy(made->bytes + topic_size, key.data, key.size);
    made->key = (struct slice){made->bytes + topic_size, key.size};
    made->span = *span;
    made->span.topic = made->bytes;
    return made;
}

void worker_remember(struct worker *worker, enum worker_state state, unsigned subscription,
                     struct slice key, const struct span *span)
{
    struct remembered *made = make(state, subscription, key, span);
    if (!made)
        memory_out(); /* what is not known to be parked or disabled would go on */
    mailbox_post(worker->mailbox, &made->message);
}

void worker_disable(struct worker *worker, const struct route *route)
{
    const struct worker_hooks *hooks = &worker->options.hooks;
    for (unsigned i = 0; i < worker->options.workers; i++) {
        struct remembered *made = i == worker->options.index
                                      ? NULL
                                      : make(WORKER_DISABLED, route->index, SLICE_NONE, NULL);
        if (made) /* without memory that worker hears of it when it is read back from Kafka */
            hooks->tell(hooks->context, i, &made->message);
    }
    set_disabled(worker, worker_endpoint(worker, route), true);
}
