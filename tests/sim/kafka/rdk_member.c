/* Membership: rdkafka_cgrp.c. Its states and what leads from one to the next are librdkafka's, so
 * is the moment of each; questions for metadata are answered at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/world/memory.h"

#define JOIN_AGAIN_US INT64_C(1000000)
#define SERVE_US      INT64_C(500000)

static const char *const state_names[] = {
    [JOIN_INIT] = "init",
    [JOIN_WAIT_JOIN] = "wait-join",
    [JOIN_WAIT_SYNC] = "wait-sync",
    [JOIN_WAIT_ASSIGN_CALL] = "wait-assign-call",
    [JOIN_WAIT_UNASSIGN_CALL] = "wait-unassign-call",
    [JOIN_WAIT_UNASSIGN] = "wait-unassign-to-complete",
    [JOIN_WAIT_INCR_UNASSIGN] = "wait-incr-unassign-to-complete",
    [JOIN_STEADY] = "steady",
};

/* No JoinGroup is under way, which a commit would have to wait for. */
static bool may_commit(enum join_state state)
{
    return state == JOIN_STEADY || state == JOIN_WAIT_ASSIGN_CALL ||
           state == JOIN_WAIT_UNASSIGN_CALL;
}

bool member_may_commit(const rd_kafka_t *rk)
{
    return may_commit(rk->member.state);
}

/* rd_kafka_cgrp_set_join_state */
static void enter(rd_kafka_t *rk, enum join_state state)
{
    struct membership *member = &rk->member;
    char text[200];
    if (member->state == state)
        return;
    if (may_commit(member->state) && !may_commit(state))
        member->rejoined_us = world_now_us();
    snprintf(text, sizeof text, "Group \"%s\" changed join state %s -> %s (state %s)",
             rk->conf.group, state_names[member->state], state_names[state],
             rk->coordinator.up ? "up" : "wait-broker-transport");
    member->state = state;
    world_trace("%s: %s", rk->name, text);
    if (!rk->conf.tells_states || !rk->conf.log)
        return;
    enum memory_kind before = memory_enter(MEMORY_PROGRAM);
    rk->conf.log(rk, 7, "CGRPJOINSTATE", text);
    memory_enter(before);
}

/* RD_KAFKA_CGRP_WAIT_ASSIGN_CALL */
static bool waits_for_call(const struct membership *member)
{
    return member->state == JOIN_WAIT_ASSIGN_CALL || member->state == JOIN_WAIT_UNASSIGN_CALL;
}

/* RD_KAFKA_CGRP_REBALANCING */
static bool is_rebalancing(const struct membership *member)
{
    return (member->name[0] && member->state == JOIN_WAIT_JOIN) ||
           (member->state >= JOIN_WAIT_SYNC && member->state < JOIN_STEADY) ||
           member->then_assign || member->rejoin;
}

static void soon(rd_kafka_t *rk)
{
    world_after(&rk->member.serve, 1);
}

/* ── what is owned ───────────────────────────────────────────────────────── */

static rd_kafka_topic_partition_list_t *new_list(void)
{
    return rd_kafka_topic_partition_list_new(8);
}

static void add(rd_kafka_topic_partition_list_t *list, const rd_kafka_topic_partition_t *element)
{
    rd_kafka_topic_partition_list_add(list, element->topic, element->partition);
}

/* Those of `list` that are not in `others`. */
static rd_kafka_topic_partition_list_t *subtract(const rd_kafka_topic_partition_list_t *list,
                                                 const rd_kafka_topic_partition_list_t *others)
{
    rd_kafka_topic_partition_list_t *rest = new_list();
    for (int i = 0; i < list->cnt; i++)
        if (!rd_kafka_topic_partition_list_find(others, list->elems[i].topic,
                                                list->elems[i].partition))
            add(rest, &list->elems[i]);
    return rest;
}

static void replace(rd_kafka_topic_partition_list_t **list, rd_kafka_topic_partition_list_t *with)
{
    if (*list)
        rd_kafka_topic_partition_list_destroy(*list);
    *list = with;
}

/* rd_kafka_cgrp_group_assignment_modify */
static void modify_owned(struct membership *member, bool adds,
                         const rd_kafka_topic_partition_list_t *partitions)
{
    if (!adds) {
        replace(&member->owned, subtract(member->owned, partitions));
        return;
    }
    for (int i = 0; i < partitions->cnt; i++)
        add(member->owned, &partitions->elems[i]);
}

