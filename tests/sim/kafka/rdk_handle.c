#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/world/memory.h"

#define PROPAGATION_US INT64_C(30000000) /* topic.metadata.propagation.max.ms */

static unsigned created;
static struct list handles = {&handles, &handles};

struct handle {
    struct list link; /* in handles */
    rd_kafka_t rk;
};

void *rdk_get(size_t bytes)
{
    return memory_get(bytes);
}

char *rdk_copy_text(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(memory_get(bytes), text, bytes);
}

unsigned rdk_open_handles(const struct process *process, unsigned *unassigned)
{
    unsigned count = 0;
    *unassigned = 0;
    for (struct list *link = handles.next; link != &handles; link = link->next) {
        const rd_kafka_t *rk = &CONTAINER_OF(link, struct handle, link)->rk;
        if (rk->process != process)
            continue;
        count++;
        if (rk->ever_subscribed && !rk->ever_assigned)
            *unassigned += 1;
    }
    return count;
}

/* ── wires ───────────────────────────────────────────────────────────────── */

static void tell_error(rd_kafka_t *rk, rd_kafka_resp_err_t code, const char *text)
{
    struct rd_kafka_op_s *op = rdk_op(RDK_ERROR, code);
    snprintf(op->text, sizeof op->text, "%s", text);
    rdk_push(rk->queue, op, false);
}

/* Told when the last connection is gone, not with each attempt that fails. */
static void note_brokers(rd_kafka_t *rk)
{
    bool up = rk->broker.up || rk->coordinator.up;
    if (rk->was_up && !up) {
        tell_error(rk, RD_KAFKA_RESP_ERR__TRANSPORT, "sim:9092/bootstrap: Disconnected");
        tell_error(rk, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "1/1 brokers are down");
    }
    rk->was_up = up;
}

static void serve_partitions(rd_kafka_t *rk)
{
    toppar_serve_all(rk);
    simple_serve_all(rk);
}

static void on_broker(struct wire *wire)
{
    rd_kafka_t *rk = CONTAINER_OF(wire, rd_kafka_t, broker);
    note_brokers(rk);
    if (rk->type == RD_KAFKA_PRODUCER)
        producer_hurry(rk);
    else if (wire->up)
        serve_partitions(rk);
}

static void on_coordinator(struct wire *wire)
{
    rd_kafka_t *rk = CONTAINER_OF(wire, rd_kafka_t, coordinator);
    note_brokers(rk);
    member_coordinator_changed(rk);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static bool has_group(const rd_kafka_t *rk)
{
    return rk->type == RD_KAFKA_CONSUMER && rk->conf.group[0];
}

/* Nothing may happen to it any more. */
static void shut(rd_kafka_t *rk)
{
    wire_close(&rk->broker);
    if (has_group(rk))
        wire_close(&rk->coordinator);
    member_close(rk);
    producer_free_all(rk);
    toppar_free_all(rk);
    simple_free_all(rk);
    list_remove(&CONTAINER_OF(rk, struct handle, rk)->link);
}

static void gone(struct process_exit *exit)
{
    shut(CONTAINER_OF(exit, rd_kafka_t, exit));
}

/* One that is made while no process runs only shows that its properties go together. */
static bool is_of_nobody(const rd_kafka_t *rk)
{
    return !rk->process;
}

rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *text, size_t size)
{
    enum memory_kind before = rdk_enter();
    (void)text;
    (void)size;
    struct handle *handle = rdk_get(sizeof *handle);
    rd_kafka_t *rk = &handle->rk;
    rk->type = type;
    rk->conf = *conf;
    free(conf);
    rk->process = process_current();
    if (is_of_nobody(rk)) {
        rdk_leave(before);
        return rk;
    }
    rk->dice = dice_for(world_seed(), "client", ++created);
    snprintf(rk->name, sizeof rk->name, "grapnel#%s-%u",
             type == RD_KAFKA_CONSUMER ? "consumer" : "producer", created);
    list_init(&rk->queues);
    list_init(&rk->topics);
    list_init(&rk->toppars);
    list_init(&rk->readers);
    list_init(&rk->committing);
    list_init(&rk->deferred);
    list_init(&rk->parts);
    rk->queue = rdk_queue_create(rk);
    rk->producer_id = created;
    rk->exit.gone = gone;
    list_push(&rk->process->exits, &rk->exit.link);
    list_push(&handles, &handle->link);
    member_open(rk);
    wire_open(&rk->broker, rk->process, on_broker);
    if (has_group(rk))
        wire_open(&rk->coordinator, rk->process, on_coordinator);
    rdk_leave(before);
    return rk;
}

