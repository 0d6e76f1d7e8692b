/* A delivery: one event on its way to one subscription's receiver.
 * Owner: the worker whose endpoint it is given to. */
#ifndef DELIVER_DELIVERY_H
#define DELIVER_DELIVERY_H

#include <stdint.h>

#include "base/list.h"
#include "catalog/catalog.h"
#include "decode/event.h"
#include "deliver/order.h"
#include "deliver/places.h"
#include "loop/loop.h"

/* The event that the deliveries of one record share. While they wait only the record is kept; it is
 * decoded again when one of them is sent.
 * Owner: the worker, which keeps some for reuse. */
struct shared_event {
    struct list link; /* in the worker's pool, or among those that are decoded */
    struct event event;
    enum format format;
    bool decoded;
    bool unjudged; /* what deliveries are made of it now begin so */
    struct record *record;
    unsigned users;   /* deliveries, and who is about to make some */
    unsigned sending; /* of them: in flight, perhaps with a body that is the event's */
};

/* A catalog that a worker has, or has had while something was sent. */
struct catalog_use {
    const struct catalog *catalog;
    size_t sending; /* requests by its routes */
};

/* Of one whose subscription keeps keys in order. */
enum turn { TURN_NONE, TURN_WAITS, TURN_GOES };

struct delivery {
    struct list link;          /* the list it is in is its state: queued, waiting or sending */
    const struct route *route; /* its endpoint's, while it is not sending */
    struct catalog_use *use;   /* while it is sending: its route's */
    struct worker *worker;
    struct endpoint *endpoint;
    struct attempt *attempt; /* while it is sending */
    struct shared_event *shared;
    int64_t sent_ms;        /* monotonic, while it is sending */
    uint32_t pass;          /* the breaker's, while it is sending */
    enum standing standing; /* while it is sending: what its place is counted as */
    bool moved;             /* when it is over: the receiver is another than it was sent to */
    bool counted;           /* among the worker's deliveries */
    bool visiting;          /* of a record of a retry topic, which is everybody's */
    bool unjudged;          /* it could not be told yet whether the event is wanted at all */
    enum turn turn;
    struct order_item item;        /* in its endpoint's order, unless TURN_NONE */
    unsigned attempts;             /* requests sent so far */
    int64_t first_attempt_unix_ms; /* -1: none yet */
    struct loop_timer retry;
};

#endif
