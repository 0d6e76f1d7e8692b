/* A delivery: one event on its way to one subscription's receiver.
 * Owner: the worker whose endpoint it is given to. */
#ifndef DELIVER_DELIVERY_H
#define DELIVER_DELIVERY_H

#include <stdint.h>

#include "base/list.h"
#include "catalog/catalog.h"
#include "decode/event.h"
#include "loop/loop.h"

/* The event that the deliveries of one record share. It is decoded when a place in flight is free
 * for it, and only the record is kept while its deliveries wait for another attempt.
 * Owner: the worker, which keeps some for reuse. */
struct shared_event {
    struct list link; /* in the worker's pool */
    struct event event;
    bool decoded;
    struct record *record;
    unsigned users;
};

struct delivery {
    struct list link; /* the list it is in is its state: queued, waiting or sending */
    const struct route *route;
    struct worker *worker;
    struct endpoint *endpoint;
    struct attempt *attempt; /* while it is sending */
    struct shared_event *shared;
    int64_t sent_ms;               /* monotonic, while it is sending */
    uint32_t pass;                 /* the breaker's, while it is sending */
    unsigned attempts;             /* requests sent so far */
    int64_t first_attempt_unix_ms; /* -1: none yet */
    struct loop_timer retry;
};

#endif
