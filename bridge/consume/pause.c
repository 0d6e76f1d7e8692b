/* Partitions are paused while nothing more of them may come into memory: all of a lane's, or one
 * for a reason of its own. */
#include "consume/lane_private.h"

#define FULL_MS 500 /* the group's callbacks wait as long, too */
#define DRY_MS  50  /* most fetches that are under way have been answered by then */

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

void pause_seek(struct lane *lane, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_error_t *error = rd_kafka_seek_partitions(lane->rk, list, 0);
    if (error)
        rd_kafka_error_destroy(error);
}

/* A pause throws away what has been fetched. librdkafka 2.0.2 then goes on behind what the program
 * has taken, but behind what was thrown away where nothing has been taken yet (rdkafka_partition.c,
 * rktp_app_offset): so it is told where to go on. */
static void pause_or_resume(struct lane *lane, rd_kafka_topic_partition_list_t *list, bool pause)
{
    if (pause) {
        rd_kafka_pause_partitions(lane->rk, list);
    } else {
        pause_seek(lane, list);
        rd_kafka_resume_partitions(lane->rk, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

bool pause_is_stopped(const struct partition *partition)
{
    return partition->full || partition->head || partition->leaving || partition->rewinds ||
           partition->unread || partition->barred;
}

/* Those without a reason of their own to stop; the caller destroys the list. */
static rd_kafka_topic_partition_list_t *unstopped(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)lane->partitions.count);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        if (!pause_is_stopped(p))
            add(list, p);
    return list;
}

static void set_paused(struct lane *lane, bool paused)
{
    lane->paused = paused;
    lane->was_full = false; /* a resume wakes as well */
    pause_or_resume(lane, unstopped(lane), paused);
    assignment_note(lane);
}

/* Memory that is full for a moment is waited for without a pause, which would throw away what has
 * been fetched: nothing is polled then. */
static bool is_full_for_long(struct lane *lane)
{
    int64_t now_ms = loop_now_ms(lane->intake->loop);
    if (!budget_must_pause(&lane->intake->budget, &lane->held)) {
        lane->intake->more |= lane->full_ms != 0;
        lane->full_ms = 0;
        return false;
    }
    if (lane->full_ms == 0)
        lane->full_ms = now_ms;
    lane->was_full = true;
    lane->dry_ms = 0; /* nobody looks any more */
    return now_ms >= lane->full_ms + FULL_MS;
}

void pause_update(struct lane *lane)
{
    const struct intake *intake = lane->intake;
    bool shut = intake->held || lane->state != LANE_JOINED || lane->unshared;
    bool full = is_full_for_long(lane);
    if (!lane->paused && (shut || full))
        set_paused(lane, true);
    else if (lane->paused && !shut && budget_may_resume(&intake->budget, &lane->held))
        set_paused(lane, false);
}

/* The thread of librdkafka 2.0.2 that finds its queue full sleeps for a second, whatever is taken
 * out of it meanwhile (rdkafka_broker.c, rd_kafka_broker_consumer_serve). A seek wakes it; where
 * the queue is empty, that costs a fetch that is under way at most. In a rebalance what is assigned
 * is started anew anyway. */
void pause_wake(struct lane *lane)
{
    bool dry = lane->dry_ms && loop_now_ms(lane->intake->loop) >= lane->dry_ms + DRY_MS;
    if (!lane->was_full || lane->paused || !dry || !flag_is_set(&lane->steady))
        return;
    lane->was_full = false;
    rd_kafka_topic_partition_list_t *list = unstopped(lane);
    pause_seek(lane, list);
    rd_kafka_topic_partition_list_destroy(list);
}

void pause_update_partition(struct lane *lane, const struct partition *partition, bool was_stopped)
{
    if (lane->paused || was_stopped == pause_is_stopped(partition))
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    add(list, partition);
    pause_or_resume(lane, list, !was_stopped);
}
