#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/memory.h"
#include "deliver/attempt.h"
#include "deliver/worker_private.h"
#include "jq/jq.h"
#include "loop/thread.h"
#include "render/gzip.h"

#define DELIVERY_BYTES  512 /* what a delivery and its part of an event take, at the most */
#define DELIVERIES_PART 16  /* of limits.memory */
#define REQUESTS_PART   4   /* of limits.memory */

/* ── endpoints ───────────────────────────────────────────────────────────── */

struct endpoint *worker_endpoint(struct worker *worker, const struct route *route)
{
    struct endpoint *endpoint = worker->endpoints[route->index];
    if (endpoint)
        return endpoint;
    endpoint = memory_need(calloc(1, sizeof *endpoint));
    endpoint_init(endpoint, route, worker_places(worker, route), worker->metrics);
    endpoint->worker = worker;
    endpoint->wake.fire = worker_woken;
    breaker_init(&endpoint->breaker, (struct breaker_policy){0});
    worker_limit(worker, endpoint);
    worker->endpoints[route->index] = endpoint;
    return endpoint;
}

/* ── messages ────────────────────────────────────────────────────────────── */

static void handle(void *context, struct message *message)
{
    struct worker *worker = context;
    switch ((enum worker_message)message->type) {
    case WORKER_RECORD:
        worker_receive(worker, CONTAINER_OF(message, struct record, message));
        break;
    case WORKER_ERRAND:
        worker_run_errand(worker, CONTAINER_OF(message, struct errand, message));
        break;
    case WORKER_NEWS:
        worker_hear(worker, CONTAINER_OF(message, struct news, message));
        break;
    case WORKER_GIVE_UP:
        worker_leave_home(worker, CONTAINER_OF(message, struct give_up, message));
        break;
    case WORKER_STATE:
        worker_obey(worker, CONTAINER_OF(message, struct remembered, message));
        break;
    case WORKER_CHANGE:
        worker_obey_change(worker, CONTAINER_OF(message, struct change, message));
        break;
    case WORKER_SHARE:
        worker_obey_share(worker, CONTAINER_OF(message, struct share_news, message));
        break;
    case WORKER_DRAIN:
        worker->draining = true;
        worker_abandon_idle(worker);
        break;
    case WORKER_STOP: /* what is under way ends before others may have its partitions */
        worker_abandon_sent(worker);
        worker_abandon_idle(worker);
        loop_stop(worker->loop);
        break;
    }
}

/* ── life ────────────────────────────────────────────────────────────────── */

static bool create_attempts(struct worker *worker, unsigned count, struct error *err)
{
    const struct attempt_tools tools = {
        .http = worker->http,
        .decoder = worker->decoder,
        .jq = worker->jq,
        .gzip = worker->gzip,
        .may_repeat = worker->options.hooks.may_repeat,
        .context = worker->options.hooks.context,
    };
    worker->free_attempts = calloc(count, sizeof(struct attempt *));
    while (worker->free_attempts && worker->free_count < count) {
        struct attempt *attempt = attempt_create(&tools, worker_attempt_over, worker);
        if (!attempt)
            break;
        worker->free_attempts[worker->free_count++] = attempt;
    }
    return worker->free_count == count ||
           error_set(err, ERROR_MEMORY, "no memory for %u attempts", count);
}

static bool create_decoder(struct worker *worker, struct error *err)
{
    const struct decoder_options options = {
        .registry = worker->options.registry,
        .loop = worker->loop,
        .metrics = worker->metrics,
        .context = worker,
        .known = worker_schemas_known,
    };
    worker->decoder = decoder_create(&options, err);
    return worker->decoder;
}

