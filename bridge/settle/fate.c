#include "settle/fate.h"

int64_t fate_wait_ms(const struct subscription_delivery *policy, unsigned attempts,
                     int64_t retry_after_ms, uint32_t random)
{
    int64_t base = policy->retry_schedule_ms[attempts - 1];
    int64_t span = base * policy->jitter_percent / 100; /* to either side */
    if (base > FATE_IN_MEMORY_MS && span > FATE_JITTER_MOST_MS)
        span = FATE_JITTER_MOST_MS;
    int64_t wait = base - span + (int64_t)((double)(2 * span) * random / UINT32_MAX);
    return wait > retry_after_ms ? wait : retry_after_ms;
}

static bool may_try_again(const struct subscription_delivery *policy, const struct outcome *outcome,
                          unsigned attempts)
{
    if (attempts == 0 || attempts > policy->retry_count)
        return false;
    if (outcome->kind == ERROR_STATUS)
        return !status_set_has(&policy->never, outcome->status);
    return error_retryable(outcome->kind);
}

struct fate fate_decide(const struct subscription_delivery *policy, const struct outcome *outcome,
                        unsigned attempts, uint32_t random)
{
    if (outcome->kind == ERROR_NONE)
        return (struct fate){.kind = FATE_DELIVERED};
    if (!may_try_again(policy, outcome, attempts))
        return (struct fate){.kind = FATE_DEAD};
    return (struct fate){
        .kind = FATE_RETRY,
        .wait_ms = fate_wait_ms(policy, attempts, outcome->retry_after_ms, random),
    };
}