/* ── leaving and joining ─────────────────────────────────────────────────── */

static void free_call(struct wire_request *request)
{
    struct group_call *call = CONTAINER_OF(request, struct group_call, request);
    places_finish(&call->assignment);
    free(call);
}

static rd_kafka_t *client_of(const struct wire_request *request)
{
    return CONTAINER_OF(request->wire, rd_kafka_t, coordinator);
}

static struct group_call *new_call(const rd_kafka_t *rk, void (*serve)(struct wire_request *),
                                   void (*done)(struct wire_request *, rd_kafka_resp_err_t))
{
    struct process *before = process_enter(NULL);
    struct group_call *call = memory_get(sizeof *call);
    process_enter(before);
    call->request.serve = serve;
    call->request.done = done;
    call->request.destroy = free_call;
    call->generation = rk->member.generation;
    snprintf(call->group, sizeof call->group, "%s", rk->conf.group);
    snprintf(call->member, sizeof call->member, "%s", rk->member.name);
    return call;
}

static void on_left(struct wire_request *request, rd_kafka_resp_err_t code)
{
    (void)code;
    rd_kafka_t *rk = client_of(request);
    rk->member.leaving = false;
    soon(rk);
}

/* rd_kafka_cgrp_leave_maybe */
static void leave_if_wanted(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    if (!member->leave_when_done)
        return;
    member->leave_when_done = false;
    if (!rk->coordinator.up)
        return;
    member->leaving = true;
    wire_send(&rk->coordinator, &new_call(rk, group_serve_leave, on_left)->request);
    member->name[0] = '\0';
}

/* rd_kafka_cgrp_rejoin */
static void rejoin(rd_kafka_t *rk)
{
    if (!rk->member.subscription)
        leave_if_wanted(rk);
    enter(rk, JOIN_INIT);
    soon(rk);
}

static void skip_backoff(struct membership *member)
{
    member->next_join_us = 0;
}

/* ── the application is asked ────────────────────────────────────────────── */

/* rd_kafka_rebalance_op_incr */
static void ask_application(rd_kafka_t *rk, bool assign,
                            const rd_kafka_topic_partition_list_t *partitions, bool then_rejoin)
{
    struct membership *member = &rk->member;
    member->rejoin = then_rejoin;
    enter(rk, assign ? JOIN_WAIT_ASSIGN_CALL : JOIN_WAIT_UNASSIGN_CALL);
    toppar_pause_all(rk, true);
    struct rd_kafka_op_s *op = rdk_op(RDK_REBALANCE, assign ? RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
                                                            : RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS);
    op->partitions = rd_kafka_topic_partition_list_copy(partitions);
    modify_owned(member, assign, op->partitions);
    rdk_push(rk->queue, op, false);
}

/* rd_kafka_cgrp_revoke_all_rejoin */
static void revoke_all(rd_kafka_t *rk, bool lost)
{
    struct membership *member = &rk->member;
    if (member->owned->cnt == 0) {
        if (!member->terminating)
            rejoin(rk);
        return;
    }
    member->lost = member->lost || lost;
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_copy(member->owned);
    ask_application(rk, false, all, !member->terminating);
    rd_kafka_topic_partition_list_destroy(all);
}

/* rd_kafka_cgrp_revoke_all_rejoin_maybe */
static void lose_all(rd_kafka_t *rk)
{
    if (!is_rebalancing(&rk->member))
        revoke_all(rk, true);
}