/* A turn of the loop is all that is needed. */
static void look_again(struct loop_timer *timer)
{
    (void)timer;
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
    worker->step.run = worker_before_wait;
    worker->later_timer.fire = worker_later_due;
    worker->more_timer.fire = look_again;
    worker->hold_timer.fire = look_again;
    list_init(&worker->events);
    list_init(&worker->decoded);
    list_init(&worker->held);
    list_init(&worker->held_new);
    list_init(&worker->sifting);
    list_init(&worker->lined_up);
    list_init(&worker->fanout);
    list_init(&worker->errands);
    list_init(&worker->left);
    worker->deliveries_most =
        options->memory_bytes / DELIVERIES_PART / DELIVERY_BYTES / options->workers;
    worker->request_bytes_most = options->memory_bytes / REQUESTS_PART / options->workers;
    worker->metrics = metrics_block_create(options->metrics);
    unsigned in_flight = endpoint_share(options->in_flight, options->index, options->workers);
    worker->places.limit = in_flight;
    worker_use(worker, options->catalog);
    worker->jq = jq_create();
    worker->loop = loop_create(err);
    if (worker->loop)
        worker->mailbox = mailbox_create(worker->loop, handle, worker, err);
    if (worker->mailbox)
        worker->http = http_create(worker->loop, in_flight, err);
    worker->gzip = gzip_create(); /* without memory each body makes its own */
    bool seeded = getrandom(&worker->seed, sizeof worker->seed, 0) > 0;
    if (!seeded || !worker->http || !create_decoder(worker, err) ||
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

struct jq *worker_jq(struct worker *worker)
{
    return worker->jq;
}

struct loop *worker_loop(struct worker *worker)
{
    return worker->loop;
}

struct decoder *worker_decoder(struct worker *worker)
{
    return worker->decoder;
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

void worker_give_up(struct worker *worker, const struct record_home *home, bool sent)
{
    struct give_up *order = malloc(sizeof *order);
    if (!order)
        return; /* then they are sent, and perhaps by their next owner too */
    *order = (struct give_up){{.type = WORKER_GIVE_UP}, *home, .sent = sent};
    mailbox_post(worker->mailbox, &order->message);
}

void worker_change(struct worker *worker, const struct catalog *catalog, const void *with)
{
    struct change *change = memory_need(malloc(sizeof *change));
    *change = (struct change){{.type = WORKER_CHANGE}, catalog, with};
    mailbox_post(worker->mailbox, &change->message);
}

void worker_share(struct worker *worker, unsigned lane, unsigned here, unsigned whole)
{
    struct share_news *news = memory_need(malloc(sizeof *news));
    *news = (struct share_news){{.type = WORKER_SHARE}, lane, {here, whole}};
    mailbox_post(worker->mailbox, &news->message);
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

static void abandon_posted(struct worker *worker)
{
    struct list left;
    list_init(&left);
    mailbox_empty(worker->mailbox, &left);
    for (struct list *link = list_pop(&left); link; link = list_pop(&left)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == WORKER_RECORD)
            worker_receive(worker, CONTAINER_OF(message, struct record, message));
        else if (message->type == WORKER_ERRAND)
            worker_run_errand(worker, CONTAINER_OF(message, struct errand, message));
        else if (message->type == WORKER_NEWS)
            free(CONTAINER_OF(message, struct news, message));
        else if (message->type == WORKER_GIVE_UP)
            free(CONTAINER_OF(message, struct give_up, message));
        else if (message->type == WORKER_STATE)
            free(CONTAINER_OF(message, struct remembered, message));
        else if (message->type == WORKER_CHANGE)
            free(CONTAINER_OF(message, struct change, message));
        else if (message->type == WORKER_SHARE)
            free(CONTAINER_OF(message, struct share_news, message));
    }
}

static void destroy_endpoint(struct endpoint *endpoint)
{
    if (!endpoint)
        return;
    if (endpoint->order)
        order_finish(endpoint->order);
    free(endpoint->order);
    free(endpoint);
}

static void free_events(struct list *events)
{
    for (struct list *link = list_pop(events); link; link = list_pop(events)) {
        struct shared_event *shared = CONTAINER_OF(link, struct shared_event, link);
        event_finish(&shared->event);
        free(shared);
    }
}

void worker_destroy(struct worker *worker)
{
    if (!worker)
        return;
    worker->draining = true;
    worker_abandon_sent(worker);
    worker_abandon_idle(worker);
    if (worker->mailbox)
        abandon_posted(worker);
    for (size_t i = 0; i < worker->free_count; i++)
        attempt_destroy(worker->free_attempts[i]);
    free_events(&worker->events);
    worker_forget_left(worker, INT64_MAX);
    for (size_t i = 0; i < worker->endpoint_count; i++)
        destroy_endpoint(worker->endpoints[i]);
    free(worker->free_attempts);
    free(worker->endpoints);
    free(worker->shares);
    free(worker->use);
    heap_finish(&worker->ready);
    heap_finish(&worker->later);
    decoder_destroy(worker->decoder);
    http_destroy(worker->http);
    jq_destroy(worker->jq);
    gzip_destroy(worker->gzip);
    mailbox_destroy(worker->mailbox);
    loop_destroy(worker->loop);
    free(worker);
}
