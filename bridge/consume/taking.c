/* Partitions come.
 *
 * The happy path: the committed offset and what had finished above it are asked for; when they are
 * known the partitions are taken, and reading begins there. librdkafka waits for that, and so does
 * the group if it rebalances once more.
 * What can fail: the answer. Then they are taken all the same, paused; it is asked again, and
 * nothing taken out of them meanwhile. While a transaction of who had the partition before is open
 * it has no stable offset: Kafka ends that in a while. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commit/metadata.h"
#include "consume/inquiry.h"
#include "consume/lane_private.h"
#include "consume/source.h"

#define READ_FIRST_MS 3000
#define READ_AGAIN_MS 500
#define SYNC_AGAIN_MS 10000

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

/* What is unread begins anywhere, paused, and what nothing is committed of at its beginning. Left
 * to itself librdkafka would ask for committed offsets too, and never again where the answer is an
 * error (2.0.2, rd_kafka_assignment_apply_offsets). */
static void begin_somewhere(rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].err || list->elems[i].offset < 0)
            list->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
}

/* One that was given later than it was asked is another. */
static void note_read(struct lane *lane, const rd_kafka_topic_partition_t *committed, uint32_t turn)
{
    struct partition *partition =
        partitions_find(&lane->partitions, committed->topic, committed->partition);
    if (committed->err || !partition || !partition->unread || partition->assignment > turn)
        return;
    restore(lane, partition, committed);
    partition->unread = false;
    partition->may_stray = true;
    pause_update_partition(lane, partition, true);
}

static void note_all_read(struct lane *lane, const struct inquiry *inquiry)
{
    for (int i = 0; i < inquiry->list->cnt; i++)
        note_read(lane, &inquiry->list->elems[i], inquiry->turn);
}

static void hear_again(struct lane *lane, struct inquiry *inquiry)
{
    lane->read_asked = false;
    lane->read_at_ms = loop_now_ms(lane->intake->loop) + READ_AGAIN_MS;
    note_all_read(lane, inquiry);
}

void taking_read_again(struct lane *lane)
{
    if (lane->state >= LANE_ENDING || lane->read_asked || lane->coming ||
        loop_now_ms(lane->intake->loop) < lane->read_at_ms)
        return;
    rd_kafka_topic_partition_list_t *list = list_unread(lane);
    if (list->cnt > 0)
        lane->read_asked = inquire_committed(lane, list, lane->assignments, hear_again);
    rd_kafka_topic_partition_list_destroy(list);
}

/* Each element says what is known of it. */
static void take(struct lane *lane, rd_kafka_topic_partition_list_t *list)
{
    bool stopped = lane->suspended || lane->roster->parks;
    lane->syncs += lane->roster->parks;
    for (int i = 0; i < list->cnt; i++)
        take_partition(lane, &list->elems[i], list->elems[i].err);
    begin_somewhere(list);
    lane->assigned = true;
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
    standing_tell_share(lane);
    assignment_note(lane);
}

static void warn_unread(struct lane *lane, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    uint64_t held_back = 0;
    for (int i = 0; !code && i < list->cnt; i++)
        code = list->elems[i].err;
    if (code && log_gate_open(&lane->error_gate, clock_now_ms(), &held_back))
        log_warn("committed offsets can't be read yet; nothing is taken until they are",
                 STR("group", lane->group), STR("error", rd_kafka_err2str(code)));
}

/* Takes what comes, which is in `list`. */
static void take_what_comes(struct lane *lane, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *coming = lane->coming;
    lane->coming = NULL;
    warn_unread(lane, list);
    take(lane, list);
    rd_kafka_topic_partition_list_destroy(coming);
}

static void hear(struct lane *lane, struct inquiry *inquiry)
{
    if (lane->coming && inquiry->turn == lane->coming_turn)
        take_what_comes(lane, inquiry->list);
    else
        note_all_read(lane, inquiry); /* too late: it was hurried */
}

void taking_hurry(struct lane *lane)
{
    if (!lane->coming)
        return;
    for (int i = 0; i < lane->coming->cnt; i++)
        lane->coming->elems[i].err = RD_KAFKA_RESP_ERR__TIMED_OUT;
    take_what_comes(lane, lane->coming);
}

void taking_hurry_late(struct lane *lane)
{
    if (lane->coming && loop_now_ms(lane->intake->loop) >= lane->coming_by_ms)
        taking_hurry(lane);
}

void taking_begin(struct lane *lane, const rd_kafka_topic_partition_list_t *list)
{
    lane->coming = rd_kafka_topic_partition_list_copy(list);
    lane->coming_turn = ++lane->assignments;
    lane->coming_by_ms = clock_now_ms() + READ_FIRST_MS;
    assignment_commit_begin(lane); /* no JoinGroup is under way: see give_back */
    bool asks = list->cnt > 0 && lane->state < LANE_ENDING;
    if (!asks || !inquire_committed(lane, list, lane->coming_turn, hear))
        taking_hurry(lane);
}
