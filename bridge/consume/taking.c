/* Partitions come.
 *
 * The happy path: the committed offset and what had finished above it are read back, and reading
 * begins there.
 * What can fail: reading back; it is tried again, and nothing taken meanwhile. While a transaction
 * of who had the partition before is open it has no stable offset: Kafka ends that in a while. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commit/metadata.h"
#include "consume/lane_private.h"
#include "consume/source.h"

#define READ_FIRST_MS   3000
#define READ_TIMEOUT_MS 300 /* again */
#define READ_AGAIN_MS   500
#define SYNC_AGAIN_MS   10000

struct topic_name {
    struct topic_name *next;
    char text[];
};

static const char *intern(struct lane *lane, const char *topic)
{
    for (struct topic_name *name = lane->topic_names; name; name = name->next)
        if (strcmp(name->text, topic) == 0)
            return name->text;
    size_t size = strlen(topic) + 1;
    struct topic_name *name = malloc(sizeof *name + size);
    if (!name)
        return NULL;
    memcpy(name->text, topic, size);
    name->next = lane->topic_names;
    lane->topic_names = name;
    return name->text;
}

void taking_forget_topics(struct lane *lane)
{
    while (lane->topic_names) {
        struct topic_name *name = lane->topic_names;
        lane->topic_names = name->next;
        free(name);
    }
}

/* What had finished above the committed offset is not sent again. */
static void restore(struct lane *lane, struct partition *partition,
                    const rd_kafka_topic_partition_t *committed)
{
    struct error err = {0};
    struct slice text = {committed->metadata, committed->metadata_size};
    if (committed->err || committed->offset < 0)
        return;
    if (!metadata_read(text, committed->offset, &partition->ledger, &err))
        log_warn("what had finished is not known, and will be sent again",
                 STR("group", lane->group), STR("topic", partition->topic),
                 INT("partition", partition->number), STR("error", err.text));
}

/* `unread`: what is committed is not known yet. */
static void take_partition(struct lane *lane, const rd_kafka_topic_partition_t *given, bool unread)
{
    const char *topic = intern(lane, given->topic);
    struct partition *partition =
        topic ? partitions_add(&lane->partitions, topic, given->partition, lane->assignments)
              : NULL;
    if (!partition) {
        log_error("no memory for a partition", STR("group", lane->group));
        return;
    }
    restore(lane, partition, given);
    partition->unread = unread;
    partition->rewinds = lane->suspended;
    partition->barred = lane->roster->parks ? lane->syncs : 0;
}

void taking_sync(struct lane *lane)
{
    lane->sync_again_ms = clock_now_ms() + SYNC_AGAIN_MS;
    lane->intake->hooks->sync(lane->intake->hooks->context, lane->roster->place, lane->syncs);
}

/* Each element says what came of it. */
static rd_kafka_resp_err_t read_committed(struct lane *lane, rd_kafka_topic_partition_list_t *list,
                                          int timeout_ms)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(lane->rk, list, timeout_ms);
    for (int i = 0; code && i < list->cnt; i++)
        list->elems[i].err = code;
    for (int i = 0; !code && i < list->cnt; i++)
        code = list->elems[i].err;
    return code;
}

static rd_kafka_topic_partition_list_t *list_unread(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        if (p->unread)
            rd_kafka_topic_partition_list_add(list, p->topic, p->number);
    return list;
}

static void pause_unread(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *list = list_unread(lane);
    if (list->cnt > 0)
        rd_kafka_pause_partitions(lane->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

/* They begin anywhere, paused. Left to itself librdkafka would ask for committed offsets too, and
 * never again where the answer is an error (2.0.2, rd_kafka_assignment_apply_offsets). */
static void begin_unread(rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err)
            list->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
}

static void note_read(struct lane *lane, const rd_kafka_topic_partition_t *committed)
{
    struct partition *partition =
        partitions_find(&lane->partitions, committed->topic, committed->partition);
    if (committed->err)
        return;
    restore(lane, partition, committed);
    partition->unread = false;
    pause_update_partition(lane, partition, true);
}

void taking_read_again(struct lane *lane)
{
    int64_t now_ms = loop_now_ms(lane->intake->loop);
    if (lane->state == LANE_CLOSING || now_ms < lane->read_at_ms)
        return;
    lane->read_at_ms = now_ms + READ_AGAIN_MS;
    rd_kafka_topic_partition_list_t *list = list_unread(lane);
    if (list->cnt > 0)
        read_committed(lane, list, READ_TIMEOUT_MS);
    for (int i = 0; i < list->cnt; i++)
        note_read(lane, &list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
}

void taking_begin(struct lane *lane, rd_kafka_topic_partition_list_t *list)
{
    uint64_t held_back = 0;
    lane->assignments++;
    assignment_commit_begin(lane); /* no JoinGroup is under way: see give_back */
    rd_kafka_resp_err_t code = read_committed(lane, list, READ_FIRST_MS);
    if (code && log_gate_open(&lane->error_gate, clock_now_ms(), &held_back))
        log_warn("committed offsets can't be read yet; nothing is taken until they are",
                 STR("group", lane->group), STR("error", rd_kafka_err2str(code)));
    bool stopped = lane->suspended || lane->roster->parks;
    lane->syncs += lane->roster->parks;
    for (int i = 0; i < list->cnt; i++)
        take_partition(lane, &list->elems[i], list->elems[i].err);
    begin_unread(list);
    assignment_report(lane, "partitions can't be taken",
                      rd_kafka_incremental_assign(lane->rk, list));
    if (lane->paused || stopped)
        rd_kafka_pause_partitions(lane->rk, list);
    else
        rd_kafka_resume_partitions(lane->rk, list); /* librdkafka keeps a pause over a revocation */
    pause_unread(lane);
    if (lane->roster->parks)
        taking_sync(lane);
    log_info("partitions assigned", STR("group", lane->group), INT("taken", list->cnt),
             INT("held", lane->partitions.count));
}
