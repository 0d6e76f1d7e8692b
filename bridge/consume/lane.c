#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consume/lane_private.h"
#include "consume/source.h"
#include "consume/start.h"
#include "consume/topics.h"
#include "kafka/client.h"
#include "kafka/ends.h"
#include "kafka/wake.h"

#define JOIN_TIMEOUT_MS 500
#define JOIN_RETRY_MS   1000
#define COMMIT_EVERY_MS 1000
#define ENDS_EVERY_MS   5000
#define SHARE_ASK_MS    300
#define SHARE_RETRY_MS  5000

#define PARTITION_FETCH_MOST (1u << 20)

static void on_ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct lane *lane = CONTAINER_OF(io, struct lane, io);
    wake_heard(io);
    lane_poll(lane);
}

/* A fetch must not fill the queue: librdkafka 2.0.2 asks for nothing in the second after it has.
 * It would make a fetch as large as message.max.bytes at least, which means nothing else here. */
static rd_kafka_conf_t *consumer_conf(const struct lane *lane, struct error *err)
{
    char queue_kbytes[24];
    char fetch_bytes[24];
    char partition_bytes[24];
    size_t queue = lane->intake->roster->queue_bytes;
    size_t partition = queue / 2 < PARTITION_FETCH_MOST ? queue / 2 : PARTITION_FETCH_MOST;
    const char *ignored = lane->roster->ignored;
    bool given = client_given(lane->intake->kafka, "fetch.max.bytes");
    snprintf(queue_kbytes, sizeof queue_kbytes, "%zu", queue / 1024);
    snprintf(fetch_bytes, sizeof fetch_bytes, "%zu", queue / 2);
    snprintf(partition_bytes, sizeof partition_bytes, "%zu", partition);
    const struct client_property own[] = {
        {"group.id", lane->group, false},
        {"enable.auto.commit", "false", false},
        {"enable.auto.offset.store", "false", false},
        {"auto.offset.reset", "earliest", false},
        {"partition.assignment.strategy", "cooperative-sticky", false},
        {"client.id", "grapnel", true},
        {"session.timeout.ms", "10000", true}, /* after a crash the group waits no longer */
        {"topic.metadata.refresh.interval.ms", "10000", true},
        {"queued.min.messages", "1000000", true}, /* bytes are the bound, not messages */
        {"queued.max.messages.kbytes", queue_kbytes, true},
        {"fetch.message.max.bytes", partition_bytes, true},
        {"topic.blacklist", ignored ? ignored : "", false},
        {"fetch.max.bytes", fetch_bytes, true},
        {given ? NULL : "message.max.bytes", partition_bytes, false},
        {0},
    };
    return client_conf(lane->intake->kafka, own, err);
}

static bool open_consumer(struct lane *lane, struct error *err)
{
    rd_kafka_conf_t *conf = consumer_conf(lane, err);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, lane);
    if (!client_note_steady(conf, lane->intake->kafka, err)) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    rd_kafka_conf_set_rebalance_cb(conf, assignment_on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, assignment_on_commit);
    lane->rk = client_create(RD_KAFKA_CONSUMER, conf, err);
    if (!lane->rk)
        return false;
    rd_kafka_poll_set_consumer(lane->rk);
    lane->queue = rd_kafka_queue_get_consumer(lane->rk);
    lane->io.ready = on_ready;
    return wake_begin(lane->intake->loop, &lane->io, lane->queue, err);
}

struct lane *lane_create(struct intake *intake, const struct roster_lane *roster, struct error *err)
{
    struct lane *lane = calloc(1, sizeof *lane);
    if (lane)
        lane->group = strdup(roster->group);
    if (!lane || !lane->group) {
        free(lane);
        error_set(err, ERROR_MEMORY, "no memory for a lane");
        return NULL;
    }
    lane->intake = intake;
    lane->roster = roster;
    lane->held.least = roster->least_records;
    lane->io.fd = -1;
    partitions_init(&lane->partitions);
    if (!open_consumer(lane, err)) {
        error_wrap(err, "group %s", lane->group);
        lane_destroy(lane);
        return NULL;
    }
    return lane;
}

unsigned lane_place(const struct lane *lane)
{
    return lane->roster->place;
}

const char *lane_group(const struct lane *lane)
{
    return lane->group;
}

/* librdkafka 2.0.2 aborts when a cooperative-sticky member is destroyed between its first JoinGroup
 * and its first assignment (github.com/confluentinc/librdkafka/issues/4312). The program is about
 * to end: such a one, which librdkafka's threads still use, is left to the system. So is one of
 * which a topic was deleted while it was read: librdkafka 2.0.2 waits for ever for that topic's
 * broker when the member is destroyed. */
