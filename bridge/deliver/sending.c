/* Deliveries become requests.
 *
 * The happy path: of the endpoints that could send, the one that holds least takes the next free
 * place; the attempt ends, and the place is free again. What can fail: breaker or rate say no, and
 * then the endpoint is woken when they may say yes. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "deliver/attempt.h"
#include "deliver/worker_private.h"

#define LOOK_AGAIN_MS 5
#define BUSY_SHARE    16
#define UNWANTED_MOST 64 /* records in a row */
#define HOLD_LOOK_MS  100

static void note_active(struct worker *worker, struct endpoint *endpoint)
{
    bool active = endpoint->in_flight > 0 || endpoint_has_some(endpoint);
    worker->places.active_doubtful -= endpoint->counted;
    endpoint->counted = active && endpoint_is_doubtful(endpoint);
    worker->places.active_doubtful += endpoint->counted;
}

/* From when on it could send; INT64_MAX: something else must happen first. */
static int64_t could_send_ms(const struct worker *worker, const struct endpoint *endpoint,
                             int64_t now_ms)
{
    if (!endpoint_can_send(endpoint))
        return INT64_MAX;
    if (endpoint->in_flight >= endpoint_useful(endpoint, now_ms, worker->busy_us))
        return now_ms + LOOK_AGAIN_MS;
    return endpoint_next_ms(endpoint, now_ms);
}

static void make_ready(struct worker *worker, struct endpoint *endpoint)
{
    list_remove(&endpoint->held);
    if (!heap_push(&worker->ready, &endpoint->ready, endpoint->in_flight))
        memory_out();
}

/* True if it had one. */
static bool end_turn(struct worker *worker, struct endpoint *endpoint)
{
    bool had = endpoint->has_turn;
    worker->turns -= had;
    endpoint->has_turn = false;
    return had;
}

/* A doubtful one may take a place. */
static void give_turn(struct worker *worker, struct endpoint *endpoint)
{
    make_ready(worker, endpoint);
    endpoint->has_turn = true;
    worker->turns++;
}

/* Among those that could send; held, if it is doubtful, until its turn comes, whatever else comes
 * for it meanwhile; or, held back by its breaker or rate, woken when it may. */
void worker_note_ready(struct worker *worker, struct endpoint *endpoint)
{
    int64_t now_ms = loop_now_ms(worker->loop);
    bool has_turn = end_turn(worker, endpoint);
    heap_remove(&worker->ready, &endpoint->ready);
    list_remove(&endpoint->sifting);
    note_active(worker, endpoint);
    int64_t from_ms = could_send_ms(worker, endpoint, now_ms);
    if (from_ms > now_ms) {
        list_remove(&endpoint->held);
        if (from_ms < INT64_MAX)
            loop_arm(worker->loop, &endpoint->wake, from_ms);
    } else if (!endpoint_is_doubtful(endpoint)) {
        make_ready(worker, endpoint);
    } else if (has_turn) {
        give_turn(worker, endpoint);
    } else if (list_empty(&endpoint->held)) {
        list_push(&worker->held, &endpoint->held);
    }
}

/* To as many as there is room for. */
static void give_turns(struct worker *worker)
{
    while (worker->turns < places_doubtful_room(&worker->places) && !list_empty(&worker->held))
        give_turn(worker, CONTAINER_OF(worker->held.next, struct endpoint, held));
}

void worker_woken(struct loop_timer *timer)
{
    struct endpoint *endpoint = CONTAINER_OF(timer, struct endpoint, wake);
    worker_note_ready(endpoint->worker, endpoint);
}

static void tell_others(struct worker *worker, struct endpoint *endpoint)
{
    struct breaker_news news;
    if (!breaker_news(&endpoint->breaker, &news))
        return;
    for (unsigned i = 0; i < worker->options.workers; i++) {
        struct news *copy = i == worker->options.index ? NULL : malloc(sizeof *copy);
        if (!copy)
            continue; /* ourselves; or no memory, and then that worker finds out by itself */
        *copy = (struct news){{.type = WORKER_NEWS}, endpoint->index, news};
        worker->options.hooks.tell(worker->options.hooks.context, i, &copy->message);
    }
}

