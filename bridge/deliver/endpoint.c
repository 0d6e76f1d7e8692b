#include "deliver/endpoint.h"

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

static int64_t most_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t endpoint_next_ms(const struct endpoint *endpoint, int64_t now_ms)
{
    int64_t next_ms = breaker_next_ms(&endpoint->breaker, now_ms);
    int64_t rate_ms = endpoint->limited ? rate_next_ms(&endpoint->rate, now_ms) : now_ms;
    bool paced = endpoint->doubtful && endpoint->in_flight > 0;
    int64_t paced_ms = paced ? endpoint->paced_ms : now_ms;
    return most_of(paced_ms, most_of(rate_ms, next_ms));
}

/* How long one takes, as things go now: by those that are over, or by the one that waits for its
 * answer for longest. */
static int64_t one_us(const struct endpoint *endpoint, int64_t now_ms)
{
    return most_of(endpoint->duration_us, oldest_us(endpoint, now_ms));
}

/* How long it takes to send so many. Doubtful endpoints don't get all the places they may have. */
static int64_t sending_ms(const struct endpoint *endpoint, int64_t count, int64_t now_ms)
{
    int64_t at_once = endpoint->doubtful ? endpoint->in_flight : endpoint->in_flight_most;
    return count * one_us(endpoint, now_ms) / 1000 / most_of(at_once, 1);
}

/* Who waits elsewhere while the queue is full asks again before long: by then the receiver may
 * answer faster. */
static int64_t queue_ms(const struct endpoint *endpoint, int64_t now_ms)
{
    int64_t queued = endpoint->record_count + endpoint->again_count + endpoint_queued(endpoint);
    int64_t wait_ms = most_of(sending_ms(endpoint, queued, now_ms), ENDPOINT_MOMENT_MS);
    return least_of(wait_ms, ENDPOINT_FULL_MOST_MS);
}

/* What has a rate waits for that, and not for the receiver. */
static bool is_full(const struct endpoint *endpoint, bool retry, int64_t now_ms)
{
    int64_t queued = endpoint_queued(endpoint);
    int64_t most = (int64_t)endpoint->in_flight_most * 4;
    if (retry && endpoint->again_count >= ENDPOINT_AGAIN)
        return true;
    if (endpoint->alone)
        return false;
    if (queued >= most_of(most, ENDPOINT_QUEUE_LEAST))
        return true;
    int64_t ahead = queued + (retry ? endpoint->again_count : 0);
    return !endpoint->limited && ahead >= ENDPOINT_QUEUE_ALWAYS &&
           sending_ms(endpoint, ahead, now_ms) > ENDPOINT_MOMENT_MS;
}

/* How long it takes until the rate lets it go, behind what queues here: of retries one goes for
 * three others. */
static int64_t rated_ms(const struct endpoint *endpoint, bool retry, int64_t now_ms)
{
    int64_t retries = endpoint->again_count + endpoint->tried_count;
    int64_t others = endpoint->record_count + endpoint->queued_count;
    int64_t between = retry ? (retries + 1) * 3 : others / 3;
    int64_t ahead =
        retry ? retries + least_of(others, between) : others + least_of(retries, between);
    int64_t next_ms = rate_next_ms(&endpoint->rate, now_ms);
    if (next_ms == RATE_NEVER)
        return RATE_NEVER;
    return most_of(next_ms - now_ms, rate_takes_ms(&endpoint->rate, ahead));
}

/* However slow the rate, one retry waits here: all others would take each turn before one that
 * comes from elsewhere. */
static bool is_over_rate(const struct endpoint *endpoint, bool retry, int64_t now_ms)
{
    bool only_one = retry && endpoint->again_count + endpoint->tried_count == 0;
    int64_t most_ms = only_one ? ENDPOINT_DELAY_MOST_MS : ENDPOINT_RATED_MS;
    return rated_ms(endpoint, retry, now_ms) > most_ms;
}

/* Until the next turn that nobody else has. As far as it is looked there is always one who comes
 * for it, and those beyond ask again. */
