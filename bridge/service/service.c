#include "service/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "consume/source.h"
#include "decode/registrar.h"
#include "deliver/worker.h"
#include "loop/mailbox.h"
#include "service/generation.h"
#include "service/pipeline.h"
#include "service/states.h"
#include "settle/recorder.h"
#include "settle/result.h"

#define STORE_GRACE_MS 3000 /* for writes that are under way when shutdown_grace is over */

struct service {
    struct service_options options;
    const struct settings *settings; /* the first: what only a restart changes */
    struct generation *now;          /* and those before that are still in use */
    char instance[320];
    struct metrics *metrics;
    struct metrics_block *counts;
    struct source *source;
    struct recorder *recorder;
    struct worker **workers;
    struct pipeline **pipelines;
    unsigned worker_count;
    struct states *states;
    struct mailbox *mailbox;
    struct message drained; /* posted once by the source */
    struct message known;   /* posted once by the states */
    struct flag storing;    /* results, dead letters and retries can be stored; for workers too */
    bool state_known;
    struct registrar *registrar; /* of the schema of results; NULL: they are JSON */
    uint32_t schema_id;          /* read by workers, from the first record on */
    bool schema_known;
    struct error failure; /* why it stops by itself */
    struct loop_timer grace;
    bool stopping;
    bool ended;
};

/* drained and known are messages of their own: they can't fail. */
enum service_message {
    SERVICE_DRAINED,
    SERVICE_KNOWN,
    SERVICE_STORING,
    SERVICE_NOT_STORING,
    SERVICE_LET_GO,
};

/* A thread does not use that any more: a roster or a catalog. */
struct let_go {
    struct message message;
    const void *what;
};

static void post(struct service *service, enum service_message type)
{
    struct message *message = malloc(sizeof *message);
    if (!message)
        return; /* the next change of state says it again */
    message->type = type;
    mailbox_post(service->mailbox, message);
}

