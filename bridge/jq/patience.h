/* Which programs may run on: one that ran over its limits costs its thread a tenth of a second, and
 * a thread's time belongs to all its subscriptions. What such failures cost is a debt, which is
 * forgiven by a tenth of the time that passes. While it is high, programs that have failed of late
 * don't run; those that have not always do. Pure. Owner: one thread; zero-initialised is fine. */
#ifndef JQ_PATIENCE_H
#define JQ_PATIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JQ_PATIENCE_MS     1000  /* of debt before programs must rest */
#define JQ_REMEMBERED_MS   60000 /* how long a failure counts as one of late */
#define JQ_REMEMBERED_MOST 64    /* programs; of more the one that failed first is forgotten */

struct jq_patience {
    int64_t debt_ms;
    int64_t since_ms; /* when it was so much */
    struct jq_failure {
        uint64_t program; /* a hash of its text */
        int64_t at_ms;
    } failures[JQ_REMEMBERED_MOST];
    size_t failed;
};

bool jq_patience_allows(const struct jq_patience *patience, uint64_t program, int64_t now_ms);

/* It has run over a limit, and that took `cost_ms`. */
void jq_patience_fail(struct jq_patience *patience, uint64_t program, int64_t cost_ms,
                      int64_t now_ms);

#endif