/* False: no memory, and it stays. */
static bool send_elsewhere(struct worker *worker, struct endpoint *endpoint, int64_t wait_ms)
{
    const struct worker_hooks *hooks = &worker->options.hooks;
    struct record *record = endpoint_take_overdue_record(endpoint);
    if (record) {
        bool passed = hooks->pass_on(hooks->context, record, wait_ms, false);
        if (!passed)
            endpoint_add_record(endpoint, record);
        return passed;
    }
    struct delivery *delivery = endpoint_take_overdue(endpoint);
    bool handed = hooks->hand_over(hooks->context, delivery, wait_ms, false);
    if (!handed)
        endpoint_queue(endpoint, delivery);
    return handed;
}

/* What queues for a receiver that has stopped to answer waits elsewhere: a record is finished when
 * all its deliveries are, and offsets that can't be committed keep the others of its lane waiting.
 */
static void hand_over_overdue(struct worker *worker, struct endpoint *endpoint)
{
    int64_t now_ms = loop_now_ms(worker->loop);
    int64_t wait_ms = endpoint_overdue_ms(endpoint, now_ms);
    while (wait_ms > 0 && send_elsewhere(worker, endpoint, wait_ms))
        wait_ms = endpoint_overdue_ms(endpoint, now_ms);
}

void worker_hear(struct worker *worker, struct news *news)
{
    const struct route *route = &worker->options.catalog->routes[news->route];
    struct endpoint *endpoint = route->sub ? worker_endpoint(worker, route) : NULL;
    if (endpoint) {
        breaker_hear(&endpoint->breaker, &news->news);
        hand_over_overdue(worker, endpoint);
        worker_note_ready(worker, endpoint);
    }
    free(news);
}

/* What waited has only its record. One that fails here fails again in the attempt, which says so.
 */
static void decode(struct worker *worker, struct shared_event *shared)
{
    if (shared->decoded || decoder_decode(worker->decoder, shared->record, shared->format,
                                          &shared->event, NULL) != DECODER_EVENT)
        return;
    shared->decoded = true;
    worker_note_decoded(worker, shared);
}

/* True where it could be asked now: then it is queued again, or has been ended, or waits. */
static bool judge(struct worker *worker, struct endpoint *endpoint)
{
    const struct worker_hooks *hooks = &worker->options.hooks;
    struct delivery *delivery = endpoint_next_delivery(endpoint);
    if (!delivery->unjudged)
        return false;
    decode(worker, delivery->shared);
    if (!delivery->shared->decoded)
        return false;
    delivery->unjudged = false;
    endpoint_sent(endpoint, endpoint_send_next(endpoint));
    if (hooks->judge(hooks->context, delivery))
        endpoint_queue(endpoint, delivery);
    return true;
}

static enum standing standing_of(const struct endpoint *endpoint)
{
    if (endpoint_is_doubtful(endpoint))
        return STANDING_DOUBTFUL;
    return endpoint_is_new(endpoint) ? STANDING_NEW : STANDING_KNOWN;
}

/* Sends it, or, where breaker or rate say no after all, puts it back. */
static void send(struct worker *worker, struct endpoint *endpoint)
{
    if (judge(worker, endpoint))
        return;
    struct delivery *delivery = endpoint_send_next(endpoint);
    delivery->sent_ms = loop_now_ms(worker->loop);
    if (!endpoint_admit(endpoint, delivery, loop_now_ms(worker->loop))) {
        endpoint_sent(endpoint, delivery);
        endpoint_queue(endpoint, delivery);
        return;
    }
    tell_others(worker, endpoint);
    decode(worker, delivery->shared);
    delivery->shared->sending++;
    delivery->use = worker->use;
    delivery->use->sending++;
    delivery->standing = standing_of(endpoint);
    places_take(&worker->places, delivery->standing);
    struct attempt *attempt = worker->free_attempts[--worker->free_count];
    attempt_start(attempt, delivery);
    worker->request_bytes += attempt_bytes(attempt);
}

/* Makes a delivery of the record whose turn it is. One that nobody wants takes no place: the next
 * one is looked at, before a retry goes. False: so many were nobody's that others come first. */
