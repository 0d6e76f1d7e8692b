/* Messages out: rdkafka_msg.c and the idempotent producer. Each partition has one batch under way;
 * where the answer is lost it is sent again, and the cluster knows it by its number. */
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/model/model.h"
#include "sim/world/memory.h"

#define BATCH_BYTES    1000000
#define AGAIN_US       INT64_C(100000)
#define AGE_AGAIN_US   INT64_C(1000000) /* they grow old while Kafka is away, too */
#define MISSING_CHANCE 300000 /* per million: that a topic that isn't there is given up now */

/* A producer's partition of a topic. */
struct part {
    struct list link;
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    int32_t number;
    struct list waiting;
    struct list sending; /* the batch that is under way, or to be sent again */
    uint64_t sequence;   /* its number */
    bool under_way;
    struct world_event send;
};

/* A batch as it travels. `part` is the client's, and is looked at in `done` only. */
struct batch {
    struct wire_request request;
    struct part *part;
    char topic[128];
    int32_t number;
    const struct process *by;
    struct transaction_party party;
    uint64_t producer;
    uint64_t sequence;
    struct kafka_record *items; /* made of copies; only their messages count */
    size_t count;
    size_t bytes;
    char *room;
    /* ── */
    rd_kafka_resp_err_t code;
};

/* ── reports ─────────────────────────────────────────────────────────────── */

static void report(struct part *part, struct list *messages, rd_kafka_resp_err_t code)
{
    if (code && !list_empty(messages))
        transacting_failed(part->rk, code);
    if (code == RD_KAFKA_RESP_ERR__PURGE_QUEUE && !list_empty(messages))
        model_purged(part->rk->process, part->topic->name);
    for (struct list *link = list_pop(messages); link; link = list_pop(messages)) {
        struct rdk_message *message = CONTAINER_OF(link, struct rdk_message, link);
        struct rd_kafka_op_s *op = rdk_op(RDK_REPORT, code);
        message->public.err = code;
        op->message = message;
        part->rk->messages--;
        rdk_push(part->rk->queue, op, false);
    }
}

/* Gives up whatever was to go to a topic that is not there. */
static void give_up_topic(rd_kafka_t *rk, rd_kafka_topic_t *topic)
{
    rdk_topic_seen(topic, false);
    if (!topic->missing)
        return;
    for (struct list *link = rk->parts.next; link != &rk->parts; link = link->next) {
        struct part *part = CONTAINER_OF(link, struct part, link);
        if (part->topic != topic || part->under_way)
            continue;
        report(part, &part->sending, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
        report(part, &part->waiting, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC);
    }
}

/* ── a batch ─────────────────────────────────────────────────────────────── */

static void free_batch(struct wire_request *request)
{
    struct batch *batch = CONTAINER_OF(request, struct batch, request);
    for (size_t i = 0; i < batch->count; i++)
        free((void *)(uintptr_t)batch->items[i].message.headers);
    free(batch->items);
    free(batch->room);
    free(batch);
}

static void store(const struct batch *batch, struct kafka_log *log)
{
    bool in_transaction = batch->party.id[0];
    if (!cluster_is_new(log, batch->producer, batch->sequence))
        return;
    for (size_t i = 0; i < batch->count; i++) {
        if (in_transaction)
            transactions_hold(&batch->party, log, &batch->items[i].message);
        else
            cluster_append(log, &batch->items[i].message, -1, batch->by);
    }
}

static void serve_batch(struct wire_request *request)
{
    struct batch *batch = CONTAINER_OF(request, struct batch, request);
    struct kafka_log *log = cluster_log(batch->topic, batch->number);
    batch->code = cluster_check(log, batch->bytes);
    if (batch->code)
        model_refused(batch->by, batch->topic, batch->code);
    else if (batch->party.id[0])
        batch->code = transactions_enter(&batch->party);
    if (!batch->code)
        store(batch, log);
    wire_answer(request);
}

static bool is_retried(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS ||
           code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
}

static void on_stored(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct batch *batch = CONTAINER_OF(request, struct batch, request);
    struct part *part = batch->part;
    rd_kafka_t *rk = part->rk;
    code = code ? code : batch->code;
    part->under_way = false;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        if (dice_chance(&rk->dice, MISSING_CHANCE))
            give_up_topic(rk, part->topic);
        world_after(&part->send, AGAIN_US);
    } else if (is_retried(code)) {
        world_after(&part->send, AGAIN_US);
    } else {
        report(part, &part->sending, code);
        world_after(&part->send, 1);
    }
}

static struct slice copy(char **room, const void *bytes, size_t size)
{
    if (!bytes)
        return SLICE_NONE;
    char *here = *room;
    if (size > 0)
        memcpy(here, bytes, size);
    *room += size;
    return (struct slice){here, size};
}

static size_t header_bytes(const rd_kafka_headers_t *headers)
{
    size_t bytes = 0;
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    for (size_t i = 0; headers && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++)
        bytes += strlen(name) + size;
    return bytes;
}

