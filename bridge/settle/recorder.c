/* Longer than most: how each write ends, when Kafka is away, and how the thread lives are one
 * state. */
#include "settle/recorder.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "kafka/topics.h"
#include "loop/thread.h"
#include "settle/outlet.h"
#include "settle/recorder_private.h"
#include "settle/topic.h"
#include "settle/transaction.h"

#define ASK_TIMEOUT_MS 500
#define SILENCE_MS     2000
#define RETRY_MS       1000
#define TICK_MS        250
#define NEW_TOPICS_MS  5000

struct change {
    struct message message;
    const struct retry_topics *retries;
};

static bool any_failing(const struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->topic_count; i++)
        if (recorder->outlets[i].failing)
            return true;
    return false;
}

static void say_storing(struct recorder *recorder)
{
    bool can = recorder->topics_ready && !recorder->brokers_down && !any_failing(recorder) &&
               producer_is_trusted(recorder, clock_now_ms()) &&
               (!recorder->transaction || transaction_may_begin(recorder->transaction));
    metrics_set(recorder->metrics, METRIC_KAFKA_UP, METRICS_INSTANCE, can);
    if (can == recorder->storing)
        return;
    recorder->storing = can;
    recorder->hooks.storing(recorder->hooks.context, can);
}

/* ── one write ───────────────────────────────────────────────────────────── */

static enum metric_value metric_topic(const struct write *write)
{
    if (write->topic >= WRITE_RETRY)
        return METRIC_TOPIC_RETRIES;
    if (write->topic == WRITE_STATE)
        return METRIC_TOPIC_STATE;
    return write->topic == WRITE_RESULT ? METRIC_TOPIC_RESULTS : METRIC_TOPIC_DEAD_LETTERS;
}

void recorder_release(struct recorder *recorder, struct write *write)
{
    for (unsigned i = 0; write->record && i < write->claims; i++)
        if (record_release(write->record))
            list_push(&recorder->home, &write->record->message.link);
    write_destroy(write);
}

static bool topic_is_gone(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
           code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* librdkafka takes the headers when it takes the message, so it gets a copy: the write may have to
 * be produced again. */
rd_kafka_resp_err_t recorder_produce(struct recorder *recorder, struct write *write)
{
    rd_kafka_headers_t *headers = write->headers ? rd_kafka_headers_copy(write->headers) : NULL;
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = recorder->topics[write->topic]},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {(void *)(uintptr_t)write->key.data, write->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {(void *)(uintptr_t)write->value.data, write->value.size}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = write},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(recorder->rk, parts, COUNT_OF(parts) - (headers ? 0 : 1));
    rd_kafka_resp_err_t code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        outlet_send(&recorder->outlets[write->topic], clock_now_ms());
    if (!error)
        return code;
    if (headers)
        rd_kafka_headers_destroy(headers);
    rd_kafka_error_destroy(error);
    return code;
}

