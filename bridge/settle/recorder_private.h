/* The recorder from the inside: for recorder.c (the thread, and writes one by one) and
 * transaction.c (writes and offsets together), and no one else. */
#ifndef SETTLE_RECORDER_PRIVATE_H
#define SETTLE_RECORDER_PRIVATE_H

#include "base/log.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "settle/recorder.h"
#include "settle/write.h"

struct outlet;
struct transaction;

enum recorder_message {
    RECORDER_WRITE,
    RECORDER_SETTLED,
    RECORDER_CHANGE,
    RECORDER_DRAIN,
    RECORDER_STOP,
};

struct recorder {
    struct recorder_hooks hooks;
    const struct settings *settings;
    struct thread *thread;
    struct loop *loop;
    struct mailbox *mailbox;
    struct metrics_block *metrics;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    const struct retry_topics *retries;
    rd_kafka_topic_t **topics; /* by enum write_topic; NULL: not written */
    struct outlet *outlets;    /* the same */
    size_t topic_count;
    struct loop_io io;
    struct loop_step step;
    struct loop_timer tick;
    struct transaction *transaction; /* NULL: each write is stored by itself */
    struct list unsent; /* posted, but librdkafka's queue is full, or a failed one waits */
    struct list sent;   /* under way */
    struct list
        refused; /* as too large: each tried again now and then, the others go on; by when */
    size_t refused_count;
    int64_t heard_at_ms; /* when Kafka last answered */
    struct list home;    /* records to give back */
    int64_t resend_at_ms;
    bool topics_ready;
    bool brokers_down;
    char trouble[256]; /* what was last said of one broker */
    bool storing;
    bool draining;
    bool stopping;
    int64_t stop_by_ms;
    struct message drain;
    struct message stop;
    struct log_gate failure_gate;
    struct log_gate wait_gate;
    struct log_gate late_gate;
};

/* ── recorder.c ──────────────────────────────────────────────────────────── */

/* Hands it to librdkafka, which reports on it; 0, or why not. */
rd_kafka_resp_err_t recorder_produce(struct recorder *recorder, struct write *write);

/* Is it this record that Kafka won't have, and not just now that it won't have any? */
bool recorder_is_refused(rd_kafka_resp_err_t code);

/* Counts and logs that, and holds everything up unless it is about this write alone. */
void recorder_note_failure(struct recorder *recorder, const struct write *write,
                           rd_kafka_resp_err_t code);
void recorder_note_stored(struct recorder *recorder, const struct write *write);

/* Neither: its transaction was aborted before. */
void recorder_note_purged(struct recorder *recorder, const struct write *write);

/* Its claims are done with; a record that has none left goes home. */
void recorder_release(struct recorder *recorder, struct write *write);
void recorder_give_up(struct recorder *recorder, struct write *write);
/* Among the refused, which are in the order in which they are tried: at once the first time, since
 * it may have been refused for the others of its batch, then every half minute. */
void recorder_put_refused(struct list *refused, struct list *link, int64_t *retry_at_ms);
void recorder_say_refused(struct recorder *recorder, size_t count);

/* The producer: made anew after its predecessor has failed for good. */
bool recorder_open(struct recorder *recorder, struct error *err);
void recorder_close(struct recorder *recorder);

#endif