static int64_t book_ms(struct endpoint *endpoint, bool retry, int64_t now_ms)
{
    int64_t first_ms = rated_ms(endpoint, retry, now_ms);
    if (first_ms >= ENDPOINT_DELAY_MOST_MS)
        return ENDPOINT_DELAY_MOST_MS;
    first_ms = now_ms + most_of(first_ms, ENDPOINT_MOMENT_MS);
    int64_t turn_ms = endpoint->booked_from_ms + rate_takes_ms(&endpoint->rate, endpoint->booked);
    if (turn_ms < first_ms) {
        endpoint->booked_from_ms = turn_ms = first_ms;
        endpoint->booked = 0;
    }
    if (turn_ms - now_ms >= ENDPOINT_DELAY_MOST_MS || endpoint->booked >= RATE_TOKENS_MOST)
        return ENDPOINT_DELAY_MOST_MS;
    endpoint->booked++;
    return turn_ms - now_ms;
}

int64_t endpoint_delay_ms(struct endpoint *endpoint, bool retry, int64_t now_ms, bool *booked)
{
    int64_t wait_ms = breaker_expected_ms(&endpoint->breaker, now_ms) - now_ms;
    *booked = false;
    if (wait_ms <= ENDPOINT_MOMENT_MS) {
        bool full = is_full(endpoint, retry, now_ms);
        *booked = endpoint->limited && (full || is_over_rate(endpoint, retry, now_ms));
        if (*booked)
            return book_ms(endpoint, retry, now_ms);
        if (!full)
            return 0;
        return queue_ms(endpoint, now_ms);
    }
    return least_of(wait_ms, ENDPOINT_DELAY_MOST_MS);
}

/* How much keeps others waiting. What keeps keys in order stays. */
static unsigned in_the_way(const struct endpoint *endpoint)
{
    if (endpoint->ordered)
        return 0;
    unsigned queued = endpoint->alone ? endpoint->visiting : endpoint_queued(endpoint);
    return endpoint->again_count + queued;
}

int64_t endpoint_overdue_ms(const struct endpoint *endpoint, int64_t now_ms)
{
    unsigned ahead = in_the_way(endpoint);
    if (ahead == 0)
        return 0;
    int64_t wait_ms = breaker_expected_ms(&endpoint->breaker, now_ms) - now_ms;
    if (wait_ms > ENDPOINT_OVERDUE_MS)
        return least_of(wait_ms, ENDPOINT_DELAY_MOST_MS);
    bool stuck = endpoint->doubtful && !endpoint->alone && !endpoint->limited &&
                 one_us(endpoint, now_ms) > ENDPOINT_MOMENT_MS * INT64_C(1000) &&
                 sending_ms(endpoint, ahead, now_ms) > ENDPOINT_OVERDUE_MS;
    return stuck ? queue_ms(endpoint, now_ms) : 0;
}

bool endpoint_admit(struct endpoint *endpoint, struct delivery *delivery, int64_t now_ms)
{
    if (endpoint->limited && !rate_take(&endpoint->rate, now_ms))
        return false;
    delivery->pass = breaker_pass(&endpoint->breaker, now_ms);
    if (delivery->pass == 0) {
        if (endpoint->limited)
            rate_give_back(&endpoint->rate);
        return false;
    }
    endpoint->paced_ms =
        now_ms + endpoint->duration_us / 1000 / most_of(endpoint->in_flight_most, 1);
    return true;
}

void endpoint_learn(struct endpoint *endpoint, const struct delivery *delivery,
                    const struct outcome *outcome, int64_t now_ms)
{
    enum breaker_sign sign = breaker_sign(outcome);
    if (outcome->status)
        endpoint->doubtful = false;
    else if (sign == BREAKER_UNWELL)
        endpoint->doubtful = true;
    if (sign != BREAKER_SILENT)
        endpoint->duration_us += (outcome->duration_us - endpoint->duration_us) / DURATION_SHARE;
    if (sign == BREAKER_SILENT && endpoint->limited)
        rate_give_back(&endpoint->rate);
    breaker_end(&endpoint->breaker, delivery->pass, sign, outcome->retry_after_ms, now_ms);
    gauge(endpoint, METRIC_BREAKER_OPEN, endpoint->breaker.state != BREAKER_CLOSED);
}

void endpoint_queue(struct endpoint *endpoint, struct delivery *delivery)
{
    bool tried = delivery->attempts > 0;
    list_push(tried ? &endpoint->tried : &endpoint->queued, &delivery->link);
    *(tried ? &endpoint->tried_count : &endpoint->queued_count) += 1;
    endpoint->visiting += delivery->visiting;
    endpoint_note_queued(endpoint);
}

static void leave_queue(struct endpoint *endpoint, struct delivery *delivery)
{
    list_remove(&delivery->link);
    *(delivery->attempts > 0 ? &endpoint->tried_count : &endpoint->queued_count) -= 1;
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
    return pop_record(endpoint, true);
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
