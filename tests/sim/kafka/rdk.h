/* librdkafka from the inside, as the simulation has it: the part of its interface that grapnel
 * calls, made to do what version 2.0.2 does. Each handle is a client of the cluster with two wires,
 * one to the group's coordinator and one for everything else. What librdkafka's own threads would
 * do happens here as events of the world.
 *
 *   rdk_conf.c      properties
 *   rdk_lists.c     lists of partitions, headers, errors
 *   rdk_queue.c     queues of what the application is to be told, and telling it
 *   rdk_handle.c    a client's life
 *   rdk_member.c    its membership in a group: joining, heartbeats, being taken away
 *   rdk_assign.c    its partitions: started, paused, fetched from
 *   rdk_simple.c    partitions that are read without a group
 *   rdk_commit.c    offsets, committed
 *   rdk_ask.c       questions that are waited for: metadata, offsets, the creation of topics
 *   rdk_producer.c  messages out
 *   rdk_transactions.c  and offsets with them, all or nothing
 *
 * Where it matters, a comment names the function of librdkafka whose behaviour is meant. */
#ifndef SIM_KAFKA_RDK_H
#define SIM_KAFKA_RDK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "base/list.h"
#include "sim/kafka/cluster.h"
#include "sim/kafka/group.h"
#include "sim/kafka/transactions.h"
#include "sim/kafka/wire.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

struct fiber;

/* ── a library call ──────────────────────────────────────────────────────── */

/* At the door of each function that the application calls: another thread may come first, and from
 * here on memory is the library's. */
enum memory_kind rdk_enter(void);
void rdk_leave(enum memory_kind before);

/* Zeroed, never NULL: librdkafka ends the program where there is no memory. */
void *rdk_get(size_t bytes);
char *rdk_copy_text(const char *text);

/* ── what is told ────────────────────────────────────────────────────────── */

enum rdk_op_type {
    RDK_MESSAGE,   /* fetched */
    RDK_ERROR,     /* of the client, or of a partition */
    RDK_REBALANCE, /* partitions are given or taken */
    RDK_COMMITTED, /* or not */
    RDK_REPORT,    /* a message is stored, or not */
    RDK_CREATED,   /* a topic is, or not */
};

/* rd_kafka_event_t, too. */
struct rd_kafka_op_s {
    struct list link;
    enum rdk_op_type type;
    rd_kafka_resp_err_t code;
    char text[96];
    rd_kafka_topic_partition_list_t *partitions; /* rebalance, committed */
    struct rdk_message *message;                 /* message, report */
    bool to_queue;                               /* committed: no callback */
};

struct rd_kafka_queue_s {
    rd_kafka_t *rk;
    struct list ops;
    size_t length;
    int fd; /* written to when it is no longer empty; -1: none */
    uint64_t payload;
    struct fiber *waiting;
    unsigned references; /* the application's, and those of what will be told there */
    struct list link;    /* among the handle's */
};

rd_kafka_queue_t *rdk_queue_create(rd_kafka_t *rk);
void rdk_queue_free(rd_kafka_queue_t *queue);
void rdk_queue_release(rd_kafka_queue_t *queue);
struct rd_kafka_op_s *rdk_op(enum rdk_op_type type, rd_kafka_resp_err_t code);
void rdk_op_free(struct rd_kafka_op_s *op);
void rdk_push(rd_kafka_queue_t *queue, struct rd_kafka_op_s *op, bool first);
struct rd_kafka_op_s *rdk_pop(rd_kafka_queue_t *queue);

/* A message in the application's hands, or on its way in or out. */
struct rdk_message {
    rd_kafka_message_t public; /* first */
    struct toppar *toppar;     /* fetched from */
    uint32_t version;
    int64_t timestamp_ms;
    int64_t made_us; /* produced then */
    rd_kafka_headers_t *headers;
    size_t bytes;
    struct list link; /* in a producer's partition */
};
void rdk_message_free(struct rdk_message *message);
struct rdk_message *rdk_message_of(rd_kafka_topic_t *topic, int32_t number,
                                   const struct kafka_record *record);

/* ── a client ────────────────────────────────────────────────────────────── */

