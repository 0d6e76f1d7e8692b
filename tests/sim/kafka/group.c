#include "sim/kafka/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/group_private.h"
#include "sim/model/model.h"
#include "sim/world/memory.h"

static struct list groups = {&groups, &groups};
static unsigned members_named;
static int64_t delay_us;

void group_set_delay(int64_t us)
{
    delay_us = us;
}

/* ── members ─────────────────────────────────────────────────────────────── */

struct member *group_find_member(const struct group *group, const char *name)
{
    for (struct list *link = group->members.next; link != &group->members; link = link->next) {
        struct member *member = CONTAINER_OF(link, struct member, link);
        if (strcmp(member->name, name) == 0)
            return member;
    }
    return NULL;
}

bool group_has(const char *group, const struct process *by)
{
    const struct list *members = &group_get(group)->members;
    for (const struct list *link = members->next; link != members; link = link->next)
        if (CONTAINER_OF(link, struct member, link)->by == by)
            return true;
    return false;
}

void group_touch(struct member *member)
{
    world_after(&member->session, member->session_us);
}

static void answer_join(struct member *member, rd_kafka_resp_err_t code)
{
    struct group_join *join = member->joining;
    if (!join)
        return;
    member->joining = NULL;
    join->code = code;
    join->generation = member->group->generation;
    join->leader = member->group->members.next == &member->link;
    snprintf(join->member, sizeof join->member, "%s", member->name);
    wire_answer(&join->request);
}

static void answer_call(struct group_call *call, rd_kafka_resp_err_t code)
{
    call->code = code;
    wire_answer(&call->request);
}

static void answer_sync(struct member *member, rd_kafka_resp_err_t code)
{
    struct group_call *call = member->syncing;
    if (!call)
        return;
    member->syncing = NULL;
    group_touch(member);
    if (!code)
        places_copy(&call->assignment, &member->assignment);
    answer_call(call, code);
}

