/* What is limited: rates, breakers, memory. Breakers: of each worker by itself; memory: of each
 * instance; rates: of all together, once they have shared them out. */
#include <inttypes.h>
#include <stdlib.h>

#include "sim/model/book.h"
#include "sim/world/memory.h"

#define LANE_BYTES       (96 << 10) /* its queue, and what one fetch brings beyond */
#define REQUEST_BYTES    (40 << 10) /* with its body: an event may have 30,000 bytes */
#define GENERATION_BYTES (INT64_C(256) << 10)
#define GENERATIONS      3
#define SHARED_OUT_US    INT64_C(10000000)

/* One subscription at one instance. */
struct tokens {
    double level;
    int64_t at_us;
};

/* A breaker from outside: one subscription's at one instance. */
struct breaker_view {
    unsigned failures; /* in a row */
    unsigned unwell;   /* answers since the last that was well, of all workers */
    uint64_t changed;  /* requests up to this one are of the time before: they say nothing */
    int64_t open_until_us;
    int64_t probed_us[2]; /* the last two requests to one that is known not to be well */
};

static struct tokens tokens[PROCESSES_MOST][SUBSCRIPTIONS_MOST];
static struct tokens all_tokens[SUBSCRIPTIONS_MOST]; /* of all instances together */
static struct breaker_view views[PROCESSES_MOST][SUBSCRIPTIONS_MOST];
static uint64_t last_sent;
static size_t memory_at_start[PROCESSES_MOST];

/* ── rate ────────────────────────────────────────────────────────────────── */

/* False: there was none. */
static bool take_token(struct tokens *bucket, double rate, double most)
{
    bool first = bucket->at_us == 0;
    bucket->level += (double)(world_now_us() - bucket->at_us) * rate / 1e6;
    bucket->level = first || bucket->level > most ? most : bucket->level;
    bucket->at_us = world_now_us();
    bucket->level -= 1;
    return bucket->level >= 0;
}

/* Do all instances know for a while which part of a subscription's rate is theirs? */
static bool is_shared_out(unsigned subscription)
{
    unsigned group = book_group_of(subscription);
    int64_t since_us = world_now_us() - SHARED_OUT_US;
    return book.calm_since_us < since_us && !book.rebalancing_us[group] &&
           !book.rebalancing_us[GROUP_RETRIES] && book.rebalanced_us[group] < since_us &&
           book.rebalanced_us[GROUP_RETRIES] < since_us;
}

/* A bucket of what comes in a second, and one token for each worker: what deliver/rate.h promises.
 */
static void check_rate(const struct model_request *request)
{
    unsigned s = request->subscription;
    int64_t rate = book.scenario->subscriptions[s].rate;
    double extra = (double)book.scenario->world.workers + 1;
    if (!rate)
        return;
    if (!take_token(&tokens[request->by->number][s], (double)rate, (double)rate + extra))
        world_fail("s%u: more is sent than its rate, %" PRId64 "/s", s, rate);
    if (!is_shared_out(s))
        all_tokens[s] = (struct tokens){0};
    else if (!take_token(&all_tokens[s], (double)rate, (double)rate + INSTANCES_MOST * extra))
        world_fail("s%u: more is sent by all than its rate, %" PRId64 "/s", s, rate);
}

/* ── breaker ─────────────────────────────────────────────────────────────── */

static bool is_unwell(const struct http_exchange *exchange)
{
    return exchange->status == 0 || exchange->status == 408 || exchange->status == 429 ||
           exchange->status >= 500;
}

static const struct scenario_subscription *sub_of(const struct model_request *request)
{
    return &book.scenario->subscriptions[request->subscription];
}

/* A thread's time is that of its turn's beginning, and it may be held up in it. */
static int64_t slack_us(void)
{
    return 2000 + 2 * book.scenario->world.stall_us;
}

/* Where there is one worker, its breaker is known exactly: while it is open nothing is sent. */
static void check_one_breaker(const struct model_request *request, const struct breaker_view *view)
{
    if (book.scenario->world.workers == 1 && world_now_us() < view->open_until_us)
        world_fail("s%u: a request is sent while the breaker is open, for %" PRId64 " µs yet",
                   request->subscription, view->open_until_us - world_now_us());
}