/* A batch that is too large fails whole, so each of it is then tried alone. */
bool recorder_is_refused(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
           code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

void recorder_give_up(struct recorder *recorder, struct write *write)
{
    if (write->record)
        record_abandon(write->record);
    recorder_release(recorder, write);
}

static void give_up(struct recorder *recorder, struct list *writes)
{
    for (struct list *link = list_pop(writes); link; link = list_pop(writes)) {
        struct message *message = CONTAINER_OF(link, struct message, link);
        if (message->type == RECORDER_CHANGE)
            free(CONTAINER_OF(message, struct change, message));
        else if (message->type == RECORDER_WRITE)
            recorder_give_up(recorder, CONTAINER_OF(message, struct write, message));
    }
}

void recorder_say_refused(struct recorder *recorder, size_t count)
{
    metrics_set(recorder->metrics, METRIC_REFUSED_WRITES, METRICS_INSTANCE, (int64_t)count);
}

/* Nobody waits for these at the end. */
static void give_up_refused(struct recorder *recorder)
{
    give_up(recorder, &recorder->refused.once);
    give_up(recorder, &recorder->refused.again);
    recorder->refused.count = 0;
}

static void refuse(struct recorder *recorder, struct write *write)
{
    refused_put(&recorder->refused, &write->message.link, &write->retry_at_ms, clock_now_ms());
    if (recorder->draining)
        give_up_refused(recorder);
    recorder_say_refused(recorder, recorder->refused.count);
}

void recorder_note_failure(struct recorder *recorder, const struct write *write,
                           rd_kafka_resp_err_t code)
{
    uint64_t held_back = 0;
    bool refused = recorder_is_refused(code);
    metrics_add(recorder->metrics, METRIC_STORE_FAILURES, METRICS_INSTANCE, metric_topic(write), 1);
    if (log_gate_open(&recorder->failure_gate, clock_now_ms(), &held_back))
        log_error(refused ? "Kafka refuses a record; its partition's offset waits for it"
                          : "Kafka does not store; nothing more is taken until it does",
                  STR("topic", rd_kafka_topic_name(recorder->topics[write->topic])),
                  STR("error", rd_kafka_err2str(code)), INT("repeated", held_back));
    if (refused) {
        outlet_refused(&recorder->outlets[write->topic]);
        return;
    }
    outlet_failed(&recorder->outlets[write->topic]);
    recorder->resend_at_ms = clock_now_ms() + RETRY_MS;
    if (topic_is_gone(code))
        recorder->topics_ready = false; /* to be looked for, and created, again */
    say_storing(recorder);
}

void recorder_note_stored(struct recorder *recorder, const struct write *write)
{
    recorder->heard_at_ms = clock_now_ms();
    outlet_stored(&recorder->outlets[write->topic], recorder->heard_at_ms);
    metrics_add(recorder->metrics, METRIC_STORED, METRICS_INSTANCE, metric_topic(write), 1);
}

void recorder_note_purged(struct recorder *recorder, const struct write *write)
{
    outlet_purged(&recorder->outlets[write->topic], clock_now_ms());
}

static void failed(struct recorder *recorder, struct write *write, rd_kafka_resp_err_t code)
{
    list_remove(&write->message.link);
    if (recorder_is_refused(code))
        refuse(recorder, write);
    else
        list_push(&recorder->failed, &write->message.link);
    recorder_note_failure(recorder, write, code);
}

/* Before all that has been posted since: they may be about the same key. */
void recorder_send_again(struct recorder *recorder)
{
    list_move_all(&recorder->failed, &recorder->unsent);
    list_move_all(&recorder->unsent, &recorder->failed);
}

/* False: no more can be produced now. */
static bool produce_next(struct recorder *recorder)
{
    struct list *link = list_pop(&recorder->unsent);
    struct write *write = CONTAINER_OF(link, struct write, message.link);
    list_push(&recorder->sent, link);
    rd_kafka_resp_err_t code = recorder_produce(recorder, write);
    if (!code)
        return true;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        failed(recorder, write, code);
        return recorder_is_refused(code);
    }
    list_remove(link);
    list_push_front(&recorder->unsent, link);
    return false;
}

static void produce_all(struct recorder *recorder)
{
    recorder_send_again(recorder);
    while (recorder->rk && recorder->topics_ready && !list_empty(&recorder->unsent))
        if (!produce_next(recorder))
            return;
}

/* One at a time, so that none fails for another's size. */
static void try_refused(struct recorder *recorder, int64_t now_ms)
{
    struct list *link = refused_next(&recorder->refused);
    if (!link || now_ms < CONTAINER_OF(link, struct write, message.link)->retry_at_ms)
        return;
    refused_remove(&recorder->refused, link);
    list_push(&recorder->unsent, link);
    recorder_say_refused(recorder, recorder->refused.count);
}

void recorder_on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    struct recorder *recorder = opaque;
    struct write *write = message->_private;
    if (recorder->transaction) {
        transaction_report(recorder->transaction, write, message->err);
        return;
    }
    if (message->err) {
        failed(recorder, write, message->err);
        return;
    }
    recorder_note_stored(recorder, write);
    list_remove(&write->message.link);
    if (write->retry_at_ms > 0)
        try_refused(recorder, recorder->heard_at_ms); /* the next one will not wait for a tick */
    recorder_release(recorder, write);
}

void recorder_on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct recorder *recorder = opaque;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        snprintf(recorder->trouble, sizeof recorder->trouble, "%s", reason);
        return;
    }
    uint64_t held_back = 0;
    if (log_gate_open(&recorder->wait_gate, clock_now_ms(), &held_back))
        log_warn("Kafka can't be reached; trying again",
                 STR("error", recorder->trouble[0] ? recorder->trouble : reason));
    recorder->brokers_down = true;
    say_storing(recorder);
}

