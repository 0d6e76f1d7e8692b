#include "deliver/endpoint.h"

#include <limits.h>

static void gauge(const struct endpoint *endpoint, enum metric metric, unsigned value)
{
    metrics_set(endpoint->metrics, metric, endpoint->series, value);
}

void endpoint_init(struct endpoint *endpoint, const struct route *route, unsigned in_flight_most,
                   struct metrics_block *metrics)
{
    *endpoint =
        (struct endpoint){.index = route->index, .series = route_series(route), .metrics = metrics};
    endpoint_set_route(endpoint, route, in_flight_most);
    list_init(&endpoint->held);
    list_init(&endpoint->sifting);
    list_init(&endpoint->records);
    list_init(&endpoint->again);
    list_init(&endpoint->queued);
    list_init(&endpoint->tried);
    list_init(&endpoint->sending);
    list_init(&endpoint->waiting);
}

void endpoint_set_route(struct endpoint *endpoint, const struct route *route,
                        unsigned in_flight_most)
{
    endpoint->route = route;
    endpoint->in_flight_most = in_flight_most;
    endpoint->alone = route && route->alone;
    endpoint->limited = route && route->sub->delivery.rate.count > 0;
    endpoint->ordered = route && route->sub->delivery.ordered;
}

void endpoint_note_queued(const struct endpoint *endpoint)
{
    unsigned waiting = endpoint->order ? (unsigned)endpoint->order->waiting : 0;
    gauge(endpoint, METRIC_QUEUED,
          endpoint->record_count + endpoint->again_count + endpoint_queued(endpoint) + waiting);
}

void endpoint_add_record(struct endpoint *endpoint, struct record *record)
{
    bool again = record->is_retry;
    list_push(again ? &endpoint->again : &endpoint->records, &record->message.link);
    *(again ? &endpoint->again_count : &endpoint->record_count) += 1;
    endpoint_note_queued(endpoint);
}

static bool is_turn_of_retry(const struct endpoint *endpoint)
{
    bool retries = endpoint->tried_count + endpoint->again_count > 0;
    bool fresh = endpoint->queued_count + endpoint->record_count > 0;
    return retries && (!fresh || endpoint->turns % 4 == 3);
}

/* NULL: there is none. */
static struct record *pop_record(struct endpoint *endpoint, bool again)
{
    struct list *link = list_pop(again ? &endpoint->again : &endpoint->records);
    if (!link)
        return NULL;
    *(again ? &endpoint->again_count : &endpoint->record_count) -= 1;
    endpoint_note_queued(endpoint);
    return CONTAINER_OF(link, struct record, message.link);
}

struct record *endpoint_next_record(struct endpoint *endpoint)
{
    bool retry = is_turn_of_retry(endpoint);
    bool queued = (retry ? endpoint->tried_count : endpoint->queued_count) > 0;
    return queued ? NULL : pop_record(endpoint, retry);
}

static void note_answer(struct endpoint *endpoint, int64_t now_ms)
{
    endpoint->silent = 0;
    endpoint->proven = true;
    endpoint->answered_ms = now_ms;
}

/* Of a receiver that answers others, one that fails says little. */
static void note_silence(struct endpoint *endpoint, const struct delivery *delivery, int64_t now_ms)
{
    if (endpoint->answered_ms == 0)
        endpoint->answered_ms = delivery->sent_ms;
    if (now_ms - endpoint->answered_ms <= ENDPOINT_MOMENT_MS || endpoint->silent == UINT_MAX)
        return;
    if (endpoint->silent++ == 0)
        endpoint->silent_ms = delivery->sent_ms;
}

#define DURATION_SHARE 16 /* of a new duration in the average */

void endpoint_learn(struct endpoint *endpoint, const struct delivery *delivery,
                    const struct outcome *outcome, int64_t now_ms)
{
    enum breaker_sign sign = breaker_sign(outcome);
    if (outcome->status)
        note_answer(endpoint, now_ms);
    else if (sign == BREAKER_UNWELL)
        note_silence(endpoint, delivery, now_ms);
    if (sign != BREAKER_SILENT)
        endpoint->duration_us += (outcome->duration_us - endpoint->duration_us) / DURATION_SHARE;
    if (sign == BREAKER_SILENT && endpoint->limited)
        rate_give_back(&endpoint->rate);
    breaker_end(&endpoint->breaker, delivery->pass, sign, outcome->retry_after_ms, now_ms);
    gauge(endpoint, METRIC_BREAKER_OPEN, endpoint->breaker.state != BREAKER_CLOSED);
}

static bool is_tried(const struct delivery *delivery)
{
    return delivery->attempts > 0;
}

void endpoint_queue(struct endpoint *endpoint, struct delivery *delivery)
{
    bool tried = is_tried(delivery);
    list_push(tried ? &endpoint->tried : &endpoint->queued, &delivery->link);
    *(tried ? &endpoint->tried_count : &endpoint->queued_count) += 1;
    endpoint->visiting += delivery->visiting;
    endpoint_note_queued(endpoint);
}

