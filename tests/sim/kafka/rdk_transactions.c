/* Transactions: rdkafka_txnmgr.c. A call that waits too long for the cluster's answer says that it
 * may be made again, and the cluster knows the transaction by its number; but one that sends
 * offsets has then failed, and with it the transaction. */
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/world/fiber.h"
#include "sim/world/memory.h"

struct rd_kafka_consumer_group_metadata_s {
    char group[GROUP_NAME_BYTES];
    char member[MEMBER_NAME_BYTES];
    int generation;
};

/* What travels. */
struct turn {
    struct wire_request request;
    struct caller *caller;
    struct transaction_party party;
    bool commit;
    struct group_offsets offsets;
    /* ── */
    rd_kafka_resp_err_t code;
};

/* ── asking ──────────────────────────────────────────────────────────────── */

static void free_turn(struct turn *turn)
{
    group_offsets_finish(&turn->offsets);
    free(turn);
}

static void destroy_turn(struct wire_request *request)
{
    struct turn *turn = CONTAINER_OF(request, struct turn, request);
    if (!turn->caller)
        free_turn(turn);
}

static void on_answer(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct turn *turn = CONTAINER_OF(request, struct turn, request);
    if (turn->caller)
        caller_tell(turn->caller, code);
    if (code)
        turn->caller = NULL;
}

static struct turn *new_turn(const rd_kafka_t *rk, const struct turn *what)
{
    struct process *before = process_enter(NULL);
    struct turn *turn = memory_get(sizeof *turn);
    *turn = *what;
    group_offsets_copy(&turn->offsets, &what->offsets);
    process_enter(before);
    turn->request.done = on_answer;
    turn->request.destroy = destroy_turn;
    turn->party = rk->transacting.party;
    return turn;
}

/* Once. `answer` is its code and party, with an answer. */
static rd_kafka_resp_err_t ask_once(rd_kafka_t *rk, struct turn *answer, int64_t until_us)
{
    struct caller caller = {.fiber = fiber_current()};
    struct turn *turn = new_turn(rk, answer);
    turn->caller = &caller;
    wire_send(&rk->broker, &turn->request);
    caller_wait(&caller, until_us);
    if (!caller.answered)
        turn->caller = NULL;
    if (!caller.answered || caller.code)
        return caller.answered ? caller.code : RD_KAFKA_RESP_ERR__TIMED_OUT;
    answer->code = turn->code;
    answer->party = turn->party;
    free_turn(turn);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool is_retried(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT;
}

#define ASK_AGAIN_US INT64_C(100000)

/* Again and again until that time: _TIMED_OUT. */
static rd_kafka_resp_err_t ask(rd_kafka_t *rk, struct turn *turn, int timeout_ms)
{
    int64_t until_us = world_now_us() + timeout_ms * INT64_C(1000);
    while (caller_wait_for_wire(&rk->broker, until_us)) {
        rd_kafka_resp_err_t code = ask_once(rk, turn, until_us);
        code = code ? code : turn->code;
        if (!is_retried(code))
            return code;
        int64_t again_us = world_now_us() + ASK_AGAIN_US;
        while (world_now_us() < again_us)
            fiber_wait(again_us);
    }
    return RD_KAFKA_RESP_ERR__TIMED_OUT;
}

/* ── what it means ───────────────────────────────────────────────────────── */

static bool is_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING ||
           code == RD_KAFKA_RESP_ERR_INVALID_TXN_STATE;
}

void transacting_failed(rd_kafka_t *rk, rd_kafka_resp_err_t code)
{
    struct transacting *transacting = &rk->transacting;
    if (code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) /* rd_kafka_idemp_check_error */
        transacting->fatal = code;
    if (!rk->conf.transactional_id[0])
        return;
    if (is_fenced(code))
        transacting->fatal = code;
    else if (!transacting->must_abort)
        transacting->must_abort = code;
}

bool transacting_may_produce(const rd_kafka_t *rk)
{
    const struct transacting *transacting = &rk->transacting;
    if (!rk->conf.transactional_id[0])
        return !transacting->fatal;
    return transacting->open && !transacting->must_abort && !transacting->fatal;
}

