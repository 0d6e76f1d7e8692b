#include <stdlib.h>
#include <string.h>

#include "sim/kafka/group_private.h"
#include "sim/kafka/transactions.h"
#include "sim/model/model.h"
#include "sim/world/memory.h"

static rd_kafka_resp_err_t refusal;
static int64_t refuse_until_us;

void group_refuse_commits(rd_kafka_resp_err_t code, int64_t until_us)
{
    refusal = code;
    refuse_until_us = until_us;
}

static struct group_offset *find(const struct group *group, const struct kafka_log *log)
{
    for (size_t i = 0; i < group->offset_count; i++)
        if (group->offsets[i].log == log)
            return &group->offsets[i];
    return NULL;
}

static struct group_offset *get(struct group *group, struct kafka_log *log)
{
    struct group_offset *found = find(group, log);
    if (found)
        return found;
    struct group_offset *more = memory_get((group->offset_count + 1) * sizeof *more);
    if (group->offset_count)
        memcpy(more, group->offsets, group->offset_count * sizeof *more);
    free(group->offsets);
    group->offsets = more;
    more[group->offset_count] = (struct group_offset){.log = log, .offset = -1};
    return &more[group->offset_count++];
}

static char *copy(const char *text)
{
    if (!text)
        return NULL;
    size_t bytes = strlen(text) + 1;
    return memcpy(memory_get(bytes), text, bytes);
}

void group_offsets_copy(struct group_offsets *to, const struct group_offsets *from)
{
    *to = *from;
    to->request = (struct wire_request){0};
    to->items = memory_get((from->count + 1) * sizeof *to->items);
    for (size_t i = 0; i < from->count; i++) {
        to->items[i] = from->items[i];
        to->items[i].metadata = copy(from->items[i].metadata);
    }
}

int64_t group_committed(const char *name, const struct kafka_log *log, const char **metadata)
{
    const struct group_offset *found = find(group_get(name), log);
    *metadata = found && found->metadata ? found->metadata : "";
    return found ? found->offset : -1;
}

/* May whoever sends it commit? */
static rd_kafka_resp_err_t check(const struct group_offsets *commit, const struct group *group)
{
    struct member *member = group_find_member(group, commit->member);
    if (world_now_us() < refuse_until_us)
        return refusal;
    if (!commit->member[0] && commit->generation < 0 && group->state == GROUP_EMPTY)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!member)
        return RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
    if (commit->generation != group->generation)
        return RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
    if (group->state == GROUP_COMPLETING)
        return RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
    group_touch(member);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t store(struct group *group, const struct group_offsets *commit,
                                 const struct group_offset *item)
{
    if (!item->log || item->log->topic->gone)
        return RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (item->metadata && strlen(item->metadata) > METADATA_BYTES_MOST)
        return RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE;
    struct group_offset *offset = get(group, item->log);
    free(offset->metadata);
    offset->offset = item->offset;
    offset->metadata = copy(item->metadata);
    model_committed(group->name, item->log, item->offset, item->metadata ? item->metadata : "",
                    commit);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void group_store_offsets(struct group_offsets *offsets)
{
    struct group *group = group_get(offsets->group);
    for (size_t i = 0; i < offsets->count; i++)
        offsets->items[i].code = store(group, offsets, &offsets->items[i]);
}

void group_serve_commit(struct wire_request *request)
{
    struct group_offsets *commit = CONTAINER_OF(request, struct group_offsets, request);
    commit->code = check(commit, group_get(commit->group));
    for (size_t i = 0; i < commit->count; i++)
        commit->items[i].code = commit->code;
    if (!commit->code) {
        group_store_offsets(commit);
        model_check_lost();
    }
    wire_answer(request);
}

/* One that is rebalancing may commit in a transaction (GroupCoordinator.doTxnCommitOffsets). */
rd_kafka_resp_err_t group_check_offsets(const struct group_offsets *offsets)
{
    struct group *group = group_get(offsets->group);
    rd_kafka_resp_err_t code = check(offsets, group);
    return code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS ? RD_KAFKA_RESP_ERR_NO_ERROR : code;
}

static void read_offset(const struct group *group, const struct group_offsets *fetch,
                        struct group_offset *item)
{
    const struct group_offset *found = item->log ? find(group, item->log) : NULL;
    if (transactions_make_unstable(fetch->group, item->log)) {
        item->code = RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
        item->offset = -1;
        return;
    }
    item->offset = found ? found->offset : -1;
    item->metadata = found ? copy(found->metadata) : NULL;
    if (item->log)
        model_read_back(fetch->group, item->log, fetch->by, fetch->whole);
}

void group_serve_fetch(struct wire_request *request)
{
    struct group_offsets *fetch = CONTAINER_OF(request, struct group_offsets, request);
    const struct group *group = group_get(fetch->group);
    for (size_t i = 0; i < fetch->count; i++)
        read_offset(group, fetch, &fetch->items[i]);
    wire_answer(request);
}
