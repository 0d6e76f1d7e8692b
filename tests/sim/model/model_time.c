/* What must happen within some time, where nothing is wrong; and what must be true at the end. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/http/receiver.h"
#include "sim/model/book.h"
#include "sim/play/instance.h"

#define COMMITTED_US   INT64_C(15000000) /* from settled to committed */
#define BEGUN_US       INT64_C(5000000)  /* the same from published to the first request */
#define LEFT_US        INT64_C(3000000)  /* from a clean stop to none of its members left */
#define ASKED_US       INT64_C(20000000) /* the longest Retry-After */
#define TRIED_US       INT64_C(20000000) /* from due to tried, where a breaker lets it */
#define FEW_RETRIES    8                 /* all of them wait at their workers for the breaker */
#define TIGHT_KB       4096
#define BEGUN_TIGHT_US INT64_C(60000000) /* where memory holds only some records */

/* Those before were looked at, and are done with. */
static int64_t committed_before[SUBSCRIPTIONS_MOST];
static int64_t begun_before[SUBSCRIPTIONS_MOST];

static int64_t begun_us[PROCESSES_MOST][SUBSCRIPTIONS_MOST];

static bool is_absent(unsigned subscription)
{
    unsigned last = (unsigned)book.scenario->variant_count - 1;
    return scenario_lacks(book.scenario, last, subscription);
}

/* ── while it runs ───────────────────────────────────────────────────────── */

static bool is_over(unsigned subscription, int64_t number)
{
    const struct fate *fate = book_fate(subscription, number);
    const struct kafka_log *log = book.events[number].log;
    return fate->expectation == EXPECT_NOTHING || !fate->in_scope ||
           book_is_covered(book_coverage(book_group_of(subscription), log),
                           book.records[number]->offset);
}

/* Has whoever has its partition now done all there was to do, a while ago? */
static bool was_finished_for(unsigned subscription, int64_t number, int64_t since_us)
{
    const struct fate *fate = book_fate(subscription, number);
    if (!fate->settled_us || fate->under_way > 0 || fate->touched_us >= since_us ||
        fate->allowed > 1)
        return false;
    const struct holding *holding =
        book_holding(fate->touched_by, book_group_of(subscription), book.events[number].log);
    return holding->assigned && holding->assigned_us <= fate->touched_us;
}

/* The same for all that share its group. */
static bool was_finished(unsigned subscription, int64_t number, int64_t since_us)
{
    int64_t same = 0;
    const struct kafka_log *log = book.events[number].log;
    bool finished = was_finished_for(subscription, number, since_us);
    for (unsigned s = 0; finished && book_carried(book_group_of(subscription), log,
                                                  book.records[number]->offset, &s, &same);
         s++)
        finished = book_fate(s, number)->expectation == EXPECT_NOTHING ||
                   was_finished_for(s, number, since_us);
    return finished;
}

/* What is settled is committed soon, so that little is sent again whatever happens. */
static void check_committed(unsigned subscription)
{
    int64_t since_us = world_now_us() - COMMITTED_US;
    int64_t *first = &committed_before[subscription];
    bool calm =
        book.calm_since_us < since_us && book.rebalanced_us[book_group_of(subscription)] < since_us;
    for (int64_t n = *first; n < (int64_t)book.event_count; n++) {
        bool over = is_over(subscription, n);
        if (over && n == *first)
            ++*first;
        if (calm && !over && was_finished(subscription, n, since_us))
            world_fail("promise 3: %s was settled long ago and is not committed",
                       book_name(subscription, n));
    }
}

static bool any_serves(unsigned subscription)
{
    for (unsigned i = 0; i < INSTANCES_MOST; i++)
        if (instance_runs(i) && !scenario_lacks(book.scenario, instance_variant(i), subscription))
            return true;
    return false;
}

/* A receiver that is well answers 500 to some events all the same: they can open a breaker, and
 * fill a memory that is short. */
static bool may_clog(const struct scenario_subscription *sub)
{
    bool fails = book.scenario->world.fails_per_million > 0;
    return fails && (sub->failures > 0 || book.scenario->world.memory_kb < TIGHT_KB);
}

void time_begun(const struct process *process, unsigned subscription)
{
    begun_us[process->number][subscription] = world_now_us();
}

/* When whoever has its partition now began with something new for that subscription. */
static int64_t last_begun_us(unsigned subscription, const struct kafka_log *log)
{
    for (unsigned p = 1; p < PROCESSES_MOST && book.processes[p]; p++)
        if (book.processes[p]->alive &&
            book_holding(book.processes[p], book_group_of(subscription), log)->assigned)
            return begun_us[p][subscription];
    return 0;
}

