/* Promise 9: a flood of retries does not delay new events. Where there is one worker: as long as a
 * new event waits in memory, retries of its subscription are not sent one after the other.
 *
 * This is also the place for promise 4, order: key, which scenarios don't ask for yet. */
#include "sim/model/book.h"

#define WAITED_US     INT64_C(1000000)
#define QUIET_US      INT64_C(10000000) /* while partitions move nothing new is begun */
#define IN_A_ROW_MOST 8

static struct {
    unsigned in_a_row; /* retries, while a new event waited */
    int64_t first;     /* all events before have been begun, or never will be */
} turns[PROCESSES_MOST][SUBSCRIPTIONS_MOST];

void model_taken(const struct process *process, const char *name, const struct kafka_log *log,
                 int64_t offset)
{
    int group = book_group(name);
    int64_t number = group >= 0 && group != GROUP_RETRIES ? book_event_at(log, offset) : -1;
    if (number < 0)
        return;
    struct fate *fate = book_fate((unsigned)group, number);
    fate->taken_by = process;
    fate->taken_us = world_now_us();
}

static bool waits(const struct process *process, unsigned subscription, int64_t number)
{
    const struct fate *fate = book_fate(subscription, number);
    return fate->taken_by == process && world_now_us() - fate->taken_us > WAITED_US &&
           book_holding(process, subscription, book.events[number].log)->assigned;
}

/* The oldest new event that waits in the process's memory; -1: none does. */
static int64_t find_waiting(const struct process *process, unsigned subscription)
{
    int64_t *first = &turns[process->number][subscription].first;
    for (int64_t n = *first; n < (int64_t)book.event_count; n++) {
        const struct fate *fate = book_fate(subscription, n);
        bool begun = fate->sent > 0 || fate->letter || fate->expectation != EXPECT_REQUEST;
        if (begun && n == *first)
            ++*first;
        if (!begun && fate->in_scope && waits(process, subscription, n))
            return n;
    }
    return -1;
}

void order_sent(const struct model_request *request, bool again)
{
    unsigned s = request->subscription;
    unsigned *in_a_row = &turns[request->by->number][s].in_a_row;
    bool calm = book_is_calm(request->by, world_now_us()) &&
                world_now_us() - book.rebalanced_us[s] > QUIET_US && !book.rebalancing_us[s];
    int64_t waiting = -1;
    if (book.scenario->world.workers > 1)
        return;
    if (again && calm)
        waiting = find_waiting(request->by, s);
    *in_a_row = waiting < 0 ? 0 : *in_a_row + 1;
    if (*in_a_row > IN_A_ROW_MOST)
        world_fail("promise 9: %s waits, and %u retries are sent before it", book_name(s, waiting),
                   *in_a_row);
}
