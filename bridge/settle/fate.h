/* A fate: what becomes of a delivery after an attempt. Pure. */
#ifndef SETTLE_FATE_H
#define SETTLE_FATE_H

#include <stdint.h>

#include "config/subscription.h"
#include "deliver/outcome.h"

/* Waits up to here are held in memory: a retry topic would cost more than it saves. */
#define FATE_IN_MEMORY_MS 10000

/* The most that jitter may do to a longer one, which is spent in a topic: its reader hands on what
 * is due within that, so that a head never holds up what is due before it. */
#define FATE_JITTER_MOST_MS 5000

enum fate_kind {
    FATE_DELIVERED,
    FATE_RETRY,
    FATE_DEAD,
    FATE_STOP, /* instead, where exhausted is stop: it stays where it is until a person says so */
};

struct fate {
    enum fate_kind kind;
    int64_t wait_ms; /* FATE_RETRY: from now */
};

/* Never FATE_STOP. `attempts`: how many requests have been sent, this one included. `random` is
 * uniform over uint32_t and spreads the waits by retry.jitter. */
struct fate fate_decide(const struct subscription_delivery *policy, const struct outcome *outcome,
                        unsigned attempts, uint32_t random);

/* The wait after the `attempts`th attempt, jitter included; at least what the receiver asked for.
 */
int64_t fate_wait_ms(const struct subscription_delivery *policy, unsigned attempts,
                     int64_t retry_after_ms, uint32_t random);

#endif