/* However long others' requests take: they may have all places, once. */
static int64_t begun_within_us(void)
{
    int64_t longest_ms = 0;
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        if (book.scenario->subscriptions[s].timeout_ms > longest_ms)
            longest_ms = book.scenario->subscriptions[s].timeout_ms;
    bool tight = book.scenario->world.memory_kb < TIGHT_KB;
    return tight ? BEGUN_TIGHT_US : BEGUN_US + longest_ms * 1000;
}

/* Its breaker may be open for a pause yet, or for as long as its receiver has asked for. */
static bool was_well(unsigned subscription, int64_t since_us)
{
    int64_t well_us = book.receivers[subscription].since_us;
    int64_t pause_us = book.scenario->subscriptions[subscription].pause_ms * 1000;
    return well_us == 0 || well_us + (pause_us > ASKED_US ? pause_us : ASKED_US) < since_us;
}

/* What is new is begun soon, whatever other receivers do and however many retries there are. */
static void check_begun(unsigned subscription)
{
    const struct scenario_subscription *sub = &book.scenario->subscriptions[subscription];
    int64_t since_us = world_now_us() - begun_within_us();
    int64_t *first = &begun_before[subscription];
    bool calm = book.calm_since_us < since_us &&
                book.rebalanced_us[book_group_of(subscription)] < since_us &&
                book.moved_us[book_group_of(subscription)] < since_us &&
                book.receivers[subscription].well && was_well(subscription, since_us) &&
                !state_was_disabled(subscription, since_us) && any_serves(subscription) &&
                !sub->rate && !sub->ordered && !may_clog(sub) &&
                !book_waits_for_others(subscription);
    for (int64_t n = *first; n < (int64_t)book.event_count; n++) {
        const struct fate *fate = book_fate(subscription, n);
        bool begun = fate->sent > 0 || fate->letter || fate->retry_seen || is_over(subscription, n);
        if (begun && n == *first)
            ++*first;
        if (calm && !begun && book.events[n].published_us < since_us &&
            last_begun_us(subscription, book.events[n].log) < since_us)
            world_fail("promises 2 and 9: %s is not begun, and its receiver is well",
                       book_name(subscription, n));
    }
}

/* Until it is due again, in any configuration. */
static int64_t longest_wait_us(unsigned subscription)
{
    int64_t longest_ms = 0;
    for (unsigned v = 0; v < book.scenario->variant_count; v++)
        for (unsigned i = 0; scenario_wait_ms(book.scenario, subscription, v, i) >= 0; i++)
            if (scenario_wait_ms(book.scenario, subscription, v, i) > longest_ms)
                longest_ms = scenario_wait_ms(book.scenario, subscription, v, i);
    return longest_ms * (1000 + 10 * book.scenario->subscriptions[subscription].jitter);
}

/* What was handed over with a clock that was ahead is due as much later. */
static int64_t longest_ahead_us(void)
{
    int64_t longest_ms = 0;
    for (size_t i = 0; i < book.scenario->fault_count; i++) {
        const struct scenario_fault *fault = &book.scenario->faults[i];
        if (fault->kind == FAULT_CLOCK && fault->value > longest_ms)
            longest_ms = fault->value;
    }
    return longest_ms * 1000;
}

/* An event that has been tried and is due since then at the latest; -1: there is none, or there
 * have been so many that some may wait elsewhere for minutes. */
static int64_t find_due(unsigned subscription, int64_t since_us)
{
    unsigned retries = 0;
    int64_t due = -1;
    int64_t failed_before_us = since_us - longest_wait_us(subscription) - longest_ahead_us();
    for (int64_t n = 0; n < (int64_t)book.event_count; n++) {
        const struct fate *fate = book_fate(subscription, n);
        retries += fate->retry_seen;
        if (fate->retry_seen && fate->failed_us && fate->failed_us < failed_before_us &&
            !book_is_settled(fate))
            due = n;
    }
    return retries <= FEW_RETRIES ? due : -1;
}

static int64_t last_sent_us(unsigned subscription)
{
    int64_t last_us = 0;
    for (int64_t n = 0; n < (int64_t)book.event_count; n++)
        if (book_fate(subscription, n)->sent_us > last_us)
            last_us = book_fate(subscription, n)->sent_us;
    return last_us;
}

/* Each pause of a breaker ends with a probe, also where there are only retries. */
static void check_probed(unsigned subscription)
{
    const struct scenario_subscription *sub = &book.scenario->subscriptions[subscription];
    int64_t pause_us = sub->pause_ms * 1000 > ASKED_US ? sub->pause_ms * 1000 : ASKED_US;
    int64_t since_us = world_now_us() - pause_us - begun_within_us() - TRIED_US;
    bool calm = book.calm_since_us < since_us && book.rebalanced_us[GROUP_RETRIES] < since_us &&
                !state_was_disabled(subscription, since_us) && any_serves(subscription) &&
                !book_lacked_memory();
    if (!calm || !sub->failures || sub->rate || sub->ordered)
        return;
    int64_t due = find_due(subscription, since_us);
    if (due >= 0 && last_sent_us(subscription) < since_us)
        world_fail(
            "promise 2: %s is due for long, its breaker's pause is over, and nothing is sent",
            book_name(subscription, due));
}

