#include "jq/patience.h"

#define FORGIVEN 10 /* of the time, as a divisor */

static int64_t debt_at(const struct jq_patience *patience, int64_t now_ms)
{
    int64_t debt_ms = patience->debt_ms - (now_ms - patience->since_ms) / FORGIVEN;
    return debt_ms > 0 ? debt_ms : 0;
}

static bool failed_of_late(const struct jq_patience *patience, uint64_t program, int64_t now_ms)
{
    for (size_t i = 0; i < patience->failed; i++)
        if (patience->failures[i].program == program)
            return now_ms - patience->failures[i].at_ms < JQ_REMEMBERED_MS;
    return false;
}

bool jq_patience_allows(const struct jq_patience *patience, uint64_t program, int64_t now_ms)
{
    return debt_at(patience, now_ms) < JQ_PATIENCE_MS || !failed_of_late(patience, program, now_ms);
}

/* That program's, a new one, or the oldest. */
static struct jq_failure *failure_of(struct jq_patience *patience, uint64_t program)
{
    struct jq_failure *oldest = &patience->failures[0];
    for (size_t i = 0; i < patience->failed; i++) {
        if (patience->failures[i].program == program)
            return &patience->failures[i];
        if (patience->failures[i].at_ms < oldest->at_ms)
            oldest = &patience->failures[i];
    }
    return patience->failed < JQ_REMEMBERED_MOST ? &patience->failures[patience->failed++] : oldest;
}

void jq_patience_fail(struct jq_patience *patience, uint64_t program, int64_t cost_ms,
                      int64_t now_ms)
{
    patience->debt_ms = debt_at(patience, now_ms) + cost_ms;
    patience->since_ms = now_ms;
    *failure_of(patience, program) = (struct jq_failure){program, now_ms};
}
