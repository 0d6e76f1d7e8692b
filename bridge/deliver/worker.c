#include "deliver/worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "deliver/attempt.h"
#include "deliver/endpoint.h"
#include "loop/mailbox.h"
#include "loop/thread.h"

#define LOOK_AGAIN_MS 5
#define BUSY_SHARE    16
#define UNWANTED_MOST 64 /* records in a row */
#define LATER_MOST_MS 10000
#define LEFT_KEPT_MS  360000 /* longer than the longest delivery.timeout */

enum worker_message { WORKER_RECORD, WORKER_NEWS, WORKER_GIVE_UP, WORKER_DRAIN, WORKER_STOP };

/* A partition is being taken away. Kept while an attempt of it may be under way, which is its
 * delivery's last. */
struct give_up {
    struct message message;
    struct record_home home;
    bool lost;
    int64_t forget_ms;
};

/* What one worker's breaker tells those of the others. */
struct news {
    struct message message;
    unsigned route;
    struct breaker_news news;
};

struct worker {
    struct worker_options options;
    struct loop *loop;
    struct mailbox *mailbox;
    struct thread *thread;
    struct http *http;
    struct metrics_block *metrics;
    struct endpoint *endpoints; /* one a route of the catalog */
    struct heap ready;          /* of endpoints that could send: who holds least comes first */
    struct heap later;          /* records of a retry topic that are not due yet */
    struct loop_timer later_timer;
    struct list events; /* shared events for reuse, as many as have been in flight */
    struct list left;   /* give_up */
    struct attempt **free_attempts;
    size_t free_count;
    struct loop_step step;
    int64_t busy_us; /* how long a turn of the loop took of late: a moving average */
    uint64_t connections_counted;
    struct message drain;
    struct message stop;
    bool draining;
};

static void out_of_memory(void)
{
    fputs("grapnel: out of memory\n", stderr);
    abort(); /* a lost endpoint would never send again */
}

/* ── sending ─────────────────────────────────────────────────────────────── */

/* Among those that could send, or, held back by its breaker or rate, woken when it may. */
static void note_ready(struct worker *worker, struct endpoint *endpoint)
{
    heap_remove(&worker->ready, &endpoint->ready);
    if (!endpoint_can_send(endpoint))
        return;
    int64_t now_ms = loop_now_ms(worker->loop);
    int64_t next_ms = endpoint_next_ms(endpoint, now_ms);
    if (endpoint->in_flight >= endpoint_useful(endpoint, now_ms, worker->busy_us))
        next_ms = now_ms + LOOK_AGAIN_MS;
    if (next_ms > now_ms) {
        if (next_ms < INT64_MAX)
            loop_arm(worker->loop, &endpoint->wake, next_ms);
        return;
    }
    if (!heap_push(&worker->ready, &endpoint->ready, endpoint->in_flight))
        out_of_memory();
}

static void woken(struct loop_timer *timer)
{
    struct endpoint *endpoint = CONTAINER_OF(timer, struct endpoint, wake);
    note_ready(endpoint->worker, endpoint);
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
        *copy = (struct news){{.type = WORKER_NEWS}, endpoint->route->index, news};
        worker->options.hooks.tell(worker->options.hooks.context, i, &copy->message);
    }
}

static void hear(struct worker *worker, struct news *news)
{
    struct endpoint *endpoint = &worker->endpoints[news->route];
    breaker_hear(&endpoint->breaker, &news->news);
    note_ready(worker, endpoint);
    free(news);
}

/* Sends it, or, where breaker or rate say no after all, puts it back. */
static void send(struct worker *worker, struct endpoint *endpoint)
{
    struct delivery *delivery = endpoint_send_next(endpoint);
    delivery->sent_ms = loop_now_ms(worker->loop);
    if (endpoint_admit(endpoint, delivery, loop_now_ms(worker->loop))) {
        tell_others(worker, endpoint);
        attempt_start(worker->free_attempts[--worker->free_count], delivery);
        return;
    }
    endpoint_sent(endpoint, delivery);
    endpoint_queue(endpoint, delivery);
}

/* Makes a delivery of the record whose turn it is. One that nobody wants takes no place: the next
 * one is looked at, before a retry goes. */