rd_kafka_resp_err_t rd_kafka_fatal_error(rd_kafka_t *rk, char *text, size_t size)
{
    if (rk->transacting.fatal && size > 0)
        snprintf(text, size, "%s", rd_kafka_err2str(rk->transacting.fatal));
    return rk->transacting.fatal;
}

/* NULL: nothing is in the way. */
static rd_kafka_error_t *obstacle(const rd_kafka_t *rk)
{
    const struct transacting *transacting = &rk->transacting;
    if (transacting->fatal)
        return rdk_error(transacting->fatal, RDK_FATAL);
    if (transacting->must_abort)
        return rdk_error(transacting->must_abort, RDK_PLAIN);
    return transacting->open ? NULL : rdk_error(RD_KAFKA_RESP_ERR__STATE, RDK_PLAIN);
}

static rd_kafka_error_t *failure(rd_kafka_t *rk, rd_kafka_resp_err_t code)
{
    transacting_failed(rk, code);
    return rdk_error(code, rk->transacting.fatal ? RDK_FATAL : RDK_PLAIN);
}

/* ── beginning ───────────────────────────────────────────────────────────── */

static void serve_init(struct wire_request *request)
{
    struct turn *turn = CONTAINER_OF(request, struct turn, request);
    turn->party.epoch = transactions_init(&turn->party);
    wire_answer(request);
}

rd_kafka_error_t *rd_kafka_init_transactions(rd_kafka_t *rk, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    struct transaction_party *party = &rk->transacting.party;
    strcpy(party->id, rk->conf.transactional_id);
    party->timeout_us = rk->conf.transaction_ms * 1000;
    party->by = rk->process;
    struct turn turn = {.request.serve = serve_init};
    rd_kafka_resp_err_t code = ask(rk, &turn, timeout_ms);
    rk->transacting.ready = !code;
    if (!code)
        party->epoch = turn.party.epoch;
    rdk_leave(before);
    return code ? rdk_error(code, RDK_RETRIABLE) : NULL;
}

rd_kafka_error_t *rd_kafka_begin_transaction(rd_kafka_t *rk)
{
    enum memory_kind before = rdk_enter();
    struct transacting *transacting = &rk->transacting;
    rd_kafka_error_t *error = NULL;
    if (transacting->fatal)
        error = rdk_error(transacting->fatal, RDK_FATAL);
    else if (!transacting->ready || transacting->open)
        error = rdk_error(RD_KAFKA_RESP_ERR__STATE, RDK_PLAIN);
    if (!error) {
        transacting->open = true;
        transacting->party.number++;
    }
    rdk_leave(before);
    return error;
}

/* ── what goes into it ───────────────────────────────────────────────────── */

static int left_ms(int64_t until_us)
{
    int64_t left_us = until_us - world_now_us();
    return left_us > 0 ? (int)(left_us / 1000) : 0;
}

rd_kafka_resp_err_t rd_kafka_flush(rd_kafka_t *rk, int timeout_ms)
{
    int64_t until_us = world_now_us() + timeout_ms * INT64_C(1000);
    producer_hurry(rk);
    rd_kafka_poll(rk, 0);
    while (rk->messages > 0 && left_ms(until_us) > 0)
        rd_kafka_poll(rk, left_ms(until_us));
    rd_kafka_poll(rk, 0);
    return rk->messages > 0 ? RD_KAFKA_RESP_ERR__TIMED_OUT : RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_consumer_group_metadata_t *rd_kafka_consumer_group_metadata(rd_kafka_t *rk)
{
    enum memory_kind before = rdk_enter();
    rd_kafka_consumer_group_metadata_t *made = rdk_get(sizeof *made);
    strcpy(made->group, rk->conf.group);
    strcpy(made->member, rk->member.name);
    made->generation = rk->member.generation;
    rdk_leave(before);
    return made;
}

void rd_kafka_consumer_group_metadata_destroy(rd_kafka_consumer_group_metadata_t *member)
{
    free(member);
}

static void serve_offsets(struct wire_request *request)
{
    struct turn *turn = CONTAINER_OF(request, struct turn, request);
    turn->code = transactions_enter(&turn->party);
    if (!turn->code)
        turn->code = group_check_offsets(&turn->offsets);
    if (!turn->code)
        transactions_hold_offsets(&turn->party, &turn->offsets);
    wire_answer(request);
}

static void list_offsets(struct group_offsets *offsets, const rd_kafka_topic_partition_list_t *list)
{
    offsets->items = memory_get((size_t)(list->cnt + 1) * sizeof *offsets->items);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &list->elems[i];
        if (element->offset < 0)
            continue;
        struct group_offset *item = &offsets->items[offsets->count++];
        item->log = rdk_log(element->topic, element->partition);
        item->offset = element->offset;
        if (element->metadata_size > 0)
            item->metadata = memcpy(memory_get(element->metadata_size + 1), element->metadata,
                                    element->metadata_size);
    }
}

