/* The recorder from the inside: for recorder.c (the thread, and writes one by one), transaction.c
 * (writes and offsets together) and producer.c (librdkafka's end), and no one else. */
#ifndef SETTLE_RECORDER_PRIVATE_H
#define SETTLE_RECORDER_PRIVATE_H

#include "base/log.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "settle/recorder.h"
#include "settle/refused.h"
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
    struct list unsent;     /* posted, but librdkafka's queue is full, or a failed one waits */
    struct list sent;       /* under way */
    struct list failed;     /* in the order in which they were sent, and will be sent again */
    struct refused refused; /* the others go on */
    int64_t heard_at_ms;    /* when Kafka last answered */
    struct list home;       /* records to give back */
    int64_t resend_at_ms;
    bool producer_failed; /* for good */
    int64_t reopen_at_ms;
    int64_t trust_at_ms;
    int64_t new_topics_at_ms; /* when those are looked for that are not there yet, … */
    size_t new_topics_next;   /* … from this one on */
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

/* What has failed is the next to be sent. */
void recorder_send_again(struct recorder *recorder);

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
void recorder_say_refused(struct recorder *recorder, size_t count);

/* The name of what is written; NULL: it is not written at all. */
const char *recorder_topic_name(const struct recorder *recorder, size_t topic);

/* librdkafka's callbacks. */
void recorder_on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
void recorder_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque);

/* ── producer.c ──────────────────────────────────────────────────────────── */

bool producer_open(struct recorder *recorder, struct error *err) MUST_CHECK;

/* What it has not reported on stays where it is. Harmless where there is none. */
void producer_close(struct recorder *recorder);

/* Puts another one in the place of one that has failed for good (in transactions, which see to it
 * themselves, of none). False: there is none now. */
bool producer_keep(struct recorder *recorder, int64_t now_ms) MUST_CHECK;

/* Has it been there for long enough to say that it works? */
bool producer_is_trusted(const struct recorder *recorder, int64_t now_ms);

/* librdkafka's handles of the topics from `first` on. */
void producer_open_topics(struct recorder *recorder, size_t first);

#endif
