/* Partitions of a consumer: rdkafka_assignment.c, rdkafka_partition.c, and the fetcher of
 * rdkafka_broker.c. */
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/model/model.h"
#include "sim/world/memory.h"

#define FULL_AGAIN_US                                                                              \
    INT64_C(1000000) /* a queue over its limit is not fetched into for a second                    \
                      */
#define FETCH_US       INT64_C(1500)
#define QUERY_AGAIN_US INT64_C(200000)

/* ── finding ─────────────────────────────────────────────────────────────── */

static void on_fetch(struct world_event *event);

static void on_grown(struct kafka_watcher *watcher)
{
    toppar_fetch(CONTAINER_OF(watcher, struct toppar, watcher));
}

struct toppar *toppar_find(rd_kafka_t *rk, const char *topic, int32_t number)
{
    for (struct list *link = rk->toppars.next; link != &rk->toppars; link = link->next) {
        struct toppar *toppar = CONTAINER_OF(link, struct toppar, link);
        if (toppar->number == number && strcmp(toppar->topic->name, topic) == 0)
            return toppar;
    }
    return NULL;
}

static struct toppar *get(rd_kafka_t *rk, const char *topic, int32_t number)
{
    struct toppar *toppar = toppar_find(rk, topic, number);
    if (toppar)
        return toppar;
    toppar = rdk_get(sizeof *toppar);
    toppar->rk = rk;
    toppar->topic = rdk_topic(rk, topic);
    toppar->number = number;
    toppar->end = -1;
    toppar->watcher.grown = on_grown;
    list_init(&toppar->watcher.link);
    toppar->fetch.fire = on_fetch;
    toppar->fetch.process = rk->process;
    list_push(&rk->toppars, &toppar->link);
    return toppar;
}

static struct toppar *first(rd_kafka_t *rk)
{
    return list_empty(&rk->toppars) ? NULL : CONTAINER_OF(rk->toppars.next, struct toppar, link);
}

static struct toppar *next(struct toppar *toppar)
{
    struct list *link = toppar->link.next;
    return link == &toppar->rk->toppars ? NULL : CONTAINER_OF(link, struct toppar, link);
}

void toppar_free_all(rd_kafka_t *rk)
{
    while (!list_empty(&rk->toppars)) {
        struct toppar *toppar = first(rk);
        world_cancel(&toppar->fetch);
        list_remove(&toppar->watcher.link);
        list_remove(&toppar->link);
        free(toppar);
    }
}

bool toppar_any_assigned(const rd_kafka_t *rk)
{
    for (struct toppar *t = first((rd_kafka_t *)(uintptr_t)rk); t; t = next(t))
        if (t->assigned)
            return true;
    return false;
}

/* ── fetching ────────────────────────────────────────────────────────────── */

static bool may_fetch(const struct toppar *toppar)
{
    return toppar->started && !toppar->app_paused && !toppar->lib_paused && toppar->rk->broker.up &&
           toppar->log && !toppar->log->topic->gone;
}

void toppar_fetch(struct toppar *toppar)
{
    if (may_fetch(toppar) && toppar->next < (int64_t)toppar->log->count &&
        !heap_holds(&toppar->fetch.node))
        world_after(&toppar->fetch, dice_between(&toppar->rk->dice, 200, FETCH_US));
}

static void enqueue(struct toppar *toppar, const struct kafka_record *record)
{
    struct rdk_message *message = rdk_message_of(toppar->topic, toppar->number, record);
    message->toppar = toppar;
    message->version = toppar->version;
    struct rd_kafka_op_s *op = rdk_op(RDK_MESSAGE, RD_KAFKA_RESP_ERR_NO_ERROR);
    op->message = message;
    toppar->rk->queued_bytes += message->bytes;
    rdk_push(toppar->rk->queue, op, false);
}

static void on_fetch(struct world_event *event)
{
    struct toppar *toppar = CONTAINER_OF(event, struct toppar, fetch);
    rd_kafka_t *rk = toppar->rk;
    int64_t room = rk->conf.fetch_bytes;
    if (!may_fetch(toppar))
        return;
    toppar->end = (int64_t)toppar->log->count;
    if (rk->queued_bytes >= (size_t)rk->conf.queue_kbytes * 1024) {
        world_after(event, FULL_AGAIN_US);
        return;
    }
    while (toppar->next < toppar->end && room > 0) {
        const struct kafka_record *record = toppar->log->records[toppar->next++];
        model_fetched(rk->process, rk->conf.group, toppar->log, record->offset);
        enqueue(toppar, record);
        room -= (int64_t)kafka_message_bytes(&record->message);
    }
    toppar_fetch(toppar);
}