static void take_next(struct worker *worker, struct endpoint *endpoint)
{
    unsigned queued = endpoint_queued(endpoint);
    for (unsigned i = 0; i < UNWANTED_MOST && endpoint_queued(endpoint) == queued; i++) {
        struct record *record = endpoint_next_record(endpoint);
        if (!record)
            return;
        worker->options.hooks.take(worker->options.hooks.context, record);
    }
}

/* True if anything left. */
static bool send_what_fits(struct worker *worker)
{
    size_t before = worker->free_count;
    while (worker->free_count > 0 && heap_first(&worker->ready)) {
        struct endpoint *endpoint =
            CONTAINER_OF(heap_first(&worker->ready), struct endpoint, ready);
        take_next(worker, endpoint);
        if (endpoint_queued(endpoint) > 0)
            send(worker, endpoint);
        note_ready(worker, endpoint);
    }
    return worker->free_count < before;
}

static void attempt_over(void *context, struct attempt *attempt, struct delivery *delivery,
                         const struct outcome *outcome)
{
    struct worker *worker = context;
    struct endpoint *endpoint = delivery->endpoint;
    endpoint_sent(endpoint, delivery);
    endpoint_learn(endpoint, delivery, outcome, loop_now_ms(worker->loop));
    tell_others(worker, endpoint);
    worker->options.hooks.settle(worker->options.hooks.context, delivery, outcome);
    worker->free_attempts[worker->free_count++] = attempt;
    note_ready(worker, endpoint);
}

/* Sending happens here and not where a place becomes free, so that an attempt that fails at once
 * doesn't start the next one from inside itself. */
static void before_wait(struct loop_step *step)
{
    struct worker *worker = CONTAINER_OF(step, struct worker, step);
    worker->busy_us += (loop_busy_us(worker->loop) - worker->busy_us) / BUSY_SHARE;
    if (send_what_fits(worker))
        http_push(worker->http);
    uint64_t opened = http_connections_opened(worker->http);
    metrics_add(worker->metrics, METRIC_CONNECTIONS_OPENED, METRICS_INSTANCE, METRICS_NO_LABEL,
                opened - worker->connections_counted);
    worker->connections_counted = opened;
}

/* ── deliveries ──────────────────────────────────────────────────────────── */

static void retry_due(struct loop_timer *timer)
{
    struct delivery *delivery = CONTAINER_OF(timer, struct delivery, retry);
    endpoint_waited(delivery->endpoint, delivery);
    endpoint_queue(delivery->endpoint, delivery);
    note_ready(delivery->worker, delivery->endpoint);
}

struct shared_event *worker_event(struct worker *worker, struct record *record)
{
    struct list *link = list_pop(&worker->events);
    struct shared_event *shared =
        link ? CONTAINER_OF(link, struct shared_event, link) : calloc(1, sizeof *shared);
    if (shared)
        shared->record = record;
    return shared;
}

void worker_drop_event(struct worker *worker, struct shared_event *shared)
{
    shared->decoded = false;
    event_trim(&shared->event);
    list_push_front(&worker->events, &shared->link);
}

bool worker_submit(struct worker *worker, const struct route *route, struct shared_event *shared,
                   struct error *err)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery)
        return error_set(err, ERROR_MEMORY, "no memory for a delivery");
    delivery->worker = worker;
    delivery->route = route;
    delivery->endpoint = &worker->endpoints[route->index];
    delivery->shared = shared;
    delivery->attempts = shared->record->attempts;
    delivery->first_attempt_unix_ms = shared->record->first_attempt_unix_ms;
    delivery->retry.fire = retry_due;
    shared->users++;
    endpoint_queue(delivery->endpoint, delivery);
    note_ready(worker, delivery->endpoint);
    return true;
}

/* The order to give up what came from there; NULL: none. */
static const struct give_up *find_left(const struct worker *worker, const struct record_home *home)
{
    for (const struct list *link = worker->left.next; link != &worker->left; link = link->next) {
        const struct give_up *order = CONTAINER_OF(link, struct give_up, message.link);
        if (record_home_equal(&order->home, home))
            return order;
    }
    return NULL;
}

static void abandon(struct worker *worker, struct delivery *delivery)
{
    const struct give_up *order = find_left(worker, &delivery->shared->record->home);
    int64_t wait_ms = 0;
    if (heap_holds(&delivery->retry.node))
        wait_ms = delivery->retry.node.key - clock_now_ms();
    if (order && order->lost)
        wait_ms = -1;
    else if (wait_ms < 0)
        wait_ms = 0;
    worker->options.hooks.abandon(worker->options.hooks.context, delivery, wait_ms);
}

