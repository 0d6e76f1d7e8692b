/* What is finished in partitions is committed, and partitions go.
 *
 * The happy path: once a second what is news is committed; on revocation what is in flight ends, it
 * is committed, and the ledger forgotten.
 * What can fail: a commit (its partitions stay dirty, the next one covers them), the group (the
 * partitions are lost: nothing is committed). */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "commit/metadata.h"
#include "consume/lane_private.h"
#include "consume/source.h"

#define LEAVE_MS   5000 /* what is in flight may take that long to end */
#define GIVE_UP_MS 1000 /* and that long to come home, once it is given up */

void assignment_note(struct lane *lane)
{
    lane_gauge(lane, METRIC_ASSIGNED_PARTITIONS, lane->partitions.count);
    lane_gauge(lane, METRIC_PAUSED_PARTITIONS, lane->paused ? lane->partitions.count : 0);
}

void assignment_report(const struct lane *lane, const char *what, rd_kafka_error_t *error)
{
    if (!error)
        return;
    log_error(what, STR("group", lane->group), STR("error", rd_kafka_error_string(error)));
    rd_kafka_error_destroy(error);
}

/* ── committing ──────────────────────────────────────────────────────────── */

/* Adds the partition's position, and what has finished above it, if that is news. Without memory it
 * stays news. */
static void add_position(rd_kafka_topic_partition_list_t *list, struct partition *partition)
{
    char text[METADATA_BYTES + 1];
    char *metadata =
        partition->dirty && metadata_write(&partition->ledger, text) ? strdup(text) : NULL;
    if (!metadata)
        return;
    partition->dirty = false;
    rd_kafka_topic_partition_t *element =
        rd_kafka_topic_partition_list_add(list, partition->topic, partition->number);
    element->offset = ledger_position(&partition->ledger);
    element->metadata = metadata;
    element->metadata_size = strlen(metadata);
}

/* Nothing of it is in memory, or in a transaction that is not over. */
static bool is_settled(const struct partition *partition)
{
    return partition->out == 0 && !partition->settling;
}

static rd_kafka_topic_partition_list_t *positions(struct lane *lane, bool also_out)
{
    rd_kafka_topic_partition_list_t *offsets =
        rd_kafka_topic_partition_list_new((int)lane->partitions.count);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        if (also_out || is_settled(p))
            add_position(offsets, p);
    return offsets;
}

rd_kafka_topic_partition_list_t *assignment_positions(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *offsets = positions(lane, true);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        if (p->dirty)
            memory_out(); /* a transaction must not be without it */
    return offsets;
}

/* Where transactions commit, what is still out may count as finished although its transaction is
 * not committed, and may never be. */
static rd_kafka_topic_partition_list_t *own_positions(struct lane *lane)
{
    return positions(lane, !lane->intake->transactional);
}

/* And what is being committed in the background: nobody knows yet what will come of that. */
static rd_kafka_topic_partition_list_t *last_positions(struct lane *lane)
{
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p && lane->commits_out > 0;
         p = partitions_next(&lane->partitions, p))
        p->dirty = p->dirty || ledger_position(&p->ledger) >= 0;
    return own_positions(lane);
}

static void mark_dirty(struct lane *lane, const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; offsets && i < offsets->cnt; i++) {
        struct partition *partition = partitions_find(&lane->partitions, offsets->elems[i].topic,
                                                      offsets->elems[i].partition);
        if (partition)
            partition->dirty = true;
    }
}

void assignment_conclude(struct lane *lane, bool fine,
                         const rd_kafka_topic_partition_list_t *offsets)
{
    lane_count(lane, METRIC_COMMITS, fine ? METRIC_RESULT_OK : METRIC_RESULT_FAILED, 1);
    if (!fine)
        mark_dirty(lane, offsets);
}

void assignment_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t *offsets, void *opaque)
{
    (void)rk;
    struct lane *lane = opaque;
    if (lane->commits_out > 0)
        lane->commits_out--;
    assignment_conclude(lane, !code, offsets);
    if (code)
        log_warn("commit failed", STR("group", lane->group), STR("error", rd_kafka_err2str(code)));
}