struct rd_kafka_conf_s {
    char group[GROUP_NAME_BYTES];
    char ignored[1024]; /* topic.blacklist */
    char transactional_id[TRANSACTIONAL_ID_BYTES];
    int64_t session_ms;
    int64_t heartbeat_ms;
    int64_t poll_interval_ms;
    int64_t metadata_ms;
    int64_t queue_kbytes;
    int64_t fetch_bytes;
    int64_t linger_ms;
    int64_t message_bytes_most;
    int64_t messages_most;
    int64_t batch_messages_most;
    int64_t transaction_ms;
    bool tells_states; /* debug=cgrp */
    void *opaque;
    void (*log)(const rd_kafka_t *rk, int level, const char *facility, const char *text);
    void (*rebalance)(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *partitions, void *opaque);
    void (*committed)(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *offsets, void *opaque);
    void (*report)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
    void (*error)(rd_kafka_t *rk, int code, const char *reason, void *opaque);
};

/* A topic as a client knows it. */
struct rd_kafka_topic_s {
    struct list link;
    rd_kafka_t *rk;
    char *name;
    bool missing; /* it is known not to exist */
    int64_t made_us;
    unsigned references;
};
rd_kafka_topic_t *rdk_topic(rd_kafka_t *rk, const char *name);
/* A broker says that it is there, or not: that one which is new is not is not believed yet. */
void rdk_topic_seen(rd_kafka_topic_t *topic, bool there);

/* A consumer's partition. It is kept when it is taken away: so are the pauses. */
struct toppar {
    struct list link;
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    int32_t number;
    struct kafka_log *log;        /* NULL: not found yet */
    struct kafka_watcher watcher; /* of the log, while started */
    bool assigned;
    bool started;
    bool querying; /* for its committed offset */
    bool app_paused;
    bool lib_paused;  /* while a rebalance waits for the application */
    uint32_t version; /* messages of an older one are thrown away */
    int64_t start;    /* where it was assigned to start */
    int64_t taken;    /* behind what the application has taken last; -1: nothing yet */
    int64_t again;    /* where it goes on after a pause: rktp_next_offset */
    int64_t next;     /* to be fetched */
    int64_t end;      /* the log's, as of the last fetch; -1: unknown */
    struct world_event fetch;
};

/* enum rdkafka_cgrp.h: rkcg_join_state */
enum join_state {
    JOIN_INIT,
    JOIN_WAIT_JOIN,
    JOIN_WAIT_SYNC,
    JOIN_WAIT_ASSIGN_CALL,
    JOIN_WAIT_UNASSIGN_CALL,
    JOIN_WAIT_UNASSIGN,
    JOIN_WAIT_INCR_UNASSIGN,
    JOIN_STEADY,
};

/* Membership in a group. */
struct membership {
    enum join_state state;
    char name[MEMBER_NAME_BYTES]; /* "": none */
    int generation;
    rd_kafka_topic_partition_list_t *subscription; /* NULL: none */
    struct kafka_places topics;                    /* that it comes to: all their partitions */
    rd_kafka_topic_partition_list_t *owned;        /* rkcg_group_assignment */
    rd_kafka_topic_partition_list_t *then_assign;  /* after the revocation */
    bool rejoin;                                   /* after the assignment */
    bool lost;
    bool terminating;
    bool leave_when_done;
    bool leaving;
    bool closed;
    bool unsubscribe_next; /* when the rebalance that is under way is over */
    bool awaiting;         /* JoinGroup or SyncGroup is not answered */
    bool heartbeat_out;
    int64_t rejoined_us;     /* when it began to join again last */
    int64_t session_ends_us; /* 0: it has ended */
    int64_t next_heartbeat_us;
    int64_t next_join_us;
    int64_t next_metadata_us;
    struct world_event serve;
};

/* A producer's transactions. */
struct transacting {
    struct transaction_party party;
    bool ready;                     /* it has its epoch */
    bool open;                      /* the application has begun one */
    rd_kafka_resp_err_t must_abort; /* since something of it has failed */
    rd_kafka_resp_err_t fatal;
};

struct rd_kafka_s {
    rd_kafka_type_t type;
    struct rd_kafka_conf_s conf;
    char name[64];
    struct process *process;
    struct process_exit exit;
    struct wire coordinator; /* a consumer's */
    struct wire broker;
    bool was_up;
    struct list queues;
    rd_kafka_queue_t *queue; /* of all that is told: a consumer's, or a producer's main one */
    struct list topics;
    struct dice dice;

