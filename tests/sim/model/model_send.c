/* What is sent. Promise 1: the same event bears the same id. Promise 3: what a process has read
 * back as finished it does not send, and nothing is delivered twice that was told of once, but for
 * what was under way when something went wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/model/book.h"

#define JUST_NOW_US INT64_C(1000000)
#define LATE_US     INT64_C(100000)

static uint64_t requests;

/* ── what a request says ─────────────────────────────────────────────────── */

static unsigned subscription_of(const char *url)
{
    unsigned subscription = SUBSCRIPTIONS_MOST;
    if (sscanf(url, "http://s%u.sim/hook", &subscription) != 1 ||
        subscription >= book.scenario->subscription_count)
        world_fail("a request goes to %s", url);
    return subscription;
}

static int64_t number_of(struct slice body)
{
    char text[32] = "";
    size_t size = body.size < sizeof text - 1 ? body.size : sizeof text - 1;
    if (size > 0)
        memcpy(text, body.data, size);
    int64_t number = -1;
    if (sscanf(text, "{\"n\":%" SCNd64, &number) != 1 || number < 0 ||
        number >= (int64_t)book.event_count)
        world_fail("a request's body is no event: %s", text);
    return number;
}

static struct slice header_of(const struct http_request *request, const char *name)
{
    size_t length = strlen(name);
    const char *at = request->headers.data;
    const char *end = at + request->headers.size;
    for (; at < end; at += strlen(at) + 1)
        if (strncasecmp(at, name, length) == 0 && strncmp(at + length, ": ", 2) == 0)
            return slice_of(at + length + 2);
    return SLICE_NONE;
}

static void expected_id(unsigned subscription, int64_t number, char *id, size_t size)
{
    const struct scenario *scenario = book.scenario;
    const struct kafka_log *log = book.events[number].log;
    if (scenario->subscriptions[subscription].own_id)
        snprintf(id, size, "event-%" PRId64, number);
    else
        snprintf(id, size, "%s%s-%d-%" PRId64, scenario->world.named ? "sim-" : "",
                 log->topic->name, (int)log->number, book.records[number]->offset);
}

static void check_request(unsigned subscription, int64_t number, const struct http_request *request)
{
    char id[96];
    const struct fate *fate = book_fate(subscription, number);
    expected_id(subscription, number, id, sizeof id);
    if (fate->expectation != EXPECT_REQUEST || !fate->in_scope)
        world_fail("%s is sent, and is not for it", book_name(subscription, number));
    if (!slice_is(header_of(request, "webhook-id"), id))
        world_fail("promise 1: %s is sent as %.*s, and not as %s", book_name(subscription, number),
                   SLICE_ARGS(header_of(request, "webhook-id")), id);
    if (!slice_equal(request->body, book.records[number]->message.value))
        world_fail("%s is not sent as it was published", book_name(subscription, number));
}

/* ── may it be sent? ─────────────────────────────────────────────────────── */

/* Does the process hold a record that carries it, and that was not finished when it got it? When it
 * loses the partition it goes on for a moment. */
static bool holds(const struct process *process, unsigned group, const struct kafka_log *log,
                  int64_t offset)
{
    const struct holding *holding = book_holding(process, group, log);
    bool known = (size_t)offset < holding->known_count && holding->known[offset];
    bool just_ended = world_now_us() - holding->ended_us < JUST_NOW_US;
    if (holding->assigned ? !known && offset < holding->fetched
                          : just_ended && offset < holding->fetched)
        return true;
    return holding->assigned && just_ended && offset < holding->before;
}

static bool has_reason(const struct process *process, unsigned subscription, int64_t number)
{
    const struct fate *fate = book_fate(subscription, number);
    if (holds(process, book_group_of(subscription), book.events[number].log,
              book.records[number]->offset))
        return true;
    for (const struct carrier *carrier = fate->retries; carrier; carrier = carrier->next)
        if (holds(process, GROUP_RETRIES, carrier->log, carrier->offset))
            return true;
    return false;
}

static bool clocks_step(void)
{
    for (size_t i = 0; i < book.scenario->fault_count; i++)
        if (book.scenario->faults[i].kind == FAULT_CLOCK)
            return true;
    return false;
}

/* Of what has gone by a retry topic it is not known here which first attempt that tells of. */
static void check_age(unsigned subscription, int64_t number)
{
    const struct fate *fate = book_fate(subscription, number);
    int64_t most_us = book.scenario->subscriptions[subscription].max_age_ms * 1000;
    int64_t age_us = world_now_us() - fate->first_us;
    if (most_us > 0 && age_us > most_us + LATE_US && !fate->retry_seen && !clocks_step())
        world_fail("max_age: %s is sent again %" PRId64 " ms after its first attempt",
                   book_name(subscription, number), age_us / 1000);
}

void model_sent(const struct http_request *request, unsigned engine, struct model_request *made)
{
    struct process *process = process_current();
    unsigned subscription = subscription_of(request->url);
    int64_t number = number_of(request->body);
    struct fate *fate = book_fate(subscription, number);
    check_request(subscription, number, request);
    *made = (struct model_request){
        .subscription = subscription,
        .number = number,
        .attempt = ++fate->sent,
        .sent = ++requests,
        .engine = engine,
        .by = process,
    };
    world_trace("%s is sent, the %u. time", book_name(subscription, number), fate->sent);
    if (process->memory.failed == 0 && !has_reason(process, subscription, number))
        world_fail("promise 3: %s is sent, and had finished before %s began with its partition",
                   book_name(subscription, number), process->name);
    bool again = fate->sender == process && fate->taken_us < fate->sent_us;
    fate->sent_us = world_now_us();
    fate->failed_us = 0;
    fate->under_way++;
    book_touch(fate, process);
    fate->sender = process;
    if (again) {
        check_age(subscription, number);
    } else {
        fate->first_us = fate->sent_us;
        time_begun(process, subscription);
    }
    limits_sent(made);
    state_sent(made);
    order_sent(made, again);
}

void model_arrived(const struct model_request *request)
{
    book_fate(request->subscription, request->number)->arrived++;
}

/* ── answers ─────────────────────────────────────────────────────────────── */

static void note_success(const struct model_request *request)
{
    struct fate *fate = book_fate(request->subscription, request->number);
    if (++fate->answered > fate->allowed && book_lacked_memory())
        fate->allowed++;
    if (fate->answered > fate->allowed)
        world_fail("promise 3: %s is delivered for the %u. time; %u were to be expected",
                   book_name(request->subscription, request->number), fate->answered,
                   fate->allowed);
    fate->answered_by = request->by;
    fate->answered_us = world_now_us();
}

void model_unheard(const struct model_request *request)
{
    struct fate *fate = book_fate(request->subscription, request->number);
    if (fate->under_way > 0)
        fate->under_way--;
    reload_cut_off(request);
}

void model_heard(const struct model_request *request, const struct http_exchange *exchange)
{
    struct fate *fate = book_fate(request->subscription, request->number);
    world_trace("%s: %s %d", book_name(request->subscription, request->number),
                exchange->status ? "status" : error_name(exchange->kind), exchange->status);
    if (fate->under_way > 0)
        fate->under_way--;
    fate->last_status = exchange->status;
    fate->told_410 = fate->told_410 || exchange->status == 410;
    fate->last_kind = exchange->kind;
    if (exchange->status >= 200 && exchange->status < 300)
        note_success(request);
    else
        fate->failed_us = world_now_us();
    state_heard(request->subscription, request->number);
    book_touch(fate, request->by);
    limits_heard(request, exchange);
}
