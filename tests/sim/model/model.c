#include "sim/model/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model/book.h"
#include "sim/world/memory.h"

#define CALM_AFTER_US INT64_C(10000000) /* a disturbance is felt that long */
#define STILL_US      INT64_C(20000000)
#define DRAGS_US      INT64_C(3000000) /* a rebalance that takes longer */

struct book book;

void model_begin(const struct scenario *scenario)
{
    book.scenario = scenario;
    for (unsigned s = 0; s < scenario->subscription_count; s++)
        book.receivers[s].well = true;
}

/* ── names ───────────────────────────────────────────────────────────────── */

int book_group(const char *name)
{
    if (strcmp(name, "grapnel.retry") == 0)
        return GROUP_RETRIES;
    if (strncmp(name, "grapnel.s", 9) == 0)
        return atoi(name + 9);
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        if (strncmp(name, "grapnel.g", 9) == 0 &&
            book.scenario->subscriptions[s].group == atoi(name + 9))
            return (int)s;
    return -1;
}

unsigned book_group_of(unsigned subscription)
{
    return scenario_leader(book.scenario, subscription);
}

const char *book_group_name(unsigned group)
{
    static char text[32];
    if (group == GROUP_RETRIES)
        return "grapnel.retry";
    if (book_is_shared(group))
        snprintf(text, sizeof text, "grapnel.g%" PRId64, book.scenario->subscriptions[group].group);
    else
        snprintf(text, sizeof text, "grapnel.s%u", group);
    return text;
}

bool book_is_shared(unsigned group)
{
    return group != GROUP_RETRIES && book.scenario->subscriptions[group].group != 0;
}

bool book_waits_for_others(unsigned subscription)
{
    return book.scenario->world.transactional && book_is_shared(subscription);
}

bool book_is_retry(const char *topic)
{
    return strncmp(topic, "grapnel.retry.", 14) == 0;
}

const char *book_name(unsigned subscription, int64_t number)
{
    static char text[96];
    const struct kafka_log *log = book.events[number].log;
    snprintf(text, sizeof text, "s%u's event %" PRId64 " (%s [%d] @%" PRId64 ")", subscription,
             number, log->topic->name, (int)log->number, book.records[number]->offset);
    return text;
}

/* ── events ──────────────────────────────────────────────────────────────── */

static void *grown(void *memory, size_t used, size_t capacity, size_t bytes)
{
    void *more = memory_get(capacity * bytes);
    if (used > 0)
        memcpy(more, memory, used * bytes);
    free(memory);
    return more;
}

static void make_room(void)
{
    if (book.event_count < book.event_capacity)
        return;
    size_t used = book.event_count;
    size_t capacity = book.event_capacity = used ? used * 2 : 256;
    book.events = grown(book.events, used, capacity, sizeof *book.events);
    book.records = grown(book.records, used, capacity, sizeof(struct kafka_record *));
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        book.fates[s] = grown(book.fates[s], used, capacity, sizeof *book.fates[s]);
}

static enum expectation expect(unsigned subscription, const struct model_event *event)
{
    const struct scenario_subscription *sub = &book.scenario->subscriptions[subscription];
    unsigned topic = (unsigned)atoi(event->log->topic->name + 1);
    if (!(sub->topics >> topic & 1) || event->kind == EVENT_EMPTY)
        return EXPECT_NOTHING;
    if (event->kind == EVENT_POISON)
        return EXPECT_DECODE;
    if (sub->types && !(sub->types >> event->type & 1))
        return EXPECT_NOTHING;
    return event->kind == EVENT_UNFIT && sub->needs_field ? EXPECT_RENDER : EXPECT_REQUEST;
}

void model_publishing(const struct model_event *event, int64_t number)
{
    struct process *before = process_enter(NULL);
    make_room();
    book.events[number] = *event;
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        book.fates[s][number] = (struct fate){
            .expectation = expect(s, event),
            .in_scope = true,
            .carriers = 1,
            .allowed = 1,
            .first_attempt_ms = -1,
        };
    book.event_count++;
    process_enter(before);
}

struct fate *book_fate(unsigned subscription, int64_t number)
{
    return &book.fates[subscription][number];
}

