/* A fate: what becomes of a delivery after an attempt. Pure. */
#ifndef SETTLE_FATE_H
#define SETTLE_FATE_H

#include <stdint.h>

#include "config/subscription.h"
#include "deliver/outcome.h"

enum fate_kind { FATE_DELIVERED, FATE_RETRY, FATE_DEAD };

struct fate {
    enum fate_kind kind;
    int64_t wait_ms; /* FATE_RETRY: from now */
};

/* `attempts`: how many requests have been sent, this one included. `random` is uniform over
 * uint32_t and spreads the waits by retry.jitter. */
struct fate fate_decide(const struct subscription_delivery *policy, const struct outcome *outcome,
                        unsigned attempts, uint32_t random);

/* The wait after the `attempts`th attempt, jitter included; at least what the receiver asked for.
 */
int64_t fate_wait_ms(const struct subscription_delivery *policy, unsigned attempts,
                     int64_t retry_after_ms, uint32_t random);

#endif
