/* Partitions are paused while nothing more of them may come into memory: all of a lane's, or one
 * for a reason of its own. */
#include "consume/lane_private.h"

/* The offset that comes next. What nothing has been read of begins where librdkafka begins it. */
static int64_t next_offset(const struct partition *partition)
{
    const struct ledger *ledger = &partition->ledger;
    if (ledger->next)
        return ledger->last_offset + 1;
    return ledger->begun ? ledger->begin : RD_KAFKA_OFFSET_BEGINNING;
}

static void add(rd_kafka_topic_partition_list_t *list, const struct partition *partition)
{
    rd_kafka_topic_partition_list_add(list, partition->topic, partition->number)->offset =
        next_offset(partition);
}

/* A pause throws away what has been fetched. librdkafka 2.0.2 then goes on behind what the program
 * has taken, but behind what was thrown away where nothing has been taken yet (rdkafka_partition.c,
 * rktp_app_offset): so it is told where to go on. */
static void pause_or_resume(struct lane *lane, rd_kafka_topic_partition_list_t *list, bool pause)
{
    if (pause) {
        rd_kafka_pause_partitions(lane->rk, list);
    } else {
        rd_kafka_error_t *error = rd_kafka_seek_partitions(lane->rk, list, 0);
        if (error)
            rd_kafka_error_destroy(error);
        rd_kafka_resume_partitions(lane->rk, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

bool pause_is_stopped(const struct partition *partition)
{
    return partition->full || partition->head || partition->leaving || partition->rewinds ||
           partition->barred || partition->unread;
}

static void set_paused(struct lane *lane, bool paused)
{
    lane->paused = paused;
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)lane->partitions.count);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        if (!pause_is_stopped(p))
            add(list, p);
    pause_or_resume(lane, list, paused);
    assignment_note(lane);
}

void pause_update(struct lane *lane)
{
    const struct intake *intake = lane->intake;
    bool shut = intake->held || lane->state != LANE_JOINED;
    if (!lane->paused && (shut || budget_must_pause(&intake->budget, lane->held_bytes)))
        set_paused(lane, true);
    else if (lane->paused && !shut && budget_may_resume(&intake->budget, lane->held_bytes))
        set_paused(lane, false);
}

void pause_update_partition(struct lane *lane, const struct partition *partition, bool was_stopped)
{
    if (lane->paused || was_stopped == pause_is_stopped(partition))
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    add(list, partition);
    pause_or_resume(lane, list, !was_stopped);
}
