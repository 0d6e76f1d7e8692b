/* The group coordinator: who is a member, in which generation, with which partitions; and what each
 * group has committed. As Kafka's classic protocol has it, with the assignment that a leader with
 * the cooperative-sticky assignor would make: a partition that is to move is taken from its owner
 * in one generation and given to the next in the following one. */
#ifndef SIM_KAFKA_GROUP_H
#define SIM_KAFKA_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/kafka/cluster.h"
#include "sim/kafka/wire.h"

#define GROUP_NAME_BYTES    80
#define MEMBER_NAME_BYTES   48
#define METADATA_BYTES_MOST 4096 /* offset.metadata.max.bytes */

/* A set of partitions, in the simulation's memory. */
struct kafka_places {
    struct kafka_log **logs;
    size_t count;
};
void places_add(struct kafka_places *places, struct kafka_log *log);
bool places_have(const struct kafka_places *places, const struct kafka_log *log);
void places_copy(struct kafka_places *to, const struct kafka_places *from);
void places_finish(struct kafka_places *places);

/* Each of these is a wire_request; the coordinator fills in the rest and answers. Who sends it sets
 * what is above the line, `destroy` and `done`. */
struct group_join {
    struct wire_request request;
    char group[GROUP_NAME_BYTES];
    char member[MEMBER_NAME_BYTES]; /* "": it has none yet */
    struct process *by;
    int64_t session_us;
    int64_t rebalance_us;
    struct kafka_places wanted; /* all partitions of the topics it subscribes to */
    struct kafka_places owned;
    /* ── */
    rd_kafka_resp_err_t code;
    int generation;
    bool leader;
};

/* SyncGroup, Heartbeat and LeaveGroup. */
struct group_call {
    struct wire_request request;
    char group[GROUP_NAME_BYTES];
    char member[MEMBER_NAME_BYTES];
    int generation;
    /* ── */
    rd_kafka_resp_err_t code;
    struct kafka_places assignment; /* SyncGroup's */
};

struct group_offset {
    struct kafka_log *log; /* NULL: there is no such partition */
    int64_t offset;        /* -1: none */
    char *metadata;        /* ended by a NUL; NULL: "" */
    rd_kafka_resp_err_t code;
};

/* OffsetCommit and OffsetFetch. */
struct group_offsets {
    struct wire_request request;
    char group[GROUP_NAME_BYTES];
    char member[MEMBER_NAME_BYTES]; /* "" with generation -1: no member */
    int generation;
    const struct process *by;
    bool whole; /* an OffsetFetch of the application's, which sees the metadata */
    struct group_offset *items;
    size_t count;
    /* ── */
    rd_kafka_resp_err_t code;
};
void group_offsets_finish(struct group_offsets *offsets);
/* Everything but the request. */
void group_offsets_copy(struct group_offsets *to, const struct group_offsets *from);

/* The `serve` of each. */
void group_serve_join(struct wire_request *request);
void group_serve_sync(struct wire_request *request);
void group_serve_heartbeat(struct wire_request *request);
void group_serve_leave(struct wire_request *request);
void group_serve_commit(struct wire_request *request);
void group_serve_fetch(struct wire_request *request);

/* Those of a transaction: may who sends them commit them; and, when it is committed, from now on.
 */
rd_kafka_resp_err_t group_check_offsets(const struct group_offsets *offsets);
void group_store_offsets(struct group_offsets *offsets);

/* group.initial.rebalance.delay.ms: how long an empty group waits for more members. */
void group_set_delay(int64_t us);

/* Until then commits are answered with `code`. */
void group_refuse_commits(rd_kafka_resp_err_t code, int64_t until_us);

/* Is a process a member of that group, as far as the coordinator knows? */
bool group_has(const char *group, const struct process *by);

/* What is committed: the offset, -1 for none; and its metadata, never NULL. */
int64_t group_committed(const char *group, const struct kafka_log *log, const char **metadata);

#endif
