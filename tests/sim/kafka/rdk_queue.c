#include <stdlib.h>
#include <unistd.h>

#include "sim/kafka/rdk.h"
#include "sim/world/fiber.h"
#include "sim/world/memory.h"

enum memory_kind rdk_enter(void)
{
    fiber_preempt();
    return memory_enter(MEMORY_LIBRARY);
}

void rdk_leave(enum memory_kind before)
{
    memory_enter(before);
}

/* ── queues ──────────────────────────────────────────────────────────────── */

rd_kafka_queue_t *rdk_queue_create(rd_kafka_t *rk)
{
    rd_kafka_queue_t *queue = rdk_get(sizeof *queue);
    queue->rk = rk;
    queue->fd = -1;
    queue->references = 1;
    list_init(&queue->ops);
    list_push(&rk->queues, &queue->link);
    return queue;
}

void rdk_queue_free(rd_kafka_queue_t *queue)
{
    for (struct rd_kafka_op_s *op = rdk_pop(queue); op; op = rdk_pop(queue))
        rdk_op_free(op);
    list_remove(&queue->link);
    free(queue);
}

struct rd_kafka_op_s *rdk_op(enum rdk_op_type type, rd_kafka_resp_err_t code)
{
    struct rd_kafka_op_s *op = rdk_get(sizeof *op);
    op->type = type;
    op->code = code;
    return op;
}

void rdk_op_free(struct rd_kafka_op_s *op)
{
    if (op->partitions)
        rd_kafka_topic_partition_list_destroy(op->partitions);
    if (op->message)
        rdk_message_free(op->message);
    free(op);
}

/* rd_kafka_q_enq1: the descriptor is written to when the queue was empty, and only then. */
void rdk_push(rd_kafka_queue_t *queue, struct rd_kafka_op_s *op, bool first)
{
    if (first)
        list_push_front(&queue->ops, &op->link);
    else
        list_push(&queue->ops, &op->link);
    if (++queue->length != 1)
        return;
    if (queue->waiting)
        fiber_wake(queue->waiting);
    if (queue->fd >= 0) {
        ssize_t ignored = write(queue->fd, &queue->payload, sizeof queue->payload);
        (void)ignored;
    }
}

struct rd_kafka_op_s *rdk_pop(rd_kafka_queue_t *queue)
{
    struct list *link = list_pop(&queue->ops);
    if (!link)
        return NULL;
    queue->length--;
    struct rd_kafka_op_s *op = CONTAINER_OF(link, struct rd_kafka_op_s, link);
    if (op->type == RDK_MESSAGE)
        queue->rk->queued_bytes -= op->message->bytes;
    return op;
}

rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *rk)
{
    enum memory_kind before = rdk_enter();
    rd_kafka_queue_t *queue = rdk_queue_create(rk);
    rdk_leave(before);
    return queue;
}

/* The handle's own queue is the handle's to free. */
void rdk_queue_release(rd_kafka_queue_t *queue)
{
    if (queue != queue->rk->queue && --queue->references == 0)
        rdk_queue_free(queue);
}

void rd_kafka_queue_destroy(rd_kafka_queue_t *queue)
{
    rdk_queue_release(queue);
}

rd_kafka_queue_t *rd_kafka_queue_get_main(rd_kafka_t *rk)
{
    return rk->queue;
}

rd_kafka_queue_t *rd_kafka_queue_get_consumer(rd_kafka_t *rk)
{
    return rk->queue;
}

void rd_kafka_queue_io_event_enable(rd_kafka_queue_t *queue, int fd, const void *payload,
                                    size_t size)
{
    queue->fd = fd;
    queue->payload = payload ? *(const uint64_t *)payload : 0;
    (void)size;
}

/* Waits until there is something, for that long at most. */
static struct rd_kafka_op_s *wait_for(rd_kafka_queue_t *queue, int timeout_ms)
{
    int64_t until_us = timeout_ms < 0 ? WORLD_NEVER : world_now_us() + timeout_ms * INT64_C(1000);
    while (queue->length == 0 && world_now_us() < until_us) {
        queue->waiting = fiber_current();
        fiber_wait(until_us);
        queue->waiting = NULL;
    }
    return rdk_pop(queue);
}

rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *queue, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    struct rd_kafka_op_s *op = wait_for(queue, timeout_ms);
    rdk_leave(before);
    return op;
}

rd_kafka_resp_err_t rd_kafka_event_error(rd_kafka_event_t *event)
{
    return event->code;
}

const char *rd_kafka_event_error_string(rd_kafka_event_t *event)
{
    return event->code ? rd_kafka_err2str(event->code) : "";
}

rd_kafka_topic_partition_list_t *rd_kafka_event_topic_partition_list(rd_kafka_event_t *event)
{
    return event->partitions;
}

void rd_kafka_event_destroy(rd_kafka_event_t *event)
{
    if (event)
        rdk_op_free(event);
}

/* ── telling ─────────────────────────────────────────────────────────────── */

/* The callbacks are the application's code, and its memory. */
static void call_back(rd_kafka_t *rk, struct rd_kafka_op_s *op)
{
    const struct rd_kafka_conf_s *conf = &rk->conf;
    memory_enter(MEMORY_PROGRAM);
    if (op->type == RDK_REBALANCE) {
        rk->ever_assigned = rk->ever_assigned || op->code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        conf->rebalance(rk, op->code, op->partitions, conf->opaque);
    } else if (op->type == RDK_COMMITTED && conf->committed) {
        conf->committed(rk, op->code, op->partitions, conf->opaque);
    } else if (op->type == RDK_REPORT && conf->report) {
        conf->report(rk, &op->message->public, conf->opaque);
    } else if (op->type == RDK_ERROR && conf->error) {
        conf->error(rk, op->code, op->text, conf->opaque);
    }
    memory_enter(MEMORY_LIBRARY);
    rdk_op_free(op);
}

/* An error of a consumer without an error callback is given as a message. */
static rd_kafka_message_t *as_message(struct rd_kafka_op_s *op)
{
    struct rdk_message *message = op->message;
    if (!message) {
        message = rdk_get(sizeof *message);
        message->public.err = op->code;
    }
    op->message = NULL;
    rdk_op_free(op);
    return &message->public;
}

rd_kafka_message_t *rd_kafka_consumer_poll(rd_kafka_t *rk, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    rd_kafka_message_t *message = NULL;
    while (!message) {
        struct rd_kafka_op_s *op = wait_for(rk->queue, timeout_ms);
        if (!op)
            break;
        bool told = op->type != RDK_MESSAGE && !(op->type == RDK_ERROR && !rk->conf.error);
        if (told)
            call_back(rk, op);
        else if (op->type == RDK_MESSAGE && !toppar_taken(op->message))
            rdk_op_free(op);
        else
            message = as_message(op);
    }
    rdk_leave(before);
    return message;
}

rd_kafka_message_t *rd_kafka_consume_queue(rd_kafka_queue_t *queue, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    struct rd_kafka_op_s *op = wait_for(queue, timeout_ms);
    rd_kafka_message_t *message = op ? as_message(op) : NULL;
    rdk_leave(before);
    return message;
}

int rd_kafka_poll(rd_kafka_t *rk, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    int served = 0;
    struct rd_kafka_op_s *op = wait_for(rk->queue, timeout_ms);
    for (; op; op = rdk_pop(rk->queue), served++)
        call_back(rk, op);
    rdk_leave(before);
    return served;
}
