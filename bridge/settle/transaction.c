#include "settle/transaction.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/memory.h"
#include "consume/settlement.h"
#include "kafka/client.h"
#include "settle/recorder_private.h"

#define OPEN_MS        100   /* what comes in this time goes into one transaction */
#define UNDER_WAY_MOST 50000 /* or so many writes */
#define IDLE_MS        1000  /* offsets of records that nothing is written of */
#define CALL_MS        1000  /* librdkafka's blocking calls go on when they are called again */
#define AGAIN_MS       100
#define TIMEOUT_MS     "10000" /* Kafka aborts what a dead instance has begun */

/* All that is written of one record, or one write that is of none. */
struct fates {
    struct list link;
    struct record *record; /* NULL: of none */
    struct list writes;
    unsigned claims; /* on the record, held by the writes */
    bool refused;    /* Kafka won't have one of the writes */
    bool lost;       /* it is another instance's business now */
    int64_t retry_at_ms;
};

enum step {
    STEP_CLOSED,   /* the producer isn't ready */
    STEP_IDLE,     /* no transaction is open */
    STEP_OPEN,     /* writes are produced */
    STEP_FLUSHING, /* their reports are waited for */
    STEP_ASKED,    /* the source's answer is waited for */
    STEP_OFFSETS,  /* the offsets of a group are sent */
    STEP_COMMITTING,
    STEP_ABORTING,
};

struct transaction {
    struct recorder *recorder;
    struct loop_timer timer;
    enum step step;
    bool begun;           /* librdkafka's transaction; not so while only offsets may be news */
    struct list gathered; /* fates that claims are missing of */
    struct list ready;
    struct list produced;
    struct refused refused;
    size_t under_way; /* writes whose reports are missing */
    bool broken;      /* it can't be committed */
    bool draining;
    int64_t close_at_ms; /* the open one; or when the offsets are looked at next */
    int64_t again_at_ms;
    size_t group; /* whose offsets come next */
    struct settlement settlement;
    size_t capacity;
    bool lent;     /* the source has the settlement */
    bool answered; /* it knows what is in this transaction, and must be told how it ends */
    char id[512];
    struct log_gate gate;
};

/* ── life ────────────────────────────────────────────────────────────────── */

static void on_timer(struct loop_timer *timer)
{
    struct transaction *transaction = CONTAINER_OF(timer, struct transaction, timer);
    if (transaction->recorder->resend_at_ms == 0)
        transaction_run(transaction);
}

/* An instance with a name of its own fences off what it was before; of the others Kafka aborts what
 * they have begun after a while. */
static void name(struct transaction *transaction, const struct settings *settings)
{
    const char *own = client_given(&settings->kafka, "group.instance.id");
    uint64_t random = 0;
    if (!own && getrandom(&random, sizeof random, 0) < 0)
        random = (uint64_t)clock_unix_ms();
    if (own)
        snprintf(transaction->id, sizeof transaction->id, "grapnel.%s.%s",
                 settings->topics.retries.data, own);
    else
        snprintf(transaction->id, sizeof transaction->id, "grapnel.%s.%016" PRIx64,
                 settings->topics.retries.data, random);
}

struct transaction *transaction_create(struct recorder *recorder)
{
    struct transaction *transaction = memory_need(calloc(1, sizeof *transaction));
    transaction->recorder = recorder;
    transaction->timer.fire = on_timer;
    list_init(&transaction->gathered);
    list_init(&transaction->ready);
    list_init(&transaction->produced);
    refused_init(&transaction->refused);
    name(transaction, recorder->settings);
    return transaction;
}

rd_kafka_conf_t *transaction_conf(const struct transaction *transaction,
                                  const struct named_texts *kafka, struct error *err)
{
    const struct client_property own[] = {
        {"acks", "all", false},
        {"enable.idempotence", "true", false},
        {"transactional.id", transaction->id, false},
        {"transaction.timeout.ms", TIMEOUT_MS, true},
        {"message.max.bytes", "100000000", true},
        {"linger.ms", "5", true},
        {"client.id", "grapnel", true},
        {0},
    };
    return client_conf(kafka, own, err);
}