static void post_let_go(struct service *service, const void *what)
{
    struct let_go *news = malloc(sizeof *news);
    if (!news)
        return; /* then it stays in memory until the end */
    *news = (struct let_go){{.type = SERVICE_LET_GO}, what};
    mailbox_post(service->mailbox, &news->message);
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

static void share(void *context, const struct roster_lane *lane, unsigned here, unsigned whole)
{
    struct service *service = context;
    unsigned place = lane->retries ? WORKER_RETRIES : lane->place;
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_share(service->workers[i], place, here, whole);
}

static void settle(void *context, struct settlement *settlement)
{
    struct service *service = context;
    source_settle(service->source, settlement);
}

static void settled(void *context, struct settlement *settlement)
{
    struct service *service = context;
    recorder_settled(service->recorder, settlement);
}

static void done_with_roster(void *context, const struct roster *roster)
{
    post_let_go(context, roster);
}

static void done_with_retries(void *context, const struct retry_topics *retries)
{
    post_let_go(context, retries);
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
    post(context, can ? SERVICE_STORING : SERVICE_NOT_STORING);
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

static void remember(void *context, enum worker_state state, unsigned subscription,
                     struct slice key, const struct span *span)
{
    struct service *service = context;
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_remember(service->workers[i], state, subscription, key, span);
}

static void suspend(void *context, unsigned lane, bool suspended)
{
    struct service *service = context;
    source_suspend(service->source, lane, suspended);
}

static void let_go(void *context, const struct catalog *catalog)
{
    post_let_go(context, catalog);
}

/* ── generations ─────────────────────────────────────────────────────────── */

static void forget_unused(struct service *service)
{
    struct generation **at = &service->now->next;
    while (*at) {
        struct generation *old = *at;
        if (old->users > 0) {
            at = &old->next;
            continue;
        }
        *at = old->next;
        generation_destroy(old);
    }
}

static void on_let_go(struct service *service, struct let_go *news)
{
    for (struct generation *one = service->now; one; one = one->next)
        if (news->what == one->catalog || news->what == &one->lanes->roster ||
            news->what == one->retries)
            one->users--;
    free(news);
    forget_unused(service);
}

/* Where there is no subscription there is no lane of retries. */
static void name_retries(struct service *service)
{
    const char *group = service->settings->topics.retries.data;
    if (roster_lane(&service->now->lanes->roster, group))
        metrics_name_lane(service->metrics, METRICS_RETRIES, group, NULL);
    else
        metrics_forget(service->metrics, METRICS_OF_LANE, METRICS_RETRIES);
}

static void name_series(struct service *service)
{
    const struct catalog *catalog = service->now->catalog;
    struct metrics *metrics = service->metrics;
    name_retries(service);
    for (size_t i = 0; i < catalog->count; i++) {
        const struct route *route = &catalog->routes[i];
        if (route->sub)
            metrics_name_subscription(metrics, route_series(route), route->name);
        else
            metrics_forget(metrics, METRICS_OF_SUBSCRIPTION, route_series(route));
    }
    for (unsigned i = 0; i < catalog->lane_count; i++) {
        const struct lane_route *lane = &catalog->lanes[i];
        const char *only = lane->count == 1 ? catalog->routes[lane->members[0]].name : NULL;
        if (lane->count > 0)
            metrics_name_lane(metrics, lane_series(i), lane->group, only);
        else
            metrics_forget(metrics, METRICS_OF_LANE, lane_series(i));
    }
}

/* Whoever is told first knows what the next one may send: the recorder of topics, the workers of
 * subscriptions, the states whom to tell, and last the source, which brings records of them. */
static void hand_out(struct service *service)
{
    struct generation *now = service->now;
    now->users = service->worker_count + 2; /* the recorder, and the source */
    recorder_change(service->recorder, now->retries);
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_change(service->workers[i], now->catalog, now->retries);
    states_change(service->states, now->catalog);
    source_change(service->source, &now->lanes->roster);
}

bool service_reload(struct service *service, struct settings *settings, struct catalog *catalog)
{
    if (service->stopping)
        return false;
    struct generation *made =
        generation_create(settings, catalog, service->now, service->worker_count);
    if (!made)
        return false;
    made->next = service->now;
    service->now = made;
    name_series(service);
    hand_out(service);
    return true;
}

const struct catalog *service_catalog(const struct service *service)
{
    return service->now->catalog;
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
    source_hold(service->source,
                !flag_is_set(&service->storing) || !service->state_known || !service->schema_known);
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
        flag_put(&service->storing, message->type == SERVICE_STORING);
        free(message);
        update_hold(service);
        break;
    case SERVICE_LET_GO:
        on_let_go(service, CONTAINER_OF(message, struct let_go, message));
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
             INT("grace_ms", service->settings->shutdown_grace_ms));
    source_drain(service->source);
    recorder_drain(service->recorder);
    for (unsigned i = 0; i < service->worker_count; i++)
        worker_drain(service->workers[i]);
    loop_arm(service->options.loop, &service->grace,
             clock_now_ms() + service->settings->shutdown_grace_ms);
}

/* ── the schema of results ───────────────────────────────────────────────── */

static void know_schema(struct service *service)
{
    service->schema_known = true;
    metrics_set(service->counts, METRIC_SCHEMA_KNOWN, METRICS_INSTANCE, 1);
}

/* The workers see the id by the messages that follow: the source is told, and then sends records.
 */
static void schema_registered(void *context, uint32_t id)
{
    struct service *service = context;
    service->schema_id = id;
    know_schema(service);
    update_hold(service);
}

static void schema_refused(void *context, const struct error *why)
{
    struct service *service = context;
    if (service->stopping)
        return;
    service->failure = *why;
    service_stop(service);
}

static bool writes_avro(const struct service *service)
{
    const struct settings *settings = service->settings;
    return settings->topics.results.data && settings->results_format == RESULTS_AVRO;
}

/* The subject is the one that readers of the topic's values look for by default. */
static bool create_registrar(struct service *service, struct error *err)
{
    struct buffer schema = {0};
    struct buffer subject = {0};
    if (!writes_avro(service)) {
        know_schema(service);
        return true;
    }
    result_write_schema(&schema);
    buffer_print(&subject, "%s-value", service->settings->topics.results.data);
    const struct registrar_options options = {
        .loop = service->options.loop,
        .settings = &service->settings->registry,
        .metrics = service->counts,
        .subject = buffer_slice(&subject),
        .schema = buffer_slice(&schema),
        .context = service,
        .registered = schema_registered,
        .refused = schema_refused,
    };
    if (schema.failed || subject.failed)
        error_set(err, ERROR_MEMORY, "no memory for the schema of results");
    else
        service->registrar = registrar_create(&options, err);
    buffer_finish(&schema);
    buffer_finish(&subject);
    return service->registrar != NULL;
}

/* ── building ────────────────────────────────────────────────────────────── */

static void create_metrics(struct service *service)
{
    service->metrics = metrics_create();
    service->counts = metrics_block_create(service->metrics);
    metrics_name_subscription(service->metrics, METRICS_RETRIES, "(retries)"); /* of nobody */
    metrics_set(service->counts, METRIC_MEMORY_LIMIT, METRICS_INSTANCE,
                (int64_t)service->settings->limits.memory_bytes);
    metrics_set(service->counts, METRIC_BUILD_INFO, METRICS_INSTANCE, 1);
}

static bool create_source(struct service *service, struct error *err)
{
    const struct settings *settings = service->settings;
    const struct source_options options = {
        .memory_bytes = settings->limits.memory_bytes,
        .workers = service->worker_count,
        .transactional = settings->transactional,
        .grace_ms = settings->shutdown_grace_ms,
        .kafka = &settings->kafka,
        .metrics = service->metrics,
        .roster = &service->now->lanes->roster,
        .hooks = {service, deliver, give_up, sync_states, share, settled, done_with_roster,
                  say_drained},
    };
    service->source = source_create(&options, err);
    return service->source != NULL;
}

static bool create_worker(struct service *service, unsigned index, struct error *err)
{
    const struct settings *settings = service->settings;
    const struct pipeline_options pipeline = {
        .settings = settings,
        .catalog = service->now->catalog,
        .source = service->source,
        .recorder = service->recorder,
        .retries = service->now->retries,
        .instance = service->instance,
        .schema_id = writes_avro(service) ? &service->schema_id : NULL,
        .workers = service->workers,
        .context = service,
        .let_go = let_go,
    };
    service->pipelines[index] = pipeline_create(&pipeline);
    if (!service->pipelines[index])
        return error_set(err, ERROR_MEMORY, "no memory for a worker");
    const struct worker_options options = {
        .index = index,
        .workers = service->worker_count,
        .in_flight = settings->limits.in_flight,
        .memory_bytes = settings->limits.memory_bytes,
        .catalog = service->now->catalog,
        .registry = &settings->registry,
        .metrics = service->metrics,
        .storing = &service->storing,
        .hooks = pipeline_hooks(service->pipelines[index]),
    };
    service->workers[index] = worker_create(&options, err);
    if (!service->workers[index])
        return false;
    pipeline_attach(service->pipelines[index], service->workers[index]);
    return true;
}

static bool create_workers(struct service *service, struct error *err)
{
    service->workers = calloc(service->worker_count, sizeof(struct worker *));
    service->pipelines = calloc(service->worker_count, sizeof(struct pipeline *));
    if (!service->workers || !service->pipelines)
        return error_set(err, ERROR_MEMORY, "no memory for workers");
    for (unsigned i = 0; i < service->worker_count; i++)
        if (!create_worker(service, i, err))
            return false;
    return true;
}

static bool create_recorder(struct service *service, struct error *err)
{
    const struct recorder_hooks hooks = {service, home, storing, settle, done_with_retries};
    service->recorder =
        recorder_create(service->settings, service->now->retries, service->metrics, &hooks, err);
    return service->recorder != NULL;
}

static bool create_states(struct service *service, struct error *err)
{
    const struct states_hooks hooks = {service, remember, suspend, known, synced};
    service->states =
        states_create(service->settings, service->now->catalog, service->metrics, &hooks, err);
    return service->states != NULL;
}

static void name_instance(struct service *service)
{
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    snprintf(service->instance, sizeof service->instance, "%s-%ld", host, (long)getpid());
}

/* The first generation: what it is made of stays the caller's. */
static bool begin(struct service *service, const struct service_options *options, struct error *err)
{
    const struct settings_limits *limits = &options->settings->limits;
    service->worker_count = worker_spread(limits->workers, limits->in_flight);
    service->now =
        generation_create(options->settings, options->catalog, NULL, service->worker_count);
    if (!service->now)
        return error_set(err, ERROR_MEMORY, "no memory for lanes");
    service->now->users = UINT32_MAX / 2; /* it stays, since it holds what a reload can't change */
    return true;
}

struct service *service_create(const struct service_options *options, struct error *err)
{
    struct service *service = calloc(1, sizeof *service);
    if (!service) {
        error_set(err, ERROR_MEMORY, "no memory for the service");
        return NULL;
    }
    service->options = *options;
    service->settings = options->settings;
    service->grace.fire = on_grace_over;
    service->drained.type = SERVICE_DRAINED;
    service->known.type = SERVICE_KNOWN;
    name_instance(service);
    create_metrics(service);
    service->mailbox = mailbox_create(options->loop, on_message, service, err);
    if (!service->mailbox || !begin(service, options, err) || !create_source(service, err) ||
        !create_recorder(service, err) || !create_workers(service, err) ||
        !create_states(service, err) || !create_registrar(service, err)) {
        service_destroy(service);
        return NULL;
    }
    name_series(service);
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
        else if (message->type == SERVICE_LET_GO)
            free(CONTAINER_OF(message, struct let_go, message));
    }
}

