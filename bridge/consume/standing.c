/* Where a lane stands: how far it is behind, and which part of the rate of its subscriptions is
 * this instance's. */
#include "base/clock.h"
#include "consume/inquiry.h"
#include "consume/lane_private.h"
#include "consume/source.h"

#define ENDS_EVERY_MS       5000
#define SHARE_RETRY_MS      5000
#define SHARE_FAILURES_MOST 5

/* What is fetched tells where a partition ends. Where nothing is fetched, Kafka is asked. */
static void learn_ends(struct lane *lane)
{
    int64_t low = 0;
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p)) {
        int64_t high = -1;
        if (!rd_kafka_get_watermark_offsets(lane->rk, p->topic, p->number, &low, &high) &&
            high > p->end)
            p->end = high;
    }
}

static void hear_ends(struct lane *lane, struct inquiry *inquiry)
{
    lane->ends_asked = false;
    lane->ends_at_ms = loop_now_ms(lane->intake->loop) + ENDS_EVERY_MS;
    for (int i = 0; !inquiry->err.kind && i < inquiry->list->cnt; i++) {
        const rd_kafka_topic_partition_t *low = &inquiry->low->elems[i];
        const rd_kafka_topic_partition_t *end = &inquiry->list->elems[i];
        struct partition *p = partitions_find(&lane->partitions, end->topic, end->partition);
        if (p && !low->err)
            p->low = low->offset;
        if (p && !end->err && end->offset > p->end)
            p->end = end->offset;
    }
}

static void ask_ends(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)lane->partitions.count);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        rd_kafka_topic_partition_list_add(list, p->topic, p->number);
    lane->ends_asked = inquire_ends(lane, list, hear_ends);
    rd_kafka_topic_partition_list_destroy(list);
}

/* One of which nothing has been read or committed stands at its beginning. */
static int64_t lag_of(const struct partition *partition)
{
    int64_t position = ledger_position(&partition->ledger);
    if (position < 0)
        position = partition->low;
    return partition->end > position ? partition->end - position : 0;
}

static bool fetches_all(struct lane *lane)
{
    bool all = !lane->paused;
    for (struct partition *p = partitions_next(&lane->partitions, NULL); all && p;
         p = partitions_next(&lane->partitions, p))
        all = !pause_is_stopped(p);
    return all;
}

void standing_note_lag(struct lane *lane)
{
    int64_t now_ms = loop_now_ms(lane->intake->loop);
    int64_t lag = 0;
    learn_ends(lane);
    if (!fetches_all(lane) && !lane->ends_asked && !lane->intake->held &&
        now_ms >= lane->ends_at_ms)
        ask_ends(lane);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        lag += lag_of(p);
    lane_gauge(lane, METRIC_LAG, (size_t)lag);
}

void standing_tell_share(struct lane *lane)
{
    const struct source_hooks *hooks = lane->intake->hooks;
    unsigned here = (unsigned)lane->partitions.count;
    bool known = here == lane->told_here && lane->whole == lane->told_whole;
    if (!lane->roster->limited || !lane->member || lane->whole == 0 || known)
        return;
    lane->told_here = here;
    lane->told_whole = lane->whole;
    hooks->share(hooks->context, lane->roster, here, lane->whole);
}

/* A rate that is exceeded for a while is better than nothing sent at all. */
static void share_unknown(struct lane *lane, const struct error *err)
{
    uint64_t held_back = 0;
    if (log_gate_open(&lane->error_gate, clock_now_ms(), &held_back))
        log_warn("the group's part of a rate is not known yet", STR("group", lane->group),
                 STR("error", err->text));
    lane->share_at_ms = loop_now_ms(lane->intake->loop) + SHARE_RETRY_MS;
    if (++lane->share_failures > SHARE_FAILURES_MOST)
        lane->unshared = false;
}

static void hear_whole(struct lane *lane, struct inquiry *inquiry)
{
    lane->share_asked = false;
    if (inquiry->err.kind) {
        share_unknown(lane, &inquiry->err);
        return;
    }
    lane->whole = (unsigned)inquiry->list->cnt;
    lane->unshared = false;
    standing_tell_share(lane);
}

/* It is asked as soon as partitions come or go; when a topic gets more, there is a rebalance too.
 * Until the answer is there the share is of as many as there were. */
void standing_note_share(struct lane *lane)
{
    standing_tell_share(lane);
    if (!lane->roster->limited || lane->share_asked || lane->intake->held ||
        loop_now_ms(lane->intake->loop) < lane->share_at_ms)
        return;
    lane->share_at_ms = INT64_MAX;
    lane->share_asked = inquire_topics(lane, false, 0, hear_whole);
    if (!lane->share_asked)
        lane->share_at_ms = 0;
}