/* Where there are several they tell each other. Once each of them must have seen enough, there are
 * two requests a pause at most: a probe, and a second where the news was late. */
static void check_breakers(const struct model_request *request, struct breaker_view *view)
{
    const struct scenario_subscription *sub = sub_of(request);
    int64_t enough = sub->failures * book.scenario->world.workers + sub->in_flight;
    if (view->unwell < enough)
        return;
    int64_t since_us = world_now_us() - view->probed_us[0];
    if (view->probed_us[0] && since_us < sub->pause_ms * 1000 - slack_us())
        world_fail("s%u: three requests within %" PRId64 " µs, and the receiver is not well",
                   request->subscription, since_us);
    view->probed_us[0] = view->probed_us[1];
    view->probed_us[1] = world_now_us();
}

static void hear_well(const struct model_request *request, struct breaker_view *view)
{
    if (view->open_until_us > 0 && request->sent <= view->changed) {
        /* Sent before it opened: too late to close it, but perhaps not another worker's. */
        view->unwell = book.scenario->world.workers > 1 ? 0 : view->unwell;
        return;
    }
    *view = (struct breaker_view){.changed = view->open_until_us > 0 ? last_sent : view->changed};
}

/* A subscription that is new to an instance has a breaker and a rate that are new. */
void limits_begin_anew(const struct process *process, unsigned subscription)
{
    views[process->number][subscription] = (struct breaker_view){.changed = last_sent};
    tokens[process->number][subscription] = (struct tokens){0};
    all_tokens[subscription] = (struct tokens){0};
}

void limits_heard(const struct model_request *request, const struct http_exchange *exchange)
{
    const struct scenario_subscription *sub = sub_of(request);
    struct breaker_view *view = &views[request->by->number][request->subscription];
    if (reload_turns(request->by, request->subscription)) {
        limits_begin_anew(request->by, request->subscription);
        return;
    }
    if (!is_unwell(exchange)) {
        hear_well(request, view);
        return;
    }
    view->unwell++;
    if (!sub->failures || request->sent <= view->changed || ++view->failures < sub->failures)
        return;
    view->open_until_us = world_now_us() + sub->pause_ms * 1000 - slack_us();
    view->changed = last_sent;
    view->failures = (unsigned)sub->failures - 1; /* one more, the probe's, opens it again */
}

void limits_sent(const struct model_request *request)
{
    struct breaker_view *view = &views[request->by->number][request->subscription];
    last_sent = request->sent;
    if (reload_turns(request->by, request->subscription))
        limits_begin_anew(request->by, request->subscription);
    check_rate(request);
    if (!sub_of(request)->failures)
        return;
    check_one_breaker(request, view);
    check_breakers(request, view);
}

/* ── memory ──────────────────────────────────────────────────────────────── */

void limits_started(const struct process *process)
{
    memory_at_start[process->number] = 0;
}

/* Beyond what it has when it has just started: the limit, what each lane may take at once however
 * small the limit is, what each request under way takes, and, where it reloads, the configurations
 * in use: the last, and those of a moment ago, not one for each reload. */
static int64_t memory_most(void)
{
    const struct scenario_world *world = &book.scenario->world;
    int64_t lanes = (int64_t)book.scenario->subscription_count + 1;
    int64_t generations = book.scenario->variant_count > 1 ? GENERATIONS : 0;
    return world->memory_kb * 1024 + lanes * LANE_BYTES + world->in_flight * REQUEST_BYTES +
           generations * GENERATION_BYTES;
}

void limits_tick(void)
{
    for (unsigned i = 1; i < PROCESSES_MOST && book.processes[i]; i++) {
        const struct process *process = book.processes[i];
        size_t bytes = process->memory.bytes[MEMORY_PROGRAM];
        if (!process->alive)
            continue;
        if (memory_at_start[i] == 0)
            memory_at_start[i] = bytes;
        if ((int64_t)bytes - (int64_t)memory_at_start[i] > memory_most())
            world_fail("promise 2: %s takes %zu bytes more than at its start", process->name,
                       bytes - memory_at_start[i]);
    }
}
