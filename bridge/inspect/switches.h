/* Which subscriptions are disabled, as topics.state remembers it, and how a person changes that:
 * straight in Kafka, whether an instance runs or not. Owner: one thread, which it blocks. */
#ifndef INSPECT_SWITCHES_H
#define INSPECT_SWITCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "config/settings.h"
#include "settle/state.h"

/* What is remembered of one of the configuration's subscriptions. */
struct switch_state {
    const struct subscription *sub;
    bool disabled;
    char reason[32]; /* of that; "" where it is not */
    int64_t unix_ms; /* since when; 0: always */
    size_t parked_keys;
};

/* All of them, in the configuration's order; the caller frees the list. NULL and ERROR_KAFKA,
 * ERROR_MEMORY. Where there is no such topic yet nothing is remembered. */
struct switch_state *switches_read(const struct settings *settings, struct error *err) MUST_CHECK;

/* Disables or enables those subscriptions (places in the settings), and waits until Kafka has it.
 * Makes the topic where it is missing and topics.create says so. False: ERROR_KAFKA. */
bool switches_set(const struct settings *settings, const size_t *places, size_t count,
                  bool disabled, struct error *err) MUST_CHECK;

#endif
