/* Questions that are waited for. The answer comes in the request's own memory, which whoever waits
 * keeps; if nobody waits any more it is thrown away. */
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/world/fiber.h"
#include "sim/world/memory.h"

#define LOOK_AGAIN_US INT64_C(20000)

struct place_in_time {
    char topic[128];
    int32_t partition;
    int64_t time; /* RD_KAFKA_OFFSET_BEGINNING, _END, or in ms since 1970 */
    /* ── */
    int64_t offset;
    rd_kafka_resp_err_t code;
};

struct described_topic {
    char name[128];
    int partitions; /* 0: it does not exist */
};

struct ask {
    struct wire_request request;
    struct caller *caller;
    char topic[128]; /* metadata of this one; "": of all */
    struct place_in_time *places;
    int place_count;
    /* ── */
    struct described_topic *topics;
    int topic_count;
};

static void free_ask(struct ask *ask)
{
    free(ask->places);
    free(ask->topics);
    free(ask);
}

static void destroy_ask(struct wire_request *request)
{
    struct ask *ask = CONTAINER_OF(request, struct ask, request);
    if (!ask->caller)
        free_ask(ask);
}

void caller_tell(struct caller *caller, rd_kafka_resp_err_t code)
{
    caller->answered = true;
    caller->code = code;
    fiber_wake(caller->fiber);
}

static void on_answer(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct ask *ask = CONTAINER_OF(request, struct ask, request);
    if (ask->caller)
        caller_tell(ask->caller, code);
    if (code)
        ask->caller = NULL; /* no answer to keep */
}

static struct ask *new_ask(void (*serve)(struct wire_request *))
{
    struct process *before = process_enter(NULL);
    struct ask *ask = memory_get(sizeof *ask);
    process_enter(before);
    ask->request.serve = serve;
    ask->request.done = on_answer;
    ask->request.destroy = destroy_ask;
    return ask;
}

bool caller_wait_for_wire(const struct wire *wire, int64_t until_us)
{
    while (!wire->up && world_now_us() < until_us) {
        int64_t again_us = world_now_us() + LOOK_AGAIN_US;
        fiber_wait(again_us < until_us ? again_us : until_us);
    }
    return wire->up;
}

void caller_wait(struct caller *caller, int64_t until_us)
{
    while (!caller->answered && world_now_us() < until_us)
        fiber_wait(until_us);
}

