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
#include "service/pipeline.h"
#include "settle/recorder.h"

#define STORE_GRACE_MS 3000 /* for writes that are under way when shutdown_grace is over */

struct service {
    struct service_options options;
    char instance[320];
    struct metrics *metrics;
    struct metrics_block *counts;
    unsigned *spread;    /* by subscription: how many workers share its records */
    char **groups;       /* by subscription: grapnel.NAME */
    char *retry_pattern; /* of all retry topics, those no longer used included */
    struct text retry_topic;
    struct texts retry_texts;
    struct retry_topics *retries;
    struct source *source;
    struct recorder *recorder;
    struct worker **workers;
    struct pipeline **pipelines;
    unsigned worker_count;
    struct mailbox *mailbox;
    struct message drained; /* posted once by the source */
    struct loop_timer grace;
    bool stopping;
    bool ended;
};

/* ── hooks: what the threads tell each other ─────────────────────────────── */

static void deliver(void *context, unsigned worker, struct list *records)
{
    struct service *service = context;
    worker_post(service->workers[worker], records);
}

static void give_up(void *context, const struct record_home *home, bool lost)
{
    struct service *service = context;
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_give_up(service->workers[i], home, lost);
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
    source_hold(service->source, !can);
}

/* ── stopping ────────────────────────────────────────────────────────────── */

static void end(struct service *service)
{
    if (service->ended)
        return;
    service->ended = true;
    loop_disarm(service->options.loop, &service->grace);
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_stop(service->workers[i]);
    recorder_stop(service->recorder, STORE_GRACE_MS);
    source_stop(service->source);
    log_info("stopped");
    service->options.stopped(service->options.context);
}

static void on_message(void *context, struct message *message)
{
    (void)message; /* there is one: drained */
    end(context);
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

static bool create_metrics(struct service *service, struct error *err)
{
    const struct catalog *catalog = service->options.catalog;
    const char **names = calloc(catalog->count + 1, sizeof *names);
    if (!names)
        return error_set(err, ERROR_MEMORY, "no memory for metrics");
    for (size_t i = 0; i < catalog->count; i++)
        names[i] = catalog->routes[i].sub->name;
    names[catalog->count] =
        "(retries)"; /* the lane of retry topics; no subscription is called so */
    service->metrics = metrics_create(names, catalog->count + 1);
    free(names);
    service->counts = metrics_block_create(service->metrics);
    metrics_set(service->counts, METRIC_MEMORY_LIMIT, METRICS_INSTANCE,
                (int64_t)service->options.settings->limits.memory_bytes);
    metrics_set(service->counts, METRIC_BUILD_INFO, METRICS_INSTANCE, 1);
    return true;
}

/* More than there are places in flight would have nothing to send. */
static unsigned worker_count(const struct settings *settings)
{
    return worker_spread(settings->limits.workers, settings->limits.in_flight);
}

static bool name_groups(struct service *service, struct error *err)
{
    const struct settings *settings = service->options.settings;
    const struct catalog *catalog = service->options.catalog;
    service->groups = calloc(catalog->count + 1, sizeof(char *));
    service->spread = calloc(catalog->count + 1, sizeof(unsigned));
    service->retries = retry_topics_create(settings);
    bool fine = service->groups && service->spread && service->retries;
    for (size_t i = 0; fine && i < catalog->count; i++) {
        const struct subscription *sub = catalog->routes[i].sub;
        service->spread[i] = worker_spread(worker_count(settings), sub->delivery.in_flight);
        fine = asprintf(&service->groups[i], "grapnel.%s", sub->name) >= 0;
    }
    service->retry_pattern = fine ? retry_topics_pattern(settings->topics.retries.data) : NULL;
    if (!service->retry_pattern)
        return error_set(err, ERROR_MEMORY, "no memory for lanes");
    service->retry_topic = (struct text){.data = service->retry_pattern};
    service->retry_texts = (struct texts){&service->retry_topic, 1};
    return true;
}

static bool is_named(const struct texts *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++)
        if (strcmp(topics->items[i].data, name) == 0)
            return true;
    return false;
}

static void add_ignored(struct buffer *out, const struct texts *topics, const char *name)
{
    if (!name || is_named(topics, name))
        return;
    if (out->size > 0)
        buffer_add_char(out, ',');
    retry_topics_add_quoted(out, name);
}

/* What a subscription's regular expressions don't match: the topics that grapnel writes itself,
 * which would go round for ever. One that is named as it stands is read all the same. */