/* ── the loop ────────────────────────────────────────────────────────────── */

static void before_wait(struct loop_step *step)
{
    struct recorder *recorder = CONTAINER_OF(step, struct recorder, step);
    if (recorder->resend_at_ms == 0 && recorder->transaction)
        transaction_run(recorder->transaction);
    else if (recorder->resend_at_ms == 0)
        produce_all(recorder);
    if (!list_empty(&recorder->home))
        recorder->hooks.home(recorder->hooks.context, &recorder->home);
}

/* The name of what is written; NULL: it is not written at all. */
const char *recorder_topic_name(const struct recorder *recorder, size_t topic)
{
    if (topic >= WRITE_RETRY)
        return recorder->retries->items[topic - WRITE_RETRY].name;
    const struct settings_topics *topics = &recorder->settings->topics;
    if (topic == WRITE_STATE)
        return topics->state.data;
    return topic == WRITE_RESULT ? topics->results.data : topics->dead_letters.data;
}

static bool ensure_topic(struct recorder *recorder, size_t topic, struct error *err)
{
    const struct topic_wanted wanted =
        topic == WRITE_STATE
            ? topic_of_state(recorder->settings)
            : topic_as_configured(recorder->settings, recorder_topic_name(recorder, topic),
                                  topic != WRITE_RESULT);
    return !wanted.name || topic_ensure(recorder->rk, &wanted, recorder->settings->topics.create,
                                        ASK_TIMEOUT_MS, err);
}

/* One that came by a reload and is not there yet; NULL: that is no such. */
static struct retry_topic *new_topic(const struct recorder *recorder, size_t topic)
{
    if (topic < WRITE_RETRY)
        return NULL;
    struct retry_topic *retry = &recorder->retries->items[topic - WRITE_RETRY];
    return flag_is_set(&retry->there) ? NULL : retry;
}

static bool ensure_topics(struct recorder *recorder, size_t first, struct error *err)
{
    for (size_t i = first; i < recorder->topic_count; i++)
        if (!new_topic(recorder, i) && !ensure_topic(recorder, i, err))
            return false;
    return true;
}

/* One is made, and then looked up, as the producer needs it. False: none of those behind it is
 * tried now, since each may take a second or two. */
static bool look_for_new_topic(struct recorder *recorder, size_t topic, struct retry_topic *retry)
{
    struct error err = {0};
    uint64_t held_back = 0;
    bool there = ensure_topic(recorder, topic, &err) && ensure_topic(recorder, topic, &err);
    flag_put(&retry->there, there);
    if (there)
        log_info("a new retry topic is there", STR("topic", retry->name));
    else if (log_gate_open(&recorder->wait_gate, clock_now_ms(), &held_back))
        log_warn("a new retry topic is not there; retries go by the others until it is",
                 STR("topic", retry->name), STR("error", err.text));
    return there;
}

static void look_for_new_topics(struct recorder *recorder)
{
    if (!recorder->topics_ready || recorder->brokers_down ||
        clock_now_ms() < recorder->new_topics_at_ms)
        return;
    size_t count = recorder->topic_count - WRITE_RETRY;
    for (size_t i = 0; i < count; i++) {
        size_t topic = WRITE_RETRY + recorder->new_topics_next++ % count;
        struct retry_topic *retry = new_topic(recorder, topic);
        if (retry && !look_for_new_topic(recorder, topic, retry))
            break; /* the next one is tried first the next time */
    }
    recorder->new_topics_at_ms = clock_now_ms() + NEW_TOPICS_MS;
}

static void look_for_topics(struct recorder *recorder)
{
    struct error err = {0};
    uint64_t held_back = 0;
    recorder->topics_ready = ensure_topics(recorder, 0, &err);
    if (recorder->topics_ready) {
        recorder->brokers_down = false;
        log_info("Kafka is there");
        return;
    }
    if (log_gate_open(&recorder->wait_gate, clock_now_ms(), &held_back))
        log_warn("waiting for Kafka", STR("error", err.text));
}