void worker_retry_at(struct worker *worker, struct delivery *delivery, int64_t due_ms)
{
    delivery->shared->decoded = false;
    event_finish(&delivery->shared->event);
    endpoint_wait(delivery->endpoint, delivery);
    loop_arm(worker->loop, &delivery->retry, due_ms);
    if (!worker->draining && !find_left(worker, &delivery->shared->record->home))
        return;
    endpoint_waited(delivery->endpoint, delivery);
    abandon(worker, delivery);
}

void worker_end(struct worker *worker, struct delivery *delivery)
{
    struct shared_event *shared = delivery->shared;
    loop_disarm(worker->loop, &delivery->retry);
    free(delivery);
    if (--shared->users == 0)
        worker_drop_event(worker, shared);
}

static void give_up_endpoint(struct worker *worker, struct endpoint *endpoint,
                             const struct record_home *home)
{
    struct list records;
    struct list deliveries;
    list_init(&records);
    list_init(&deliveries);
    endpoint_take_from(endpoint, home, &records, &deliveries);
    struct list *link = NULL;
    while ((link = list_pop(&records)))
        worker->options.hooks.refuse(worker->options.hooks.context,
                                     CONTAINER_OF(link, struct record, message.link));
    while ((link = list_pop(&deliveries)))
        abandon(worker, CONTAINER_OF(link, struct delivery, link));
    note_ready(worker, endpoint);
}

static void refuse_later_from(struct worker *worker, const struct record_home *home)
{
    for (size_t i = 0; i < worker->later.count;) {
        struct heap_node *node = worker->later.nodes[i];
        struct record *record = CONTAINER_OF(node, struct record, due);
        if (!record_home_equal(&record->home, home)) {
            i++;
            continue;
        }
        heap_remove(&worker->later, node);
        worker->options.hooks.refuse(worker->options.hooks.context, record);
        i = 0; /* the heap has moved */
    }
}

static void forget_left(struct worker *worker, int64_t until_ms)
{
    while (!list_empty(&worker->left)) {
        struct give_up *order = CONTAINER_OF(worker->left.next, struct give_up, message.link);
        if (order->forget_ms > until_ms)
            return;
        list_remove(&order->message.link);
        free(order);
    }
}

static void give_up(struct worker *worker, struct give_up *order)
{
    forget_left(worker, clock_now_ms());
    order->forget_ms = clock_now_ms() + LEFT_KEPT_MS;
    list_push(&worker->left, &order->message.link);
    for (size_t i = 0; i < worker->options.catalog->count; i++)
        give_up_endpoint(worker, &worker->endpoints[i], &order->home);
    refuse_later_from(worker, &order->home);
}

static void abandon_idle(struct worker *worker)
{
    for (size_t i = 0; i < worker->options.catalog->count; i++) {
        struct endpoint *endpoint = &worker->endpoints[i];
        struct delivery *delivery = endpoint_take_idle(endpoint);
        for (; delivery; delivery = endpoint_take_idle(endpoint))
            abandon(worker, delivery);
        struct record *record = endpoint_next_record(endpoint);
        for (; record; record = endpoint_next_record(endpoint))
            worker->options.hooks.refuse(worker->options.hooks.context, record);
        note_ready(worker, endpoint);
    }
}

/* ── life ────────────────────────────────────────────────────────────────── */

/* One that is wrong waits for its time too: it may only be passed on. */
static void enqueue(struct worker *worker, struct record *record)
{
    if (record->wrong) {
        worker->options.hooks.take(worker->options.hooks.context, record);
        return;
    }
    struct endpoint *endpoint = &worker->endpoints[record->subscription];
    endpoint_add_record(endpoint, record);
    note_ready(worker, endpoint);
}

/* Looks again after a while: the wall clock, by which they are due, may be set meanwhile. */
static void arm_later(struct worker *worker)
{
    const struct heap_node *first = heap_first(&worker->later);
    if (!first)
        return;
    int64_t wait_ms = first->key - clock_unix_ms();
    loop_arm(worker->loop, &worker->later_timer,
             clock_now_ms() + (wait_ms < LATER_MOST_MS ? wait_ms : LATER_MOST_MS));
}

