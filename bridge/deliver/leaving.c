/* What is given up: a partition's records when it is taken away, and everything at a stop. */
#include <stdlib.h>

#include "base/clock.h"
#include "deliver/worker_private.h"

#define LEFT_KEPT_MS 360000 /* longer than the longest delivery.timeout */

static void refuse(struct worker *worker, struct record *record)
{
    worker->options.hooks.refuse(worker->options.hooks.context, record, record->subscription);
}

static void refuse_all(struct worker *worker, struct list *records)
{
    for (struct list *link = list_pop(records); link; link = list_pop(records))
        refuse(worker, CONTAINER_OF(link, struct record, message.link));
}

void worker_abandon(struct worker *worker, struct delivery *delivery, bool read_again)
{
    int64_t wait_ms = 0;
    if (heap_holds(&delivery->retry.node))
        wait_ms = delivery->retry.node.key - clock_now_ms();
    if (wait_ms < 0)
        wait_ms = 0;
    worker->options.hooks.abandon(worker->options.hooks.context, delivery,
                                  read_again ? WORKER_READ_AGAIN : wait_ms);
}

static void abandon_all(struct worker *worker, struct list *deliveries, bool read_again)
{
    for (struct list *link = list_pop(deliveries); link; link = list_pop(deliveries))
        worker_abandon(worker, CONTAINER_OF(link, struct delivery, link), read_again);
}

/* ── a partition ─────────────────────────────────────────────────────────── */

static void cancel_from(struct worker *worker, struct endpoint *endpoint,
                        const struct record_home *home)
{
    struct list *next = NULL;
    for (struct list *link = endpoint->sending.next; link != &endpoint->sending; link = next) {
        struct delivery *delivery = CONTAINER_OF(link, struct delivery, link);
        next = link->next;
        if (record_home_equal(&delivery->shared->record->home, home))
            worker_cancel(worker, delivery, true);
    }
}

static void leave_endpoint(struct worker *worker, struct endpoint *endpoint,
                           const struct give_up *order)
{
    struct list records;
    struct list deliveries;
    list_init(&records);
    list_init(&deliveries);
    worker_drop_waiting(endpoint, &order->home, &deliveries); /* before their turn could come */
    endpoint_take_from(endpoint, &order->home, &records, &deliveries);
    refuse_all(worker, &records);
    abandon_all(worker, &deliveries, order->sent);
    if (order->sent)
        cancel_from(worker, endpoint, &order->home);
    worker_note_ready(worker, endpoint);
}

static void leave_list(struct worker *worker, struct list *list, const struct record_home *home)
{
    struct list records;
    struct list *next = NULL;
    list_init(&records);
    for (struct list *link = list->next; link != list; link = next) {
        next = link->next;
        if (!record_home_equal(&CONTAINER_OF(link, struct record, message.link)->home, home))
            continue;
        list_remove(link);
        list_push(&records, link);
    }
    refuse_all(worker, &records);
}

/* One that waits for a schema is taken from those who do, too. */
static void refuse_later(struct worker *worker, struct record *record)
{
    heap_remove(&worker->later, &record->due);
    list_remove(&record->message.link);
    refuse(worker, record);
}

/* Those of errands that wait for a schema; NULL: of all homes. */
static void leave_errands(struct worker *worker, const struct record_home *home)
{
    struct list *next = NULL;
    for (struct list *link = worker->errands.next; link != &worker->errands; link = next) {
        struct errand *errand = CONTAINER_OF(link, struct errand, all);
        next = link->next;
        if (home && !record_home_equal(&errand->record->home, home))
            continue;
        list_remove(&errand->all);
        list_remove(&errand->message.link);
        worker->options.hooks.refuse(worker->options.hooks.context, errand->record,
                                     errand->subscription);
        free(errand);
    }
}

static void leave_later(struct worker *worker, const struct record_home *home)
{
    for (size_t i = 0; i < worker->later.count;) {
        struct heap_node *node = worker->later.nodes[i];
        struct record *record = CONTAINER_OF(node, struct record, due);
        if (!record_home_equal(&record->home, home)) {
            i++;
            continue;
        }
        refuse_later(worker, record);
        i = 0; /* the heap has moved */
    }
}

const struct give_up *worker_left(const struct worker *worker, const struct record_home *home)
{
    for (const struct list *link = worker->left.next; link != &worker->left; link = link->next) {
        const struct give_up *order = CONTAINER_OF(link, struct give_up, message.link);
        if (record_home_equal(&order->home, home))
            return order;
    }
    return NULL;
}

void worker_forget_left(struct worker *worker, int64_t now_ms)
{
    while (!list_empty(&worker->left)) {
        struct give_up *oldest = CONTAINER_OF(worker->left.prev, struct give_up, message.link);
        if (oldest->forget_ms > now_ms)
            return;
        list_remove(&oldest->message.link);
        free(oldest);
    }
}

void worker_leave_home(struct worker *worker, struct give_up *order)
{
    worker_forget_left(worker, clock_now_ms());
    order->forget_ms = clock_now_ms() + LEFT_KEPT_MS;
    list_push_front(&worker->left, &order->message.link);
    for (size_t i = 0; i < worker->endpoint_count; i++)
        if (worker->endpoints[i])
            leave_endpoint(worker, worker->endpoints[i], order);
    leave_list(worker, &worker->lined_up, &order->home);
    leave_list(worker, &worker->fanout, &order->home);
    leave_later(worker, &order->home);
    leave_errands(worker, &order->home);
}

/* ── everything ──────────────────────────────────────────────────────────── */

void worker_abandon_endpoint(struct worker *worker, struct endpoint *endpoint)
{
    struct list waiting;
    list_init(&waiting);
    worker_drop_waiting(endpoint, NULL, &waiting);
    abandon_all(worker, &waiting, false);
    struct delivery *delivery = endpoint_take_idle(endpoint);
    for (; delivery; delivery = endpoint_take_idle(endpoint))
        worker_abandon(worker, delivery, false);
    struct record *record = endpoint_next_record(endpoint);
    for (; record; record = endpoint_next_record(endpoint))
        refuse(worker, record);
    worker_note_ready(worker, endpoint);
}

void worker_abandon_idle(struct worker *worker)
{
    for (size_t i = 0; i < worker->endpoint_count; i++)
        if (worker->endpoints[i])
            worker_abandon_endpoint(worker, worker->endpoints[i]);
    refuse_all(worker, &worker->lined_up);
    refuse_all(worker, &worker->fanout);
    struct heap_node *node = heap_first(&worker->later);
    for (; node; node = heap_first(&worker->later))
        refuse_later(worker, CONTAINER_OF(node, struct record, due));
    leave_errands(worker, NULL);
}

void worker_abandon_sent(struct worker *worker)
{
    for (size_t i = 0; i < worker->endpoint_count; i++) {
        struct endpoint *endpoint = worker->endpoints[i];
        while (endpoint && !list_empty(&endpoint->sending)) {
            struct delivery *delivery = CONTAINER_OF(endpoint->sending.next, struct delivery, link);
            worker_cancel(worker, delivery, false);
        }
    }
}
