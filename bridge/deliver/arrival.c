/* Records become deliveries.
 *
 * The happy path: one that is a single subscription's queues at its endpoint as it was published,
 * and becomes a delivery when there is a place in flight; one that several may want becomes all of
 * its deliveries at once. What can fail: a retry is not due yet (it waits), its endpoint can't take
 * it within a moment (it goes on by another retry topic), there is no memory (it is read again). */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "deliver/worker_private.h"

#define DECODED_MOST     64 /* events are kept decoded while their deliveries queue */
#define DECODED_TRIES    4
#define FANOUT_TURN      1024      /* deliveries, so that sockets are looked at between */
#define DISABLED_WAIT_MS 60000     /* until a retry asks again whether it may go */
#define NO_TIME          INT64_MAX /* until its schema is there */
#define LOOK_AGAIN_MS    10000
#define PART_US          3000  /* of a turn of the loop */
#define LATER_MOST_MS    15000 /* a retry may wait that long here: longer than its reader lets it */

/* ── events ──────────────────────────────────────────────────────────────── */

struct shared_event *worker_event(struct worker *worker, struct record *record, enum format format)
{
    struct list *link = list_pop(&worker->events);
    struct shared_event *shared =
        link ? CONTAINER_OF(link, struct shared_event, link) : calloc(1, sizeof *shared);
    if (!shared)
        return NULL;
    list_init(&shared->link);
    shared->record = record;
    shared->format = format;
    shared->users = 1;
    shared->unjudged = false;
    return shared;
}

static void forget_decoded(struct worker *worker, struct shared_event *shared)
{
    worker->decoded_count -= !list_empty(&shared->link);
    list_remove(&shared->link);
    shared->decoded = false;
}

void worker_drop_event(struct worker *worker, struct shared_event *shared)
{
    if (--shared->users > 0)
        return;
    if (shared->decoded)
        forget_decoded(worker, shared);
    event_trim(&shared->event);
    decoder_trim(worker->decoder);
    list_push_front(&worker->events, &shared->link);
}

/* The oldest go first, but not one whose bytes a request in flight may have for its body. A few are
 * looked at: of a thousand in flight, it may be all that can't go. */
void worker_note_decoded(struct worker *worker, struct shared_event *shared)
{
    list_push(&worker->decoded, &shared->link);
    worker->decoded_count++;
    for (unsigned tries = 0; worker->decoded_count > DECODED_MOST && tries < DECODED_TRIES;
         tries++) {
        struct shared_event *oldest = CONTAINER_OF(worker->decoded.next, struct shared_event, link);
        if (oldest->sending > 0) {
            list_remove(&oldest->link);
            list_push_front(worker->decoded.prev, &oldest->link); /* before the newest */
            continue;
        }
        forget_decoded(worker, oldest);
        event_finish(&oldest->event);
    }
}

/* ── deliveries ──────────────────────────────────────────────────────────── */

static struct delivery *make_delivery(struct worker *worker, struct endpoint *endpoint,
                                      struct shared_event *shared)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    const struct record *record = shared->record;
    if (!delivery)
        return NULL;
    delivery->worker = worker;
    delivery->route = endpoint->route;
    delivery->counted = !endpoint->alone;
    delivery->visiting = record->is_retry;
    delivery->endpoint = endpoint;
    delivery->shared = shared;
    delivery->unjudged = shared->unjudged;
    delivery->attempts = record->attempts;
    delivery->first_attempt_unix_ms = record->first_attempt_unix_ms;
    delivery->retry.fire = worker_retry_due;
    list_init(&delivery->link);
    list_init(&delivery->item.link);
    return delivery;
}

static struct worker_load load_of(const struct worker *worker)
{
    bool room = worker->deliveries < worker->deliveries_most;
    return (struct worker_load){
        .now_ms = loop_now_ms(worker->loop),
        .busy_us = worker->busy_us,
        .room = room ? worker->deliveries_most - worker->deliveries : 0,
    };
}

/* Where it waits for its place in flight: here, or elsewhere, if it would keep others waiting. */
static void queue(struct worker *worker, struct delivery *delivery)
{
    const struct worker_hooks *hooks = &worker->options.hooks;
    struct endpoint *endpoint = delivery->endpoint;
    bool shares = !endpoint->alone && !delivery->shared->record->is_retry;
    if (endpoint->disabled && !endpoint->alone) {
        hooks->bury(hooks->context, delivery, ERROR_DISABLED);
        return;
    }
    const struct worker_load load = load_of(worker);
    bool booked = false;
    int64_t delay_ms = shares ? endpoint_delay_ms(endpoint, false, &load, &booked) : 0;
    if (delay_ms > 0 && hooks->hand_over(hooks->context, delivery, delay_ms, booked))
        return;
    endpoint_queue(endpoint, delivery);
    worker->plenty |= shares && endpoint_has_plenty(endpoint, &load);
    worker_note_ready(worker, endpoint);
}