static bool take_next(struct worker *worker, struct endpoint *endpoint, int64_t since_us)
{
    unsigned queued = endpoint_queued(endpoint);
    for (unsigned i = 0; i == 0 || (i < UNWANTED_MOST && !worker_is_late(since_us)); i++) {
        struct record *record = endpoint_next_record(endpoint);
        if (!record)
            return true;
        worker->options.hooks.take(worker->options.hooks.context, record, record->subscription);
        if (endpoint_queued(endpoint) != queued)
            return true;
        worker->sifted = true;
    }
    return false;
}

/* Others that could send come first. */
static void sift_later(struct worker *worker, struct endpoint *endpoint)
{
    if (!heap_holds(&endpoint->ready) || endpoint->has_turn)
        return;
    heap_remove(&worker->ready, &endpoint->ready);
    list_push(&worker->sifting, &endpoint->sifting);
}

/* A filter that wants little of a backlog has a part of each turn. */
static void sift(struct worker *worker)
{
    int64_t since_us = clock_now_us();
    while (!list_empty(&worker->sifting) && !worker_is_late(since_us)) {
        struct endpoint *endpoint = CONTAINER_OF(worker->sifting.next, struct endpoint, sifting);
        list_remove(&endpoint->sifting);
        int64_t now_ms = loop_now_ms(worker->loop);
        bool could_send = could_send_ms(worker, endpoint, now_ms) <= now_ms;
        if (could_send && !take_next(worker, endpoint, since_us))
            list_push(&worker->sifting, &endpoint->sifting);
        else
            worker_note_ready(worker, endpoint);
    }
}

/* True if it left. */
static bool send_next(struct worker *worker, struct endpoint *endpoint, int64_t since_us)
{
    if (endpoint_is_doubtful(endpoint) && places_doubtful_room(&worker->places) == 0) {
        worker_note_ready(worker, endpoint); /* others have been sent to since its turn came */
        return false;
    }
    bool found = take_next(worker, endpoint, since_us);
    bool some = endpoint_queued(endpoint) > 0;
    if (some)
        send(worker, endpoint);
    worker_note_ready(worker, endpoint);
    if (!found && !some)
        sift_later(worker, endpoint);
    return some;
}

/* The one that holds least; NULL: none could send. */
static struct endpoint *first_ready(struct worker *worker)
{
    if (!heap_first(&worker->ready))
        give_turns(worker);
    struct heap_node *first = heap_first(&worker->ready);
    return first ? CONTAINER_OF(first, struct endpoint, ready) : NULL;
}

/* The one that holds least and may send; NULL: none. New ones that may not make way for others. */
static struct endpoint *next_ready(struct worker *worker)
{
    const struct places *places = &worker->places;
    struct endpoint *endpoint = first_ready(worker);
    for (; endpoint; endpoint = first_ready(worker)) {
        bool is_new = standing_of(endpoint) == STANDING_NEW;
        if (places_may_take(places, endpoint->in_flight, is_new))
            return endpoint;
        if (!places_may_take(places, endpoint->in_flight, false))
            return NULL; /* nor may any other: this one holds least */
        heap_remove(&worker->ready, &endpoint->ready);
        list_push(&worker->held_new, &endpoint->held);
    }
    return NULL;
}

/* Those that are new, when one of the places of such has become free. */
static void look_again_at_new(struct worker *worker)
{
    struct list waiting;
    list_init(&waiting);
    list_move_all(&waiting, &worker->held_new);
    worker->new_may_go = false;
    for (struct list *link = list_pop(&waiting); link; link = list_pop(&waiting))
        worker_note_ready(worker, CONTAINER_OF(link, struct endpoint, held));
}

/* What was nobody's took its time, and there may be more of it. */
static bool has_sifted_enough(const struct worker *worker, int64_t since_us)
{
    return worker->sifted && worker_is_late(since_us);
}

/* True if anything left. */
static bool send_what_fits(struct worker *worker)
{
    bool sent = false;
    int64_t since_us = clock_now_us();
    worker->sifted = false;
    give_turns(worker);
    if (worker->new_may_go)
        look_again_at_new(worker);
    while (worker->free_count > 0 && worker->request_bytes < worker->request_bytes_most &&
           !has_sifted_enough(worker, since_us)) {
        struct endpoint *endpoint = next_ready(worker);
        if (!endpoint)
            break;
        heap_remove(&worker->ready, &endpoint->ready);
        end_turn(worker, endpoint);
        sent |= send_next(worker, endpoint, since_us);
    }
    if (has_sifted_enough(worker, since_us) || !list_empty(&worker->sifting))
        loop_arm(worker->loop, &worker->more_timer, 0);
    return sent;
}

