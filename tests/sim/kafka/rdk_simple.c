/* Partitions that are read without a group: rd_kafka_consume_start_queue and what belongs to it. */
#include <stdlib.h>

#include "sim/kafka/rdk.h"
#include "sim/world/memory.h"

#define FETCH_US INT64_C(1500)
#define TURN     100 /* records at once */

struct reader {
    struct list link;
    rd_kafka_topic_t *topic;
    int32_t number;
    rd_kafka_queue_t *queue;
    struct kafka_log *log;
    struct kafka_watcher watcher;
    struct world_event fetch;
    int64_t next;
    int64_t eof; /* told of last; -1: not yet */
};

static void fetch_soon(struct reader *reader)
{
    rd_kafka_t *rk = reader->topic->rk;
    bool news = reader->next < (int64_t)reader->log->count || reader->eof != reader->next;
    if (news && rk->broker.up && !reader->log->topic->gone && !heap_holds(&reader->fetch.node))
        world_after(&reader->fetch, dice_between(&rk->dice, 200, FETCH_US));
}

static void on_grown(struct kafka_watcher *watcher)
{
    fetch_soon(CONTAINER_OF(watcher, struct reader, watcher));
}

/* enable.partition.eof: told each time that the end is reached. */
static void tell_end(struct reader *reader)
{
    struct rdk_message *message = rdk_get(sizeof *message);
    struct rd_kafka_op_s *op = rdk_op(RDK_MESSAGE, RD_KAFKA_RESP_ERR_NO_ERROR);
    message->public = (rd_kafka_message_t){
        .err = RD_KAFKA_RESP_ERR__PARTITION_EOF,
        .rkt = reader->topic,
        .partition = reader->number,
        .offset = reader->next,
    };
    reader->eof = reader->next;
    op->message = message;
    rdk_push(reader->queue, op, false);
}

static void on_fetch(struct world_event *event)
{
    struct reader *reader = CONTAINER_OF(event, struct reader, fetch);
    int64_t end = (int64_t)reader->log->count;
    if (!reader->topic->rk->broker.up)
        return;
    for (int i = 0; i < TURN && reader->next < end; i++) {
        struct rd_kafka_op_s *op = rdk_op(RDK_MESSAGE, RD_KAFKA_RESP_ERR_NO_ERROR);
        op->message =
            rdk_message_of(reader->topic, reader->number, reader->log->records[reader->next++]);
        reader->topic->rk->queued_bytes += op->message->bytes;
        rdk_push(reader->queue, op, false);
    }
    if (reader->next == end && reader->eof != end)
        tell_end(reader);
    fetch_soon(reader);
}

void simple_serve_all(rd_kafka_t *rk)
{
    for (struct list *link = rk->readers.next; link != &rk->readers; link = link->next)
        fetch_soon(CONTAINER_OF(link, struct reader, link));
}

static void stop(struct reader *reader)
{
    world_cancel(&reader->fetch);
    list_remove(&reader->watcher.link);
    list_remove(&reader->link);
    free(reader);
}

void simple_free_all(rd_kafka_t *rk)
{
    while (!list_empty(&rk->readers))
        stop(CONTAINER_OF(rk->readers.next, struct reader, link));
}

/* grapnel begins at the beginning, once it knows that the partition is there. */
int rd_kafka_consume_start_queue(rd_kafka_topic_t *topic, int32_t partition, int64_t offset,
                                 rd_kafka_queue_t *queue)
{
    struct kafka_log *log = rdk_log(topic->name, partition);
    if (!log || offset != RD_KAFKA_OFFSET_BEGINNING)
        world_fail("%s [%d] is started from %lld", topic->name, (int)partition, (long long)offset);
    enum memory_kind before = rdk_enter();
    struct reader *reader = rdk_get(sizeof *reader);
    reader->topic = topic;
    reader->number = partition;
    reader->queue = queue;
    reader->log = log;
    reader->watcher.grown = on_grown;
    reader->fetch.fire = on_fetch;
    reader->fetch.process = topic->rk->process;
    reader->eof = -1;
    list_push(&log->watchers, &reader->watcher.link);
    list_push(&topic->rk->readers, &reader->link);
    fetch_soon(reader);
    rdk_leave(before);
    return 0;
}

int rd_kafka_consume_stop(rd_kafka_topic_t *topic, int32_t partition)
{
    enum memory_kind before = rdk_enter();
    struct list *next = NULL;
    for (struct list *link = topic->rk->readers.next; link != &topic->rk->readers; link = next) {
        struct reader *reader = CONTAINER_OF(link, struct reader, link);
        next = link->next;
        if (reader->topic == topic && reader->number == partition)
            stop(reader);
    }
    rdk_leave(before);
    return 0;
}
