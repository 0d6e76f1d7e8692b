/* Another configuration, for who runs. Nothing that is in both is disturbed by it: its group does
 * not rebalance (model.c), its requests are not cut off, and nothing of it is sent again or late
 * (model_send.c, model_time.c). What is gone leaves its group. For a moment things that are under
 * way may go by the one before. */
#include "sim/model/book.h"

#include <inttypes.h>
#include <stdio.h>

#define OLD_US   INT64_C(20000000) /* a request, and what it comes to, may be of the one before */
#define TURNS_US INT64_C(3000000)  /* until every thread has heard of it */
#define LEFT_US  INT64_C(12000000) /* beyond the grace: until what is gone has left its group */

static struct {
    bool started;
    unsigned now;
    int64_t until_us[VARIANTS_MOST];       /* when it had that; 0: never */
    int64_t turned_us[SUBSCRIPTIONS_MOST]; /* when that one came by a reload, or went */
    bool leaves[SUBSCRIPTIONS_MOST];
} had[PROCESSES_MOST];

static int64_t first_us[GROUPS];
static bool known[GROUPS];

static bool is_absent(unsigned variant, unsigned subscription)
{
    return scenario_lacks(book.scenario, variant, subscription);
}

static void hear(unsigned variant)
{
    for (unsigned s = 0; s < book.scenario->subscription_count; s++) {
        unsigned group = book_group_of(s);
        if (is_absent(variant, s) || known[group])
            continue;
        known[group] = true;
        first_us[group] = world_now_us();
    }
}

int64_t reload_first_us(unsigned group)
{
    return known[group] ? first_us[group] : -1;
}

void reload_started(const struct process *process, unsigned variant)
{
    had[process->number].started = true;
    had[process->number].now = variant;
    hear(variant);
}

static void turn(const struct process *process, unsigned subscription, bool goes)
{
    had[process->number].turned_us[subscription] = world_now_us();
    had[process->number].leaves[subscription] = goes;
    book_move_group(book_group_of(subscription));
    limits_begin_anew(process, subscription);
}

void model_reloaded(struct process *process, unsigned variant)
{
    unsigned before = had[process->number].now;
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        if (is_absent(before, s) != is_absent(variant, s))
            turn(process, s, is_absent(variant, s));
    had[process->number].until_us[before] = world_now_us();
    had[process->number].now = variant;
    hear(variant);
}

/* Has the process that variant, or had it a moment ago, or before something went wrong? */
static bool may_have(const struct process *process, unsigned variant)
{
    int64_t until_us = had[process->number].until_us[variant];
    if (variant == had[process->number].now)
        return true;
    return until_us > 0 &&
           (world_now_us() - until_us < OLD_US || !book_is_calm(process, world_now_us() - OLD_US));
}

bool reload_lacks(const struct process *process, unsigned subscription)
{
    for (unsigned v = 0; v < book.scenario->variant_count; v++)
        if (may_have(process, v) && is_absent(v, subscription))
            return true;
    return false;
}

unsigned reload_shortest_schedule(const struct process *process, unsigned subscription)
{
    unsigned shortest = WAITS_MOST;
    for (unsigned v = 0; v < book.scenario->variant_count; v++) {
        unsigned waits = scenario_waits(book.scenario, subscription, v);
        shortest = may_have(process, v) && waits < shortest ? waits : shortest;
    }
    return shortest;
}

bool reload_turns(const struct process *process, unsigned subscription)
{
    int64_t turned_us = had[process->number].turned_us[subscription];
    return turned_us > 0 &&
           (world_now_us() - turned_us < TURNS_US || !book_is_calm(process, turned_us + TURNS_US));
}

/* Nobody waits for the answer any more: not for a reload. */
void reload_cut_off(const struct model_request *request)
{
    unsigned s = request->subscription;
    unsigned group = book_group_of(s);
    bool moves = book.rebalancing_us[group] || book.rebalancing_us[GROUP_RETRIES] ||
                 !book_is_still(GROUP_RETRIES);
    if (book_is_still(group) && !moves && book_is_calm(request->by, world_now_us()) &&
        !state_was_disabled(s, 0))
        world_fail("promise 2: %s is cut off, and nothing has happened",
                   book_name(s, request->number));
}

static bool has_any_of(const struct process *process, unsigned group)
{
    for (unsigned s = 0; s < book.scenario->subscription_count; s++)
        if (book_group_of(s) == group && !is_absent(had[process->number].now, s))
            return true;
    return false;
}

static void check_left(const struct process *process, unsigned subscription)
{
    unsigned group = book_group_of(subscription);
    int64_t turned_us = had[process->number].turned_us[subscription];
    int64_t left_us = turned_us + book.scenario->world.grace_ms * 1000 + LEFT_US;
    bool *leaves = &had[process->number].leaves[subscription];
    if (!*leaves || world_now_us() < left_us)
        return;
    *leaves = false;
    bool calm = book_is_calm(process, turned_us) && book_could_commit(group);
    if (calm && process->alive && !has_any_of(process, group) &&
        group_has(book_group_name(group), process))
        world_fail("promise 7: %s has s%u no more, and is still in its group", process->name,
                   subscription);
}

void reload_tick(void)
{
    for (unsigned p = 1; p < PROCESSES_MOST && book.processes[p]; p++)
        for (unsigned s = 0; s < book.scenario->subscription_count; s++)
            check_left(book.processes[p], s);
}