/* The place is free again. */
static void give_back(struct worker *worker, struct attempt *attempt, struct delivery *delivery)
{
    places_give_back(&worker->places, delivery->standing);
    worker->new_may_go |= delivery->standing == STANDING_NEW;
    worker->request_bytes -= attempt_bytes(attempt);
    delivery->shared->sending--;
    delivery->use->sending--;
    endpoint_sent(delivery->endpoint, delivery);
    worker->free_attempts[worker->free_count++] = attempt;
}

void worker_attempt_over(void *context, struct attempt *attempt, struct delivery *delivery,
                         const struct outcome *outcome)
{
    struct worker *worker = context;
    struct endpoint *endpoint = delivery->endpoint;
    struct catalog_use *use = delivery->use;
    endpoint_learn(endpoint, delivery, outcome, loop_now_ms(worker->loop));
    give_back(worker, attempt, delivery);
    tell_others(worker, endpoint);
    delivery->moved = endpoint->route && !worker_same_receiver(delivery->route, endpoint->route);
    worker_renew_route(delivery);
    worker->options.hooks.settle(worker->options.hooks.context, delivery, outcome);
    worker_end_use(worker, use);
    hand_over_overdue(worker, endpoint);
    worker_note_ready(worker, endpoint);
}

void worker_cancel(struct worker *worker, struct delivery *delivery, bool read_again)
{
    struct catalog_use *use = delivery->use;
    struct endpoint *endpoint = delivery->endpoint;
    struct attempt *attempt = delivery->attempt;
    attempt_cancel(attempt);
    breaker_end(&endpoint->breaker, delivery->pass, BREAKER_SILENT, -1, loop_now_ms(worker->loop));
    give_back(worker, attempt, delivery);
    worker_renew_route(delivery);
    worker_abandon(worker, delivery, read_again);
    worker_end_use(worker, use);
}

bool worker_may_keep(const struct worker *worker, const struct delivery *delivery)
{
    return endpoint_may_keep(delivery->endpoint) && worker->deliveries < worker->deliveries_most;
}

void worker_retry_due(struct loop_timer *timer)
{
    struct delivery *delivery = CONTAINER_OF(timer, struct delivery, retry);
    struct worker *worker = delivery->worker;
    struct endpoint *endpoint = delivery->endpoint;
    endpoint_waited(endpoint, delivery);
    endpoint_queue(endpoint, delivery);
    hand_over_overdue(worker, endpoint);
    worker_note_ready(worker, endpoint);
}

void worker_retry_at(struct worker *worker, struct delivery *delivery, int64_t due_ms)
{
    const struct give_up *left = worker_left(worker, &delivery->shared->record->home);
    endpoint_wait(delivery->endpoint, delivery);
    loop_arm(worker->loop, &delivery->retry, due_ms);
    if (!worker->draining && endpoint_is_served(delivery->endpoint) && !left)
        return;
    endpoint_waited(delivery->endpoint, delivery);
    worker_abandon(worker, delivery, left && left->sent);
}

/* What comes of a request while Kafka does not store would only pile up. */
static bool may_send(struct worker *worker)
{
    if (flag_is_set(worker->options.storing))
        return true;
    loop_arm(worker->loop, &worker->hold_timer, loop_now_ms(worker->loop) + HOLD_LOOK_MS);
    return false;
}

/* Sending happens here and not where a place becomes free, so that an attempt that fails at once
 * doesn't start the next one from inside itself. */
void worker_before_wait(struct loop_step *step)
{
    struct worker *worker = CONTAINER_OF(step, struct worker, step);
    worker->busy_us += (loop_busy_us(worker->loop) - worker->busy_us) / BUSY_SHARE;
    worker_take_turns(worker);
    worker_fan_out(worker);
    if (may_send(worker)) {
        sift(worker);
        if (send_what_fits(worker))
            http_push(worker->http);
    }
    uint64_t opened = http_connections_opened(worker->http);
    metrics_add(worker->metrics, METRIC_CONNECTIONS_OPENED, METRICS_INSTANCE, METRICS_NO_LABEL,
                opened - worker->connections_counted);
    worker->connections_counted = opened;
}
