/* A lane from the inside: for lane.c (its life), start.c (before it joins its group), taking.c and
 * assignment.c (partitions, commits), intake.c (records in and home), settling.c (transactions),
 * standing.c (how far it is), pause.c and inquiry.c, and no one else. */
#ifndef CONSUME_LANE_PRIVATE_H
#define CONSUME_LANE_PRIVATE_H

#include <librdkafka/rdkafka.h>

#include "base/log.h"
#include "consume/lane.h"
#include "consume/partition.h"
#include "loop/flag.h"

enum lane_state {
    LANE_WAITING,
    LANE_JOINED,
    LANE_DRAINING,
    LANE_ENDING, /* what is finished is being committed, for the last time */
    LANE_CLOSING,
};

struct topic_name;

struct lane {
    struct flag steady; /* no rebalance is under way; first, for client_note_steady */
    bool member;
    bool fenced; /* another instance has its place in the group: it is over until a restart */
    bool subscribed;
    bool assigned;   /* at least once, partitions or none */
    bool unshared;   /* it begins with a rate, and is paused until its part of that is known */
    bool topic_gone; /* one it had partitions of was deleted, once at least */
    bool paused;     /* all partitions, for memory, the recorder or the lane's state */
    bool was_full;   /* its fetching may have stopped */
    bool suspended;  /* its only subscription is disabled */
    bool leave_cut;  /* what is in flight of the partitions that leave has been given up too */
    bool started;    /* the group may be joined */
    bool ends_again; /* its last commit may be made once more */
    /* Asked, and not answered yet: where it begins, where partitions end, what is committed of
     * those that are unread, how many there are. */
    bool start_asked;
    bool ends_asked;
    bool read_asked;
    bool share_asked;
    enum lane_state state;
    struct intake *intake;
    const struct roster_lane *roster;
    struct roster_lane last; /* after lane_leave */
    char *group;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct loop_io io;
    struct partitions partitions;
    struct topic_name *topic_names; /* interned */
    struct budget_lane held;
    unsigned number;    /* among all there have been */
    unsigned inquiries; /* not told yet */
    uint32_t assignments;
    unsigned commits_out; /* in the background, not answered yet */
    uint32_t syncs;       /* how often it has been asked which keys are parked */
    unsigned next_worker;
    int64_t start_gone_ms;   /* since when Kafka says that some of start_from are no more; 0: no */
    uint32_t start_turn;     /* of which topics and start the answers are waited for */
    uint32_t coming_turn;    /* of which question */
    unsigned whole;          /* so many partitions there are; 0: not known yet */
    unsigned share_failures; /* to find that out */
    unsigned told_whole;     /* and the share that the workers know */
    unsigned told_here;
    rd_kafka_topic_partition_list_t *start_from; /* where it begins; NULL: not known yet */
    rd_kafka_topic_partition_list_t *coming;  /* until it is known where they stand; NULL: none */
    rd_kafka_topic_partition_list_t *leaving; /* being taken away; NULL: none */
    int64_t full_ms; /* since when memory is full, and nothing polled; 0: not so */
    int64_t dry_ms;  /* since when there is nothing to poll; 0: there is */
    int64_t coming_by_ms;
    int64_t leave_by_ms;
    int64_t close_by_ms;   /* nobody is in it any more; 0: not so */
    int64_t end_by_ms;     /* no longer is the last commit waited for */
    int64_t sync_again_ms; /* 0: the question has been answered */
    int64_t join_at_ms;
    int64_t commit_at_ms;
    int64_t ends_at_ms;            /* when Kafka is asked where the partitions end, … */
    int64_t read_at_ms;            /* … what is committed of those that are unread, … */
    int64_t share_at_ms;           /* … how many there are */
    struct record_header *headers; /* of the record being copied */
    size_t header_capacity;
    struct log_gate error_gate;
};

static inline void lane_gauge(const struct lane *lane, enum metric metric, size_t value)
{
    metrics_set(lane->intake->metrics, metric, lane->roster->series, (int64_t)value);
}

static inline void lane_count(const struct lane *lane, enum metric metric, enum metric_value value,
                              uint64_t count)
{
    metrics_add(lane->intake->metrics, metric, lane->roster->series, value, count);
}

/* Says why Kafka can't be asked, and tries again soon. */
void lane_join_later(struct lane *lane, const struct error *err);