static void free_topic(rd_kafka_topic_t *topic)
{
    list_remove(&topic->link);
    free(topic->name);
    free(topic);
}

void rd_kafka_destroy_flags(rd_kafka_t *rk, int flags)
{
    enum memory_kind before = rdk_enter();
    (void)flags;
    struct handle *handle = CONTAINER_OF(rk, struct handle, rk);
    if (is_of_nobody(rk)) {
        free(handle);
        rdk_leave(before);
        return;
    }
    list_remove(&rk->exit.link);
    shut(rk);
    commit_free_all(rk);
    while (!list_empty(&rk->queues))
        rdk_queue_free(CONTAINER_OF(rk->queues.next, rd_kafka_queue_t, link));
    while (!list_empty(&rk->topics))
        free_topic(CONTAINER_OF(rk->topics.next, rd_kafka_topic_t, link));
    free(handle);
    rdk_leave(before);
}

void rd_kafka_destroy(rd_kafka_t *rk)
{
    rd_kafka_destroy_flags(rk, 0);
}

const char *rd_kafka_name(const rd_kafka_t *rk)
{
    return rk->name;
}

void *rd_kafka_opaque(const rd_kafka_t *rk)
{
    return rk->conf.opaque;
}

rd_kafka_resp_err_t rd_kafka_poll_set_consumer(rd_kafka_t *rk)
{
    (void)rk; /* a consumer has one queue here */
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void rd_kafka_mem_free(rd_kafka_t *rk, void *memory)
{
    (void)rk;
    free(memory);
}

rd_kafka_resp_err_t rd_kafka_last_error(void)
{
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ── topics ──────────────────────────────────────────────────────────────── */

rd_kafka_topic_t *rdk_topic(rd_kafka_t *rk, const char *name)
{
    for (struct list *link = rk->topics.next; link != &rk->topics; link = link->next) {
        rd_kafka_topic_t *topic = CONTAINER_OF(link, rd_kafka_topic_t, link);
        if (strcmp(topic->name, name) == 0)
            return topic;
    }
    rd_kafka_topic_t *topic = rdk_get(sizeof *topic);
    topic->rk = rk;
    topic->name = rdk_copy_text(name);
    topic->made_us = world_now_us();
    list_push(&rk->topics, &topic->link);
    return topic;
}

/* rd_kafka_topic_metadata_update */
void rdk_topic_seen(rd_kafka_topic_t *topic, bool there)
{
    bool is_new = world_now_us() < topic->made_us + PROPAGATION_US;
    topic->missing = !there && !is_new;
}

/* They live as long as the handle. */
rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *rk, const char *name, rd_kafka_topic_conf_t *conf)
{
    enum memory_kind before = rdk_enter();
    (void)conf;
    rd_kafka_topic_t *topic = rdk_topic(rk, name);
    topic->references++;
    rdk_leave(before);
    return topic;
}

void rd_kafka_topic_destroy(rd_kafka_topic_t *topic)
{
    topic->references--;
}

const char *rd_kafka_topic_name(const rd_kafka_topic_t *topic)
{
    return topic->name;
}

struct kafka_log *rdk_log(const char *topic, int32_t partition)
{
    return cluster_log(topic, partition);
}

/* ── subscriptions ───────────────────────────────────────────────────────── */

static bool matches(const char *pattern, const char *name)
{
    regex_t regex;
    if (pattern[0] != '^')
        return strcmp(pattern, name) == 0;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool found = regexec(&regex, name, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

/* One of several patterns, separated by commas. */
static bool is_ignored(const rd_kafka_t *rk, const char *name)
{
    char patterns[sizeof rk->conf.ignored];
    char *save = NULL;
    snprintf(patterns, sizeof patterns, "%s", rk->conf.ignored);
    for (char *one = strtok_r(patterns, ",", &save); one; one = strtok_r(NULL, ",", &save))
        if (matches(one, name))
            return true;
    return false;
}

static bool is_subscribed(const rd_kafka_t *rk, const char *name)
{
    const rd_kafka_topic_partition_list_t *list = rk->member.subscription;
    for (int i = 0; list && i < list->cnt; i++)
        if (matches(list->elems[i].topic, name))
            return true;
    return false;
}

void subscription_match(const rd_kafka_t *rk, struct kafka_places *places)
{
    struct process *before = process_enter(NULL);
    places_finish(places);
    for (struct kafka_topic *topic = cluster_next(NULL); topic; topic = cluster_next(topic)) {
        if (!is_subscribed(rk, topic->name) || is_ignored(rk, topic->name))
            continue;
        for (int i = 0; i < topic->log_count; i++)
            places_add(places, &topic->logs[i]);
    }
    process_enter(before);
}
