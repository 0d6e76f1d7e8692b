#include "deliver/breaker.h"

#include <assert.h>

/* How much longer than the one who opened, times their rank plus one, the others let it go ahead:
 * a part of the pause, and no more than what a busy worker may be late. */
#define GIVE_WAY_PART    10
#define GIVE_WAY_MOST_MS INT64_C(1000)

#define TO(state) (1u << BREAKER_##state)
static const struct {
    const char *name;
    unsigned next;
} breaker_states[] = {
    [BREAKER_CLOSED] = {"closed", TO(OPEN)},
    [BREAKER_OPEN] = {"open", TO(PROBING) | TO(CLOSED)},
    [BREAKER_PROBING] = {"probing", TO(OPEN) | TO(CLOSED)},
};
#undef TO

static int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

void breaker_init(struct breaker *breaker, struct breaker_policy policy)
{
    *breaker = (struct breaker){
        .policy = policy,
        .turn = 1,
        .until_ms = INT64_MIN,
        .others_ms = INT64_MIN,
        .not_before_ms = INT64_MIN,
    };
}

const char *breaker_state_name(enum breaker_state state)
{
    return breaker_states[state].name;
}

/* What was let go before says little from now on. */
static void begin_turn(struct breaker *breaker)
{
    breaker->turn = breaker->turn == UINT32_MAX ? 1 : breaker->turn + 1;
    breaker->failures = 0;
}

static void enter(struct breaker *breaker, enum breaker_state next)
{
    assert(breaker_states[breaker->state].next & 1u << next);
    breaker->state = next;
    begin_turn(breaker);
    breaker->others_ms = INT64_MIN;
    breaker->untold = true;
    if (next == BREAKER_CLOSED)
        breaker->not_before_ms = INT64_MIN;
}

static void enter_open(struct breaker *breaker, int64_t until_ms)
{
    enter(breaker, BREAKER_OPEN);
    breaker->until_ms = later(until_ms, breaker->not_before_ms);
}

void breaker_change(struct breaker *breaker, struct breaker_policy policy, bool fresh)
{
    breaker->policy = policy;
    if (fresh && breaker->state != BREAKER_CLOSED)
        enter(breaker, BREAKER_CLOSED);
    else if (fresh)
        begin_turn(breaker);
}

enum breaker_sign breaker_sign(const struct outcome *outcome)
{
    switch (outcome->kind) {
    case ERROR_NONE:
        return BREAKER_WELL;
    case ERROR_TIMEOUT:
    case ERROR_CONNECT:
    case ERROR_DNS:
    case ERROR_TLS:
    case ERROR_PROTOCOL:
        return BREAKER_UNWELL;
    case ERROR_STATUS:
        return outcome->status == 408 || outcome->status == 429 || outcome->status >= 500
                   ? BREAKER_UNWELL
                   : BREAKER_WELL;
    default:
        return BREAKER_SILENT;
    }
}

uint32_t breaker_pass(struct breaker *breaker, int64_t now_ms)
{
    if (breaker_next_ms(breaker, now_ms) > now_ms)
        return 0;
    if (breaker->state == BREAKER_OPEN) {
        enter(breaker, BREAKER_PROBING);
        breaker->until_ms = now_ms + breaker->policy.timeout_ms;
    }
    return breaker->turn;
}

int64_t breaker_next_ms(const struct breaker *breaker, int64_t now_ms)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return now_ms;
    case BREAKER_OPEN:
        return later(now_ms, later(breaker->until_ms, breaker->others_ms));
    case BREAKER_PROBING:
        return BREAKER_NEVER;
    }
    return BREAKER_NEVER;
}

int64_t breaker_expected_ms(const struct breaker *breaker, int64_t now_ms)
{
    return breaker->state == BREAKER_PROBING ? later(now_ms, breaker->until_ms)
                                             : breaker_next_ms(breaker, now_ms);
}