/* rd_kafka_op_version_outdated, and the position that a pause goes back to */
bool toppar_taken(struct rdk_message *message)
{
    struct toppar *toppar = message->toppar;
    if (message->version != toppar->version)
        return false;
    toppar->taken = message->public.offset + 1;
    model_taken(toppar->rk->process, toppar->rk->conf.group, toppar->log, message->public.offset);
    world_trace("%s: %s [%d] @%lld is taken", toppar->rk->name, toppar->topic->name,
                (int)toppar->number, (long long)message->public.offset);
    return true;
}

/* ── pausing ─────────────────────────────────────────────────────────────── */

/* A new version: what is fetched and not taken yet is thrown away. */
static void go_on(struct toppar *toppar)
{
    world_trace("%s: %s [%d] goes on from %lld%s%s", toppar->rk->name, toppar->topic->name,
                (int)toppar->number, (long long)toppar->again, toppar->app_paused ? ", paused" : "",
                toppar->lib_paused ? ", a rebalance" : "");
    toppar->version++;
    toppar->next = toppar->again;
    toppar_fetch(toppar);
}

static void start_from(struct toppar *toppar, int64_t offset)
{
    toppar->taken = -1;
    toppar->again = offset;
    go_on(toppar);
}

/* rd_kafka_toppar_pause_resume: a pause keeps where the application is, if it has taken anything.
 * To resume one that is not paused goes back to where it began, or was paused last. */
static void set_pause(struct toppar *toppar, bool *pause, bool value)
{
    *pause = value;
    if (value && toppar->taken >= 0)
        toppar->again = toppar->taken;
    if (toppar->started)
        go_on(toppar);
}

void toppar_pause_all(rd_kafka_t *rk, bool paused)
{
    for (struct toppar *t = first(rk); t; t = next(t))
        if (t->assigned)
            set_pause(t, &t->lib_paused, paused);
}

