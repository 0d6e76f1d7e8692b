/* Where a consumer group begins that has never committed anything: `start` of a subscription.
 *
 * The happy path: before the group is joined Kafka is asked where `start` is, in all partitions
 * that there are. When the group has no committed offset in any of them, these offsets are
 * committed for all of them at once. From then on a partition without a committed offset is one
 * that appeared later, and is read from its beginning: that is what auto.offset.reset=earliest
 * does, whoever is assigned it. What can fail: the answers. They are asked for again; but where the
 * group begins stays what was answered first, so that nothing is missed that has been published
 * since. A topic that is deleted before that is committed is forgotten after a while: one that has
 * its name later is new. */
#include "base/clock.h"
#include "consume/inquiry.h"
#include "consume/lane_private.h"
#include "consume/topics.h"

#define START_GONE_MS 20000

/* Is it the answer that is waited for? */
static bool answers(struct lane *lane, const struct inquiry *inquiry)
{
    if (inquiry->turn != lane->start_turn || lane->state != LANE_WAITING)
        return false;
    lane->start_asked = false;
    if (inquiry->err.kind)
        lane_join_later(lane, &inquiry->err);
    return !inquiry->err.kind;
}

/* Brokers say so for a moment of topics that are there, when they have just begun: to believe that
 * at once would be to read such a topic from its beginning. */
static bool is_long_gone(struct lane *lane, bool some_are)
{
    int64_t now_ms = clock_now_ms();
    if (!some_are)
        lane->start_gone_ms = 0;
    else if (lane->start_gone_ms == 0)
        lane->start_gone_ms = now_ms;
    return some_are && now_ms - lane->start_gone_ms >= START_GONE_MS;
}

static void forget_gone(struct lane *lane, const struct inquiry *refused)
{
    rd_kafka_topic_partition_list_t *left = topics_left(refused->list);
    if (!is_long_gone(lane, left->cnt < lane->start_from->cnt)) {
        rd_kafka_topic_partition_list_destroy(left);
        return;
    }
    log_info("partitions are gone before the group has begun", STR("group", lane->group),
             INT("gone", lane->start_from->cnt - left->cnt), INT("left", left->cnt));
    rd_kafka_topic_partition_list_destroy(lane->start_from);
    lane->start_from = left;
}

static void begun(struct lane *lane, struct inquiry *inquiry)
{
    if (answers(lane, inquiry))
        lane->started = true;
    else if (inquiry->turn == lane->start_turn)
        forget_gone(lane, inquiry);
}

static void ask_to_begin(struct lane *lane)
{
    lane->started = lane->start_from->cnt == 0;
    if (!lane->started)
        lane->start_asked = inquire_beginning(lane, lane->start_from, lane->start_turn, begun);
}

static void found(struct lane *lane, struct inquiry *inquiry)
{
    if (!answers(lane, inquiry))
        return;
    lane->start_from = inquiry->list;
    inquiry->list = NULL;
    ask_to_begin(lane);
}

bool start_prepare(struct lane *lane)
{
    if (lane->roster->start.at == START_EARLIEST)
        return true;
    if (lane->started || lane->start_asked)
        return lane->started;
    if (lane->start_from)
        ask_to_begin(lane);
    else
        lane->start_asked = inquire_topics(lane, true, lane->start_turn, found);
    return lane->started;
}

void start_forget(struct lane *lane)
{
    lane->start_turn++;
    lane->start_gone_ms = 0;
    lane->start_asked = false;
    lane->started = false;
    if (lane->start_from)
        rd_kafka_topic_partition_list_destroy(lane->start_from);
    lane->start_from = NULL;
}