static void leave_queue(struct endpoint *endpoint, struct delivery *delivery)
{
    list_remove(&delivery->link);
    *(is_tried(delivery) ? &endpoint->tried_count : &endpoint->queued_count) -= 1;
    endpoint->visiting -= delivery->visiting;
    endpoint_note_queued(endpoint);
}

static bool next_was_tried(const struct endpoint *endpoint)
{
    return endpoint->queued_count == 0 || (endpoint->tried_count > 0 && is_turn_of_retry(endpoint));
}

struct delivery *endpoint_next_delivery(const struct endpoint *endpoint)
{
    const struct list *list = next_was_tried(endpoint) ? &endpoint->tried : &endpoint->queued;
    return CONTAINER_OF(list->next, struct delivery, link);
}

struct delivery *endpoint_send_next(struct endpoint *endpoint)
{
    struct delivery *delivery = endpoint_next_delivery(endpoint);
    leave_queue(endpoint, delivery);
    list_push(&endpoint->sending, &delivery->link);
    endpoint->turns++;
    gauge(endpoint, METRIC_IN_FLIGHT, ++endpoint->in_flight);
    return delivery;
}

void endpoint_sent(struct endpoint *endpoint, struct delivery *delivery)
{
    list_remove(&delivery->link);
    gauge(endpoint, METRIC_IN_FLIGHT, --endpoint->in_flight);
}

/* The first one that is queued, of a retry topic if `visiting`; NULL when there is none. */
static struct delivery *take_queued(struct endpoint *endpoint, bool visiting)
{
    struct list *lists[] = {&endpoint->queued, &endpoint->tried};
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        for (struct list *link = lists[i]->next; link != lists[i]; link = link->next) {
            struct delivery *delivery = CONTAINER_OF(link, struct delivery, link);
            if (visiting && !delivery->visiting)
                continue;
            leave_queue(endpoint, delivery);
            return delivery;
        }
    return NULL;
}

void endpoint_wait(struct endpoint *endpoint, struct delivery *delivery)
{
    list_push(&endpoint->waiting, &delivery->link);
    gauge(endpoint, METRIC_WAITING_RETRIES, ++endpoint->waiting_count);
}

void endpoint_waited(struct endpoint *endpoint, struct delivery *delivery)
{
    list_remove(&delivery->link);
    gauge(endpoint, METRIC_WAITING_RETRIES, --endpoint->waiting_count);
}

struct delivery *endpoint_take_idle(struct endpoint *endpoint)
{
    struct delivery *delivery = take_queued(endpoint, false);
    if (delivery || list_empty(&endpoint->waiting))
        return delivery;
    delivery = CONTAINER_OF(endpoint->waiting.next, struct delivery, link);
    endpoint_waited(endpoint, delivery);
    return delivery;
}

struct record *endpoint_take_overdue_record(struct endpoint *endpoint)
{
    return endpoint_too_many_again(endpoint) ? pop_record(endpoint, true) : NULL;
}

struct delivery *endpoint_take_overdue(struct endpoint *endpoint)
{
    return take_queued(endpoint, endpoint->alone);
}

typedef const struct record_home *home_of(const struct list *link);

static const struct record_home *home_of_record(const struct list *link)
{
    return &CONTAINER_OF(link, struct record, message.link)->home;
}

static const struct record_home *home_of_delivery(const struct list *link)
{
    return &CONTAINER_OF(link, struct delivery, link)->shared->record->home;
}

static unsigned move_from(struct list *from, home_of *of, const struct record_home *home,
                          struct list *taken)
{
    unsigned moved = 0;
    struct list *next = NULL;
    for (struct list *link = from->next; link != from; link = next) {
        next = link->next;
        if (!record_home_equal(of(link), home))
            continue;
        list_remove(link);
        list_push(taken, link);
        moved++;
    }
    return moved;
}

static unsigned visiting_in(const struct list *deliveries)
{
    unsigned visiting = 0;
    for (const struct list *link = deliveries->next; link != deliveries; link = link->next)
        visiting += CONTAINER_OF(link, struct delivery, link)->visiting;
    return visiting;
}

void endpoint_take_from(struct endpoint *endpoint, const struct record_home *home,
                        struct list *records, struct list *deliveries)
{
    endpoint->record_count -= move_from(&endpoint->records, home_of_record, home, records);
    endpoint->again_count -= move_from(&endpoint->again, home_of_record, home, records);
    endpoint->queued_count -= move_from(&endpoint->queued, home_of_delivery, home, deliveries);
    endpoint->tried_count -= move_from(&endpoint->tried, home_of_delivery, home, deliveries);
    endpoint->waiting_count -= move_from(&endpoint->waiting, home_of_delivery, home, deliveries);
    endpoint->visiting = visiting_in(&endpoint->queued) + visiting_in(&endpoint->tried);
    endpoint_note_queued(endpoint);
    gauge(endpoint, METRIC_WAITING_RETRIES, endpoint->waiting_count);
}

unsigned endpoint_share(unsigned limit, unsigned index, unsigned workers)
{
    return limit / workers + (index < limit % workers);
}
