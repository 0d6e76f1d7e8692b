/* Commits: the part of rdkafka_cgrp.c that begins with rd_kafka_cgrp_offsets_commit. */
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/model/model.h"
#include "sim/world/fiber.h"
#include "sim/world/memory.h"

struct commit {
    struct list link; /* among those that are sent, or deferred */
    rd_kafka_topic_partition_list_t *offsets;
    rd_kafka_queue_t *queue; /* told there; NULL: by the callback */
    int64_t expires_us;      /* 0: was never deferred */
};

/* What travels. `commit` is the client's, and is looked at in `done` only. */
struct commit_request {
    struct group_offsets offsets;
    struct commit *commit;
};

static void finish(rd_kafka_t *rk, struct commit *commit, rd_kafka_resp_err_t code)
{
    rk->commits_out--;
    world_trace("%s: a commit of %d ends with %d", rk->name, commit->offsets->cnt, (int)code);
    struct rd_kafka_op_s *op = rdk_op(RDK_COMMITTED, code);
    op->partitions = commit->offsets;
    rdk_push(commit->queue ? commit->queue : rk->queue, op, true);
    if (commit->queue)
        rdk_queue_release(commit->queue);
    list_remove(&commit->link);
    free(commit);
    if (rk->commits_out == 0)
        member_assignment_served(rk);
}

/* rd_kafka_cgrp_defer_offset_commit: once. */
static bool defer(rd_kafka_t *rk, struct commit *commit)
{
    if (commit->expires_us)
        return false;
    commit->expires_us = world_now_us() + rk->conf.session_ms * 1000;
    list_remove(&commit->link);
    list_push(&rk->deferred, &commit->link);
    return true;
}

/* Errors of single partitions; the whole has failed if all have. */
static rd_kafka_resp_err_t note_results(struct commit *commit, const struct group_offsets *answer)
{
    rd_kafka_resp_err_t last = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < answer->count; i++) {
        commit->offsets->elems[i].err = answer->items[i].code;
        last = answer->items[i].code ? answer->items[i].code : last;
    }
    return last;
}

/* rd_kafka_cgrp_op_handle_OffsetCommit */
static void on_committed(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct group_offsets *answer = CONTAINER_OF(request, struct group_offsets, request);
    struct commit *commit = CONTAINER_OF(answer, struct commit_request, offsets)->commit;
    rd_kafka_t *rk = CONTAINER_OF(request->wire, rd_kafka_t, coordinator);
    code = code ? code : note_results(commit, answer);
    member_refused(rk, code);
    bool may_wait = code == RD_KAFKA_RESP_ERR__TRANSPORT ||
                    code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
                    code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE;
    if (may_wait && defer(rk, commit))
        return;
    finish(rk, commit, code);
}

static void free_request(struct wire_request *request)
{
    struct group_offsets *offsets = CONTAINER_OF(request, struct group_offsets, request);
    group_offsets_finish(offsets);
    free(CONTAINER_OF(offsets, struct commit_request, offsets));
}

static char *text_of(const rd_kafka_topic_partition_t *element)
{
    char *text = memory_get(element->metadata_size + 1);
    if (element->metadata_size > 0)
        memcpy(text, element->metadata, element->metadata_size);
    return text;
}

static void send_commit(rd_kafka_t *rk, struct commit *commit)
{
    struct process *before = process_enter(NULL);
    struct commit_request *made = memory_get(sizeof *made);
    struct group_offsets *offsets = &made->offsets;
    made->commit = commit;
    offsets->request.serve = group_serve_commit;
    offsets->request.done = on_committed;
    offsets->request.destroy = free_request;
    offsets->by = rk->process;
    offsets->generation = rk->member.generation;
    strcpy(offsets->group, rk->conf.group);
    strcpy(offsets->member, rk->member.name);
    offsets->count = (size_t)commit->offsets->cnt;
    offsets->items = memory_get(offsets->count * sizeof *offsets->items);
    for (size_t i = 0; i < offsets->count; i++) {
        const rd_kafka_topic_partition_t *element = &commit->offsets->elems[i];
        offsets->items[i] = (struct group_offset){
            .log = rdk_log(element->topic, element->partition),
            .offset = element->offset,
            .metadata = text_of(element),
        };
    }
    process_enter(before);
    list_remove(&commit->link);
    list_push(&rk->committing, &commit->link);
    wire_send(&rk->coordinator, &offsets->request);
}