static void later_due(struct loop_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, later_timer);
    struct heap_node *node = heap_first(&worker->later);
    for (; node && node->key <= clock_unix_ms(); node = heap_first(&worker->later)) {
        heap_remove(&worker->later, node);
        enqueue(worker, CONTAINER_OF(node, struct record, due));
    }
    arm_later(worker);
}

static void refuse_later(struct worker *worker)
{
    struct heap_node *node = heap_first(&worker->later);
    for (; node; node = heap_first(&worker->later)) {
        heap_remove(&worker->later, node);
        worker->options.hooks.refuse(worker->options.hooks.context,
                                     CONTAINER_OF(node, struct record, due));
    }
}

static void receive(struct worker *worker, struct record *record)
{
    const struct worker_hooks *hooks = &worker->options.hooks;
    if (worker->draining) {
        hooks->refuse(hooks->context, record);
    } else if (record->due_unix_ms > clock_unix_ms()) {
        if (!heap_push(&worker->later, &record->due, record->due_unix_ms))
            out_of_memory();
        arm_later(worker);
    } else {
        enqueue(worker, record);
    }
}

static void handle(void *context, struct message *message)
{
    struct worker *worker = context;
    switch ((enum worker_message)message->type) {
    case WORKER_RECORD:
        receive(worker, CONTAINER_OF(message, struct record, message));
        break;
    case WORKER_NEWS:
        hear(worker, CONTAINER_OF(message, struct news, message));
        break;
    case WORKER_GIVE_UP:
        give_up(worker, CONTAINER_OF(message, struct give_up, message));
        break;
    case WORKER_DRAIN:
        worker->draining = true;
        abandon_idle(worker);
        refuse_later(worker);
        break;
    case WORKER_STOP:
        loop_stop(worker->loop);
        break;
    }
}

unsigned worker_spread(unsigned workers, unsigned in_flight)
{
    return in_flight < workers ? in_flight : workers;
}

static void limit(struct worker *worker, struct endpoint *endpoint)
{
    const struct subscription_delivery *delivery = &endpoint->route->sub->delivery;
    int64_t now_ms = loop_now_ms(worker->loop);
    unsigned spread = worker_spread(worker->options.workers, delivery->in_flight);
    endpoint->worker = worker;
    endpoint->wake.fire = woken;
    if (delivery->rate.count > 0) {
        rate_init(&endpoint->rate, delivery->rate, now_ms);
        rate_set_share(&endpoint->rate, worker->options.index < spread, spread, now_ms);
    }
    breaker_init(&endpoint->breaker, (struct breaker_policy){
                                         .failures = delivery->breaker_failures,
                                         .pause_ms = delivery->breaker_pause_ms,
                                         .timeout_ms = delivery->timeout_ms,
                                         .rank = worker->options.index,
                                     });
}

static bool create_endpoints(struct worker *worker, struct error *err)
{
    const struct catalog *catalog = worker->options.catalog;
    worker->endpoints = calloc(catalog->count ? catalog->count : 1, sizeof *worker->endpoints);
    if (!worker->endpoints)
        return error_set(err, ERROR_MEMORY, "no memory for endpoints");
    for (size_t i = 0; i < catalog->count; i++) {
        const struct route *route = &catalog->routes[i];
        unsigned most = endpoint_share(route->sub->delivery.in_flight, worker->options.index,
                                       worker->options.workers);
        endpoint_init(&worker->endpoints[i], route, most, worker->metrics);
        limit(worker, &worker->endpoints[i]);
    }
    return true;
}

static bool create_attempts(struct worker *worker, unsigned count, struct error *err)
{
    worker->free_attempts = calloc(count, sizeof(struct attempt *));
    while (worker->free_attempts && worker->free_count < count) {
        struct attempt *attempt = attempt_create(worker->http, attempt_over, worker);
        if (!attempt)
            break;
        worker->free_attempts[worker->free_count++] = attempt;
    }
    return worker->free_count == count ||
           error_set(err, ERROR_MEMORY, "no memory for %u attempts", count);
}