bool worker_submit(struct worker *worker, const struct route *route, struct shared_event *shared,
                   struct error *err)
{
    struct endpoint *endpoint = worker_endpoint(worker, route);
    struct delivery *delivery = make_delivery(worker, endpoint, shared);
    if (!delivery)
        return error_set(err, ERROR_MEMORY, "no memory for a delivery");
    shared->users++;
    worker->deliveries += delivery->counted;
    if (!endpoint->ordered) {
        queue(worker, delivery);
        return true;
    }
    if (worker_order(worker, delivery, err))
        return true;
    worker_end(worker, delivery);
    return false;
}

void worker_end(struct worker *worker, struct delivery *delivery)
{
    struct shared_event *shared = delivery->shared;
    worker_leave_turn(worker, delivery);
    loop_disarm(worker->loop, &delivery->retry);
    worker->deliveries -= delivery->counted;
    free(delivery);
    worker_drop_event(worker, shared);
}

/* ── records ─────────────────────────────────────────────────────────────── */

static void refuse(struct worker *worker, struct record *record, unsigned subscription)
{
    worker->options.hooks.refuse(worker->options.hooks.context, record, subscription);
}

static bool pass_on(struct worker *worker, struct record *record, int64_t wait_ms, bool booked)
{
    return worker->options.hooks.pass_on(worker->options.hooks.context, record, wait_ms, booked);
}

static void take(struct worker *worker, struct record *record)
{
    worker->options.hooks.take(worker->options.hooks.context, record, record->subscription);
}

/* A retry that would wait here for longer than a moment. */
static bool passed_on(struct worker *worker, struct endpoint *endpoint, struct record *record)
{
    const struct worker_load load = load_of(worker);
    bool booked = false;
    int64_t wait_ms = endpoint->disabled && endpoint->alone
                          ? DISABLED_WAIT_MS
                          : endpoint_delay_ms(endpoint, true, &load, &booked);
    return wait_ms > 0 && pass_on(worker, record, wait_ms, booked);
}

static void add(struct worker *worker, struct endpoint *endpoint, struct record *record)
{
    if (record->is_retry && passed_on(worker, endpoint, record))
        return;
    if (endpoint->disabled && !endpoint->alone) {
        take(worker, record); /* its end needs no place in flight */
        return;
    }
    endpoint_add_record(endpoint, record);
    worker_note_ready(worker, endpoint);
}

static bool keeps_order_here(const struct worker *worker, const struct route *route)
{
    return route->sub && route->sub->delivery.ordered && worker_serves(worker, route);
}

/* That subscription's places in flight may have become fewer since it was handed on: then it is
 * another worker's, and where keys are kept in order the source chooses anew, behind what is under
 * way of its key. */
static void enqueue_for(struct worker *worker, const struct route *route, struct record *record)
{
    if (keeps_order_here(worker, route))
        list_push(&worker->lined_up, &record->message.link);
    else if (route->sub->delivery.ordered)
        refuse(worker, record, record->subscription);
    else if (record->release)
        take(worker, record);
    else if (worker_serves(worker, route))
        add(worker, worker_endpoint(worker, route), record);
    else
        worker_take_for(worker, record, route->index);
}

static void enqueue(struct worker *worker, struct record *record)
{
    const struct route *routes = worker->options.catalog->routes;
    if (record->wrong)
        take(worker, record);
    else if (record->subscription == RECORD_SHARED)
        list_push(&worker->fanout, &record->message.link);
    else if (routes[record->subscription].sub)
        enqueue_for(worker, &routes[record->subscription], record);
    else
        refuse(worker, record, record->subscription);
}

/* Looks again after a while: the wall clock, by which they are due, may be set meanwhile. */
static void arm_later(struct worker *worker)
{
    const struct heap_node *first = heap_first(&worker->later);
    if (!first || first->key == NO_TIME)
        return;
    int64_t wait_ms = first->key - clock_unix_ms();
    loop_arm(worker->loop, &worker->later_timer,
             clock_now_ms() + (wait_ms < LOOK_AGAIN_MS ? wait_ms : LOOK_AGAIN_MS));
}

void worker_later_due(struct loop_timer *timer)
{
    struct worker *worker = CONTAINER_OF(timer, struct worker, later_timer);
    struct heap_node *node = heap_first(&worker->later);
    for (; node && node->key <= clock_unix_ms(); node = heap_first(&worker->later)) {
        heap_remove(&worker->later, node);
        enqueue(worker, CONTAINER_OF(node, struct record, due));
    }
    arm_later(worker);
}

void worker_receive(struct worker *worker, struct record *record)
{
    int64_t wait_ms = record->due_unix_ms - clock_unix_ms();
    if (worker->draining) {
        refuse(worker, record, record->subscription);
    } else if (wait_ms <= 0) {
        enqueue(worker, record);
    } else if (wait_ms <= LATER_MOST_MS || !pass_on(worker, record, wait_ms, false)) {
        if (!heap_push(&worker->later, &record->due, record->due_unix_ms))
            memory_out();
        arm_later(worker);
    }
}