/* ── fates ───────────────────────────────────────────────────────────────── */

static struct fates *fates_of(struct transaction *transaction, struct record *record)
{
    if (record && record->fates)
        return record->fates;
    struct fates *fates = memory_need(calloc(1, sizeof *fates));
    fates->record = record;
    list_init(&fates->writes);
    list_push(&transaction->gathered, &fates->link);
    if (record)
        record->fates = fates;
    return fates;
}

typedef void on_write(struct recorder *recorder, struct write *write);

/* Frees it, with all its writes; its claims are done with. */
static void end(struct transaction *transaction, struct fates *fates, on_write *on)
{
    list_remove(&fates->link);
    if (fates->record)
        fates->record->fates = NULL;
    for (struct list *link = list_pop(&fates->writes); link; link = list_pop(&fates->writes))
        on(transaction->recorder, CONTAINER_OF(link, struct write, message.link));
    free(fates);
}

static void end_all(struct transaction *transaction, struct list *list, on_write *on)
{
    while (!list_empty(list))
        end(transaction, CONTAINER_OF(list->next, struct fates, link), on);
}

void transaction_take(struct transaction *transaction, struct write *write)
{
    struct fates *fates = fates_of(transaction, write->record);
    list_push(&fates->writes, &write->message.link);
    fates->claims += write->claims;
    if (fates->record && fates->claims < record_claims(fates->record))
        return; /* something of the record is still under way */
    if (fates->record && record_is_abandoned(fates->record)) {
        end(transaction, fates, recorder_release); /* it is read again, whole */
        return;
    }
    list_remove(&fates->link);
    list_push(&transaction->ready, &fates->link);
}

static void give_up_refused(struct transaction *transaction)
{
    end_all(transaction, &transaction->refused.once, recorder_give_up);
    end_all(transaction, &transaction->refused.again, recorder_give_up);
    transaction->refused.count = 0;
    recorder_say_refused(transaction->recorder, 0);
}

static void refuse(struct transaction *transaction, struct fates *fates)
{
    fates->refused = false;
    refused_put(&transaction->refused, &fates->link, &fates->retry_at_ms, clock_now_ms());
    recorder_say_refused(transaction->recorder, transaction->refused.count);
}

/* ── trouble ─────────────────────────────────────────────────────────────── */

static void tell(struct transaction *transaction, const char *what, const char *error)
{
    uint64_t held_back = 0;
    if (log_gate_open(&transaction->gate, clock_now_ms(), &held_back))
        log_warn(what, STR("transactional_id", transaction->id), STR("error", error),
                 INT("repeated", held_back));
}

static void arm(struct transaction *transaction, int64_t wait_ms)
{
    loop_arm(transaction->recorder->loop, &transaction->timer, clock_now_ms() + wait_ms);
}

/* The source learns how it ended, if it knows of it. */
static void conclude(struct transaction *transaction, bool fine)
{
    struct settlement *settlement = &transaction->settlement;
    if (!transaction->answered)
        return;
    transaction->answered = false;
    transaction->lent = true;
    settlement->fine = fine;
    settlement->ended = true;
    transaction->recorder->hooks.settle(transaction->recorder->hooks.context, settlement);
}

/* All that was in it comes into another one, in the order it came, but for what is not ours any
 * more or has been refused. */
static void put_back(struct transaction *transaction)
{
    struct list refused;
    list_init(&refused);
    while (!list_empty(&transaction->produced)) {
        struct fates *fates = CONTAINER_OF(transaction->produced.prev, struct fates, link);
        if (fates->lost) {
            end(transaction, fates, recorder_give_up);
            continue;
        }
        list_remove(&fates->link);
        list_push_front(fates->refused ? &refused : &transaction->ready, &fates->link);
    }
    while (!list_empty(&refused))
        refuse(transaction, CONTAINER_OF(list_pop(&refused), struct fates, link));
    if (transaction->draining)
        give_up_refused(transaction);
}