struct worker *worker_create(const struct worker_options *options, struct error *err)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker) {
        error_set(err, ERROR_MEMORY, "no memory for a worker");
        return NULL;
    }
    worker->options = *options;
    worker->drain.type = WORKER_DRAIN;
    worker->stop.type = WORKER_STOP;
    worker->step.run = before_wait;
    worker->later_timer.fire = later_due;
    list_init(&worker->events);
    list_init(&worker->left);
    worker->metrics = metrics_block_create(options->metrics);
    unsigned in_flight = endpoint_share(options->in_flight, options->index, options->workers);
    worker->loop = loop_create(err);
    if (worker->loop)
        worker->mailbox = mailbox_create(worker->loop, handle, worker, err);
    if (worker->mailbox)
        worker->http = http_create(worker->loop, in_flight, err);
    if (!worker->http || !create_endpoints(worker, err) ||
        !create_attempts(worker, in_flight, err)) {
        worker_destroy(worker);
        return NULL;
    }
    loop_add_step(worker->loop, &worker->step);
    return worker;
}

bool worker_start(struct worker *worker, struct error *err)
{
    char name[16];
    snprintf(name, sizeof name, "worker-%u", worker->options.index % 1000);
    worker->thread = thread_start(name, worker->loop, err);
    return worker->thread != NULL;
}

struct loop *worker_loop(struct worker *worker)
{
    return worker->loop;
}

struct metrics_block *worker_metrics(struct worker *worker)
{
    return worker->metrics;
}

void worker_post(struct worker *worker, struct list *records)
{
    for (struct list *link = records->next; link != records; link = link->next)
        CONTAINER_OF(link, struct message, link)->type = WORKER_RECORD;
    mailbox_post_all(worker->mailbox, records);
}

void worker_tell(struct worker *worker, struct message *message)
{
    mailbox_post(worker->mailbox, message);
}

void worker_give_up(struct worker *worker, const struct record_home *home, bool lost)
{
    struct give_up *order = malloc(sizeof *order);
    if (!order)
        return; /* then they are sent, and perhaps by their next owner too */
    *order = (struct give_up){{.type = WORKER_GIVE_UP}, *home, .lost = lost};
    mailbox_post(worker->mailbox, &order->message);
}

void worker_drain(struct worker *worker)
{
    mailbox_post(worker->mailbox, &worker->drain);
}

void worker_stop(struct worker *worker)
{
    if (!worker->thread)
        return;
    mailbox_post(worker->mailbox, &worker->stop);
    thread_join(worker->thread);
    worker->thread = NULL;
}

/* Takes back every attempt that is under way, so that its delivery can be abandoned. */
static void cancel_all(struct worker *worker)
{
    for (size_t i = 0; worker->endpoints && i < worker->options.catalog->count; i++) {
        struct endpoint *endpoint = &worker->endpoints[i];
        while (!list_empty(&endpoint->sending)) {
            struct delivery *delivery = CONTAINER_OF(endpoint->sending.next, struct delivery, link);
            attempt_destroy(delivery->attempt);
            endpoint_sent(endpoint, delivery);
            abandon(worker, delivery);
        }
    }
}

static void abandon_posted(struct worker *worker)
{
    struct list left;
    list_init(&left);
    mailbox_empty(worker->mailbox, &left);
    for (struct list *link = list_pop(&left); link; link = list_pop(&left)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == WORKER_RECORD)
            receive(worker, CONTAINER_OF(message, struct record, message));
        else if (message->type == WORKER_NEWS)
            free(CONTAINER_OF(message, struct news, message));
        else if (message->type == WORKER_GIVE_UP)
            free(CONTAINER_OF(message, struct give_up, message));
    }
}

void worker_destroy(struct worker *worker)
{
    if (!worker)
        return;
    worker->draining = true;
    cancel_all(worker);
    if (worker->endpoints)
        abandon_idle(worker);
    refuse_later(worker);
    if (worker->mailbox)
        abandon_posted(worker);
    for (size_t i = 0; i < worker->free_count; i++)
        attempt_destroy(worker->free_attempts[i]);
    for (struct list *link = list_pop(&worker->events); link; link = list_pop(&worker->events)) {
        struct shared_event *shared = CONTAINER_OF(link, struct shared_event, link);
        event_finish(&shared->event);
        free(shared);
    }
    forget_left(worker, INT64_MAX);
    free(worker->free_attempts);
    free(worker->endpoints);
    heap_finish(&worker->ready);
    heap_finish(&worker->later);
    http_destroy(worker->http);
    mailbox_destroy(worker->mailbox);
    loop_destroy(worker->loop);
    free(worker);
}