static void destroy_generations(struct service *service)
{
    while (service->now) {
        struct generation *one = service->now;
        service->now = one->next;
        if (one->settings == service->settings) { /* the first, which is the caller's */
            one->settings = NULL;
            one->catalog = NULL;
        }
        generation_destroy(one);
    }
}

/* Workers first: what they abandon goes to the recorder and the source, and what the recorder
 * gives up goes to the source. */
void service_destroy(struct service *service)
{
    if (!service)
        return;
    registrar_destroy(service->registrar);
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
    metrics_destroy(service->metrics);
    destroy_generations(service);
    free(service->workers);
    free(service->pipelines);
    free(service);
}

bool service_ended_well(const struct service *service, struct error *err)
{
    if (!service->failure.kind)
        return true;
    *err = service->failure;
    return false;
}

struct metrics *service_metrics(struct service *service)
{
    return service->metrics;
}

/* ── is it ready? ────────────────────────────────────────────────────────── */

static bool is_set(const struct service *service, enum metric metric)
{
    return metrics_read(service->metrics, metric, METRICS_INSTANCE, METRICS_NO_LABEL) != 0;
}

static bool say(struct buffer *why, const char *what)
{
    buffer_add_text(why, what);
    return false;
}

/* That of the retries too: its topics are there as soon as Kafka stores. */
static bool all_joined(const struct service *service, struct buffer *why)
{
    bool joined = true;
    for (size_t i = METRICS_RETRIES; i < metrics_lane_end(service->metrics); i++) {
        const char *group = metrics_lane_group(service->metrics, i);
        if (!group || metrics_read(service->metrics, METRIC_JOINED, i, METRICS_NO_LABEL))
            continue;
        if (metrics_read(service->metrics, METRIC_FENCED, i, METRICS_NO_LABEL))
            buffer_print(why, "group %s has another instance of the same group.instance.id\n",
                         group);
        else
            buffer_print(
                why, "group %s is not joined yet; it waits for its topics and its broker\n", group);
        joined = false;
    }
    return joined;
}

/* It goes by metrics alone, which any thread may read. */
bool service_ready(const struct service *service, struct buffer *why)
{
    bool ready = true;
    if (is_set(service, METRIC_STOPPING))
        ready = say(why, "stopping\n");
    if (!is_set(service, METRIC_KAFKA_UP))
        ready = say(why, "Kafka can't be reached, or does not store results and dead letters\n");
    if (!is_set(service, METRIC_STATE_KNOWN))
        ready = say(why, "what is remembered of subscriptions is not read yet\n");
    if (!is_set(service, METRIC_SCHEMA_KNOWN))
        ready = say(why, "the schema registry has not taken the schema of results yet\n");
    return all_joined(service, why) && ready;
}