static char *ignored_topics(const struct service *service, const struct texts *topics)
{
    const struct settings *settings = service->options.settings;
    struct buffer out = {0};
    for (size_t i = 0; i < settings->kafka.count; i++)
        if (strcmp(settings->kafka.items[i].name.data, "topic.blacklist") == 0)
            buffer_add_slice(&out, text_slice(&settings->kafka.items[i].value));
    add_ignored(&out, topics, settings->topics.results.data);
    add_ignored(&out, topics, settings->topics.dead_letters.data);
    for (size_t i = 0; i < service->retries->count; i++)
        add_ignored(&out, topics, service->retries->items[i].name);
    if (!buffer_text(&out))
        buffer_finish(&out);
    return out.data;
}

static unsigned find_subscription(const void *context, struct slice name)
{
    const struct service *service = context;
    const struct catalog *catalog = service->options.catalog;
    for (size_t i = 0; i < catalog->count; i++)
        if (slice_is(name, catalog->routes[i].sub->name))
            return (unsigned)i;
    return RECORD_NOBODYS;
}

static struct lane_options common_lane(const struct service *service)
{
    const struct settings *settings = service->options.settings;
    return (struct lane_options){
        .spread = service->spread,
        .kafka = &settings->kafka,
        .queue_bytes =
            source_queue_bytes(settings->limits.memory_bytes, service->options.catalog->count + 1),
    };
}

static bool add_lane(struct service *service, unsigned index, struct error *err)
{
    const struct subscription *sub = service->options.catalog->routes[index].sub;
    struct lane_options lane = common_lane(service);
    lane.group = service->groups[index];
    lane.series = index;
    lane.subscription = index;
    lane.topics = &sub->topics;
    lane.start = &sub->start;
    lane.ignored = ignored_topics(service, &sub->topics);
    bool added = source_add_lane(service->source, &lane, err);
    free((char *)(uintptr_t)lane.ignored);
    return added;
}

static bool add_retry_lane(struct service *service, struct error *err)
{
    static const struct subscription_start earliest = {.at = START_EARLIEST};
    struct lane_options lane = common_lane(service);
    lane.group = service->options.settings->topics.retries.data;
    lane.series = (unsigned)service->options.catalog->count;
    lane.topics = &service->retry_texts;
    lane.start = &earliest;
    lane.find = find_subscription;
    lane.context = service;
    return source_add_lane(service->source, &lane, err);
}

static bool create_source(struct service *service, struct error *err)
{
    const struct settings *settings = service->options.settings;
    const struct source_options options = {
        .memory_bytes = settings->limits.memory_bytes,
        .workers = worker_count(settings),
        .metrics = service->metrics,
        .hooks = {service, deliver, give_up, say_drained},
    };
    service->source = source_create(&options, err);
    if (!service->source || !name_groups(service, err))
        return false;
    for (unsigned i = 0; i < service->options.catalog->count; i++)
        if (!add_lane(service, i, err))
            return false;
    return service->retries->count == 0 || add_retry_lane(service, err);
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
        .catalog = service->options.catalog,
        .metrics = service->metrics,
        .hooks = {service->pipelines[index], pipeline_take, pipeline_refuse, pipeline_settle,
                  pipeline_tell, pipeline_abandon},
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
    name_instance(service);
    const struct recorder_hooks hooks = {service, home, storing};
    service->mailbox = mailbox_create(options->loop, on_message, service, err);
    if (!service->mailbox || !create_metrics(service, err) || !create_source(service, err) ||
        !(service->recorder = recorder_create(options->settings, service->retries, service->metrics,
                                              &hooks, err)) ||
        !create_workers(service, err)) {
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
    return recorder_start(service->recorder, err) && source_start(service->source, err);
}

/* Workers first: what they abandon goes to the recorder and the source, and what the recorder
 * gives up goes to the source. */
void service_destroy(struct service *service)
{
    if (!service)
        return;
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
    mailbox_destroy(service->mailbox);
    if (service->metrics)
        metrics_destroy(service->metrics);
    for (size_t i = 0; service->groups && i < service->options.catalog->count; i++)
        free(service->groups[i]);
    free(service->groups);
    free(service->spread);
    free(service->retry_pattern);
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
    for (size_t i = 0; i < service->options.catalog->count; i++) {
        if (metrics_read(service->metrics, METRIC_JOINED, i, METRICS_NO_LABEL))
            continue;
        buffer_print(why, "group %s is not joined yet; it waits for its topics and its broker\n",
                     service->groups[i]);
        ready = false;
    }
    return ready;
}