static void note_retry_after(struct breaker *breaker, int64_t retry_after_ms, int64_t now_ms)
{
    if (retry_after_ms >= 0)
        breaker->not_before_ms = later(breaker->not_before_ms, now_ms + retry_after_ms);
}

/* Sent before the breaker opened: it may only make the pause longer. */
static void end_late(struct breaker *breaker, int64_t retry_after_ms, int64_t now_ms)
{
    if (breaker->state == BREAKER_CLOSED)
        return;
    note_retry_after(breaker, retry_after_ms, now_ms);
    if (breaker->state == BREAKER_OPEN && breaker->not_before_ms > breaker->until_ms) {
        breaker->until_ms = breaker->not_before_ms;
        breaker->untold = true;
    }
}

static void end_closed(struct breaker *breaker, enum breaker_sign sign, int64_t retry_after_ms,
                       int64_t now_ms)
{
    if (sign == BREAKER_WELL) {
        breaker->failures = 0;
        breaker->not_before_ms = INT64_MIN;
    }
    if (sign != BREAKER_UNWELL || breaker->policy.failures == 0)
        return;
    note_retry_after(breaker, retry_after_ms, now_ms);
    if (++breaker->failures == breaker->policy.failures)
        enter_open(breaker, now_ms + breaker->policy.pause_ms);
}

static void end_probe(struct breaker *breaker, enum breaker_sign sign, int64_t retry_after_ms,
                      int64_t now_ms)
{
    switch (sign) {
    case BREAKER_WELL:
        enter(breaker, BREAKER_CLOSED);
        break;
    case BREAKER_UNWELL:
        note_retry_after(breaker, retry_after_ms, now_ms);
        enter_open(breaker, now_ms + breaker->policy.pause_ms);
        break;
    case BREAKER_SILENT:
        enter_open(breaker, now_ms);
        break;
    }
}

void breaker_end(struct breaker *breaker, uint32_t pass, enum breaker_sign sign,
                 int64_t retry_after_ms, int64_t now_ms)
{
    if (pass != breaker->turn)
        end_late(breaker, retry_after_ms, now_ms);
    else if (breaker->state == BREAKER_PROBING)
        end_probe(breaker, sign, retry_after_ms, now_ms);
    else
        end_closed(breaker, sign, retry_after_ms, now_ms);
}

bool breaker_news(struct breaker *breaker, struct breaker_news *news)
{
    bool untold = breaker->untold;
    breaker->untold = false;
    *news = (struct breaker_news){breaker->state, breaker->until_ms};
    return untold;
}

static int64_t give_way_ms(const struct breaker *breaker)
{
    int64_t step_ms = breaker->policy.pause_ms / GIVE_WAY_PART + 1;
    if (step_ms > GIVE_WAY_MOST_MS)
        step_ms = GIVE_WAY_MOST_MS;
    return step_ms * ((int64_t)breaker->policy.rank + 1);
}

static void hear_open(struct breaker *breaker, int64_t until_ms)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        enter_open(breaker, until_ms + give_way_ms(breaker));
        breaker->untold = false;
        break;
    case BREAKER_OPEN:
        breaker->until_ms = later(breaker->until_ms, until_ms + give_way_ms(breaker));
        breaker->others_ms = INT64_MIN;
        break;
    case BREAKER_PROBING: /* the answer to our own will be newer, but a pause asked for counts */
        breaker->not_before_ms = later(breaker->not_before_ms, until_ms);
        break;
    }
}

void breaker_hear(struct breaker *breaker, const struct breaker_news *news)
{
    switch (news->state) {
    case BREAKER_CLOSED:
        if (breaker->state == BREAKER_CLOSED)
            return;
        enter(breaker, BREAKER_CLOSED);
        breaker->untold = false;
        break;
    case BREAKER_OPEN:
        hear_open(breaker, news->until_ms);
        break;
    case BREAKER_PROBING:
        if (breaker->state == BREAKER_OPEN)
            breaker->others_ms = news->until_ms + give_way_ms(breaker);
        break;
    }
}