static void over(struct transaction *transaction, bool fine)
{
    metrics_add(transaction->recorder->metrics, METRIC_TRANSACTIONS, METRICS_INSTANCE,
                fine ? METRIC_RESULT_OK : METRIC_RESULT_FAILED, 1);
    transaction->step = STEP_IDLE;
    transaction->begun = false;
    transaction->broken = false;
    transaction->close_at_ms = clock_now_ms() + IDLE_MS;
    conclude(transaction, fine);
}

/* After a fatal error nothing can be done with a producer: another one takes its place. */
static void reopen(struct transaction *transaction)
{
    struct error err = {0};
    producer_close(transaction->recorder);
    transaction->under_way = 0;
    put_back(transaction);
    over(transaction, false);
    transaction->step = STEP_CLOSED;
    if (!producer_open(transaction->recorder, &err))
        tell(transaction, "a producer can't be made", err.text);
}

/* What has come of one of librdkafka's calls. */
enum came { CAME_FINE, CAME_LATER, CAME_ABORT, CAME_FATAL };

static enum came came_of(struct transaction *transaction, rd_kafka_error_t *error)
{
    if (!error)
        return CAME_FINE;
    enum came came = CAME_ABORT;
    if (rd_kafka_error_is_fatal(error))
        came = CAME_FATAL;
    else if (rd_kafka_error_is_retriable(error))
        came = CAME_LATER;
    tell(transaction,
         came == CAME_LATER ? "a transaction waits for Kafka"
                            : "a transaction is aborted; what it held is written again",
         rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    return came;
}

static void abort_it(struct transaction *transaction)
{
    transaction->step = STEP_ABORTING;
    switch (came_of(transaction, rd_kafka_abort_transaction(transaction->recorder->rk, CALL_MS))) {
    case CAME_FINE:
        transaction->under_way = 0;
        put_back(transaction);
        over(transaction, false);
        transaction->again_at_ms = clock_now_ms() + AGAIN_MS;
        break;
    case CAME_LATER:
        break;
    case CAME_ABORT:
    case CAME_FATAL:
        reopen(transaction);
        break;
    }
    arm(transaction, AGAIN_MS);
}

/* True: it went well. */
static bool go_on(struct transaction *transaction, enum came came)
{
    if (came == CAME_LATER)
        arm(transaction, AGAIN_MS);
    else if (came == CAME_ABORT)
        abort_it(transaction);
    else if (came == CAME_FATAL)
        reopen(transaction);
    return came == CAME_FINE;
}

/* ── the way of one transaction ──────────────────────────────────────────── */

static bool begin(struct transaction *transaction)
{
    if (transaction->step == STEP_CLOSED)
        return false; /* since the last try */
    if (!transaction->begun)
        transaction->begun =
            go_on(transaction,
                  came_of(transaction, rd_kafka_begin_transaction(transaction->recorder->rk)));
    return transaction->begun;
}

static void produce_write(struct transaction *transaction, struct write *write)
{
    struct recorder *recorder = transaction->recorder;
    rd_kafka_resp_err_t code = recorder_produce(recorder, write);
    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && !transaction->broken) {
        rd_kafka_poll(recorder->rk, 10);
        code = recorder_produce(recorder, write);
    }
    transaction->under_way++;
    if (code)
        transaction_report(transaction, write, code);
}

static void produce(struct transaction *transaction, struct fates *fates)
{
    list_remove(&fates->link);
    list_push(&transaction->produced, &fates->link);
    for (struct list *link = fates->writes.next; link != &fates->writes && !transaction->broken;
         link = link->next) {
        struct write *write = CONTAINER_OF(link, struct write, message.link);
        if (write->topic != WRITE_NONE)
            produce_write(transaction, write);
    }
}

/* Why a record has been refused shows only when it is tried alone. */
static bool begin_refused(struct transaction *transaction, int64_t now_ms)
{
    struct list *link = refused_next(&transaction->refused);
    if (!link)
        return false;
    struct fates *fates = CONTAINER_OF(link, struct fates, link);
    if (now_ms < fates->retry_at_ms || !begin(transaction))
        return false;
    refused_remove(&transaction->refused, link);
    recorder_say_refused(transaction->recorder, transaction->refused.count);
    produce(transaction, fates);
    return true;
}