/* Who stops leaves its groups: their partitions are others' at once, not after a session. */
static void check_left(void)
{
    for (unsigned p = 1; p < PROCESSES_MOST && book.processes[p]; p++) {
        if (!book.stopped_us[p] || world_now_us() - book.stopped_us[p] < LEFT_US)
            continue;
        for (unsigned g = 0; g <= book.scenario->subscription_count; g++) {
            bool retries = g == book.scenario->subscription_count;
            const char *group = book_group_name(retries ? GROUP_RETRIES : book_group_of(g));
            if (group_has(group, book.processes[p]) &&
                book_is_calm(book.processes[p], world_now_us()))
                world_fail("promise 7: %s has stopped, and is still in the group %s",
                           book.processes[p]->name, group);
        }
        book.stopped_us[p] = 0;
    }
}

static int64_t all_waits_us(unsigned subscription)
{
    unsigned last = (unsigned)book.scenario->variant_count - 1;
    int64_t us = 0;
    for (unsigned i = 0; scenario_wait_ms(book.scenario, subscription, last, i) >= 0; i++)
        us += 1200 * scenario_wait_ms(book.scenario, subscription, last, i);
    return us;
}

/* How long what is left may take, for a rate, for a breaker that opens with each event that its
 * receiver doesn't like, and where keys are kept in order behind each of those. */
int64_t model_patience_us(void)
{
    int64_t us = 0;
    for (unsigned s = 0; s < book.scenario->subscription_count; s++) {
        const struct scenario_subscription *sub = &book.scenario->subscriptions[s];
        for (int64_t n = 0; n < (int64_t)book.event_count; n++) {
            bool fails = receiver_dislikes(s, n) == 500;
            us += sub->rate ? 1000000 / sub->rate : 0;
            us += fails && sub->ordered ? all_waits_us(s) : 0;
            us += fails && sub->failures ? (WAITS_MOST + 1) * sub->pause_ms * 1000 : 0;
        }
    }
    return us;
}

void model_tick(void)
{
    limits_tick();
    reload_tick();
    check_left();
    for (unsigned s = 0; s < book.scenario->subscription_count; s++) {
        check_committed(s);
        check_begun(s);
        check_probed(s);
    }
}

/* ── the end ─────────────────────────────────────────────────────────────── */

static bool say(bool why, unsigned subscription, int64_t number, const char *what)
{
    if (why)
        world_trace("%s %s", book_name(subscription, number), what);
    if (why)
        fprintf(stderr, "%s %s\n", book_name(subscription, number), what);
    return false;
}

static bool is_drained(unsigned subscription, bool why)
{
    for (int64_t n = 0; n < (int64_t)book.event_count; n++) {
        const struct fate *fate = book_fate(subscription, n);
        if (fate->expectation == EXPECT_NOTHING || !fate->in_scope)
            continue;
        if (!book_is_settled(fate))
            return say(why, subscription, n, "is not settled");
        if (fate->carriers > 0)
            return say(why, subscription, n, "is not committed");
    }
    return true;
}

static bool retries_are_drained(bool why)
{
    for (unsigned l = 0; l < LOGS_MOST; l++) {
        const struct kafka_log *log = book.logs[l];
        if (!log || !book_is_retry(log->topic->name))
            continue;
        const struct coverage *coverage = book_coverage(GROUP_RETRIES, log);
        for (int64_t i = coverage->offset > 0 ? coverage->offset : 0; i < (int64_t)log->count;
             i++) {
            unsigned subscription = 0;
            int64_t number = 0;
            if (book_is_covered(coverage, i))
                continue;
            if (stray_is(log, i))
                return false;
            if (book_carried(GROUP_RETRIES, log, i, &subscription, &number))
                return say(why, subscription, number, "still waits in a retry topic");
        }
    }
    return true;
}

bool model_drained(bool why)
{
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        if (!is_absent(s) &&
            !is_drained(s, why)) /* its events wait in Kafka, until it comes back */
            return false;
    return retries_are_drained(why);
}

/* No event without exactly one fate, unless something went wrong while it was under way. */
void model_end(void)
{
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        for (int64_t n = 0; n < (int64_t)book.event_count; n++) {
            const struct fate *fate = book_fate(s, n);
            if (fate->letter && fate->answered > 0 && fate->allowed == 1 && !book_lacked_memory())
                world_fail("%s is delivered, and a dead letter too", book_name(s, n));
        }
}
