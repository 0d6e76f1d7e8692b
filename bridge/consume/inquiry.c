#include "consume/inquiry.h"

#include <stdlib.h>
#include <string.h>

#include "consume/lane_private.h"
#include "consume/topics.h"
#include "kafka/client.h"
#include "kafka/offsets.h"

#define STEP_MS 1000 /* an answer takes milliseconds, or something is wrong */

/* ── on an asker's thread ────────────────────────────────────────────────── */

static bool failed(rd_kafka_resp_err_t code, const char *what, struct error *err)
{
    return error_set(err, ERROR_KAFKA, "%s: %s", what, rd_kafka_err2str(code));
}

static void ask_ends(struct question *question, rd_kafka_t *rk)
{
    struct inquiry *inquiry = inquiry_of(question);
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, inquiry->low, STEP_MS);
    if (!code)
        code = rd_kafka_offsets_for_times(rk, inquiry->list, STEP_MS);
    if (code)
        failed(code, "the ends of partitions can't be looked up", &inquiry->err);
}

static void find_where(struct inquiry *inquiry, rd_kafka_t *rk)
{
    const struct subscription_start *start = &inquiry->start;
    int64_t time = start->at == START_TIME       ? start->unix_ms
                   : start->at == START_EARLIEST ? RD_KAFKA_OFFSET_BEGINNING
                                                 : RD_KAFKA_OFFSET_END;
    offsets_at(rk, inquiry->list, time, STEP_MS, &inquiry->err);
}

static void ask_topics(struct question *question, rd_kafka_t *rk)
{
    struct inquiry *inquiry = inquiry_of(question);
    if (topics_partitions(rk, &inquiry->topics, STEP_MS, inquiry->list, &inquiry->err) &&
        inquiry->where)
        find_where(inquiry, rk);
}

static void ask_committed(struct question *question, rd_kafka_t *rk)
{
    (void)rk; /* the group's coordinator is known to who is in it */
    struct inquiry *inquiry = inquiry_of(question);
    rd_kafka_topic_partition_list_t *list = inquiry->list;
    rd_kafka_resp_err_t code = rd_kafka_committed(inquiry->member, list, STEP_MS);
    for (int i = 0; code && i < list->cnt; i++)
        list->elems[i].err = code;
}

static bool any_committed(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset >= 0)
            return true;
    return false;
}

static void ask_beginning(struct question *question, rd_kafka_t *rk)
{
    (void)rk;
    struct inquiry *inquiry = inquiry_of(question);
    rd_kafka_topic_partition_list_t *committed = rd_kafka_topic_partition_list_copy(inquiry->list);
    rd_kafka_resp_err_t code = rd_kafka_committed(inquiry->member, committed, STEP_MS);
    if (code)
        failed(code, "committed offsets can't be read", &inquiry->err);
    else if (!any_committed(committed))
        client_commit(inquiry->member, inquiry->list, STEP_MS, &inquiry->err);
    rd_kafka_topic_partition_list_destroy(committed);
}

/* ── on the source's ─────────────────────────────────────────────────────── */

void inquiry_destroy(struct inquiry *inquiry)
{
    if (!inquiry)
        return;
    for (size_t i = 0; i < inquiry->topics.count; i++)
        free((char *)(uintptr_t)inquiry->topics.items[i].data);
    free(inquiry->topics.items);
    if (inquiry->list)
        rd_kafka_topic_partition_list_destroy(inquiry->list);
    if (inquiry->low)
        rd_kafka_topic_partition_list_destroy(inquiry->low);
    free(inquiry);
}

static bool copy_topics(struct inquiry *inquiry, const struct texts *topics)
{
    inquiry->topics.items = calloc(topics->count + 1, sizeof *topics->items);
    for (size_t i = 0; inquiry->topics.items && i < topics->count; i++) {
        char *text = strdup(topics->items[i].data);
        if (!text)
            return false;
        inquiry->topics.items[inquiry->topics.count++].data = text;
    }
    return inquiry->topics.items;
}

static struct inquiry *create(struct lane *lane, uint32_t turn, inquiry_told *told)
{
    struct inquiry *inquiry = calloc(1, sizeof *inquiry);
    if (!inquiry)
        return NULL;
    inquiry->lane = lane;
    inquiry->member = lane->rk;
    inquiry->turn = turn;
    inquiry->told = told;
    return inquiry;
}

static bool hand_over(struct inquiry *inquiry, void (*ask)(struct question *, rd_kafka_t *))
{
    struct lane *lane = inquiry->lane;
    inquiry->question.ask = ask;
    lane->inquiries++;
    if (ask == ask_ends)
        askers_ask_idly(lane->intake->askers, &inquiry->question);
    else
        askers_ask(lane->intake->askers, lane->number, &inquiry->question);
    return true;
}

static void set_offsets(rd_kafka_topic_partition_list_t *list, int64_t offset)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = offset;
}

bool inquire_ends(struct lane *lane, rd_kafka_topic_partition_list_t *list, inquiry_told *told)
{
    struct inquiry *inquiry = create(lane, 0, told);
    if (!inquiry)
        return false;
    inquiry->list = rd_kafka_topic_partition_list_copy(list);
    inquiry->low = rd_kafka_topic_partition_list_copy(list);
    set_offsets(inquiry->list, RD_KAFKA_OFFSET_END);
    set_offsets(inquiry->low, RD_KAFKA_OFFSET_BEGINNING);
    return hand_over(inquiry, ask_ends);
}

bool inquire_topics(struct lane *lane, bool where, uint32_t turn, inquiry_told *told)
{
    struct inquiry *inquiry = create(lane, turn, told);
    if (!inquiry || !copy_topics(inquiry, &lane->roster->topics)) {
        inquiry_destroy(inquiry);
        return false;
    }
    inquiry->list = rd_kafka_topic_partition_list_new(16);
    inquiry->where = where;
    inquiry->start = lane->roster->start;
    return hand_over(inquiry, ask_topics);
}

/* Of those partitions. */
static bool inquire_of(struct lane *lane, const rd_kafka_topic_partition_list_t *list,
                       uint32_t turn, inquiry_told *told,
                       void (*ask)(struct question *, rd_kafka_t *))
{
    struct inquiry *inquiry = create(lane, turn, told);
    if (!inquiry)
        return false;
    inquiry->list = rd_kafka_topic_partition_list_copy(list);
    return hand_over(inquiry, ask);
}

bool inquire_committed(struct lane *lane, const rd_kafka_topic_partition_list_t *list,
                       uint32_t turn, inquiry_told *told)
{
    return inquire_of(lane, list, turn, told, ask_committed);
}

bool inquire_beginning(struct lane *lane, const rd_kafka_topic_partition_list_t *list,
                       uint32_t turn, inquiry_told *told)
{
    return inquire_of(lane, list, turn, told, ask_beginning);
}