static void copy_headers(struct kafka_message *to, const rd_kafka_headers_t *headers, char **room)
{
    size_t count = headers ? rd_kafka_header_cnt(headers) : 0;
    struct kafka_header *items = count ? memory_get(count * sizeof *items) : NULL;
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    for (size_t i = 0; i < count && !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++)
        items[i] = (struct kafka_header){copy(room, name, strlen(name)), copy(room, value, size)};
    to->headers = items;
    to->header_count = count;
}

static size_t message_bytes(const struct rdk_message *message)
{
    return message->public.key_len + message->public.len + header_bytes(message->headers);
}

/* Reads the bytes that the application has lent. */
static void fill(struct batch *batch, const struct part *part)
{
    size_t bytes = 0;
    for (struct list *link = part->sending.next; link != &part->sending; link = link->next) {
        bytes += message_bytes(CONTAINER_OF(link, struct rdk_message, link));
        batch->count++;
    }
    batch->items = memory_get(batch->count * sizeof *batch->items);
    char *room = batch->room = memory_get(bytes + 1);
    size_t i = 0;
    for (struct list *link = part->sending.next; link != &part->sending; link = link->next) {
        const struct rdk_message *from = CONTAINER_OF(link, struct rdk_message, link);
        struct kafka_message *to = &batch->items[i++].message;
        to->key = copy(&room, from->public.key, from->public.key_len);
        to->value = copy(&room, from->public.payload, from->public.len);
        to->timestamp_ms = from->timestamp_ms;
        copy_headers(to, from->headers, &room);
        batch->bytes += kafka_message_bytes(to);
    }
}

static void send_batch(struct part *part)
{
    struct process *before = process_enter(NULL);
    struct batch *batch = memory_get(sizeof *batch);
    batch->request.serve = serve_batch;
    batch->request.done = on_stored;
    batch->request.destroy = free_batch;
    batch->part = part;
    strcpy(batch->topic, part->topic->name);
    batch->number = part->number;
    batch->by = part->rk->process;
    batch->party = part->rk->transacting.party;
    batch->producer = part->rk->producer_id;
    batch->sequence = part->sequence;
    fill(batch, part);
    process_enter(before);
    part->under_way = true;
    wire_send(&part->rk->broker, &batch->request);
}

static void gather(struct part *part)
{
    int64_t room = BATCH_BYTES;
    int64_t count = part->rk->conf.batch_messages_most;
    part->sequence++;
    while (!list_empty(&part->waiting) && count-- > 0) {
        struct rdk_message *message = CONTAINER_OF(part->waiting.next, struct rdk_message, link);
        room -= (int64_t)message_bytes(message);
        if (room < 0 && !list_empty(&part->sending))
            break;
        list_remove(&message->link);
        list_push(&part->sending, &message->link);
    }
}

/* rd_kafka_broker_toppar_msgq_scan: in a transaction they live no longer than that may last. */
static bool is_too_old(const struct part *part)
{
    const struct list *oldest = list_empty(&part->sending) ? &part->waiting : &part->sending;
    if (!part->rk->conf.transactional_id[0] || list_empty(oldest))
        return false;
    const struct rdk_message *message = CONTAINER_OF(oldest->next, struct rdk_message, link);
    return world_now_us() - message->made_us >= part->rk->conf.transaction_ms * 1000;
}