/* Sends it and waits. With an answer the request is the caller's to free. */
static rd_kafka_resp_err_t ask_and_wait(struct wire *wire, struct ask *ask, int64_t until_us)
{
    struct caller caller = {.fiber = fiber_current()};
    if (!caller_wait_for_wire(wire, until_us)) {
        free_ask(ask);
        return RD_KAFKA_RESP_ERR__TRANSPORT;
    }
    ask->caller = &caller;
    wire_send(wire, &ask->request);
    caller_wait(&caller, until_us);
    if (caller.answered)
        return caller.code;
    ask->caller = NULL;
    return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

static int64_t deadline(int timeout_ms)
{
    return world_now_us() + timeout_ms * INT64_C(1000);
}

/* ── metadata ────────────────────────────────────────────────────────────── */

static void describe(struct ask *ask, const char *name, int partitions)
{
    struct described_topic *topics =
        memory_get((size_t)(ask->topic_count + 1) * sizeof(struct described_topic));
    if (ask->topic_count > 0)
        memcpy(topics, ask->topics, (size_t)ask->topic_count * sizeof *topics);
    free(ask->topics);
    ask->topics = topics;
    strcpy(topics[ask->topic_count].name, name);
    topics[ask->topic_count++].partitions = partitions;
}

static void serve_metadata(struct wire_request *request)
{
    struct ask *ask = CONTAINER_OF(request, struct ask, request);
    const struct kafka_topic *one = ask->topic[0] ? cluster_topic(ask->topic) : NULL;
    if (ask->topic[0])
        describe(ask, ask->topic, one ? one->log_count : 0);
    for (struct kafka_topic *t = ask->topic[0] ? NULL : cluster_next(NULL); t; t = cluster_next(t))
        describe(ask, t->name, t->log_count);
    wire_answer(request);
}

static void fill_topic(struct rd_kafka_metadata_topic *topic, const struct described_topic *from)
{
    topic->topic = rdk_copy_text(from->name);
    topic->err =
        from->partitions ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    topic->partition_cnt = from->partitions;
    topic->partitions =
        rdk_get((size_t)(from->partitions + 1) * sizeof(struct rd_kafka_metadata_partition));
    for (int i = 0; i < from->partitions; i++)
        topic->partitions[i].id = i;
}

static const struct rd_kafka_metadata *make_metadata(rd_kafka_t *rk, const struct ask *ask)
{
    struct rd_kafka_metadata *metadata = rdk_get(sizeof *metadata);
    metadata->topic_cnt = ask->topic_count;
    metadata->topics =
        rdk_get((size_t)(ask->topic_count + 1) * sizeof(struct rd_kafka_metadata_topic));
    for (int i = 0; i < ask->topic_count; i++) {
        fill_topic(&metadata->topics[i], &ask->topics[i]);
        rdk_topic_seen(rdk_topic(rk, ask->topics[i].name), ask->topics[i].partitions > 0);
    }
    return metadata;
}

rd_kafka_resp_err_t rd_kafka_metadata(rd_kafka_t *rk, int all, rd_kafka_topic_t *only,
                                      const struct rd_kafka_metadata **metadata, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    struct ask *ask = new_ask(serve_metadata);
    if (!all && only)
        strcpy(ask->topic, only->name);
    rd_kafka_resp_err_t code = ask_and_wait(&rk->broker, ask, deadline(timeout_ms));
    if (!code) {
        *metadata = make_metadata(rk, ask);
        free_ask(ask);
    }
    rdk_leave(before);
    return code;
}

void rd_kafka_metadata_destroy(const struct rd_kafka_metadata *metadata)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        free(metadata->topics[i].topic);
        free(metadata->topics[i].partitions);
    }
    free(metadata->topics);
    free((void *)(uintptr_t)metadata);
}

/* ── offsets by time ─────────────────────────────────────────────────────── */

static void look_up(struct place_in_time *place)
{
    const struct kafka_log *log = cluster_log(place->topic, place->partition);
    place->code = log ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (!log)
        return;
    int64_t end = (int64_t)log->count;
    if (place->time == RD_KAFKA_OFFSET_END)
        place->offset = end;
    else if (place->time == RD_KAFKA_OFFSET_BEGINNING)
        place->offset = 0;
    else
        place->offset = cluster_offset_at(log, place->time);
    if (place->time >= 0 && place->offset == end)
        place->offset = RD_KAFKA_OFFSET_END; /* none is as young */
}

static void serve_times(struct wire_request *request)
{
    struct ask *ask = CONTAINER_OF(request, struct ask, request);
    for (int i = 0; i < ask->place_count; i++)
        look_up(&ask->places[i]);
    wire_answer(request);
}

rd_kafka_resp_err_t
rd_kafka_offsets_for_times(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    struct ask *ask = new_ask(serve_times);
    struct process *process = process_enter(NULL);
    ask->places = memory_get((size_t)(list->cnt + 1) * sizeof *ask->places);
    process_enter(process);
    ask->place_count = list->cnt;
    for (int i = 0; i < list->cnt; i++) {
        strcpy(ask->places[i].topic, list->elems[i].topic);
        ask->places[i].partition = list->elems[i].partition;
        ask->places[i].time = list->elems[i].offset;
    }
    rd_kafka_resp_err_t code = ask_and_wait(&rk->broker, ask, deadline(timeout_ms));
    for (int i = 0; !code && i < list->cnt; i++) {
        list->elems[i].offset = ask->places[i].offset;
        list->elems[i].err = ask->places[i].code;
    }
    if (!code)
        free_ask(ask);
    rdk_leave(before);
    return code;
}

rd_kafka_resp_err_t rd_kafka_query_watermark_offsets(rd_kafka_t *rk, const char *topic,
                                                     int32_t partition, int64_t *low, int64_t *high,
                                                     int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *end = rd_kafka_topic_partition_list_add(list, topic, partition);
    end->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, list, timeout_ms);
    if (!code)
        code = end->err;
    *low = 0;
    *high = end->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

