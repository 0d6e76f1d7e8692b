#include "service/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "consume/source.h"
#include "deliver/worker.h"
#include "loop/mailbox.h"
#include "service/lanes.h"
#include "service/pipeline.h"
#include "service/states.h"
#include "settle/recorder.h"

#define STORE_GRACE_MS 3000 /* for writes that are under way when shutdown_grace is over */

struct service {
    struct service_options options;
    char instance[320];
    struct metrics *metrics;
    struct metrics_block *counts;
    struct lanes *lanes;
    struct retry_topics *retries;
    struct source *source;
    struct recorder *recorder;
    struct worker **workers;
    struct pipeline **pipelines;
    unsigned worker_count;
    struct states *states;
    struct mailbox *mailbox;
    struct message drained; /* posted once by the source */
    struct message known;   /* posted once by the states */
    bool storing;           /* results, dead letters and retries can be stored */
    bool state_known;
    struct loop_timer grace;
    bool stopping;
    bool ended;
};

/* drained and known are messages of their own: they can't fail. */
enum service_message { SERVICE_DRAINED, SERVICE_KNOWN, SERVICE_STORING, SERVICE_NOT_STORING };

static void post(struct service *service, enum service_message type)
{
    struct message *message = malloc(sizeof *message);
    if (!message)
        return; /* the next change of state says it again */
    message->type = type;
    mailbox_post(service->mailbox, message);
}

/* ── hooks: what the threads tell each other ─────────────────────────────── */

static void deliver(void *context, unsigned worker, struct list *records)
{
    struct service *service = context;
    worker_post(service->workers[worker], records);
}

static void give_up(void *context, const struct record_home *home, bool sent)
{
    struct service *service = context;
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_give_up(service->workers[i], home, sent);
}

static void done_with(void *context, const struct roster *roster)
{
    (void)context;
    (void)roster; /* there is one, and it stays */
}

static void say_drained(void *context)
{
    struct service *service = context;
    mailbox_post(service->mailbox, &service->drained);
}

static void home(void *context, struct list *records)
{
    struct service *service = context;
    source_give_back(service->source, records);
}

static void storing(void *context, bool can)
{
    struct service *service = context;
    post(service, can ? SERVICE_STORING : SERVICE_NOT_STORING);
}

static void sync_states(void *context, unsigned lane, uint32_t turn)
{
    struct service *service = context;
    states_sync(service->states, lane, turn);
}

static void synced(void *context, unsigned lane, uint32_t turn)
{
    struct service *service = context;
    source_synced(service->source, lane, turn);
}

static void known(void *context)
{
    struct service *service = context;
    mailbox_post(service->mailbox, &service->known);
}

/* To all workers, since each may have some of its events; alone in its lane it waits in Kafka. */
static void remember(void *context, enum worker_state state, unsigned subscription,
                     struct slice key, const struct order_position *position)
{
    struct service *service = context;
    const struct route *route = &service->options.catalog->routes[subscription];
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_remember(service->workers[i], state, subscription, key, position);
    if (!key.data && route->alone)
        source_suspend(service->source, route->lane, state == WORKER_DISABLED);
}

/* ── stopping ────────────────────────────────────────────────────────────── */

static void end(struct service *service)
{
    if (service->ended)
        return;
    service->ended = true;
    loop_disarm(service->options.loop, &service->grace);
    states_stop(service->states);
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_stop(service->workers[i]);
    recorder_stop(service->recorder, STORE_GRACE_MS);
    source_stop(service->source);
    log_info("stopped");
    service->options.stopped(service->options.context);
}

/* Nothing is taken that could not be finished, or that somebody has said is not to be sent. */
static void update_hold(struct service *service)
{
    source_hold(service->source, !service->storing || !service->state_known);
}

static void on_message(void *context, struct message *message)
{
    struct service *service = context;
    switch ((enum service_message)message->type) {
    case SERVICE_DRAINED:
        end(service);
        break;
    case SERVICE_KNOWN:
        service->state_known = true;
        update_hold(service);
        break;
    case SERVICE_STORING:
    case SERVICE_NOT_STORING:
        service->storing = message->type == SERVICE_STORING;
        free(message);
        update_hold(service);
        break;
    }
}

static void on_grace_over(struct loop_timer *timer)
{
    struct service *service = CONTAINER_OF(timer, struct service, grace);
    log_warn("shutdown_grace is over; what is in flight will be sent again");
    end(service);
}