static void keep_valid(rd_kafka_topic_partition_list_t *offsets)
{
    int kept = 0;
    for (int i = 0; i < offsets->cnt; i++) {
        if (offsets->elems[i].offset >= 0) {
            offsets->elems[kept++] = offsets->elems[i];
            continue;
        }
        free(offsets->elems[i].topic);
        free(offsets->elems[i].metadata);
    }
    offsets->cnt = kept;
}

/* A commit that meets a rebalance has the assignment lost (decisions/005). The program sees one
 * come only when it has begun: what it commits in that moment is no mistake of its. */
static void excuse_race(const rd_kafka_t *rk)
{
    int64_t since_us = world_now_us() - rk->member.rejoined_us;
    if (!member_may_commit(rk) && since_us <= fiber_longest_pause_us())
        model_disturbed(rk->process, world_now_us());
}

/* rd_kafka_cgrp_offsets_commit */
static void begin(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
                  rd_kafka_queue_t *queue)
{
    struct commit *commit = rdk_get(sizeof *commit);
    commit->offsets = rd_kafka_topic_partition_list_copy(offsets);
    commit->queue = queue;
    if (queue)
        queue->references++;
    list_init(&commit->link);
    keep_valid(commit->offsets);
    rk->commits_out++;
    excuse_race(rk);
    world_trace("%s: a commit of %d begins", rk->name, commit->offsets->cnt);
    if (commit->offsets->cnt == 0)
        finish(rk, commit, RD_KAFKA_RESP_ERR__NO_OFFSET);
    else if (rk->coordinator.up)
        send_commit(rk, commit);
    else
        defer(rk, commit);
}

void commit_coordinator_up(rd_kafka_t *rk)
{
    struct list again;
    list_init(&again);
    list_move_all(&again, &rk->deferred);
    for (struct list *link = list_pop(&again); link; link = list_pop(&again))
        send_commit(rk, CONTAINER_OF(link, struct commit, link));
}

/* rd_kafka_cgrp_timeout_scan */
void commit_time_out(rd_kafka_t *rk)
{
    struct list *next = NULL;
    for (struct list *link = rk->deferred.next; link != &rk->deferred; link = next) {
        struct commit *commit = CONTAINER_OF(link, struct commit, link);
        next = link->next;
        if (world_now_us() < commit->expires_us)
            continue;
        finish(rk, commit, RD_KAFKA_RESP_ERR__WAIT_COORD);
    }
}

void commit_free_all(rd_kafka_t *rk)
{
    list_move_all(&rk->deferred, &rk->committing);
    for (struct list *link = list_pop(&rk->deferred); link; link = list_pop(&rk->deferred)) {
        struct commit *commit = CONTAINER_OF(link, struct commit, link);
        rd_kafka_topic_partition_list_destroy(commit->offsets);
        free(commit);
    }
}

rd_kafka_resp_err_t rd_kafka_commit(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
                                    int async)
{
    enum memory_kind before = rdk_enter();
    if (!async)
        world_fail("rd_kafka_commit that waits is not simulated");
    begin(rk, offsets, NULL);
    rdk_leave(before);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t
rd_kafka_commit_queue(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *offsets,
                      rd_kafka_queue_t *queue,
                      void (*cb)(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                                 rd_kafka_topic_partition_list_t *offsets, void *opaque),
                      void *opaque)
{
    enum memory_kind before = rdk_enter();
    (void)cb;
    (void)opaque;
    begin(rk, offsets, queue);
    rdk_leave(before);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}
