#include "sim/kafka/transactions.h"

#include <stdlib.h>
#include <string.h>

#include "sim/model/model.h"
#include "sim/world/memory.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

/* One of the things a transaction holds. */
struct held {
    struct list link;
    struct kafka_log *log; /* a record's; NULL: offsets */
    struct kafka_record *record;
    struct group_offsets offsets;
};

/* A transactional.id. It is never freed. */
struct transaction {
    struct list link;
    char id[TRANSACTIONAL_ID_BYTES];
    int epoch;
    uint64_t number; /* of the one that is open, or was last */
    bool open;
    bool committed; /* how the last one ended */
    const struct process *by;
    struct list held;
    struct world_event timeout;
};

static struct list transactions = {&transactions, &transactions};

/* ── what is held ────────────────────────────────────────────────────────── */

static void free_held(struct held *held)
{
    list_remove(&held->link);
    group_offsets_finish(&held->offsets);
    free(held->record);
    free(held);
}

static void drop_all(struct transaction *transaction)
{
    while (!list_empty(&transaction->held))
        free_held(CONTAINER_OF(transaction->held.next, struct held, link));
}

/* A topic that has been deleted since had the record, and lost it by that. */
static void store(const struct transaction *transaction, struct held *held)
{
    if (!held->log)
        group_store_offsets(&held->offsets);
    else
        cluster_append(held->log, &held->record->message, -1, transaction->by);
    free_held(held);
}

static void finish(struct transaction *transaction, bool commit)
{
    world_trace("transaction %s #%u is %s", transaction->id, (unsigned)transaction->number,
                commit ? "committed" : "aborted");
    world_cancel(&transaction->timeout);
    transaction->open = false;
    transaction->committed = commit;
    while (commit && !list_empty(&transaction->held))
        store(transaction, CONTAINER_OF(transaction->held.next, struct held, link));
    drop_all(transaction);
    if (commit)
        model_check_lost();
}

/* ── the coordinator ─────────────────────────────────────────────────────── */

/* A producer that takes too long is fenced off. */
static void on_timeout(struct world_event *event)
{
    struct transaction *transaction = CONTAINER_OF(event, struct transaction, timeout);
    transaction->epoch++;
    finish(transaction, false);
}

/* NULL: nobody has come by that name. */
static struct transaction *find(const char *id)
{
    for (struct list *link = transactions.next; link != &transactions; link = link->next) {
        struct transaction *transaction = CONTAINER_OF(link, struct transaction, link);
        if (strcmp(transaction->id, id) == 0)
            return transaction;
    }
    return NULL;
}

static struct transaction *make(const char *id)
{
    struct transaction *transaction = memory_get(sizeof *transaction);
    strcpy(transaction->id, id);
    list_init(&transaction->held);
    transaction->timeout.fire = on_timeout;
    list_push(&transactions, &transaction->link);
    return transaction;
}

int transactions_init(const struct transaction_party *party)
{
    struct transaction *transaction = find(party->id);
    if (!transaction)
        transaction = make(party->id);
    if (transaction->open)
        finish(transaction, false);
    transaction->number = 0;
    transaction->by = party->by;
    return ++transaction->epoch;
}

static rd_kafka_resp_err_t check(const struct transaction *transaction,
                                 const struct transaction_party *party)
{
    if (!transaction)
        return RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING;
    return transaction->epoch == party->epoch ? RD_KAFKA_RESP_ERR_NO_ERROR
                                              : RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

rd_kafka_resp_err_t transactions_enter(const struct transaction_party *party)
{
    struct transaction *transaction = find(party->id);
    rd_kafka_resp_err_t code = check(transaction, party);
    if (code || (transaction->open && transaction->number == party->number))
        return code;
    if (party->number <= transaction->number)
        return RD_KAFKA_RESP_ERR_INVALID_TXN_STATE; /* it comes late, and nobody waits for it */
    transaction->number = party->number;
    transaction->open = true;
    world_after(&transaction->timeout, party->timeout_us);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t transactions_end(const struct transaction_party *party, bool commit)
{
    struct transaction *transaction = find(party->id);
    rd_kafka_resp_err_t code = check(transaction, party);
    if (code || party->number > transaction->number)
        return code; /* one that holds nothing has never been opened here */
    if (party->number < transaction->number)
        return RD_KAFKA_RESP_ERR_INVALID_TXN_STATE;
    if (transaction->open)
        finish(transaction, commit);
    return transaction->committed == commit ? RD_KAFKA_RESP_ERR_NO_ERROR
                                            : RD_KAFKA_RESP_ERR_INVALID_TXN_STATE;
}

/* ── into it ─────────────────────────────────────────────────────────────── */

static struct held *hold(const struct transaction_party *party)
{
    struct held *held = memory_get(sizeof *held);
    list_push(&find(party->id)->held, &held->link);
    return held;
}

void transactions_hold(const struct transaction_party *party, struct kafka_log *log,
                       const struct kafka_message *message)
{
    struct held *held = hold(party);
    held->log = log;
    held->record = cluster_copy(message);
    model_accepted(party->by, log->topic->name);
}

void transactions_hold_offsets(const struct transaction_party *party,
                               const struct group_offsets *offsets)
{
    group_offsets_copy(&hold(party)->offsets, offsets);
}

static bool holds_offset(const struct transaction *transaction, const char *group,
                         const struct kafka_log *log)
{
    for (struct list *l = transaction->held.next; l != &transaction->held; l = l->next) {
        const struct held *held = CONTAINER_OF(l, struct held, link);
        for (size_t i = 0; i < held->offsets.count && strcmp(held->offsets.group, group) == 0; i++)
            if (held->offsets.items[i].log == log)
                return true;
    }
    return false;
}

bool transactions_make_unstable(const char *group, const struct kafka_log *log)
{
    for (struct list *link = transactions.next; link != &transactions; link = link->next)
        if (holds_offset(CONTAINER_OF(link, struct transaction, link), group, log))
            return true;
    return false;
}