void service_stop(struct service *service)
{
    if (service->stopping)
        return;
    service->stopping = true;
    metrics_set(service->counts, METRIC_STOPPING, METRICS_INSTANCE, 1);
    log_info("stopping: finishing what is in flight",
             INT("grace_ms", service->options.settings->shutdown_grace_ms));
    source_drain(service->source);
    recorder_drain(service->recorder);
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_drain(service->workers[i]);
    loop_arm(service->options.loop, &service->grace,
             clock_now_ms() + service->options.settings->shutdown_grace_ms);
}

/* ── building ────────────────────────────────────────────────────────────── */

static void name_series(struct service *service)
{
    const struct catalog *catalog = service->options.catalog;
    metrics_name_subscription(service->metrics, METRICS_RETRIES, "(retries)"); /* of nobody */
    metrics_name_lane(service->metrics, METRICS_RETRIES,
                      service->options.settings->topics.retries.data, NULL);
    for (size_t i = 0; i < catalog->count; i++)
        if (catalog->routes[i].sub)
            metrics_name_subscription(service->metrics, route_series(&catalog->routes[i]),
                                      catalog->routes[i].name);
    for (unsigned i = 0; i < catalog->lane_count; i++) {
        const struct lane_route *lane = &catalog->lanes[i];
        const char *only = lane->count == 1 ? catalog->routes[lane->members[0]].name : NULL;
        if (lane->count > 0)
            metrics_name_lane(service->metrics, lane_series(i), lane->group, only);
    }
}

static void create_metrics(struct service *service)
{
    service->metrics = metrics_create();
    service->counts = metrics_block_create(service->metrics);
    name_series(service);
    metrics_set(service->counts, METRIC_MEMORY_LIMIT, METRICS_INSTANCE,
                (int64_t)service->options.settings->limits.memory_bytes);
    metrics_set(service->counts, METRIC_BUILD_INFO, METRICS_INSTANCE, 1);
}

/* More than there are places in flight would have nothing to send. */
static unsigned worker_count(const struct settings *settings)
{
    return worker_spread(settings->limits.workers, settings->limits.in_flight);
}

static bool create_source(struct service *service, struct error *err)
{
    const struct settings *settings = service->options.settings;
    service->retries = retry_topics_create(settings);
    service->lanes = lanes_create(settings, service->options.catalog, worker_count(settings));
    if (!service->retries || !service->lanes)
        return error_set(err, ERROR_MEMORY, "no memory for lanes");
    const struct source_options options = {
        .memory_bytes = settings->limits.memory_bytes,
        .workers = worker_count(settings),
        .grace_ms = settings->shutdown_grace_ms,
        .kafka = &settings->kafka,
        .metrics = service->metrics,
        .roster = &service->lanes->roster,
        .hooks = {service, deliver, give_up, sync_states, done_with, say_drained},
    };
    service->source = source_create(&options, err);
    return service->source != NULL;
}

static bool create_worker(struct service *service, unsigned index, struct error *err)
{
    const struct settings *settings = service->options.settings;
    const struct pipeline_options pipeline = {
        .settings = settings,
        .catalog = service->options.catalog,
        .source = service->source,
        .recorder = service->recorder,
        .retries = service->retries,
        .instance = service->instance,
        .workers = service->workers,
    };
    service->pipelines[index] = pipeline_create(&pipeline);
    if (!service->pipelines[index])
        return error_set(err, ERROR_MEMORY, "no memory for a worker");
    const struct worker_options options = {
        .index = index,
        .workers = worker_count(settings),
        .in_flight = settings->limits.in_flight,
        .memory_bytes = settings->limits.memory_bytes,
        .catalog = service->options.catalog,
        .registry = &settings->registry,
        .metrics = service->metrics,
        .hooks = {service->pipelines[index], pipeline_take, pipeline_refuse, pipeline_judge,
                  pipeline_settle, pipeline_tell, pipeline_abandon, pipeline_hand_over,
                  pipeline_pass_on, pipeline_bury, pipeline_replayed, pipeline_release},
    };
    service->workers[index] = worker_create(&options, err);
    if (!service->workers[index])
        return false;
    pipeline_attach(service->pipelines[index], service->workers[index]);
    return true;
}

static bool create_workers(struct service *service, struct error *err)
{
    service->worker_count = worker_count(service->options.settings);
    service->workers = calloc(service->worker_count, sizeof(struct worker *));
    service->pipelines = calloc(service->worker_count, sizeof(struct pipeline *));
    if (!service->workers || !service->pipelines)
        return error_set(err, ERROR_MEMORY, "no memory for workers");
    for (unsigned i = 0; i < service->worker_count; i++)
        if (!create_worker(service, i, err))
            return false;
    return true;
}