static void on_send(struct world_event *event)
{
    struct part *part = CONTAINER_OF(event, struct part, send);
    if (part->under_way)
        return;
    if (is_too_old(part)) {
        report(part, &part->sending, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
        report(part, &part->waiting, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
    }
    if (!part->rk->broker.up) {
        if (part->rk->conf.transactional_id[0])
            world_after(&part->send, AGE_AGAIN_US);
        return;
    }
    if (list_empty(&part->sending) && !list_empty(&part->waiting))
        gather(part);
    if (!list_empty(&part->sending))
        send_batch(part);
}

void producer_hurry(rd_kafka_t *rk)
{
    for (struct list *link = rk->parts.next; link != &rk->parts; link = link->next)
        world_after(&CONTAINER_OF(link, struct part, link)->send, 1);
}

void producer_give_up(rd_kafka_t *rk, rd_kafka_resp_err_t why)
{
    for (struct list *link = rk->parts.next; link != &rk->parts; link = link->next) {
        struct part *part = CONTAINER_OF(link, struct part, link);
        if (!part->under_way)
            report(part, &part->sending, why);
        report(part, &part->waiting, why);
    }
}

/* ── producing ───────────────────────────────────────────────────────────── */

static struct part *get_part(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t number)
{
    for (struct list *link = rk->parts.next; link != &rk->parts; link = link->next) {
        struct part *part = CONTAINER_OF(link, struct part, link);
        if (part->topic == topic && part->number == number)
            return part;
    }
    struct part *part = rdk_get(sizeof *part);
    part->rk = rk;
    part->topic = topic;
    part->number = number;
    list_init(&part->waiting);
    list_init(&part->sending);
    part->send.fire = on_send;
    part->send.process = rk->process;
    list_push(&rk->parts, &part->link);
    return part;
}

/* consistent_random: by the key, and anywhere without one. */
static int32_t choose(rd_kafka_t *rk, const rd_kafka_topic_t *topic, const void *key, size_t size)
{
    const struct kafka_topic *there = cluster_topic(topic->name);
    uint64_t hash = 0;
    if (!there)
        return 0;
    for (size_t i = 0; i < size; i++)
        hash = dice_mix(hash + ((const unsigned char *)key)[i]);
    if (size == 0)
        hash = dice_roll(&rk->dice);
    return (int32_t)(hash % (uint64_t)there->log_count);
}

/* What rd_kafka_produceva is given. */
struct produced {
    rd_kafka_topic_t *topic;
    const void *key;
    size_t key_size;
    void *value;
    size_t value_size;
    void *opaque;
    rd_kafka_headers_t *headers;
};

static void read_parts(const rd_kafka_vu_t *parts, size_t count, struct produced *produced)
{
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_vu_t *part = &parts[i];
        if (part->vtype == RD_KAFKA_VTYPE_RKT) {
            produced->topic = part->u.rkt;
        } else if (part->vtype == RD_KAFKA_VTYPE_KEY) {
            produced->key = part->u.mem.ptr;
            produced->key_size = part->u.mem.size;
        } else if (part->vtype == RD_KAFKA_VTYPE_VALUE) {
            produced->value = part->u.mem.ptr;
            produced->value_size = part->u.mem.size;
        } else if (part->vtype == RD_KAFKA_VTYPE_OPAQUE) {
            produced->opaque = part->u.ptr;
        } else if (part->vtype == RD_KAFKA_VTYPE_HEADERS) {
            produced->headers = part->u.headers;
        } else {
            world_fail("rd_kafka_produceva: part %d is not simulated", (int)part->vtype);
        }
    }
}

static rd_kafka_resp_err_t check(const rd_kafka_t *rk, const struct produced *produced)
{
    size_t bytes = produced->key_size + produced->value_size + header_bytes(produced->headers);
    if (!transacting_may_produce(rk))
        return rk->transacting.fatal ? RD_KAFKA_RESP_ERR__FATAL : RD_KAFKA_RESP_ERR__STATE;
    if (produced->topic->missing)
        return RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    if (bytes > (size_t)rk->conf.message_bytes_most)
        return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    if (rk->messages >= (size_t)rk->conf.messages_most)
        return RD_KAFKA_RESP_ERR__QUEUE_FULL;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The key is copied, the value lent until the report, the headers given. */
static void enqueue(rd_kafka_t *rk, const struct produced *produced)
{
    struct rdk_message *message = rdk_get(sizeof *message + produced->key_size + 1);
    char *room = (char *)(message + 1);
    struct slice key = copy(&room, produced->key, produced->key_size);
    message->public.rkt = produced->topic;
    message->public.key = (void *)(uintptr_t)key.data;
    message->public.key_len = key.size;
    message->public.payload = produced->value;
    message->public.len = produced->value ? produced->value_size : 0;
    message->public._private = produced->opaque;
    message->headers = produced->headers;
    message->made_us = world_now_us();
    message->timestamp_ms = (WORLD_EPOCH_US + world_now_us() + rk->process->wall_offset_us) / 1000;
    struct part *part =
        get_part(rk, produced->topic, choose(rk, produced->topic, key.data, key.size));
    list_push(&part->waiting, &message->link);
    rk->messages++;
    if (!heap_holds(&part->send.node) && !part->under_way)
        world_after(&part->send, rk->conf.linger_ms * 1000);
}

rd_kafka_error_t *rd_kafka_produceva(rd_kafka_t *rk, const rd_kafka_vu_t *parts, size_t count)
{
    enum memory_kind before = rdk_enter();
    struct produced produced = {0};
    read_parts(parts, count, &produced);
    rd_kafka_resp_err_t code = check(rk, &produced);
    rd_kafka_error_t *error = code ? rd_kafka_error_new(code, "%s", "refused") : NULL;
    if (!code)
        enqueue(rk, &produced);
    rdk_leave(before);
    return error;
}

static void drop(struct list *messages)
{
    for (struct list *link = list_pop(messages); link; link = list_pop(messages))
        rdk_message_free(CONTAINER_OF(link, struct rdk_message, link));
}

/* What is under way may arrive all the same. */
void producer_free_all(rd_kafka_t *rk)
{
    while (!list_empty(&rk->parts)) {
        struct part *part = CONTAINER_OF(rk->parts.next, struct part, link);
        world_cancel(&part->send);
        list_remove(&part->link);
        drop(&part->waiting);
        drop(&part->sending);
        free(part);
    }
}

/* Only ever called before rd_kafka_destroy, which drops the rest. */
rd_kafka_resp_err_t rd_kafka_purge(rd_kafka_t *rk, int flags)
{
    (void)rk;
    (void)flags;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}