static void free_member(struct member *member)
{
    answer_join(member, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    answer_sync(member, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    list_remove(&member->link);
    world_cancel(&member->session);
    places_finish(&member->wanted);
    places_finish(&member->owned);
    places_finish(&member->assignment);
    free(member);
}

/* ── a rebalance ─────────────────────────────────────────────────────────── */

static bool all_joined(const struct group *group)
{
    for (struct list *link = group->members.next; link != &group->members; link = link->next)
        if (!CONTAINER_OF(link, struct member, link)->joining)
            return false;
    return true;
}

static void drop_absent(struct group *group)
{
    struct list *next = NULL;
    for (struct list *link = group->members.next; link != &group->members; link = next) {
        next = link->next;
        struct member *member = CONTAINER_OF(link, struct member, link);
        if (member->joining)
            continue;
        model_expired(member->by, group->name);
        free_member(member);
    }
}

static void complete_join(struct group *group)
{
    world_cancel(&group->deadline);
    group->delayed = false;
    drop_absent(group);
    group->generation++;
    group->state = list_empty(&group->members) ? GROUP_EMPTY : GROUP_COMPLETING;
    world_trace("group %s is at generation %d", group->name, group->generation);
    model_rebalancing(group->name, false);
    group_assign(group);
    for (struct list *link = group->members.next; link != &group->members; link = link->next) {
        struct member *member = CONTAINER_OF(link, struct member, link);
        group_touch(member);
        answer_join(member, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
}

static void on_deadline(struct world_event *event)
{
    complete_join(CONTAINER_OF(event, struct group, deadline));
}

static void complete_if_all_joined(struct group *group)
{
    if (group->state == GROUP_PREPARING && !group->delayed && all_joined(group))
        complete_join(group);
}

static int64_t longest_rebalance_us(const struct group *group)
{
    int64_t longest_us = 0;
    for (struct list *link = group->members.next; link != &group->members; link = link->next) {
        int64_t us = CONTAINER_OF(link, struct member, link)->rebalance_us;
        longest_us = us > longest_us ? us : longest_us;
    }
    return longest_us;
}

static void prepare(struct group *group)
{
    if (group->state == GROUP_PREPARING)
        return;
    group->delayed = group->state == GROUP_EMPTY && delay_us > 0;
    group->state = GROUP_PREPARING;
    model_rebalancing(group->name, true);
    for (struct list *link = group->members.next; link != &group->members; link = link->next)
        answer_sync(CONTAINER_OF(link, struct member, link),
                    RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
    world_after(&group->deadline, group->delayed ? delay_us : longest_rebalance_us(group));
}

static void remove_member(struct member *member)
{
    struct group *group = member->group;
    free_member(member);
    prepare(group);
    complete_if_all_joined(group);
}

static void on_silence(struct world_event *event)
{
    struct member *member = CONTAINER_OF(event, struct member, session);
    if (member->joining || member->syncing) {
        group_touch(member);
        return;
    }
    world_trace("group %s: member %s has expired", member->group->name, member->name);
    model_expired(member->by, member->group->name);
    remove_member(member);
}

/* KIP-394: who asks to join is given a name first, and joins with that. */
static void name_applicant(struct group *group, struct group_join *join)
{
    struct applicant *applicant = memory_get(sizeof *applicant);
    snprintf(applicant->name, sizeof applicant->name, "member-%u", ++members_named);
    list_push(&group->applicants, &applicant->link);
    strcpy(join->member, applicant->name);
    join->code = RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED;
    wire_answer(&join->request);
}

static bool is_applicant(const struct group *group, const char *name)
{
    for (struct list *link = group->applicants.next; link != &group->applicants;
         link = link->next) {
        struct applicant *applicant = CONTAINER_OF(link, struct applicant, link);
        if (strcmp(applicant->name, name) != 0)
            continue;
        list_remove(link);
        free(applicant);
        return true;
    }
    return false;
}

static struct member *add_member(struct group *group, const char *name)
{
    struct member *member = memory_get(sizeof *member);
    member->group = group;
    member->session.fire = on_silence;
    strcpy(member->name, name);
    list_push(&group->members, &member->link);
    return member;
}

struct group *group_get(const char *name)
{
    for (struct list *link = groups.next; link != &groups; link = link->next) {
        struct group *group = CONTAINER_OF(link, struct group, link);
        if (strcmp(group->name, name) == 0)
            return group;
    }
    struct group *group = memory_get(sizeof *group);
    snprintf(group->name, sizeof group->name, "%s", name);
    list_init(&group->members);
    list_init(&group->applicants);
    group->deadline.fire = on_deadline;
    list_push(&groups, &group->link);
    return group;
}

/* ── requests ────────────────────────────────────────────────────────────── */

void group_serve_join(struct wire_request *request)
{
    struct group_join *join = CONTAINER_OF(request, struct group_join, request);
    struct group *group = group_get(join->group);
    struct member *member = group_find_member(group, join->member);
    if (!join->member[0]) {
        name_applicant(group, join);
        return;
    }
    if (!member && !is_applicant(group, join->member)) {
        join->code = RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
        wire_answer(request);
        return;
    }
    if (!member) {
        prepare(group); /* while it is still empty, if it is */
        member = add_member(group, join->member);
    }
    answer_join(member, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS); /* of a connection that is lost */
    member->joining = join;
    member->by = join->by;
    member->session_us = join->session_us;
    member->rebalance_us = join->rebalance_us;
    places_copy(&member->wanted, &join->wanted);
    places_copy(&member->owned, &join->owned);
    group_touch(member);
    prepare(group);
    if (!group->delayed)
        world_after(&group->deadline, longest_rebalance_us(group));
    complete_if_all_joined(group);
}

/* The member that calls, heard of; NULL, and the call is answered: it is none, or of the past. */
static struct member *caller(struct group_call *call)
{
    struct member *member = group_find_member(group_get(call->group), call->member);
    if (!member) {
        answer_call(call, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
        return NULL;
    }
    if (call->generation != member->group->generation) {
        answer_call(call, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
        return NULL;
    }
    group_touch(member);
    return member;
}

void group_serve_sync(struct wire_request *request)
{
    struct group_call *call = CONTAINER_OF(request, struct group_call, request);
    struct member *member = caller(call);
    if (!member)
        return;
    struct group *group = member->group;
    if (group->state == GROUP_PREPARING) {
        answer_call(call, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
        return;
    }
    answer_sync(member, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
    member->syncing = call;
    if (group->members.next == &member->link)
        group->state = GROUP_STABLE;
    if (group->state != GROUP_STABLE)
        return;
    for (struct list *link = group->members.next; link != &group->members; link = link->next)
        answer_sync(CONTAINER_OF(link, struct member, link), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void group_serve_heartbeat(struct wire_request *request)
{
    struct group_call *call = CONTAINER_OF(request, struct group_call, request);
    const struct member *member = caller(call);
    if (member)
        answer_call(call, member->group->state == GROUP_PREPARING
                              ? RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS
                              : RD_KAFKA_RESP_ERR_NO_ERROR);
}

void group_serve_leave(struct wire_request *request)
{
    struct group_call *call = CONTAINER_OF(request, struct group_call, request);
    struct member *member = group_find_member(group_get(call->group), call->member);
    if (member)
        remove_member(member);
    answer_call(call, member ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
}
