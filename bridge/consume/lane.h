/* A lane: one consumer group, and the way of its records into memory and back.
 *
 * The happy path: the group is joined, partitions are assigned, lane_poll copies what librdkafka
 * has fetched into records and hands them to workers in turn; each comes home by lane_take_back
 * when its last fate is stored, its ledger says what may be committed, and lane_tick commits it.
 * What can fail: Kafka isn't there (joining is tried again), memory is full or nothing can be
 * stored (the partitions are paused), a commit (the next one covers it), a partition is taken away
 * (what is finished is committed; what comes home later changes nothing), a record comes home
 * without a fate (its partition is read again from where it stands).
 *
 * Owner: the source thread. */
#ifndef CONSUME_LANE_H
#define CONSUME_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "base/siphash.h"
#include "config/subscription.h"
#include "consume/budget.h"
#include "consume/record.h"
#include "consume/roster.h"
#include "loop/loop.h"

struct lane;
struct settlement;
struct settled_record;
struct source_hooks;
struct askers;
struct inquiry;

/* What the lanes of a source share. */
struct intake {
    struct loop *loop;
    struct budget budget;
    struct metrics_block *metrics;
    unsigned workers;
    struct list *outgoing;    /* records gathered for each worker, handed on before the next wait */
    bool held;                /* results or dead letters can't be stored: nothing is taken */
    bool transactional;       /* the recorder's transactions commit */
    struct siphash_seed seed; /* of the keys that choose a worker */
    const struct named_texts *kafka; /* properties */
    const struct roster *roster;
    const struct source_hooks *hooks;
    struct askers *askers;
    unsigned lanes_made;
    bool more; /* a lane has more to poll: the loop must not sleep */
};

/* NULL: librdkafka refuses a property, or no memory. Needs no reachable broker. */
struct lane *lane_create(struct intake *intake, const struct roster_lane *roster,
                         struct error *err);

/* All its records must have come home or be given up, and all its inquiries have been told or be
 * given up. */
void lane_destroy(struct lane *lane);

/* From now on it is that of another roster, whose group is the same. */
void lane_change(struct lane *lane, const struct roster_lane *roster);

/* The group it is of, and its place in the catalog. */
const char *lane_group(const struct lane *lane);
unsigned lane_place(const struct lane *lane);

/* Ten times a second: joins, serves librdkafka, pauses, resumes, commits. */
void lane_tick(struct lane *lane);

/* Takes a turn's worth of what is fetched, if anything is. */
void lane_poll(struct lane *lane);

/* A record has its fates stored (or was abandoned): tells the ledger, frees it. */
void lane_take_back(struct lane *lane, struct record *record);

/* No more records; what is in memory goes on. */
void lane_drain(struct lane *lane);
bool lane_is_empty(const struct lane *lane);

/* Disabled: what is in memory is given up, and nothing more is taken, while the lane stays in its
 * group and what it has committed stays remembered. Then it goes on where it stands. */
void lane_suspend(struct lane *lane, bool suspended);

/* Asked by the hook `sync`: it is known which keys are parked. */
void lane_synced(struct lane *lane, uint32_t turn);

/* Takes an inquiry back, answered: its lane is told. */
void lane_tell(struct inquiry *inquiry);

/* Nobody is in it any more: what has not been sent is given up; when all else has come home, or
 * its time is up, it closes by itself. Its roster is not used any more. */
void lane_leave(struct lane *lane, int64_t grace_ms);
bool lane_is_leaving(const struct lane *lane);

/* It has left its group after lane_leave: destroy it. */
bool lane_is_over(const struct lane *lane);

/* May what is finished be committed, and the group be left, or is it not joined? A rebalance that
 * is under way is waited for, but not for long after `since_ms`, and not while Kafka may be away.
 */
bool lane_may_close(const struct lane *lane, int64_t since_ms, int64_t now_ms);

/* Commits and leaves the group; that goes on until lane_closed, while lane_tick is called. */
void lane_close(struct lane *lane);
bool lane_closed(const struct lane *lane);

/* Of a settlement: does the record still come of a partition that the lane has? Then it is expected
 * to finish, until it does or that is taken back. What may be committed of the whole lane is added,
 * and what came of that is told. */
void lane_settle(struct lane *lane, struct settled_record *settled);
void lane_unsettle(struct lane *lane, const struct settled_record *settled);
void lane_add_offsets(struct lane *lane, struct settlement *settlement);
void lane_conclude(struct lane *lane, const struct settlement *settlement);

#endif