static rd_kafka_resp_err_t pause_listed(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list,
                                        bool paused)
{
    enum memory_kind before = rdk_enter();
    for (int i = 0; i < list->cnt; i++) {
        struct toppar *toppar = toppar_find(rk, list->elems[i].topic, list->elems[i].partition);
        list->elems[i].err =
            toppar ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
        if (toppar)
            set_pause(toppar, &toppar->app_paused, paused);
    }
    rdk_leave(before);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t rd_kafka_pause_partitions(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    return pause_listed(rk, list, true);
}

rd_kafka_resp_err_t rd_kafka_resume_partitions(rd_kafka_t *rk,
                                               rd_kafka_topic_partition_list_t *list)
{
    return pause_listed(rk, list, false);
}

rd_kafka_error_t *rd_kafka_seek_partitions(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list,
                                           int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    (void)timeout_ms;
    for (int i = 0; i < list->cnt; i++) {
        struct toppar *toppar = toppar_find(rk, list->elems[i].topic, list->elems[i].partition);
        int64_t offset = list->elems[i].offset;
        if (offset == RD_KAFKA_OFFSET_END && toppar && toppar->log)
            offset = (int64_t)toppar->log->count;
        if (toppar && toppar->started)
            start_from(toppar, offset > 0 ? offset : 0);
    }
    rdk_leave(before);
    return NULL;
}

rd_kafka_resp_err_t rd_kafka_get_watermark_offsets(rd_kafka_t *rk, const char *topic,
                                                   int32_t partition, int64_t *low, int64_t *high)
{
    const struct toppar *toppar = toppar_find(rk, topic, partition);
    if (!toppar)
        return RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    *low = 0;
    *high = toppar->end < 0 ? RD_KAFKA_OFFSET_INVALID : toppar->end;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* ── starting and stopping ───────────────────────────────────────────────── */

/* An offset that is none begins at the beginning: auto.offset.reset=earliest. */
static void start(struct toppar *toppar, int64_t offset)
{
    toppar->started = true;
    toppar->lib_paused = false;
    toppar->log = rdk_log(toppar->topic->name, toppar->number);
    if (toppar->log)
        list_push(&toppar->log->watchers, &toppar->watcher.link);
    start_from(toppar, offset < 0 ? 0 : offset);
}

static void stop(struct toppar *toppar)
{
    toppar->assigned = toppar->started = toppar->querying = false;
    toppar->lib_paused = false;
    toppar->taken = -1;
    toppar->version++;
    world_cancel(&toppar->fetch);
    list_remove(&toppar->watcher.link);
}

void toppar_clear(rd_kafka_t *rk)
{
    for (struct toppar *t = first(rk); t; t = next(t))
        if (t->assigned)
            stop(t);
}

static void free_offsets(struct wire_request *request)
{
    struct group_offsets *offsets = CONTAINER_OF(request, struct group_offsets, request);
    group_offsets_finish(offsets);
    free(offsets);
}

/* rd_kafka_assignment_handle_OffsetFetch. While they are not stable it is asked again, by
 * rd_kafka_handle_OffsetFetch. */
static void on_offsets(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct group_offsets *offsets = CONTAINER_OF(request, struct group_offsets, request);
    rd_kafka_t *rk = CONTAINER_OF(request->wire, rd_kafka_t, coordinator);
    for (size_t i = 0; i < offsets->count; i++) {
        const struct group_offset *item = &offsets->items[i];
        struct toppar *toppar = toppar_find(rk, item->log->topic->name, item->log->number);
        if (!toppar->querying)
            continue;
        toppar->querying = false;
        if (!code && !item->code)
            start(toppar, item->offset);
        else
            rk->query_at_us = world_now_us() + QUERY_AGAIN_US;
    }
    member_assignment_served(rk);
}

/* Asks for the committed offsets of those that have none to start from. */
static void query(rd_kafka_t *rk)
{
    struct process *before = process_enter(NULL);
    struct group_offsets *offsets = memory_get(sizeof *offsets);
    offsets->request.serve = group_serve_fetch;
    offsets->request.done = on_offsets;
    offsets->request.destroy = free_offsets;
    offsets->by = rk->process;
    offsets->items = memory_get(64 * sizeof *offsets->items);
    strcpy(offsets->group, rk->conf.group);
    for (struct toppar *t = first(rk); t && offsets->count < 64; t = next(t)) {
        struct kafka_log *log = rdk_log(t->topic->name, t->number);
        if (!t->assigned || t->started || !log)
            continue;
        t->querying = true;
        offsets->items[offsets->count++].log = log;
    }
    process_enter(before);
    rk->query_at_us = 0;
    wire_send(&rk->coordinator, &offsets->request);
}

/* rd_kafka_assignment_serve_pending */
bool toppar_serve_all(rd_kafka_t *rk)
{
    bool waits = false;
    bool queries = false;
    for (struct toppar *t = first(rk); t; t = next(t)) {
        if (t->started)
            toppar_fetch(t);
        if (!t->assigned || t->started)
            continue;
        if (t->start >= 0 || t->start == RD_KAFKA_OFFSET_BEGINNING) {
            start(t, t->start);
            continue;
        }
        waits = true;
        queries = queries || t->querying || !rdk_log(t->topic->name, t->number);
    }
    if (waits && !queries && rk->coordinator.up && rk->commits_out == 0 &&
        world_now_us() >= rk->query_at_us)
        query(rk);
    return waits;
}

/* rd_kafka_assignment_add: all or none. */
static bool may_add(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const struct toppar *toppar =
            toppar_find(rk, list->elems[i].topic, list->elems[i].partition);
        if (toppar && toppar->assigned)
            return false;
    }
    return true;
}

rd_kafka_error_t *rd_kafka_incremental_assign(rd_kafka_t *rk,
                                              const rd_kafka_topic_partition_list_t *list)
{
    enum memory_kind before = rdk_enter();
    rd_kafka_error_t *error = NULL;
    if (!rk->member.terminating && !may_add(rk, list))
        error = rd_kafka_error_new(RD_KAFKA_RESP_ERR__CONFLICT, "assigned already");
    for (int i = 0; !error && !rk->member.terminating && i < list->cnt; i++) {
        struct toppar *toppar = get(rk, list->elems[i].topic, list->elems[i].partition);
        toppar->assigned = true;
        toppar->start = list->elems[i].offset;
        model_assigned(rk->process, rk->conf.group, rdk_log(toppar->topic->name, toppar->number));
    }
    if (!error)
        member_assign_called(rk, true);
    rdk_leave(before);
    return error;
}

static bool may_subtract(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const struct toppar *toppar =
            toppar_find(rk, list->elems[i].topic, list->elems[i].partition);
        if (!toppar || !toppar->assigned)
            return false;
    }
    return true;
}

rd_kafka_error_t *rd_kafka_incremental_unassign(rd_kafka_t *rk,
                                                const rd_kafka_topic_partition_list_t *list)
{
    enum memory_kind before = rdk_enter();
    rd_kafka_error_t *error = NULL;
    if (!rk->member.terminating && !may_subtract(rk, list))
        error = rd_kafka_error_new(RD_KAFKA_RESP_ERR__INVALID_ARG, "not assigned");
    for (int i = 0; !error && i < list->cnt; i++) {
        struct toppar *toppar = toppar_find(rk, list->elems[i].topic, list->elems[i].partition);
        if (!toppar)
            continue; /* at the end, when all are taken away at the first call */
        model_given_back(rk->process, rk->conf.group, rdk_log(toppar->topic->name, toppar->number),
                         rk->member.lost);
        if (toppar->assigned)
            stop(toppar);
    }
    if (!error)
        member_assign_called(rk, false);
    rdk_leave(before);
    return error;
}