/* The settlement is the source's until it is given back. */
static void ask(struct transaction *transaction)
{
    struct settlement *settlement = &transaction->settlement;
    size_t count = 0;
    for (struct list *l = transaction->produced.next; l != &transaction->produced; l = l->next) {
        struct fates *fates = CONTAINER_OF(l, struct fates, link);
        if (!fates->record)
            continue;
        if (count == transaction->capacity) {
            transaction->capacity = transaction->capacity ? 2 * transaction->capacity : 256;
            settlement->records = memory_need(
                realloc(settlement->records, transaction->capacity * sizeof *settlement->records));
        }
        settlement->records[count++] = (struct settled_record){.record = fates->record};
    }
    settlement->record_count = count;
    settlement->ended = false;
    transaction->lent = true;
    transaction->step = STEP_ASKED;
    transaction->recorder->hooks.settle(transaction->recorder->hooks.context, settlement);
}

static void run_idle(struct transaction *transaction, int64_t now_ms)
{
    if (transaction->lent || now_ms < transaction->again_at_ms)
        return;
    if (begin_refused(transaction, now_ms)) {
        transaction->step = STEP_FLUSHING;
    } else if (!list_empty(&transaction->ready)) {
        if (!begin(transaction))
            return;
        transaction->step = STEP_OPEN;
        transaction->close_at_ms = now_ms + OPEN_MS;
    } else if (now_ms >= transaction->close_at_ms) {
        ask(transaction);
    }
}

static void run_open(struct transaction *transaction, int64_t now_ms)
{
    while (!list_empty(&transaction->ready) && !transaction->broken &&
           transaction->under_way < UNDER_WAY_MOST)
        produce(transaction, CONTAINER_OF(transaction->ready.next, struct fates, link));
    if (transaction->broken || now_ms >= transaction->close_at_ms ||
        transaction->under_way >= UNDER_WAY_MOST)
        transaction->step = STEP_FLUSHING;
}

static void run_flushing(struct transaction *transaction)
{
    rd_kafka_flush(transaction->recorder->rk, 0);
    if (transaction->broken)
        abort_it(transaction);
    else if (transaction->under_way == 0 && !transaction->lent)
        ask(transaction);
}

static void commit(struct transaction *transaction)
{
    rd_kafka_t *rk = transaction->recorder->rk;
    if (!go_on(transaction, came_of(transaction, rd_kafka_commit_transaction(rk, CALL_MS))))
        return;
    end_all(transaction, &transaction->produced, recorder_release);
    over(transaction, true);
}

static void send_offsets(struct transaction *transaction)
{
    const struct settlement *settlement = &transaction->settlement;
    while (transaction->group < settlement->group_count) {
        const struct settlement_group *group = &settlement->groups[transaction->group];
        rd_kafka_error_t *error = rd_kafka_send_offsets_to_transaction(
            transaction->recorder->rk, group->offsets, group->member, CALL_MS);
        if (!go_on(transaction, came_of(transaction, error)))
            return;
        transaction->group++;
    }
    transaction->step = STEP_COMMITTING;
    commit(transaction);
}

/* Marks what another instance will send. */
static bool any_lost(struct transaction *transaction)
{
    const struct settlement *settlement = &transaction->settlement;
    bool any = false;
    for (size_t i = 0; i < settlement->record_count; i++) {
        struct fates *fates = settlement->records[i].record->fates;
        fates->lost = settlement->records[i].lost;
        any = any || fates->lost;
    }
    return any;
}

static void answer(struct transaction *transaction)
{
    transaction->answered = true;
    transaction->group = 0;
    if (any_lost(transaction)) {
        abort_it(transaction);
        return;
    }
    bool empty = !transaction->begun && transaction->settlement.group_count == 0;
    if (empty) {
        transaction->answered = false;
        transaction->step = STEP_IDLE;
        transaction->close_at_ms = clock_now_ms() + IDLE_MS;
    } else if (begin(transaction)) {
        transaction->step = STEP_OFFSETS;
        send_offsets(transaction);
    }
}

