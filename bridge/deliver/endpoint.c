#include "deliver/endpoint.h"

static void gauge(const struct endpoint *endpoint, enum metric metric, unsigned value)
{
    metrics_set(endpoint->metrics, metric, endpoint->route->index, value);
}

void endpoint_init(struct endpoint *endpoint, const struct route *route, unsigned in_flight_most,
                   struct metrics_block *metrics)
{
    *endpoint =
        (struct endpoint){.route = route, .in_flight_most = in_flight_most, .metrics = metrics};
    list_init(&endpoint->records);
    list_init(&endpoint->again);
    list_init(&endpoint->queued);
    list_init(&endpoint->tried);
    list_init(&endpoint->sending);
    list_init(&endpoint->waiting);
}

static void note_queued(const struct endpoint *endpoint)
{
    gauge(endpoint, METRIC_QUEUED,
          endpoint->record_count + endpoint->again_count + endpoint_queued(endpoint));
}

void endpoint_add_record(struct endpoint *endpoint, struct record *record)
{
    bool again = record->attempts > 0;
    list_push(again ? &endpoint->again : &endpoint->records, &record->message.link);
    *(again ? &endpoint->again_count : &endpoint->record_count) += 1;
    note_queued(endpoint);
}

static bool is_turn_of_retry(const struct endpoint *endpoint)
{
    bool retries = endpoint->tried_count + endpoint->again_count > 0;
    bool fresh = endpoint->queued_count + endpoint->record_count > 0;
    return retries && (!fresh || endpoint->turns % 4 == 3);
}

struct record *endpoint_next_record(struct endpoint *endpoint)
{
    bool retry = is_turn_of_retry(endpoint);
    unsigned *count = retry ? &endpoint->again_count : &endpoint->record_count;
    if (*count == 0 || (retry ? endpoint->tried_count : endpoint->queued_count) > 0)
        return NULL;
    *count -= 1;
    note_queued(endpoint);
    struct list *link = list_pop(retry ? &endpoint->again : &endpoint->records);
    return CONTAINER_OF(link, struct record, message.link);
}

#define USEFUL_LEAST   16
#define US_A_PLACE     50 /* no worker is faster than one delivery in that */
#define TURNS_AWAY     3  /* a request waits to be sent, to be answered, to be read */
#define DURATION_SHARE 16 /* of a new duration in the average */

static int64_t oldest_us(const struct endpoint *endpoint, int64_t now_ms)
{
    if (list_empty(&endpoint->sending))
        return 0;
    const struct delivery *oldest = CONTAINER_OF(endpoint->sending.next, struct delivery, link);
    return (now_ms - oldest->sent_ms) * 1000;
}

unsigned endpoint_useful(const struct endpoint *endpoint, int64_t now_ms, int64_t busy_us)
{
    int64_t taken_us = endpoint->duration_us;
    int64_t waiting_us = oldest_us(endpoint, now_ms); /* for an answer that may never come */
    int64_t slow_us = (waiting_us > taken_us ? waiting_us : taken_us) - TURNS_AWAY * busy_us;
    int64_t useful = USEFUL_LEAST + (slow_us > 0 ? slow_us / US_A_PLACE : 0);
    return useful < endpoint->in_flight_most ? (unsigned)useful : endpoint->in_flight_most;
}

static bool is_limited(const struct endpoint *endpoint)
{
    return endpoint->route->sub->delivery.rate.count > 0;
}

int64_t endpoint_next_ms(const struct endpoint *endpoint, int64_t now_ms)
{
    int64_t next_ms = breaker_next_ms(&endpoint->breaker, now_ms);
    int64_t rate_ms = is_limited(endpoint) ? rate_next_ms(&endpoint->rate, now_ms) : now_ms;
    return rate_ms > next_ms ? rate_ms : next_ms;
}

bool endpoint_admit(struct endpoint *endpoint, struct delivery *delivery, int64_t now_ms)
{
    if (is_limited(endpoint) && !rate_take(&endpoint->rate, now_ms))
        return false;
    delivery->pass = breaker_pass(&endpoint->breaker, now_ms);
    if (delivery->pass == 0 && is_limited(endpoint))
        rate_give_back(&endpoint->rate);
    return delivery->pass != 0;
}

void endpoint_learn(struct endpoint *endpoint, const struct delivery *delivery,
                    const struct outcome *outcome, int64_t now_ms)
{
    enum breaker_sign sign = breaker_sign(outcome);
    if (sign != BREAKER_SILENT)
        endpoint->duration_us += (outcome->duration_us - endpoint->duration_us) / DURATION_SHARE;
    if (sign == BREAKER_SILENT && is_limited(endpoint))
        rate_give_back(&endpoint->rate);
    breaker_end(&endpoint->breaker, delivery->pass, sign, outcome->retry_after_ms, now_ms);
    gauge(endpoint, METRIC_BREAKER_OPEN, endpoint->breaker.state != BREAKER_CLOSED);
}

void endpoint_queue(struct endpoint *endpoint, struct delivery *delivery)
{
    bool tried = delivery->attempts > 0;
    list_push(tried ? &endpoint->tried : &endpoint->queued, &delivery->link);
    *(tried ? &endpoint->tried_count : &endpoint->queued_count) += 1;
    note_queued(endpoint);
}

/* NULL: there is none. */
static struct list *pop_queued(struct endpoint *endpoint, bool tried)
{
    struct list *link = list_pop(tried ? &endpoint->tried : &endpoint->queued);
    if (link)
        *(tried ? &endpoint->tried_count : &endpoint->queued_count) -= 1;
    note_queued(endpoint);
    return link;
}

struct delivery *endpoint_send_next(struct endpoint *endpoint)
{
    bool retry = is_turn_of_retry(endpoint);
    struct list *link = pop_queued(endpoint, retry);
    if (!link)
        link = pop_queued(endpoint, !retry);
    list_push(&endpoint->sending, link);
    endpoint->turns++;
    gauge(endpoint, METRIC_IN_FLIGHT, ++endpoint->in_flight);
    return CONTAINER_OF(link, struct delivery, link);
}

void endpoint_sent(struct endpoint *endpoint, struct delivery *delivery)
{
    list_remove(&delivery->link);
    gauge(endpoint, METRIC_IN_FLIGHT, --endpoint->in_flight);
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
    struct list *link = pop_queued(endpoint, false);
    if (!link)
        link = pop_queued(endpoint, true);
    if (link)
        return CONTAINER_OF(link, struct delivery, link);
    if (list_empty(&endpoint->waiting))
        return NULL;
    struct delivery *delivery = CONTAINER_OF(endpoint->waiting.next, struct delivery, link);
    endpoint_waited(endpoint, delivery);
    return delivery;
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

void endpoint_take_from(struct endpoint *endpoint, const struct record_home *home,
                        struct list *records, struct list *deliveries)
{
    endpoint->record_count -= move_from(&endpoint->records, home_of_record, home, records);
    endpoint->again_count -= move_from(&endpoint->again, home_of_record, home, records);
    endpoint->queued_count -= move_from(&endpoint->queued, home_of_delivery, home, deliveries);
    endpoint->tried_count -= move_from(&endpoint->tried, home_of_delivery, home, deliveries);
    endpoint->waiting_count -= move_from(&endpoint->waiting, home_of_delivery, home, deliveries);
    note_queued(endpoint);
    gauge(endpoint, METRIC_WAITING_RETRIES, endpoint->waiting_count);
}

unsigned endpoint_share(unsigned limit, unsigned index, unsigned workers)
{
    return limit / workers + (index < limit % workers);
}