/* A broker that hangs says nothing: where no report has come for a while, it is asked. */
static void look_for_brokers(struct recorder *recorder, int64_t now_ms)
{
    if (!recorder->brokers_down && now_ms < recorder->heard_at_ms + SILENCE_MS)
        return;
    const struct rd_kafka_metadata *metadata = NULL;
    bool there = !rd_kafka_metadata(recorder->rk, 0, recorder->topics[WRITE_DEAD_LETTER], &metadata,
                                    ASK_TIMEOUT_MS);
    if (there) {
        rd_kafka_metadata_destroy(metadata);
        recorder->heard_at_ms = clock_now_ms();
    }
    if (there == recorder->brokers_down)
        log_info(there ? "Kafka is back" : "Kafka does not answer");
    recorder->brokers_down = !there;
}

static void look_for_late(struct recorder *recorder, int64_t now_ms)
{
    for (size_t i = 0; i < recorder->topic_count; i++) {
        uint64_t held_back = 0;
        if (!outlet_is_late(&recorder->outlets[i], now_ms))
            continue;
        recorder->topics_ready = false;
        if (log_gate_open(&recorder->late_gate, now_ms, &held_back))
            log_error("Kafka has stored nothing for a while; nothing more is taken until it does",
                      STR("topic", rd_kafka_topic_name(recorder->topics[i])),
                      INT("repeated", held_back));
    }
}

static bool all_stored(const struct recorder *recorder)
{
    return list_empty(&recorder->unsent) && list_empty(&recorder->sent) &&
           list_empty(&recorder->failed) &&
           (!recorder->transaction || transaction_is_done(recorder->transaction));
}

static void look_at_kafka(struct recorder *recorder)
{
    rd_kafka_poll(recorder->rk, 0);
    if (!recorder->stopping && !recorder->topics_ready)
        look_for_topics(recorder);
    else if (!recorder->stopping)
        look_for_brokers(recorder, clock_now_ms());
    if (!recorder->stopping)
        look_for_new_topics(recorder);
    if (recorder->transaction && recorder->topics_ready)
        transaction_prepare(recorder->transaction);
}

static void tick(struct loop_timer *timer)
{
    struct recorder *recorder = CONTAINER_OF(timer, struct recorder, tick);
    if (producer_keep(recorder, clock_now_ms()))
        look_at_kafka(recorder);
    int64_t now_ms = clock_now_ms();
    try_refused(recorder, now_ms);
    if (recorder->resend_at_ms && now_ms >= recorder->resend_at_ms)
        recorder->resend_at_ms = 0;
    look_for_late(recorder, now_ms);
    say_storing(recorder);
    bool done = all_stored(recorder) || !recorder->storing || now_ms >= recorder->stop_by_ms;
    if (recorder->stopping && done)
        loop_stop(recorder->loop);
    else
        loop_arm(recorder->loop, timer, now_ms + (recorder->stopping ? 10 : TICK_MS));
}

/* Those that are new are made at once. Where there was none before they are needed. */
static void change(struct recorder *recorder, const struct retry_topics *retries)
{
    size_t before = recorder->topic_count;
    size_t count = WRITE_RETRY + retries->count;
    struct error err = {0};
    recorder->topics = memory_need(realloc(recorder->topics, count * sizeof(rd_kafka_topic_t *)));
    recorder->outlets = memory_need(realloc(recorder->outlets, count * sizeof *recorder->outlets));
    for (size_t i = before; i < count; i++) {
        recorder->topics[i] = NULL;
        recorder->outlets[i] = (struct outlet){0};
    }
    recorder->topic_count = count;
    recorder->hooks.done_with(recorder->hooks.context, recorder->retries);
    recorder->retries = retries;
    recorder->new_topics_at_ms = 0;
    if (recorder->rk)
        producer_open_topics(recorder, before);
    if (recorder->rk && recorder->topics_ready && !ensure_topics(recorder, before, &err)) {
        log_warn("waiting for Kafka", STR("error", err.text));
        recorder->topics_ready = false;
    }
    if (recorder->rk)
        look_for_new_topics(recorder);
    say_storing(recorder);
}

static void handle(void *context, struct message *message)
{
    struct recorder *recorder = context;
    if (message->type == RECORDER_CHANGE) {
        struct change *order = CONTAINER_OF(message, struct change, message);
        change(recorder, order->retries);
        free(order);
        return;
    }
    if (message->type == RECORDER_WRITE) {
        if (recorder->transaction)
            transaction_take(recorder->transaction, CONTAINER_OF(message, struct write, message));
        else
            list_push(&recorder->unsent, &message->link);
        return;
    }
    if (message->type == RECORDER_SETTLED) {
        transaction_settled(recorder->transaction);
        return;
    }
    if (message->type == RECORDER_DRAIN) {
        recorder->draining = true;
        give_up_refused(recorder);
        if (recorder->transaction)
            transaction_drain(recorder->transaction);
        return;
    }
    recorder->stopping = true;
    loop_arm(recorder->loop, &recorder->tick, 0);
}