    struct list toppars;
    int64_t query_at_us; /* for committed offsets, which were not stable */
    struct list readers; /* of partitions, without a group */
    size_t queued_bytes; /* fetched, and not yet taken */
    struct membership member;
    bool ever_subscribed;
    bool ever_assigned;     /* the application was told of an assignment */
    struct list committing; /* commits that are under way, */
    struct list deferred;   /* and that wait for the coordinator */
    unsigned commits_out;

    struct list parts; /* a producer's partitions */
    size_t messages;
    uint64_t producer_id;
    struct transacting transacting;
};

/* Handles that were created and not destroyed in that process; `unassigned`: of those, consumers
 * that have subscribed and have not been told of an assignment. */
unsigned rdk_open_handles(const struct process *process, unsigned *unassigned);

/* ── among the files ─────────────────────────────────────────────────────── */

void member_open(rd_kafka_t *rk);
void member_close(rd_kafka_t *rk);
void member_coordinator_changed(rd_kafka_t *rk);
bool member_may_commit(const rd_kafka_t *rk);
/* A commit's answer says that it is none of this generation any more, or none at all. */
void member_refused(rd_kafka_t *rk, rd_kafka_resp_err_t code);
/* The application has called incremental_assign or incremental_unassign. */
void member_assign_called(rd_kafka_t *rk, bool assign);
/* Nothing is under way for the assignment any more, perhaps: goes on where it waited for that. */
void member_assignment_served(rd_kafka_t *rk);
void member_terminate(rd_kafka_t *rk);

/* An error with what it means for transactions. */
enum rdk_severity { RDK_PLAIN, RDK_RETRIABLE, RDK_FATAL };
rd_kafka_error_t *rdk_error(rd_kafka_resp_err_t code, enum rdk_severity severity);

struct toppar *toppar_find(rd_kafka_t *rk, const char *topic, int32_t number);
void toppar_pause_all(rd_kafka_t *rk, bool paused); /* lib_paused, of the assigned */
void toppar_clear(rd_kafka_t *rk);                  /* none is assigned any more */
bool toppar_any_assigned(const rd_kafka_t *rk);
/* Starts those that are assigned, asking for offsets where there is none. True: some wait. */
bool toppar_serve_all(rd_kafka_t *rk);
void toppar_fetch(struct toppar *toppar);
void toppar_free_all(rd_kafka_t *rk);
/* The message is in the application's hands; false: it is outdated. */
bool toppar_taken(struct rdk_message *message);

/* Kafka is there again. */
void simple_serve_all(rd_kafka_t *rk);
void simple_free_all(rd_kafka_t *rk);

void commit_coordinator_up(rd_kafka_t *rk);
void commit_time_out(rd_kafka_t *rk);
void commit_free_all(rd_kafka_t *rk);

/* The topics of the cluster that a subscription comes to. */
void subscription_match(const rd_kafka_t *rk, struct kafka_places *places);
struct kafka_log *rdk_log(const char *topic, int32_t partition);

void producer_free_all(rd_kafka_t *rk);
/* Sends what waits, without lingering; or Kafka is there, or gone. */
void producer_hurry(rd_kafka_t *rk);
/* Reports all that is not under way as given up, for that reason. */
void producer_give_up(rd_kafka_t *rk, rd_kafka_resp_err_t why);

/* A message has not been stored, which its transaction does not survive. */
void transacting_failed(rd_kafka_t *rk, rd_kafka_resp_err_t code);
/* May messages be produced now? Always, without transactions. */
bool transacting_may_produce(const rd_kafka_t *rk);

/* Who waits for an answer; on its stack. */
struct caller {
    struct fiber *fiber;
    bool answered;
    rd_kafka_resp_err_t code;
};
void caller_tell(struct caller *caller, rd_kafka_resp_err_t code);
/* Until it is answered, or that time has come. */
void caller_wait(struct caller *caller, int64_t until_us);
/* Until it is up; false: that time has come. */
bool caller_wait_for_wire(const struct wire *wire, int64_t until_us);

#endif