/* ── committed offsets ───────────────────────────────────────────────────── */

struct committed_ask {
    struct group_offsets offsets;
    struct caller *caller;
};

static void free_committed(struct committed_ask *ask)
{
    group_offsets_finish(&ask->offsets);
    free(ask);
}

static struct committed_ask *committed_of(struct wire_request *request)
{
    struct group_offsets *offsets = CONTAINER_OF(request, struct group_offsets, request);
    return CONTAINER_OF(offsets, struct committed_ask, offsets);
}

static void destroy_committed(struct wire_request *request)
{
    if (!committed_of(request)->caller)
        free_committed(committed_of(request));
}

static void on_committed(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct committed_ask *ask = committed_of(request);
    if (ask->caller)
        caller_tell(ask->caller, code);
    if (code)
        ask->caller = NULL;
}

static struct committed_ask *new_committed(const rd_kafka_t *rk,
                                           const rd_kafka_topic_partition_list_t *list)
{
    struct process *before = process_enter(NULL);
    struct committed_ask *ask = memory_get(sizeof *ask);
    struct group_offsets *offsets = &ask->offsets;
    offsets->request.serve = group_serve_fetch;
    offsets->request.done = on_committed;
    offsets->request.destroy = destroy_committed;
    offsets->by = rk->process;
    offsets->whole = true;
    offsets->items = memory_get((size_t)(list->cnt + 1) * sizeof *offsets->items);
    offsets->count = (size_t)list->cnt;
    strcpy(offsets->group, rk->conf.group);
    for (int i = 0; i < list->cnt; i++)
        offsets->items[i].log = cluster_log(list->elems[i].topic, list->elems[i].partition);
    process_enter(before);
    return ask;
}

static void set_committed(rd_kafka_topic_partition_t *element, const struct group_offset *answer)
{
    element->offset = answer->offset < 0 ? RD_KAFKA_OFFSET_INVALID : answer->offset;
    element->err = answer->code;
    free(element->metadata);
    element->metadata = NULL;
    element->metadata_size = 0;
    if (!answer->metadata)
        return;
    element->metadata = rdk_copy_text(answer->metadata);
    element->metadata_size = strlen(answer->metadata);
}

/* The last error of any. */
static rd_kafka_resp_err_t set_all_committed(rd_kafka_topic_partition_list_t *list,
                                             const struct group_offsets *answer)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; i < list->cnt; i++) {
        set_committed(&list->elems[i], &answer->items[i]);
        code = answer->items[i].code ? answer->items[i].code : code;
    }
    return code;
}

/* rd_kafka_committed: asks again where the coordinator is lost, until the time is over. */
rd_kafka_resp_err_t rd_kafka_committed(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list,
                                       int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    int64_t until_us = deadline(timeout_ms);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TRANSPORT;
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
    while (code == RD_KAFKA_RESP_ERR__TRANSPORT &&
           caller_wait_for_wire(&rk->coordinator, until_us)) {
        struct caller caller = {.fiber = fiber_current()};
        struct committed_ask *ask = new_committed(rk, list);
        ask->caller = &caller;
        wire_send(&rk->coordinator, &ask->offsets.request);
        caller_wait(&caller, until_us);
        code = caller.answered ? caller.code : RD_KAFKA_RESP_ERR__TIMED_OUT;
        if (!caller.answered)
            ask->caller = NULL;
        if (!code) {
            code = set_all_committed(list, &ask->offsets);
            free_committed(ask);
        }
    }
    rdk_leave(before);
    return code == RD_KAFKA_RESP_ERR__TRANSPORT ? RD_KAFKA_RESP_ERR__TIMED_OUT : code;
}

/* ── creating topics ─────────────────────────────────────────────────────── */

struct rd_kafka_NewTopic_s {
    char name[128];
    int partitions;
    int64_t max_message_bytes;
};

struct rd_kafka_AdminOptions_s {
    int timeout_ms;
};

struct creation {
    struct wire_request request;
    struct rd_kafka_NewTopic_s topic;
    rd_kafka_queue_t *queue; /* the client's: looked at in `done` only */
    /* ── */
    rd_kafka_resp_err_t code;
};