/* Takes the list. */
static void commit(struct lane *lane, rd_kafka_topic_partition_list_t *offsets)
{
    if (offsets->cnt > 0 && rd_kafka_commit(lane->rk, offsets, 1))
        mark_dirty(lane, offsets);
    else if (offsets->cnt > 0)
        lane->commits_out++;
    rd_kafka_topic_partition_list_destroy(offsets);
}

void assignment_commit_begin(struct lane *lane)
{
    commit(lane, own_positions(lane));
}

void assignment_commit_soon(struct lane *lane)
{
    if (flag_is_set(&lane->steady) && !lane->intake->transactional)
        assignment_commit_begin(lane);
}

void assignment_commit_last(struct lane *lane)
{
    commit(lane, last_positions(lane));
}

/* ── partitions go ───────────────────────────────────────────────────────── */

static struct partition *find(struct lane *lane, const rd_kafka_topic_partition_list_t *list, int i)
{
    return partitions_find(&lane->partitions, list->elems[i].topic, list->elems[i].partition);
}

/* What is finished is committed, unless the group has given them to somebody else already: in all
 * partitions, since where one rebalance follows the other there is no other time for it. librdkafka
 * joins the group again, or leaves it, when that is answered (2.0.2, rd_kafka_assignment_serve). */
static void give_back(struct lane *lane, const rd_kafka_topic_partition_list_t *list, bool lost)
{
    if (!lost)
        assignment_commit_last(lane);
    for (int i = 0; i < list->cnt; i++) {
        struct partition *partition = find(lane, list, i);
        if (!partition)
            continue;
        intake_drop_head(lane, partition);
        partitions_remove(&lane->partitions, partition);
    }
    assignment_report(lane, "partitions can't be given back",
                      rd_kafka_incremental_unassign(lane->rk, list));
    log_info(lost ? "partitions lost" : "partitions revoked", STR("group", lane->group),
             INT("given", list->cnt), INT("held", lane->partitions.count));
    assignment_note(lane);
}

void assignment_give_up(struct lane *lane, const struct partition *partition, bool sent)
{
    const struct source_hooks *hooks = lane->intake->hooks;
    const struct record_home home = intake_home(lane, partition);
    if (partition->out == 0)
        return;
    intake_hand_on(lane->intake); /* so that the workers know all that they are to give up */
    hooks->give_up(hooks->context, &home, sent);
}

void assignment_give_up_all(struct lane *lane, bool sent)
{
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        assignment_give_up(lane, p, sent);
}

/* No record of theirs is begun any more; those in flight may end. Until then they are still ours:
 * whoever gets them next does not send what we are sending. */
static void begin_leaving(struct lane *lane, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_pause_partitions(lane->rk, (rd_kafka_topic_partition_list_t *)(uintptr_t)list);
    lane->leaving = rd_kafka_topic_partition_list_copy(list);
    lane->leave_by_ms = clock_now_ms() + LEAVE_MS;
    lane->leave_cut = false;
    for (int i = 0; i < list->cnt; i++) {
        struct partition *partition = find(lane, list, i);
        if (!partition)
            continue;
        partition->leaving = true;
        intake_drop_head(lane, partition);
        assignment_give_up(lane, partition, false);
    }
}

/* What is in flight has had its time: whoever gets the partitions next sends it again, and two that
 * send the same at once are worse than a request cut short. */
static void cut_short(struct lane *lane)
{
    lane->leave_cut = true;
    lane->leave_by_ms += GIVE_UP_MS;
    for (int i = 0; i < lane->leaving->cnt; i++) {
        const struct partition *partition = find(lane, lane->leaving, i);
        if (partition)
            assignment_give_up(lane, partition, true);
    }
}

static bool is_empty(struct lane *lane, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const struct partition *partition = find(lane, list, i);
        if (partition && !is_settled(partition))
            return false;
    }
    return true;
}

