#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "consume/inquiry.h"
#include "consume/lane_private.h"
#include "kafka/client.h"
#include "kafka/wake.h"

#define JOIN_RETRY_MS     1000
#define COMMIT_EVERY_MS   1000
#define LAST_COMMIT_MS    3000
#define REBALANCE_WAIT_MS 7000 /* twice a heartbeat of three seconds, and some */
#define HELD_COMMIT_MS    300  /* when Kafka may be away */

#define PARTITION_FETCH_MOST (1u << 20)

static void end_when_committed(struct lane *lane);

static void on_ready(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct lane *lane = CONTAINER_OF(io, struct lane, io);
    wake_heard(io);
    lane_poll(lane);
    end_when_committed(lane);
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
    lane->number = intake->lanes_made++;
    lane->unshared = roster->limited;
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
    if (lane->coming)
        rd_kafka_topic_partition_list_destroy(lane->coming);
    start_forget(lane);
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

void lane_join_later(struct lane *lane, const struct error *err)
{
    lane->join_at_ms = clock_now_ms() + JOIN_RETRY_MS;
    uint64_t held_back = 0;
    if (log_gate_open(&lane->error_gate, clock_now_ms(), &held_back))
        log_warn("waiting for Kafka", STR("group", lane->group), STR("error", err->text));
}

static void join(struct lane *lane)
{
    struct error err = {0};
    if (!start_prepare(lane))
        return;
    if (!subscribe(lane, &err)) {
        lane_join_later(lane, &err);
        return;
    }
    lane->state = LANE_JOINED;
    lane->subscribed = true;
}

void lane_tell(struct inquiry *inquiry)
{
    inquiry->lane->inquiries--;
    inquiry->told(inquiry->lane, inquiry);
    inquiry_destroy(inquiry);
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

static void once_a_second(struct lane *lane)
{
    budget_turn(&lane->held);
    assignment_go_on_all(lane);
    if (!lane->member && !lane->fenced)
        lane->member = has_member_id(lane);
    if (lane->state < LANE_ENDING)
        assignment_commit_soon(lane);
    if (lane->sync_again_ms && loop_now_ms(lane->intake->loop) >= lane->sync_again_ms)
        taking_sync(lane);
    standing_note_lag(lane);
    lane_gauge(lane, METRIC_JOINED, lane->member && !lane_is_leaving(lane));
    lane_gauge(lane, METRIC_FENCED, lane->fenced);
}

/* Nobody is in it any more: it closes when all has come home, or when its time is up. Who is just
 * joining would stay in its group until its session is over; that is waited for, but not for long.
 */
static void close_if_over(struct lane *lane, int64_t now_ms)
{
    if (lane->close_by_ms == 0 || lane->state >= LANE_ENDING)
        return;
    bool late = now_ms >= lane->close_by_ms;
    if (late)
        assignment_give_up_all(lane, true);
    if ((late || lane_is_empty(lane)) && lane_may_close(lane, lane->close_by_ms, now_ms))
        lane_close(lane);
}

void lane_tick(struct lane *lane)
{
    int64_t now_ms = loop_now_ms(lane->intake->loop);
    if (lane->state == LANE_WAITING && now_ms >= lane->join_at_ms && !lane->intake->held)
        join(lane);
    lane_poll(lane);
    pause_wake(lane);
    standing_note_share(lane);
    taking_hurry_late(lane);
    taking_read_again(lane);
    assignment_leave(lane);
    intake_release_due(lane);
    pause_update(lane);
    if (lane->state != LANE_WAITING && now_ms >= lane->commit_at_ms) {
        lane->commit_at_ms = now_ms + COMMIT_EVERY_MS;
        once_a_second(lane);
    }
    close_if_over(lane, now_ms);
    end_when_committed(lane);
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
    lane_gauge(lane, METRIC_JOINED, false); /* if it comes back it joins anew */
    lane->last = *lane->roster;             /* what is borrowed there is given back */
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

static bool same_start(const struct subscription_start *a, const struct subscription_start *b)
{
    return a->at == b->at && a->unix_ms == b->unix_ms;
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
    lane->told_whole = 0; /* there may be workers that know nothing of it */
    lane->unshared = lane->unshared && roster->limited;
    if (!lane->subscribed && (other || !same_start(&before->start, &roster->start)))
        start_forget(lane);
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
           lane_closed(lane) && lane->inquiries == 0;
}

bool lane_may_close(const struct lane *lane, int64_t since_ms, int64_t now_ms)
{
    return lane->intake->held || now_ms > since_ms + REBALANCE_WAIT_MS ||
           flag_is_set(&lane->steady) || lane->fenced || !has_member_id(lane);
}

static void leave_group(struct lane *lane)
{
    lane->state = LANE_CLOSING;
    /* librdkafka 2.0.2 leaves the group at the end only where something is assigned. One that does
     * not leave keeps the next rebalance waiting until its session is over. A static member keeps
     * its place for the time it takes to restart (KIP-345). */
    if (!client_given(lane->intake->kafka, "group.instance.id") || lane_is_leaving(lane))
        rd_kafka_unsubscribe(lane->rk);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(lane->rk, lane->queue);
    if (error)
        rd_kafka_error_destroy(error);
}

/* What has failed is committed once more: it is the last time. */
static void end_when_committed(struct lane *lane)
{
    if (lane->state != LANE_ENDING)
        return;
    bool late = clock_now_ms() >= lane->end_by_ms;
    if (lane->commits_out == 0 && lane->ends_again && !late) {
        lane->ends_again = false;
        assignment_commit_last(lane);
    }
    if (lane->commits_out == 0 || late)
        leave_group(lane);
}

void lane_close(struct lane *lane)
{
    if (lane->state >= LANE_ENDING)
        return;
    lane->state = LANE_ENDING;
    taking_hurry(lane);
    lane->leave_by_ms = 0;
    assignment_leave(lane);
    lane->end_by_ms = clock_now_ms() + (lane->intake->held ? HELD_COMMIT_MS : LAST_COMMIT_MS);
    lane->ends_again = !lane->intake->held;
    assignment_commit_last(lane);
    end_when_committed(lane);
}

bool lane_closed(const struct lane *lane)
{
    return rd_kafka_consumer_closed(lane->rk);
}