void transaction_settled(struct transaction *transaction)
{
    transaction->lent = false;
    if (!transaction->settlement.ended)
        answer(transaction);
    transaction_run(transaction);
}

/* What is of no record has one write. */
static struct fates *fates_produced(const struct transaction *transaction,
                                    const struct write *write)
{
    if (write->record)
        return write->record->fates;
    for (struct list *l = transaction->produced.next; l != &transaction->produced; l = l->next) {
        struct fates *fates = CONTAINER_OF(l, struct fates, link);
        if (fates->writes.next == &write->message.link)
            return fates;
    }
    return NULL;
}

void transaction_report(struct transaction *transaction, struct write *write,
                        rd_kafka_resp_err_t code)
{
    if (transaction->under_way > 0)
        transaction->under_way--;
    if (!code) {
        recorder_note_stored(transaction->recorder, write);
        return;
    }
    transaction->broken = true;
    if (code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        recorder_note_purged(transaction->recorder, write);
        return;
    }
    struct fates *fates = recorder_is_refused(code) ? fates_produced(transaction, write) : NULL;
    if (fates)
        fates->refused = true;
    recorder_note_failure(transaction->recorder, write, code);
}

static bool wants_soon(const struct transaction *transaction)
{
    return transaction->step == STEP_OPEN || transaction->step == STEP_FLUSHING ||
           !list_empty(&transaction->ready) || transaction->refused.count > 0;
}

void transaction_run(struct transaction *transaction)
{
    int64_t now_ms = clock_now_ms();
    if (transaction->step == STEP_IDLE)
        run_idle(transaction, now_ms);
    if (transaction->step == STEP_OPEN)
        run_open(transaction, now_ms);
    if (transaction->step == STEP_FLUSHING)
        run_flushing(transaction);
    else if (transaction->step == STEP_OFFSETS)
        send_offsets(transaction);
    else if (transaction->step == STEP_COMMITTING)
        commit(transaction);
    else if (transaction->step == STEP_ABORTING)
        abort_it(transaction);
    if (wants_soon(transaction) && !heap_holds(&transaction->timer.node))
        arm(transaction, transaction->step == STEP_FLUSHING ? 1 : 10);
}

/* ── ready, and done ─────────────────────────────────────────────────────── */

void transaction_prepare(struct transaction *transaction)
{
    if (transaction->step != STEP_CLOSED || !transaction->recorder->rk)
        return;
    rd_kafka_error_t *error = rd_kafka_init_transactions(transaction->recorder->rk, CALL_MS);
    enum came came = came_of(transaction, error);
    if (came == CAME_FINE)
        transaction->step = STEP_IDLE;
    else if (came == CAME_FATAL)
        reopen(transaction);
}

bool transaction_may_begin(const struct transaction *transaction)
{
    return transaction->step != STEP_CLOSED;
}

void transaction_drain(struct transaction *transaction)
{
    transaction->draining = true;
    give_up_refused(transaction);
}

bool transaction_is_done(const struct transaction *transaction)
{
    return transaction->step <= STEP_IDLE && !transaction->lent &&
           list_empty(&transaction->ready) && list_empty(&transaction->produced);
}

void transaction_abort(struct transaction *transaction)
{
    if (!transaction || !transaction->begun || !transaction->recorder->rk)
        return;
    rd_kafka_error_t *error = rd_kafka_abort_transaction(transaction->recorder->rk, CALL_MS);
    if (error)
        rd_kafka_error_destroy(error);
}

void transaction_destroy(struct transaction *transaction)
{
    if (!transaction)
        return;
    loop_disarm(transaction->recorder->loop, &transaction->timer);
    end_all(transaction, &transaction->gathered, recorder_give_up);
    end_all(transaction, &transaction->ready, recorder_give_up);
    end_all(transaction, &transaction->produced, recorder_give_up);
    give_up_refused(transaction);
    settlement_clear(&transaction->settlement);
    free(transaction->settlement.records);
    free(transaction);
}