/* ── a schema is not there yet ───────────────────────────────────────────── */

/* An errand's record is other workers', too: it is the errand that waits. */
static bool await_errand(struct worker *worker, struct record *record, unsigned subscription)
{
    struct errand *errand = malloc(sizeof *errand);
    if (!errand)
        return false;
    *errand = (struct errand){
        .message = {.type = WORKER_ERRAND}, .record = record, .subscription = subscription};
    list_push(&worker->errands, &errand->all);
    decoder_wait(worker->decoder, &errand->message.link);
    return true;
}

void worker_await_schema(struct worker *worker, struct record *record, unsigned subscription)
{
    if (subscription != record->subscription) {
        if (!await_errand(worker, record, subscription))
            refuse(worker, record, subscription);
        return;
    }
    if (!heap_push(&worker->later, &record->due, NO_TIME))
        memory_out();
    decoder_wait(worker->decoder, &record->message.link);
}

void worker_run_errand(struct worker *worker, struct errand *errand)
{
    const struct worker_hooks *hooks = &worker->options.hooks;
    const struct route *route = &worker->options.catalog->routes[errand->subscription];
    bool serves = route->sub && worker_serves(worker, route);
    if (worker->draining || !route->sub || (!serves && route->sub->delivery.ordered))
        refuse(worker, errand->record, errand->subscription);
    else if (serves)
        hooks->take(hooks->context, errand->record, errand->subscription);
    else
        worker_take_for(worker, errand->record, errand->subscription);
    free(errand);
}

void worker_schemas_known(void *context, struct list *waiters)
{
    struct worker *worker = context;
    for (struct list *link = list_pop(waiters); link; link = list_pop(waiters)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == WORKER_ERRAND) {
            struct errand *errand = CONTAINER_OF(message, struct errand, message);
            list_remove(&errand->all);
            worker_run_errand(worker, errand);
            continue;
        }
        struct record *record = CONTAINER_OF(message, struct record, message);
        heap_remove(&worker->later, &record->due);
        enqueue(worker, record);
    }
}

/* ── what takes time ─────────────────────────────────────────────────────── */

bool worker_is_late(int64_t since_us)
{
    return clock_now_us() - since_us > PART_US;
}

/* A turn among those of its key needs no place in flight. */
void worker_take_turns(struct worker *worker)
{
    int64_t since_us = clock_now_us();
    while (!list_empty(&worker->lined_up) && !worker_is_late(since_us)) {
        struct list *link = list_pop(&worker->lined_up);
        struct record *record = CONTAINER_OF(link, struct record, message.link);
        if (keeps_order_here(worker, &worker->options.catalog->routes[record->subscription]))
            take(worker, record);
        else
            enqueue(worker, record);
    }
    if (!list_empty(&worker->lined_up))
        loop_arm(worker->loop, &worker->more_timer, 0);
}

/* Several may want it. */
void worker_fan_out(struct worker *worker)
{
    int64_t since_us = clock_now_us();
    size_t before = worker->deliveries;
    worker->plenty = false;
    while (!list_empty(&worker->fanout) && worker->deliveries < worker->deliveries_most &&
           !worker->plenty) {
        if (worker->deliveries > before + FANOUT_TURN || worker_is_late(since_us)) {
            loop_arm(worker->loop, &worker->more_timer, 0);
            return;
        }
        struct list *link = list_pop(&worker->fanout);
        take(worker, CONTAINER_OF(link, struct record, message.link));
    }
}

/* ── for those that only some workers serve ──────────────────────────────── */

/* So that the ones with few places in flight are not all the first worker's. */
static unsigned turn_of(const struct worker *worker, const struct route *route)
{
    unsigned workers = worker->options.workers;
    return (worker->options.index + workers - route->index % workers) % workers;
}

unsigned worker_places(const struct worker *worker, const struct route *route)
{
    return endpoint_share(route->sub->delivery.in_flight, turn_of(worker, route),
                          worker->options.workers);
}

bool worker_serves(const struct worker *worker, const struct route *route)
{
    return worker_places(worker, route) > 0;
}

void worker_take_for(struct worker *worker, struct record *record, unsigned subscription)
{
    const struct route *route = &worker->options.catalog->routes[subscription];
    unsigned workers = worker->options.workers;
    unsigned spread = worker_spread(workers, route->sub->delivery.in_flight);
    struct errand *errand = memory_need(malloc(sizeof *errand));
    *errand = (struct errand){
        .message = {.type = WORKER_ERRAND}, .record = record, .subscription = subscription};
    unsigned turn = (unsigned)((uint64_t)record->offset % spread);
    worker->options.hooks.tell(worker->options.hooks.context, (route->index + turn) % workers,
                               &errand->message);
}

unsigned worker_spread(unsigned workers, unsigned in_flight)
{
    return in_flight < workers ? in_flight : workers;
}