/* start.c: may the group be joined? Asks for what is missing, once. */
bool start_prepare(struct lane *lane);

/* Its topics or its start are others: asks anew. */
void start_forget(struct lane *lane);

/* standing.c: how far the lane is behind. */
void standing_note_lag(struct lane *lane);

/* Which part of the lane's partitions is this instance's: asks, if it is time; tells, if it is
 * news. */
void standing_note_share(struct lane *lane);
void standing_tell_share(struct lane *lane);

/* taking.c: what has been given to the lane is its own as soon as it is known where it stands, or
 * that takes too long. */
void taking_begin(struct lane *lane, const rd_kafka_topic_partition_list_t *list);

/* It is its own now, if there is any, read or unread; `late`: if it has taken too long. */
void taking_hurry(struct lane *lane);
void taking_hurry_late(struct lane *lane);

/* Finds out what is committed of partitions of which that could not be known when they came. */
void taking_read_again(struct lane *lane);

/* Asks which keys are parked. */
void taking_sync(struct lane *lane);
void taking_forget_topics(struct lane *lane);

/* assignment.c: librdkafka's callbacks, with the lane as opaque. */
void assignment_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                             rd_kafka_topic_partition_list_t *list, void *opaque);
void assignment_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t *offsets, void *opaque);

/* Gives the partitions that are being taken away back to Kafka, if nothing of them is in memory any
 * more or their time is up. */
void assignment_leave(struct lane *lane);

/* What is news and may be committed: offsets, with what has finished above them as metadata; what
 * has come of it is to be told to assignment_conclude. The caller destroys the list. */
rd_kafka_topic_partition_list_t *assignment_positions(struct lane *lane);

/* What came of a commit of these. */
void assignment_conclude(struct lane *lane, bool fine,
                         const rd_kafka_topic_partition_list_t *offsets);

/* Commits that in the background: at once; `soon`: if that may be now; `last`: with what is being
 * committed already, of which nobody knows yet what will come. Where transactions commit it, only
 * what no transaction may hold. */
void assignment_commit_begin(struct lane *lane);
void assignment_commit_soon(struct lane *lane);
void assignment_commit_last(struct lane *lane);
void assignment_note(struct lane *lane);
/* NULL is fine; else it is logged and freed. */
void assignment_report(const struct lane *lane, const char *what, rd_kafka_error_t *error);

/* All partitions are somebody else's: nothing more of them is sent or committed. */
void assignment_lose_all(struct lane *lane);

/* The partition is to be read again from where it stands, without what has finished: workers give
 * up what they have not sent, and when nothing of it is in memory any more, it goes on. */
void assignment_rewind(struct lane *lane, struct partition *partition);
void assignment_rewind_all(struct lane *lane);

/* Does so, if that time has come and there is memory for it. */
void assignment_go_on(struct lane *lane, struct partition *partition);
void assignment_go_on_all(struct lane *lane);

/* Has the workers give up what they have not sent of it; `sent`: also what they have. */
void assignment_give_up(struct lane *lane, const struct partition *partition, bool sent);
void assignment_give_up_all(struct lane *lane, bool sent);

/* pause.c: pauses and resumes as memory, the recorder and the lane's state ask for. */
void pause_update(struct lane *lane);

/* They go on from the offsets in the list; nobody waits for it. What has been fetched is dropped.
 */
void pause_seek(struct lane *lane, rd_kafka_topic_partition_list_t *list);

/* Has librdkafka fetch again after its queue has been full. */
void pause_wake(struct lane *lane);

/* A reason of the partition's own to stop: so it was before something changed, … */
bool pause_is_stopped(const struct partition *partition);
/* … and now it may be otherwise. */
void pause_update_partition(struct lane *lane, const struct partition *partition, bool was_stopped);

/* intake.c: lets go of retries that have become due. */
void intake_release_due(struct lane *lane);

/* Moves what has been gathered for the workers to them. */
void intake_hand_on(struct intake *intake);

/* Where records of this partition come from. */
struct record_home intake_home(struct lane *lane, const struct partition *partition);

/* A place of the ledger is finished. */
void intake_finish(struct lane *lane, struct partition *partition, size_t place);

/* The partition's retry that waits for its time, if any, is given up. */
void intake_drop_head(struct lane *lane, struct partition *partition);

#endif