static bool must_be_left(const struct lane *lane)
{
    return lane->subscribed && (!lane->assigned || lane->topic_gone);
}

void lane_destroy(struct lane *lane)
{
    if (!lane)
        return;
    wake_end(lane->intake->loop, &lane->io, lane->queue);
    if (must_be_left(lane))
        return;
    if (lane->queue)
        rd_kafka_queue_destroy(lane->queue);
    if (lane->rk)
        rd_kafka_destroy_flags(lane->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (lane->leaving)
        rd_kafka_topic_partition_list_destroy(lane->leaving);
    partitions_finish(&lane->partitions);
    taking_forget_topics(lane);
    free(lane->headers);
    free(lane->group);
    free(lane);
}

static bool subscribe(struct lane *lane, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(4);
    for (size_t i = 0; i < lane->roster->topics.count; i++)
        rd_kafka_topic_partition_list_add(list, lane->roster->topics.items[i].data,
                                          RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(lane->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return !code || error_set(err, ERROR_KAFKA, "%s", rd_kafka_err2str(code));
}

static void join(struct lane *lane)
{
    struct error err = {0};
    if (start_prepare(lane->rk, &lane->roster->topics, &lane->roster->start, JOIN_TIMEOUT_MS,
                      &err) &&
        subscribe(lane, &err)) {
        lane->state = LANE_JOINED;
        lane->subscribed = true;
        return;
    }
    lane->join_at_ms = clock_now_ms() + JOIN_RETRY_MS;
    uint64_t held_back = 0;
    if (log_gate_open(&lane->error_gate, clock_now_ms(), &held_back))
        log_warn("waiting for Kafka", STR("group", lane->group), STR("error", err.text));
}

/* librdkafka tells of no assignment when there is no partition to assign; a member's id it has all
 * the same. */
static bool has_member_id(const struct lane *lane)
{
    char *id = rd_kafka_memberid(lane->rk);
    bool has = id && *id;
    if (id)
        rd_kafka_mem_free(lane->rk, id);
    return has;
}

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

static void ask_ends(struct lane *lane)
{
    struct ends_question *question = ends_question_create(lane->group);
    if (!question)
        return; /* it is asked in the next second */
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        ends_question_add(question, p->topic, p->number);
    lane->ends_asked = true;
    ends_ask(lane->intake->ends, question);
}

void lane_learn_ends(struct lane *lane, const struct ends_question *question)
{
    lane->ends_asked = false;
    lane->ends_at_ms = loop_now_ms(lane->intake->loop) + ENDS_EVERY_MS;
    for (int i = 0; question->answered && i < question->end->cnt; i++) {
        const rd_kafka_topic_partition_t *low = &question->low->elems[i];
        const rd_kafka_topic_partition_t *end = &question->end->elems[i];
        struct partition *p = partitions_find(&lane->partitions, end->topic, end->partition);
        if (p && !low->err)
            p->low = low->offset;
        if (p && !end->err && end->offset > p->end)
            p->end = end->offset;
    }
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

static void note_lag(struct lane *lane)
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

/* Which part of the lane's partitions is this instance's. It is asked as soon as partitions come or
 * go, before a record of those is taken; when a topic gets more, there is a rebalance too. */
static void note_share(struct lane *lane)
{
    struct error err = {0};
    int64_t now_ms = loop_now_ms(lane->intake->loop);
    const struct source_hooks *hooks = lane->intake->hooks;
    if (!lane->roster->limited || !lane->member || now_ms < lane->share_at_ms)
        return;
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(16);
    lane->share_at_ms = INT64_MAX;
    if (topics_partitions(lane->rk, &lane->roster->topics, SHARE_ASK_MS, all, &err))
        hooks->share(hooks->context, lane->roster, (unsigned)lane->partitions.count,
                     (unsigned)all->cnt);
    else
        lane->share_at_ms = now_ms + SHARE_RETRY_MS;
    rd_kafka_topic_partition_list_destroy(all);
}

static void once_a_second(struct lane *lane)
{
    budget_turn(&lane->held);
    assignment_go_on_all(lane);
    if (!lane->member && !lane->fenced)
        lane->member = has_member_id(lane);
    if (lane->state != LANE_CLOSING)
        assignment_commit_soon(lane);
    if (lane->sync_again_ms && loop_now_ms(lane->intake->loop) >= lane->sync_again_ms)
        taking_sync(lane);
    note_lag(lane);
    lane_gauge(lane, METRIC_JOINED, lane->member);
    lane_gauge(lane, METRIC_FENCED, lane->fenced);
}

/* Nobody is in it any more: it closes when all has come home, or when its time is up. */
static void close_if_over(struct lane *lane, int64_t now_ms)
{
    if (lane->close_by_ms == 0 || lane->state == LANE_CLOSING)
        return;
    bool late = now_ms >= lane->close_by_ms;
    if (late)
        assignment_give_up_all(lane, true);
    if (late || (lane_is_empty(lane) && lane_may_close(lane)))
        lane_close(lane);
}

void lane_tick(struct lane *lane)
{
    int64_t now_ms = loop_now_ms(lane->intake->loop);
    if (lane->state == LANE_WAITING && now_ms >= lane->join_at_ms && !lane->intake->held)
        join(lane);
    lane_poll(lane);
    pause_wake(lane);
    note_share(lane);
    taking_read_again(lane);
    assignment_leave(lane);
    intake_release_due(lane);
    pause_update(lane);
    if (lane->state != LANE_WAITING && now_ms >= lane->commit_at_ms) {
        lane->commit_at_ms = now_ms + COMMIT_EVERY_MS;
        once_a_second(lane);
    }
    close_if_over(lane, now_ms);
}

void lane_drain(struct lane *lane)
{
    if (lane->state >= LANE_DRAINING)
        return;
    lane->state = LANE_DRAINING;
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        intake_drop_head(lane, p);
    pause_update(lane);
}

void lane_leave(struct lane *lane, int64_t grace_ms)
{
    lane_drain(lane);
    lane->close_by_ms = clock_now_ms() + grace_ms;
    lane->last = *lane->roster; /* what is borrowed there is given back */
    lane->last.group = lane->group;
    lane->last.topics = (struct texts){0};
    lane->last.ignored = NULL;
    lane->last.limited = false;
    lane->roster = &lane->last;
    assignment_give_up_all(lane, false);
}

void lane_suspend(struct lane *lane, bool suspended)
{
    if (lane->suspended == suspended)
        return;
    lane->suspended = suspended;
    log_info(suspended ? "lane suspended" : "lane resumed", STR("group", lane->group));
    if (suspended) {
        assignment_rewind_all(lane);
        return;
    }
    assignment_go_on_all(lane);
}

void lane_synced(struct lane *lane, uint32_t turn)
{
    if (turn == lane->syncs)
        lane->sync_again_ms = 0;
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p)) {
        bool was_stopped = pause_is_stopped(p);
        if (p->barred <= turn)
            p->barred = 0;
        pause_update_partition(lane, p, was_stopped);
    }
}

static bool same_topics(const struct texts *a, const struct texts *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->items[i].data, b->items[i].data) == 0;
    return same;
}

/* Where keys are kept in order, what is in memory must not be overtaken at another worker. */
static bool moves_keys(const struct roster_lane *before, const struct roster_lane *now)
{
    if (before->ordered != now->ordered)
        return true;
    return now->ordered && before->spread != now->spread;
}

void lane_change(struct lane *lane, const struct roster_lane *roster)
{
    const struct roster_lane *before = lane->roster;
    struct error err = {0};
    bool moved = moves_keys(before, roster);
    bool other = !same_topics(&before->topics, &roster->topics);
    lane->roster = roster;
    lane->held.least = roster->least_records;
    lane->share_at_ms = 0;
    if (other && lane->subscribed && !subscribe(lane, &err))
        log_error("the topics can't be changed", STR("group", lane->group), STR("error", err.text));
    if (moved)
        assignment_rewind_all(lane);
}

bool lane_is_empty(const struct lane *lane)
{
    return lane->held.records == 0;
}

bool lane_is_leaving(const struct lane *lane)
{
    return lane->close_by_ms != 0;
}

bool lane_is_over(const struct lane *lane)
{
    return lane->close_by_ms && lane->state == LANE_CLOSING && lane_is_empty(lane) &&
           lane_closed(lane);
}

bool lane_may_close(const struct lane *lane)
{
    return flag_is_set(&lane->steady) || lane->fenced || !has_member_id(lane);
}

void lane_close(struct lane *lane)
{
    if (lane->state == LANE_CLOSING)
        return;
    lane->state = LANE_CLOSING;
    lane->leave_by_ms = 0;
    assignment_leave(lane);
    assignment_commit_now(lane);
    if (!lane->intake->held)
        assignment_commit_now(lane); /* what has failed, once more: it is the last time */
    /* librdkafka 2.0.2 leaves the group at the end only where something is assigned. One that does
     * not leave keeps the next rebalance waiting until its session is over. A static member keeps
     * its place for the time it takes to restart (KIP-345). */
    if (!client_given(lane->intake->kafka, "group.instance.id") || lane_is_leaving(lane))
        rd_kafka_unsubscribe(lane->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(lane->rk, lane->queue);
    if (error)
        rd_kafka_error_destroy(error);
}

bool lane_closed(const struct lane *lane)
{
    return rd_kafka_consumer_closed(lane->rk);
}