/* Nothing of them may be committed, and nothing more of them be sent: they are somebody else's. */
static void lose(struct lane *lane, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++) {
        const struct partition *partition = find(lane, list, i);
        if (partition)
            assignment_give_up(lane, partition, true);
    }
    give_back(lane, list, true);
    lane_count(lane, METRIC_LOST_PARTITIONS, METRICS_NO_LABEL, (uint64_t)list->cnt);
}

void assignment_lose_all(struct lane *lane)
{
    taking_hurry(lane);
    rd_kafka_topic_partition_list_t *all =
        rd_kafka_topic_partition_list_new((int)lane->partitions.count);
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        rd_kafka_topic_partition_list_add(all, p->topic, p->number);
    if (lane->leaving)
        rd_kafka_topic_partition_list_destroy(lane->leaving);
    lane->leaving = NULL;
    lose(lane, all);
    rd_kafka_topic_partition_list_destroy(all);
}

static void leave(struct lane *lane)
{
    rd_kafka_topic_partition_list_t *list = lane->leaving;
    lane->leaving = NULL;
    if (rd_kafka_assignment_lost(lane->rk))
        lose(lane, list);
    else
        give_back(lane, list, false);
    rd_kafka_topic_partition_list_destroy(list);
}

void assignment_leave(struct lane *lane)
{
    if (!lane->leaving)
        return;
    bool late = clock_now_ms() >= lane->leave_by_ms;
    bool empty = is_empty(lane, lane->leaving);
    if (late && !empty && !lane->leave_cut)
        cut_short(lane);
    else if (late || empty)
        leave(lane);
}

/* ── a partition is read again ───────────────────────────────────────────── */

void assignment_rewind(struct lane *lane, struct partition *partition)
{
    if (partition->rewinds || partition->leaving)
        return;
    bool was_stopped = pause_is_stopped(partition);
    partition->rewinds = true;
    pause_update_partition(lane, partition, was_stopped);
    intake_drop_head(lane, partition);
    assignment_give_up(lane, partition, false);
}

/* What has finished, without what was only taken. False: no memory. */
static bool restart(const struct ledger *ledger, struct ledger *fresh)
{
    char text[METADATA_BYTES + 1];
    int64_t position = ledger_position(ledger);
    if (position < 0)
        return true;
    bool fine =
        metadata_write(ledger, text) && metadata_read(slice_of(text), position, fresh, NULL);
    if (!fine)
        ledger_close(fresh);
    return fine;
}

void assignment_go_on(struct lane *lane, struct partition *partition)
{
    struct ledger fresh = {0};
    if (!partition->rewinds || partition->out > 0 || lane->suspended ||
        !restart(&partition->ledger, &fresh))
        return;
    ledger_close(&partition->ledger);
    partition->ledger = fresh;
    partition->assignment = ++lane->assignments; /* what was given up is not what comes now */
    partition->rewinds = false;
    partition->full = false;
    pause_update_partition(lane, partition, true);
}

void assignment_go_on_all(struct lane *lane)
{
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        assignment_go_on(lane, p);
}

void assignment_rewind_all(struct lane *lane)
{
    for (struct partition *p = partitions_next(&lane->partitions, NULL); p;
         p = partitions_next(&lane->partitions, p))
        assignment_rewind(lane, p);
    assignment_go_on_all(lane);
}

/* ── librdkafka calls ────────────────────────────────────────────────────── */

void assignment_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                             rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct lane *lane = opaque;
    lane->member = true;
    taking_hurry(lane);
    if (lane->leaving)
        leave(lane);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        taking_begin(lane, list);
    } else if (rd_kafka_assignment_lost(rk)) {
        lose(lane, list);
    } else if (lane->state >= LANE_ENDING) {
        give_back(lane, list, false);
    } else {
        begin_leaving(lane, list);
        assignment_leave(lane);
    }
    lane->share_at_ms = 0;
    lane_count(lane, METRIC_REBALANCES, METRICS_NO_LABEL, 1);
    assignment_note(lane);
}