rd_kafka_error_t *
rd_kafka_send_offsets_to_transaction(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list,
                                     const rd_kafka_consumer_group_metadata_t *member,
                                     int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    rd_kafka_error_t *error = obstacle(rk);
    struct turn turn = {.request.serve = serve_offsets};
    strcpy(turn.offsets.group, member->group);
    strcpy(turn.offsets.member, member->member);
    turn.offsets.generation = member->generation;
    turn.offsets.by = rk->process;
    list_offsets(&turn.offsets, list);
    if (!error && turn.offsets.count > 0) {
        rd_kafka_resp_err_t code = ask(rk, &turn, timeout_ms);
        error = code ? failure(rk, code) : NULL;
    }
    group_offsets_finish(&turn.offsets);
    rdk_leave(before);
    return error;
}

/* ── the end ─────────────────────────────────────────────────────────────── */

static void serve_end(struct wire_request *request)
{
    struct turn *turn = CONTAINER_OF(request, struct turn, request);
    turn->code = transactions_end(&turn->party, turn->commit);
    wire_answer(request);
}

static rd_kafka_error_t *end(rd_kafka_t *rk, bool commit, int timeout_ms)
{
    struct turn turn = {.request.serve = serve_end, .commit = commit};
    rd_kafka_resp_err_t code = ask(rk, &turn, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR__TIMED_OUT)
        return rdk_error(code, RDK_RETRIABLE);
    if (code)
        return failure(rk, code);
    rk->transacting.open = false;
    rk->transacting.must_abort = RD_KAFKA_RESP_ERR_NO_ERROR;
    return NULL;
}

rd_kafka_error_t *rd_kafka_commit_transaction(rd_kafka_t *rk, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    int64_t until_us = world_now_us() + timeout_ms * INT64_C(1000);
    rd_kafka_error_t *error = obstacle(rk);
    if (!error && rd_kafka_flush(rk, timeout_ms))
        error = rdk_error(RD_KAFKA_RESP_ERR__TIMED_OUT, RDK_RETRIABLE);
    if (!error)
        error = obstacle(rk);
    if (!error)
        error = end(rk, true, left_ms(until_us));
    rdk_leave(before);
    return error;
}

/* What is under way is waited for: without it the numbers of the batches would have a gap. */
rd_kafka_error_t *rd_kafka_abort_transaction(rd_kafka_t *rk, int timeout_ms)
{
    enum memory_kind before = rdk_enter();
    int64_t until_us = world_now_us() + timeout_ms * INT64_C(1000);
    rd_kafka_error_t *error = NULL;
    if (rk->transacting.fatal)
        error = rdk_error(rk->transacting.fatal, RDK_FATAL);
    else if (!rk->transacting.ready)
        error = rdk_error(RD_KAFKA_RESP_ERR__STATE, RDK_PLAIN);
    producer_give_up(rk, RD_KAFKA_RESP_ERR__PURGE_QUEUE);
    if (!error && rd_kafka_flush(rk, timeout_ms))
        error = rdk_error(RD_KAFKA_RESP_ERR__TIMED_OUT, RDK_RETRIABLE);
    if (!error && rk->transacting.open)
        error = end(rk, false, left_ms(until_us));
    rdk_leave(before);
    return error;
}