rd_kafka_NewTopic_t *rd_kafka_NewTopic_new(const char *name, int partitions, int replication,
                                           char *text, size_t size)
{
    (void)replication;
    (void)text;
    (void)size;
    rd_kafka_NewTopic_t *topic = rdk_get(sizeof *topic);
    strcpy(topic->name, name);
    topic->partitions = partitions;
    return topic;
}

void rd_kafka_NewTopic_destroy(rd_kafka_NewTopic_t *topic)
{
    free(topic);
}

rd_kafka_resp_err_t rd_kafka_NewTopic_set_config(rd_kafka_NewTopic_t *topic, const char *name,
                                                 const char *value)
{
    if (strcmp(name, "max.message.bytes") == 0)
        topic->max_message_bytes = atoll(value);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_AdminOptions_t *rd_kafka_AdminOptions_new(rd_kafka_t *rk, rd_kafka_admin_op_t operation)
{
    (void)rk;
    (void)operation;
    return rdk_get(sizeof(rd_kafka_AdminOptions_t));
}

void rd_kafka_AdminOptions_destroy(rd_kafka_AdminOptions_t *options)
{
    free(options);
}

rd_kafka_resp_err_t rd_kafka_AdminOptions_set_request_timeout(rd_kafka_AdminOptions_t *options,
                                                              int timeout_ms, char *text,
                                                              size_t size)
{
    (void)text;
    (void)size;
    options->timeout_ms = timeout_ms;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t rd_kafka_AdminOptions_set_operation_timeout(rd_kafka_AdminOptions_t *options,
                                                                int timeout_ms, char *text,
                                                                size_t size)
{
    return rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, size);
}

static void serve_creation(struct wire_request *request)
{
    struct creation *creation = CONTAINER_OF(request, struct creation, request);
    const struct rd_kafka_NewTopic_s *wanted = &creation->topic;
    if (cluster_topic(wanted->name)) {
        creation->code = RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
    } else {
        struct kafka_topic *topic = cluster_create(wanted->name, wanted->partitions);
        if (wanted->max_message_bytes)
            topic->max_message_bytes = (size_t)wanted->max_message_bytes;
    }
    wire_answer(request);
}

static void on_created(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct creation *creation = CONTAINER_OF(request, struct creation, request);
    rdk_push(creation->queue, rdk_op(RDK_CREATED, code ? code : creation->code), false);
    rdk_queue_release(creation->queue);
}

static void free_creation(struct wire_request *request)
{
    free(CONTAINER_OF(request, struct creation, request));
}

void rd_kafka_CreateTopics(rd_kafka_t *rk, rd_kafka_NewTopic_t **topics, size_t count,
                           const rd_kafka_AdminOptions_t *options, rd_kafka_queue_t *queue)
{
    enum memory_kind before = rdk_enter();
    (void)count;   /* grapnel creates one at a time */
    (void)options; /* it waits no longer than this itself */
    if (!rk->broker.up) {
        rdk_push(queue, rdk_op(RDK_CREATED, RD_KAFKA_RESP_ERR__TIMED_OUT), false);
        rdk_leave(before);
        return;
    }
    struct process *process = process_enter(NULL);
    struct creation *creation = memory_get(sizeof *creation);
    process_enter(process);
    creation->request.serve = serve_creation;
    creation->request.done = on_created;
    creation->request.destroy = free_creation;
    creation->topic = *topics[0];
    creation->queue = queue;
    queue->references++;
    wire_send(&rk->broker, &creation->request);
    rdk_leave(before);
}

const rd_kafka_CreateTopics_result_t *rd_kafka_event_CreateTopics_result(rd_kafka_event_t *event)
{
    return event;
}

/* The event's own error says it all. */
const rd_kafka_topic_result_t **
rd_kafka_CreateTopics_result_topics(const rd_kafka_CreateTopics_result_t *result, size_t *count)
{
    (void)result;
    *count = 0;
    return NULL;
}

rd_kafka_resp_err_t rd_kafka_topic_result_error(const rd_kafka_topic_result_t *result)
{
    (void)result;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

const char *rd_kafka_topic_result_error_string(const rd_kafka_topic_result_t *result)
{
    (void)result;
    return "";
}
