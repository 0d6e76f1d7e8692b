#include "sim/kafka/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "sim/model/model.h"
#include "sim/world/memory.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

#define MESSAGE_BYTES_MOST 1048588 /* max.message.bytes, unless a topic says otherwise */

static struct list topics = {&topics, &topics};
static int default_partitions = 1;
static unsigned log_ids;

void cluster_set_partitions(int partitions)
{
    default_partitions = partitions;
}

struct kafka_topic *cluster_next(const struct kafka_topic *after)
{
    const struct list *link = after ? after->link.next : topics.next;
    for (; link != &topics; link = link->next) {
        struct kafka_topic *topic = CONTAINER_OF(link, struct kafka_topic, link);
        if (!topic->gone)
            return topic;
    }
    return NULL;
}

struct kafka_topic *cluster_topic(const char *name)
{
    for (struct kafka_topic *topic = cluster_next(NULL); topic; topic = cluster_next(topic))
        if (strcmp(topic->name, name) == 0)
            return topic;
    return NULL;
}

struct kafka_log *cluster_log(const char *name, int32_t partition)
{
    struct kafka_topic *topic = cluster_topic(name);
    return topic && partition >= 0 && partition < topic->log_count ? &topic->logs[partition] : NULL;
}

struct kafka_topic *cluster_create(const char *name, int partitions)
{
    struct kafka_topic *topic = memory_get(sizeof *topic);
    topic->name = memory_get(strlen(name) + 1);
    strcpy(topic->name, name);
    topic->log_count = partitions > 0 ? partitions : default_partitions;
    topic->logs = memory_get((size_t)topic->log_count * sizeof *topic->logs);
    topic->max_message_bytes = MESSAGE_BYTES_MOST;
    for (int i = 0; i < topic->log_count; i++) {
        topic->logs[i].id = log_ids++;
        topic->logs[i].topic = topic;
        topic->logs[i].number = i;
        list_init(&topic->logs[i].watchers);
    }
    list_push(&topics, &topic->link);
    world_trace("topic %s with %d partition(s) is created", name, topic->log_count);
    model_made(name);
    return topic;
}

void cluster_delete(struct kafka_topic *topic)
{
    topic->gone = true;
    world_trace("topic %s is deleted", topic->name);
}

/* ── bytes ───────────────────────────────────────────────────────────────── */

size_t kafka_message_bytes(const struct kafka_message *message)
{
    size_t bytes = 70 + message->key.size + message->value.size;
    for (size_t i = 0; i < message->header_count; i++)
        bytes += 8 + message->headers[i].name.size + message->headers[i].value.size;
    return bytes;
}

static struct slice copy(char **room, struct slice bytes)
{
    if (!bytes.data)
        return SLICE_NONE;
    struct slice here = {*room, bytes.size};
    memcpy(*room, bytes.data, bytes.size);
    *room += bytes.size;
    return here;
}

struct kafka_record *cluster_copy(const struct kafka_message *message)
{
    struct kafka_record *record =
        memory_get(sizeof *record + message->header_count * sizeof(struct kafka_header) +
                   kafka_message_bytes(message));
    struct kafka_header *headers = (struct kafka_header *)(record + 1);
    char *room = (char *)(headers + message->header_count);
    record->message = *message;
    record->message.key = copy(&room, message->key);
    record->message.value = copy(&room, message->value);
    record->message.headers = headers;
    for (size_t i = 0; i < message->header_count; i++) {
        headers[i].name = copy(&room, message->headers[i].name);
        headers[i].value = copy(&room, message->headers[i].value);
    }
    return record;
}

struct slice kafka_header(const struct kafka_message *message, const char *name)
{
    for (size_t i = message->header_count; i > 0; i--)
        if (slice_is(message->headers[i - 1].name, name))
            return message->headers[i - 1].value;
    return SLICE_NONE;
}

/* ── logs ────────────────────────────────────────────────────────────────── */

static void grow(struct kafka_log *log)
{
    size_t capacity = log->capacity ? log->capacity * 2 : 64;
    struct kafka_record **records = memory_get(capacity * sizeof(struct kafka_record *));
    if (log->count)
        memcpy(records, log->records, log->count * sizeof(struct kafka_record *));
    free(log->records);
    log->records = records;
    log->capacity = capacity;
}

int64_t cluster_append(struct kafka_log *log, const struct kafka_message *message, int64_t number,
                       const struct process *by)
{
    struct process *before = process_enter(NULL);
    if (log->count == log->capacity)
        grow(log);
    struct kafka_record *record = cluster_copy(message);
    record->offset = (int64_t)log->count;
    record->number = number;
    log->records[log->count++] = record;
    model_stored(log, record, by);
    struct list *next = NULL;
    for (struct list *link = log->watchers.next; link != &log->watchers; link = next) {
        next = link->next;
        struct kafka_watcher *watcher = CONTAINER_OF(link, struct kafka_watcher, link);
        watcher->grown(watcher);
    }
    process_enter(before);
    return record->offset;
}

bool cluster_is_new(struct kafka_log *log, uint64_t producer, uint64_t sequence)
{
    for (size_t i = 0; i < log->producer_count; i++) {
        struct kafka_producer_state *state = &log->producers[i];
        if (state->producer != producer)
            continue;
        bool is_new = sequence > state->sequence;
        if (is_new)
            state->sequence = sequence;
        return is_new;
    }
    struct kafka_producer_state *more = memory_get((log->producer_count + 1) * sizeof *more);
    if (log->producer_count)
        memcpy(more, log->producers, log->producer_count * sizeof *more);
    free(log->producers);
    log->producers = more;
    more[log->producer_count++] = (struct kafka_producer_state){producer, sequence};
    return true;
}

rd_kafka_resp_err_t cluster_check(const struct kafka_log *log, size_t batch_bytes)
{
    if (!log)
        return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (world_now_us() < log->topic->refuses_until_us)
        return log->topic->refuses;
    return batch_bytes > log->topic->max_message_bytes ? RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE
                                                       : RD_KAFKA_RESP_ERR_NO_ERROR;
}

int64_t cluster_offset_at(const struct kafka_log *log, int64_t timestamp_ms)
{
    size_t i = 0;
    while (i < log->count && log->records[i]->message.timestamp_ms < timestamp_ms)
        i++;
    return (int64_t)i;
}