int64_t book_event_at(const struct kafka_log *log, int64_t offset)
{
    return offset >= 0 && offset < (int64_t)log->count ? log->records[offset]->number : -1;
}

bool book_wants_result(bool delivered)
{
    switch ((enum scenario_results)book.scenario->world.results) {
    case RESULTS_NONE:
        return false;
    case RESULTS_FAILURES:
        return !delivered;
    default:
        return true;
    }
}

unsigned book_shortest_schedule(unsigned subscription)
{
    unsigned shortest = WAITS_MOST;
    for (unsigned v = 0; v < book.scenario->variant_count; v++) {
        unsigned waits = scenario_waits(book.scenario, subscription, v);
        shortest = waits < shortest ? waits : shortest;
    }
    return shortest;
}

bool book_is_never_retried(int status)
{
    static const int never[] = {400, 410, 413, 414, 415, 422, 501};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (never[i] == status)
            return true;
    return false;
}

void book_touch(struct fate *fate, const struct process *by)
{
    fate->touched_us = world_now_us();
    fate->touched_by = by;
    if (!fate->settled_us && book_is_settled(fate))
        fate->settled_us = world_now_us();
}

bool book_is_settled(const struct fate *fate)
{
    if (fate->letter && (fate->letter_result || !book_wants_result(false)))
        return true;
    return book_wants_result(true) ? fate->delivered : fate->answered > 0;
}

/* ── processes ───────────────────────────────────────────────────────────── */

/* Instances and partitions move, in peace. */
void book_move(void)
{
    if (world_now_us() > book.calm_since_us)
        book.calm_since_us = world_now_us();
}

void book_move_group(unsigned group)
{
    book.moved_us[group] = world_now_us();
}

bool book_is_still(unsigned group)
{
    int64_t since_us = world_now_us() - STILL_US;
    return book.calm_since_us < since_us && book.moved_us[group] < since_us;
}

void model_started(struct process *process, unsigned variant)
{
    if (process->number >= PROCESSES_MOST)
        world_fail("too many processes");
    book.processes[process->number] = process;
    reload_started(process, variant);
    book_move();
    limits_started(process);
}

void model_stopping(struct process *process)
{
    (void)process;
    book_move();
}

void model_disturbed(struct process *process, int64_t until_us)
{
    int64_t *disturbed = &book.disturbed_us[process ? process->number : 0];
    int64_t over_us = until_us + CALM_AFTER_US;
    *disturbed = over_us > *disturbed ? over_us : *disturbed;
    book.calm_since_us = over_us > book.calm_since_us ? over_us : book.calm_since_us;
}

bool book_is_calm(const struct process *process, int64_t since_us)
{
    return since_us >= book.disturbed_us[0] && since_us >= book.disturbed_us[process->number] &&
           process->memory.failed == 0;
}

bool book_lacked_memory(void)
{
    for (unsigned p = 1; p < PROCESSES_MOST && book.processes[p]; p++)
        if (book.processes[p]->memory.failed > 0)
            return true;
    return false;
}

void model_receiver(unsigned subscription, bool well)
{
    book.receivers[subscription].well = well;
    book.receivers[subscription].since_us = world_now_us();
}

/* While all wait for one, a member that stops can't commit (decisions/005). */
bool book_could_commit(unsigned group)
{
    int64_t now_us = world_now_us();
    bool drags = book.rebalancing_us[group] && now_us - book.rebalancing_us[group] > DRAGS_US;
    bool dragged = book.dragged_us[group] && now_us - book.dragged_us[group] < DRAGS_US;
    return !drags && !dragged;
}

void model_rebalancing(const char *name, bool begins)
{
    int group = book_group(name);
    if (group < 0)
        return;
    if (begins && group != GROUP_RETRIES && book_is_still((unsigned)group))
        world_fail("promise 2: group %s rebalances, and nothing has happened to it", name);
    if (!begins && !book_could_commit((unsigned)group))
        book.dragged_us[group] = world_now_us();
    book.rebalanced_us[group] = world_now_us();
    book.rebalancing_us[group] = begins ? world_now_us() : 0;
}