/* ── life ────────────────────────────────────────────────────────────────── */

struct recorder *recorder_create(const struct settings *settings,
                                 const struct retry_topics *retries, struct metrics *metrics,
                                 const struct recorder_hooks *hooks, struct error *err)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder) {
        error_set(err, ERROR_MEMORY, "no memory for the recorder");
        return NULL;
    }
    recorder->hooks = *hooks;
    recorder->settings = settings;
    recorder->retries = retries;
    recorder->topic_count = WRITE_RETRY + retries->count;
    recorder->topics = calloc(recorder->topic_count, sizeof(rd_kafka_topic_t *));
    recorder->outlets = calloc(recorder->topic_count, sizeof *recorder->outlets);
    recorder->metrics = metrics_block_create(metrics);
    recorder->io.fd = -1;
    recorder->step.run = before_wait;
    recorder->tick.fire = tick;
    recorder->drain.type = RECORDER_DRAIN;
    recorder->stop.type = RECORDER_STOP;
    list_init(&recorder->unsent);
    list_init(&recorder->sent);
    list_init(&recorder->failed);
    refused_init(&recorder->refused);
    list_init(&recorder->home);
    recorder->loop = loop_create(err);
    if (recorder->loop)
        recorder->mailbox = mailbox_create(recorder->loop, handle, recorder, err);
    if (settings->transactional)
        recorder->transaction = transaction_create(recorder);
    if (!recorder->topics || !recorder->outlets || !recorder->mailbox ||
        !producer_open(recorder, err)) {
        recorder_destroy(recorder);
        return NULL;
    }
    loop_add_step(recorder->loop, &recorder->step);
    return recorder;
}

bool recorder_start(struct recorder *recorder, struct error *err)
{
    loop_arm(recorder->loop, &recorder->tick, 0);
    recorder->thread = thread_start("recorder", recorder->loop, err);
    return recorder->thread != NULL;
}

void recorder_post(struct recorder *recorder, struct list *writes)
{
    for (struct list *link = writes->next; link != writes; link = link->next)
        CONTAINER_OF(link, struct message, link)->type = RECORDER_WRITE;
    mailbox_post_all(recorder->mailbox, writes);
}

void recorder_settled(struct recorder *recorder, struct settlement *settlement)
{
    settlement->message.type = RECORDER_SETTLED;
    mailbox_post(recorder->mailbox, &settlement->message);
}

void recorder_change(struct recorder *recorder, const struct retry_topics *retries)
{
    struct change *order = memory_need(malloc(sizeof *order));
    *order = (struct change){{.type = RECORDER_CHANGE}, retries};
    mailbox_post(recorder->mailbox, &order->message);
}

void recorder_drain(struct recorder *recorder)
{
    mailbox_post(recorder->mailbox, &recorder->drain);
}

void recorder_stop(struct recorder *recorder, int64_t timeout_ms)
{
    if (!recorder->thread)
        return;
    recorder->stop_by_ms = clock_now_ms() + timeout_ms; /* seen through the mailbox's lock */
    mailbox_post(recorder->mailbox, &recorder->stop);
    thread_join(recorder->thread);
    recorder->thread = NULL;
}

void recorder_destroy(struct recorder *recorder)
{
    if (!recorder)
        return;
    transaction_abort(recorder->transaction);
    producer_close(recorder);
    free(recorder->topics);
    free(recorder->outlets);
    if (recorder->mailbox)
        mailbox_empty(recorder->mailbox, &recorder->unsent);
    give_up(recorder, &recorder->unsent);
    give_up(recorder, &recorder->sent);
    give_up(recorder, &recorder->failed);
    give_up_refused(recorder);
    transaction_destroy(recorder->transaction);
    if (!list_empty(&recorder->home))
        recorder->hooks.home(recorder->hooks.context, &recorder->home);
    mailbox_destroy(recorder->mailbox);
    loop_destroy(recorder->loop);
    free(recorder);
}