void member_refused(rd_kafka_t *rk, rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
        rk->member.name[0] = '\0';
    else if (code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
        rk->member.generation = -1;
    else
        return;
    world_trace("%s: the group says %d", rk->name, (int)code);
    lose_all(rk);
}

/* ── SyncGroup ───────────────────────────────────────────────────────────── */

static void note_heard(rd_kafka_t *rk, bool anew)
{
    struct membership *member = &rk->member;
    if (member->session_ends_us || anew)
        member->session_ends_us = world_now_us() + rk->conf.session_ms * 1000;
}

/* rd_kafka_cgrp_handle_assignment_cooperative */
static void take_assignment(rd_kafka_t *rk, const struct kafka_places *places)
{
    struct membership *member = &rk->member;
    rd_kafka_topic_partition_list_t *assignment = new_list();
    for (size_t i = 0; i < places->count; i++)
        rd_kafka_topic_partition_list_add(assignment, places->logs[i]->topic->name,
                                          places->logs[i]->number);
    rd_kafka_topic_partition_list_t *added = subtract(assignment, member->owned);
    rd_kafka_topic_partition_list_t *revoked = subtract(member->owned, assignment);
    if (revoked->cnt > 0) {
        replace(&member->then_assign, rd_kafka_topic_partition_list_copy(added));
        ask_application(rk, false, revoked, false);
    } else {
        ask_application(rk, true, added, false);
    }
    rd_kafka_topic_partition_list_destroy(assignment);
    rd_kafka_topic_partition_list_destroy(added);
    rd_kafka_topic_partition_list_destroy(revoked);
}

static void on_synced(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct group_call *call = CONTAINER_OF(request, struct group_call, request);
    rd_kafka_t *rk = client_of(request);
    struct membership *member = &rk->member;
    member->awaiting = false;
    if (member->state != JOIN_WAIT_SYNC || member->terminating)
        return;
    code = code ? code : call->code;
    if (!code) {
        note_heard(rk, true);
        take_assignment(rk, &call->assignment);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
        member->generation = -1;
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
        member->name[0] = '\0';
    if (code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
        revoke_all(rk, true);
    else
        rejoin(rk);
}

/* ── JoinGroup ───────────────────────────────────────────────────────────── */

static void free_join(struct wire_request *request)
{
    struct group_join *join = CONTAINER_OF(request, struct group_join, request);
    places_finish(&join->wanted);
    places_finish(&join->owned);
    free(join);
}

static void on_joined(struct wire_request *request, rd_kafka_resp_err_t code)
{
    struct group_join *join = CONTAINER_OF(request, struct group_join, request);
    rd_kafka_t *rk = client_of(request);
    struct membership *member = &rk->member;
    member->awaiting = false;
    if (member->state != JOIN_WAIT_JOIN || member->terminating)
        return;
    code = code ? code : join->code;
    if (!code) {
        snprintf(member->name, sizeof member->name, "%s", join->member);
        member->generation = join->generation;
        enter(rk, JOIN_WAIT_SYNC);
        member->awaiting = true;
        wire_send(&rk->coordinator, &new_call(rk, group_serve_sync, on_synced)->request);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
        member->name[0] = '\0';
    if (code == RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED) {
        strcpy(member->name, join->member);
        skip_backoff(member);
        revoke_all(rk, true);
    } else {
        rejoin(rk);
    }
}

static void copy_owned(const struct membership *member, struct kafka_places *places)
{
    for (int i = 0; i < member->owned->cnt; i++) {
        struct kafka_log *log =
            rdk_log(member->owned->elems[i].topic, member->owned->elems[i].partition);
        if (log)
            places_add(places, log);
    }
}

static void send_join(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    struct process *before = process_enter(NULL);
    struct group_join *join = memory_get(sizeof *join);
    join->request.serve = group_serve_join;
    join->request.done = on_joined;
    join->request.destroy = free_join;
    join->by = rk->process;
    join->session_us = rk->conf.session_ms * 1000;
    join->rebalance_us = rk->conf.poll_interval_ms * 1000;
    snprintf(join->group, sizeof join->group, "%s", rk->conf.group);
    snprintf(join->member, sizeof join->member, "%s", member->name);
    places_copy(&join->wanted, &member->topics);
    copy_owned(member, &join->owned);
    process_enter(before);
    member->awaiting = true;
    wire_send(&rk->coordinator, &join->request);
}

/* rd_kafka_cgrp_join */
static void join(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    member->next_join_us = world_now_us() + JOIN_AGAIN_US;
    subscription_match(rk, &member->topics);
    if (member->topics.count == 0)
        return; /* asked again with the next interval */
    enter(rk, JOIN_WAIT_JOIN);
    send_join(rk);
}

/* ── heartbeats ──────────────────────────────────────────────────────────── */

static void on_heartbeat(struct wire_request *request, rd_kafka_resp_err_t code)
{
    rd_kafka_t *rk = client_of(request);
    struct membership *member = &rk->member;
    code = code ? code : CONTAINER_OF(request, struct group_call, request)->code;
    member->heartbeat_out = false;
    if (!code) {
        note_heard(rk, false);
        return;
    }
    if (member->state <= JOIN_WAIT_SYNC)
        return;
    if (code != RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS) {
        member_refused(rk, code);
        return;
    }
    note_heard(rk, false);
    if (!waits_for_call(member) && !is_rebalancing(member))
        rejoin(rk);
}

static void beat(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    if (world_now_us() < member->next_heartbeat_us || member->heartbeat_out)
        return;
    member->next_heartbeat_us = world_now_us() + rk->conf.heartbeat_ms * 1000;
    member->heartbeat_out = true;
    wire_send(&rk->coordinator, &new_call(rk, group_serve_heartbeat, on_heartbeat)->request);
}

/* rd_kafka_cgrp_session_timeout_check */
static void check_session(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    if (!member->session_ends_us || world_now_us() < member->session_ends_us)
        return;
    world_trace("%s: the session has timed out", rk->name);
    member->session_ends_us = 0;
    member->name[0] = '\0';
    lose_all(rk);
}

/* ── topics come and go: rd_kafka_cgrp_metadata_update_check ─────────────── */

static bool same_places(const struct kafka_places *a, const struct kafka_places *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = places_have(b, a->logs[i]);
    return same;
}

static void lose_missing(rd_kafka_t *rk, const struct kafka_places *topics)
{
    struct membership *member = &rk->member;
    rd_kafka_topic_partition_list_t *missing = new_list();
    for (int i = 0; i < member->owned->cnt; i++) {
        const rd_kafka_topic_partition_t *element = &member->owned->elems[i];
        struct kafka_log *log = rdk_log(element->topic, element->partition);
        if (!log || !places_have(topics, log))
            add(missing, element);
    }
    if (missing->cnt > 0) {
        member->lost = true;
        ask_application(rk, false, missing, true);
    } else {
        rejoin(rk);
    }
    rd_kafka_topic_partition_list_destroy(missing);
}

static void look_for_topics(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    struct kafka_places topics = {0};
    if (world_now_us() < member->next_metadata_us || !rk->broker.up)
        return;
    member->next_metadata_us = world_now_us() + rk->conf.metadata_ms * 1000;
    if (member->state != JOIN_STEADY)
        return;
    subscription_match(rk, &topics);
    if (!same_places(&topics, &member->topics))
        lose_missing(rk, &topics);
    struct process *before = process_enter(NULL);
    places_finish(&topics);
    process_enter(before);
}

/* ── serving ─────────────────────────────────────────────────────────────── */

/* rd_kafka_cgrp_try_terminate */
static void try_terminate(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    if (!member->terminating || member->closed || waits_for_call(member) ||
        toppar_any_assigned(rk) || rk->commits_out > 0 || member->leaving)
        return;
    world_trace("%s: group %s is closed", rk->name, rk->conf.group);
    member->closed = true;
}

/* rd_kafka_cgrp_unsubscribe */
static void unsubscribe(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    member->leave_when_done = member->name[0] != '\0';
    replace(&member->subscription, NULL);
    if (!member->lost)
        revoke_all(rk, false);
}

static void serve_joined(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    if (member->state == JOIN_INIT) {
        if (member->unsubscribe_next && member->subscription && !member->awaiting)
            unsubscribe(rk);
        if (!member->awaiting && member->subscription && world_now_us() >= member->next_join_us)
            join(rk);
        return;
    }
    bool beats = member->state == JOIN_STEADY || waits_for_call(member);
    if (beats && member->subscription)
        beat(rk);
}

/* rd_kafka_cgrp_serve */
static void serve(struct world_event *event)
{
    rd_kafka_t *rk = CONTAINER_OF(event, rd_kafka_t, member.serve);
    struct membership *member = &rk->member;
    try_terminate(rk);
    if (member->closed)
        return;
    if (member->state == JOIN_STEADY)
        check_session(rk);
    if (rk->coordinator.up) {
        commit_coordinator_up(rk);
        serve_joined(rk);
    } else {
        commit_time_out(rk);
    }
    look_for_topics(rk);
    if (rk->query_at_us && world_now_us() >= rk->query_at_us)
        member_assignment_served(rk);
    world_after(event, SERVE_US);
}

void member_coordinator_changed(rd_kafka_t *rk)
{
    if (rk->coordinator.up) {
        soon(rk);
        member_assignment_served(rk);
    }
}

/* rd_kafka_cgrp_unassign */
static void unassign_all(rd_kafka_t *rk)
{
    if (rk->member.state == JOIN_WAIT_UNASSIGN_CALL) {
        toppar_pause_all(rk, false);
        enter(rk, JOIN_WAIT_UNASSIGN);
    }
    toppar_clear(rk);
    rk->member.lost = false;
}

/* rd_kafka_cgrp_incr_unassign_done */
static void unassign_done(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    if (member->terminating) {
        unassign_all(rk);
    } else if (member->then_assign) {
        rd_kafka_topic_partition_list_t *added = member->then_assign;
        member->then_assign = NULL;
        ask_application(rk, true, added, true);
        rd_kafka_topic_partition_list_destroy(added);
    } else if (member->rejoin) {
        member->rejoin = false;
        skip_backoff(member);
        rejoin(rk);
    } else {
        enter(rk, JOIN_STEADY);
    }
}

/* rd_kafka_assignment_serve and rd_kafka_cgrp_assignment_done */
void member_assignment_served(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    if (toppar_serve_all(rk) || rk->commits_out > 0)
        return;
    if (member->state == JOIN_WAIT_UNASSIGN) {
        leave_if_wanted(rk);
        skip_backoff(member);
        rejoin(rk);
    } else if (member->state == JOIN_WAIT_INCR_UNASSIGN) {
        unassign_done(rk);
    } else if (member->state == JOIN_STEADY && member->rejoin) {
        member->rejoin = false;
        skip_backoff(member);
        rejoin(rk);
    }
    soon(rk);
}

/* rd_kafka_cgrp_handle_assign_op: at the end every call takes all partitions away. */
void member_assign_called(rd_kafka_t *rk, bool assign)
{
    struct membership *member = &rk->member;
    if (member->terminating) {
        unassign_all(rk);
    } else if (member->state == (assign ? JOIN_WAIT_ASSIGN_CALL : JOIN_WAIT_UNASSIGN_CALL)) {
        toppar_pause_all(rk, false);
        enter(rk, assign ? JOIN_STEADY : JOIN_WAIT_INCR_UNASSIGN);
    }
    member->lost = false;
    member_assignment_served(rk);
}

/* ── life ────────────────────────────────────────────────────────────────── */

void member_open(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    member->generation = -1;
    member->owned = new_list();
    member->serve.fire = serve;
    member->serve.process = rk->process;
    if (rk->type == RD_KAFKA_CONSUMER && rk->conf.group[0])
        world_after(&member->serve, dice_between(&rk->dice, 1, SERVE_US));
}

void member_close(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    world_cancel(&member->serve);
    struct process *before = process_enter(NULL);
    places_finish(&member->topics);
    process_enter(before);
    replace(&member->owned, NULL);
    replace(&member->then_assign, NULL);
    replace(&member->subscription, NULL);
}

/* rd_kafka_cgrp_terminate0 */
void member_terminate(rd_kafka_t *rk)
{
    struct membership *member = &rk->member;
    member->terminating = true;
    if (member->subscription)
        unsubscribe(rk);
    if (!waits_for_call(member))
        unassign_all(rk);
    member_assignment_served(rk);
}

rd_kafka_resp_err_t rd_kafka_subscribe(rd_kafka_t *rk,
                                       const rd_kafka_topic_partition_list_t *topics)
{
    enum memory_kind before = rdk_enter();
    replace(&rk->member.subscription, rd_kafka_topic_partition_list_copy(topics));
    rk->ever_subscribed = true;
    rk->member.next_metadata_us = world_now_us() + rk->conf.metadata_ms * 1000;
    soon(rk);
    rdk_leave(before);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t rd_kafka_unsubscribe(rd_kafka_t *rk)
{
    enum memory_kind before = rdk_enter();
    if (is_rebalancing(&rk->member))
        rk->member.unsubscribe_next = true;
    else if (rk->member.subscription)
        unsubscribe(rk);
    rdk_leave(before);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

char *rd_kafka_memberid(const rd_kafka_t *rk)
{
    enum memory_kind before = rdk_enter();
    char *name = rdk_copy_text(rk->member.name);
    rdk_leave(before);
    return name;
}

rd_kafka_error_t *rd_kafka_consumer_close_queue(rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
    enum memory_kind before = rdk_enter();
    (void)queue; /* it is the consumer's own */
    if (!rk->member.terminating)
        member_terminate(rk);
    rdk_leave(before);
    return NULL;
}

int rd_kafka_consumer_closed(rd_kafka_t *rk)
{
    return rk->member.closed;
}

int rd_kafka_assignment_lost(rd_kafka_t *rk)
{
    return rk->member.lost;
}
