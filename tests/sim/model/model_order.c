/* Which first. Promise 9: a flood of retries does not delay new events. Where there is one worker:
 * as long as a new event waits in memory, retries of its subscription are not sent one after the
 * other.
 *
 * Promise 4: where keys are kept in order, an event is sent when those of its key before it in its
 * partition are over, and not again when a later one has been, unless its record was read again. */
#include <inttypes.h>

#include "base/slice.h"
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
    int64_t number = 0;
    if (group < 0 || group == GROUP_RETRIES)
        return;
    for (unsigned s = 0; book_carried((unsigned)group, log, offset, &s, &number); s++) {
        book_fate(s, number)->taken_by = process;
        book_fate(s, number)->taken_us = world_now_us();
    }
}

static bool waits(const struct process *process, unsigned subscription, int64_t number)
{
    const struct fate *fate = book_fate(subscription, number);
    return fate->taken_by == process && world_now_us() - fate->taken_us > WAITED_US &&
           book_holding(process, book_group_of(subscription), book.events[number].log)->assigned;
}

/* The oldest new event that waits in the process's memory; -1: none does. */
static int64_t find_waiting(const struct process *process, unsigned subscription)
{
    int64_t *first = &turns[process->number][subscription].first;
    for (int64_t n = *first; n < (int64_t)book.event_count; n++) {
        const struct fate *fate = book_fate(subscription, n);
        bool begun = fate->sent > 0 || fate->letter || fate->retry_seen ||
                     fate->expectation != EXPECT_REQUEST;
        if (begun && n == *first)
            ++*first;
        if (!begun && fate->in_scope && waits(process, subscription, n))
            return n;
    }
    return -1;
}

static void check_turn(const struct model_request *request, bool again)
{
    unsigned s = request->subscription;
    unsigned group = book_group_of(s);
    unsigned *in_a_row = &turns[request->by->number][s].in_a_row;
    bool calm = book_is_calm(request->by, world_now_us()) &&
                world_now_us() - book.rebalanced_us[group] > QUIET_US &&
                !book.rebalancing_us[group];
    int64_t waiting = -1;
    if (book.scenario->world.workers > 1 || book_waits_for_others(s))
        return;
    if (again && calm)
        waiting = find_waiting(request->by, s);
    *in_a_row = waiting < 0 ? 0 : *in_a_row + 1;
    if (*in_a_row > IN_A_ROW_MOST)
        world_fail("promise 9: %s waits, and %u retries are sent before it", book_name(s, waiting),
                   *in_a_row);
}

/* ── keys ────────────────────────────────────────────────────────────────── */

static struct slice key_of(int64_t number)
{
    return book.records[number]->message.key;
}

void order_published(int64_t number)
{
    struct model_event *event = &book.events[number];
    event->key_before = event->key_after = -1;
    for (int64_t i = book.records[number]->offset - 1; key_of(number).data && i >= 0; i--) {
        int64_t before = book_event_at(event->log, i);
        if (before < 0 || !key_of(before).data || !slice_equal(key_of(before), key_of(number)))
            continue;
        event->key_before = before;
        book.events[before].key_after = number;
        return;
    }
}

/* Was its last attempt the last that it is to have? Its dead letter may be on its way. */
bool order_has_failed(unsigned subscription, const struct fate *fate)
{
    const struct scenario_subscription *sub = &book.scenario->subscriptions[subscription];
    if (fate->letter || fate->expectation != EXPECT_REQUEST)
        return true;
    if (fate->sent == 0 || fate->under_way > 0)
        return false;
    return book_is_never_retried(fate->last_status) || sub->max_age_ms > 0 ||
           fate->sent > book_shortest_schedule(subscription);
}

/* One that has failed keeps its key waiting where exhausted is stop. */
static bool is_over(unsigned subscription, const struct fate *fate)
{
    bool stops = book.scenario->subscriptions[subscription].stops;
    return fate->expectation == EXPECT_NOTHING || !fate->in_scope || fate->answered > 0 ||
           (!stops && order_has_failed(subscription, fate));
}

/* Any event of its key, wherever it was published, that has failed for good parks it. */
bool order_may_be_parked(unsigned subscription, int64_t number)
{
    if (!book.scenario->subscriptions[subscription].parks || !key_of(number).data)
        return false;
    for (int64_t n = 0; n < (int64_t)book.event_count; n++) {
        const struct fate *fate = book_fate(subscription, n);
        if (fate->expectation != EXPECT_NOTHING && key_of(n).data &&
            slice_equal(key_of(n), key_of(number)) && order_has_failed(subscription, fate))
            return true;
    }
    return false;
}

static void check_before(const struct model_request *request)
{
    unsigned s = request->subscription;
    bool parks = book.scenario->subscriptions[s].parks;
    int64_t n = book.events[request->number].key_before;
    for (; n >= 0; n = book.events[n].key_before) {
        const struct fate *fate = book_fate(s, n);
        if (!is_over(s, fate))
            world_fail("promise 4: event %" PRId64 " is sent, and %s is not over", request->number,
                       book_name(s, n));
        if (fate->sender == request->by && fate->under_way > 0)
            world_fail("promise 4: event %" PRId64 " is sent, and %s is under way", request->number,
                       book_name(s, n));
        if (parks && fate->letter && fate->answered == 0)
            world_fail("promise 4: event %" PRId64 " is sent, and its key is parked by %s",
                       request->number, book_name(s, n));
    }
}

/* But for what somebody sends who is cut off, and does not know that his partitions are others'. */
static void check_after(const struct model_request *request)
{
    unsigned s = request->subscription;
    int64_t taken_us = book_fate(s, request->number)->taken_us;
    int64_t n = book.events[request->number].key_after;
    for (; n >= 0; n = book.events[n].key_after) {
        const struct fate *fate = book_fate(s, n);
        bool expired = fate->sender && fate->sender != request->by &&
                       !book_is_calm(fate->sender, fate->sent_us);
        if (fate->sent > 0 && fate->sent_us > taken_us && !expired)
            world_fail("promise 4: event %" PRId64 " is sent, and %s has been", request->number,
                       book_name(s, n));
    }
}

void order_sent(const struct model_request *request, bool again)
{
    bool no_memory = request->by->memory.failed > 0; /* what is given up for it is overtaken */
    if (!book.scenario->subscriptions[request->subscription].ordered || no_memory) {
        check_turn(request, again);
        return;
    }
    check_before(request);
    check_after(request);
}
