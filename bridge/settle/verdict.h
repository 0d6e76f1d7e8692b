/* Everything that a result or a dead letter tells of one attempt: a view, all of it borrowed. */
#ifndef SETTLE_VERDICT_H
#define SETTLE_VERDICT_H

#include <stdint.h>

#include "consume/record.h"
#include "deliver/outcome.h"
#include "settle/fate.h"

struct verdict {
    const struct record *record;
    struct slice id;           /* webhook-id, grapnel-id */
    struct slice subscription; /* its name */
    struct slice event_type;   /* data NULL: unknown, the record is not decoded */
    const struct outcome *outcome;
    enum fate_kind fate;
    unsigned attempts;
    int64_t next_attempt_unix_ms; /* FATE_RETRY */
    int64_t now_unix_ms;
    const char *instance;
};

/* "delivered", "retrying", "dead-lettered" */
const char *verdict_outcome(enum fate_kind fate);

#endif