static bool create_states(struct service *service, struct error *err)
{
    const struct states_hooks hooks = {service, remember, known, synced};
    service->states = states_create(service->options.settings, service->options.catalog,
                                    service->metrics, &hooks, err);
    return service->states != NULL;
}

static void name_instance(struct service *service)
{
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    snprintf(service->instance, sizeof service->instance, "%s-%ld", host, (long)getpid());
}

struct service *service_create(const struct service_options *options, struct error *err)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service) {
        error_set(err, ERROR_MEMORY, "no memory for the service");
        return NULL;
    }
    service->options = *options;
    service->grace.fire = on_grace_over;
    service->drained.type = SERVICE_DRAINED;
    service->known.type = SERVICE_KNOWN;
    name_instance(service);
    const struct recorder_hooks hooks = {service, home, storing};
    service->mailbox = mailbox_create(options->loop, on_message, service, err);
    create_metrics(service);
    if (!service->mailbox || !create_source(service, err) ||
        !(service->recorder = recorder_create(options->settings, service->retries, service->metrics,
                                              &hooks, err)) ||
        !create_workers(service, err) || !create_states(service, err)) {
        service_destroy(service);
        return NULL;
    }
    return service;
}

bool service_start(struct service *service, struct error *err)
{
    for (unsigned i = 0; i < service->worker_count; i++)
        if (!worker_start(service->workers[i], err))
            return false;
    return recorder_start(service->recorder, err) && source_start(service->source, err) &&
           states_start(service->states, err);
}

static void drop_messages(struct service *service)
{
    struct list left;
    list_init(&left);
    if (service->mailbox)
        mailbox_empty(service->mailbox, &left);
    for (struct list *link = list_pop(&left); link; link = list_pop(&left)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == SERVICE_STORING || message->type == SERVICE_NOT_STORING)
            free(message);
    }
}

/* Workers first: what they abandon goes to the recorder and the source, and what the recorder
 * gives up goes to the source. */
void service_destroy(struct service *service)
{
    if (!service)
        return;
    states_stop(service->states);
    states_destroy(service->states);
    for (unsigned i = 0; service->workers && i < service->worker_count; i++) {
        if (service->workers[i])
            worker_stop(service->workers[i]);
        worker_destroy(service->workers[i]);
    }
    for (unsigned i = 0; service->pipelines && i < service->worker_count; i++)
        pipeline_destroy(service->pipelines[i]);
    if (service->recorder)
        recorder_stop(service->recorder, 0);
    recorder_destroy(service->recorder);
    if (service->source)
        source_stop(service->source);
    source_destroy(service->source);
    drop_messages(service);
    mailbox_destroy(service->mailbox);
    if (service->metrics)
        metrics_destroy(service->metrics);
    lanes_destroy(service->lanes);
    retry_topics_destroy(service->retries);
    free(service->workers);
    free(service->pipelines);
    free(service);
}

struct metrics *service_metrics(struct service *service)
{
    return service->metrics;
}

/* The lane of retries is not waited for: new events go their way without it. */
bool service_ready(const struct service *service, struct buffer *why)
{
    bool ready = true;
    if (metrics_read(service->metrics, METRIC_STOPPING, METRICS_INSTANCE, METRICS_NO_LABEL)) {
        buffer_add_text(why, "stopping\n");
        ready = false;
    }
    if (!metrics_read(service->metrics, METRIC_KAFKA_UP, METRICS_INSTANCE, METRICS_NO_LABEL)) {
        buffer_add_text(why,
                        "Kafka can't be reached, or does not store results and dead letters\n");
        ready = false;
    }
    if (!metrics_read(service->metrics, METRIC_STATE_KNOWN, METRICS_INSTANCE, METRICS_NO_LABEL)) {
        buffer_add_text(why, "what is remembered of subscriptions is not read yet\n");
        ready = false;
    }
    const struct catalog *catalog = service->options.catalog;
    for (unsigned i = 0; i < catalog->lane_count; i++) {
        bool joined =
            metrics_read(service->metrics, METRIC_JOINED, lane_series(i), METRICS_NO_LABEL);
        if (joined || catalog->lanes[i].count == 0)
            continue;
        buffer_print(why, "group %s is not joined yet; it waits for its topics and its broker\n",
                     catalog->lanes[i].group);
        ready = false;
    }
    return ready;
}
