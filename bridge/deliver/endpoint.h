/* An endpoint: one subscription's records and deliveries at one worker. The list a delivery is in
 * is its state: queued for a place in flight, sending, or waiting for its next attempt. A record
 * becomes a delivery when there is a place for it, so that what queues is bytes as published.
 *
 * Pure bookkeeping, no I/O. Owner: the worker. */
#ifndef DELIVER_ENDPOINT_H
#define DELIVER_ENDPOINT_H

#include <stdbool.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/metrics.h"
#include "deliver/breaker.h"
#include "deliver/delivery.h"
#include "deliver/order.h"
#include "deliver/rate.h"

/* Of a subscription that shares its lane: so large a part of what its worker has room for may queue
 * here, and the others elsewhere; fewer where they would wait for longer than a moment, but always
 * some, for the next free place. */
#define ENDPOINT_ROOM_PART    8
#define ENDPOINT_QUEUE_ALWAYS 8
#define ENDPOINT_WAITING      32

/* So many are plenty: a lane may wait until some of them are sent, if that many are within so long,
 * which is about what a worker can do. */
#define ENDPOINT_PLENTY   128
#define ENDPOINT_QUICK_US 25000

/* So many requests at once still go to a receiver that gives no answer: enough to see it soon when
 * it is back. */
#define ENDPOINT_SILENT_LEAST 8

/* Of any subscription: so many retries. */
#define ENDPOINT_AGAIN 1024

/* … and so many while its breaker is open, to be tried one after the other. If all went elsewhere,
 * for longer each time, a pause could be over for minutes before one came back to probe. */
#define ENDPOINT_PROBES 8

/* What must wait longer than that may as well wait elsewhere. */
#define ENDPOINT_MOMENT_MS 1000

/* … and what waits here already, when it turns out that it must wait so long. */
#define ENDPOINT_OVERDUE_MS 2000

/* What queues for longer, under its rate, waits elsewhere too: here it keeps offsets from being
 * committed. */
#define ENDPOINT_RATED_MS 10000

/* So long at most where it is not the rate or the breaker that it waits for: a receiver that is
 * slow, … */
#define ENDPOINT_FULL_MOST_MS 10000

/* … and one that has been silent for as long. */
#define ENDPOINT_SILENT_LEAST_MS 5000
#define ENDPOINT_SILENT_MOST_MS  30000

/* How far ahead it is looked: a breaker that is probing will have its answer by then. */
#define ENDPOINT_DELAY_MOST_MS 300000

struct endpoint {
    const struct route *route; /* NULL: the subscription is not configured any more */
    unsigned index;            /* its place in the catalog, and its number in metrics */
    unsigned series;
    bool alone;             /* the route's: in its lane */
    bool limited;           /* it has a rate */
    bool ordered;           /* it keeps keys in order */
    struct heap_node ready; /* among those that could send, by how much they have in flight */
    struct list held;    /* among the doubtful, or the new, that must wait: others hold too much */
    struct list sifting; /* among those of which the last records were nobody's */
    bool has_turn;       /* doubtful, and yet among those that could */
    struct list records; /* that have not been tried */
    struct list again;   /* records of a retry topic */
    struct list queued;  /* deliveries that have not been tried */
    struct list tried;   /* those that have, and are due again */
    struct list sending;
    struct list waiting;
    unsigned in_flight;
    unsigned in_flight_most; /* this worker's share of delivery.in_flight */
    unsigned record_count;
    unsigned again_count;
    unsigned queued_count;
    unsigned tried_count;
    unsigned visiting;   /* of those queued: of a retry topic */
    unsigned turns;      /* how often something was sent */
    int64_t duration_us; /* how long attempts took of late: a moving average */
    bool disabled;       /* nothing is sent */
    struct order *order; /* NULL: it has never kept keys in order */
    bool counted;        /* among the places' active endpoints that are doubtful */
    bool proven;         /* its receiver has answered */
    unsigned silent;     /* attempts without an answer, in a row, when there had long been none */
    int64_t answered_ms; /* the last answer; before any, the first attempt; 0: none */
    int64_t silent_ms;   /* while doubtful: since when; the first of those was sent then */
    int64_t paced_ms;    /* while doubtful: nothing is sent before */
    struct breaker breaker;
    struct rate rate;
    int64_t booked_from_ms; /* under its rate: since when turns have been given … */
    int64_t booked;         /* … to so many that wait elsewhere */
    struct loop_timer wake; /* when breaker, rate or pace let the next one go */
    struct worker *worker;
    unsigned waiting_count;
    struct metrics_block *metrics;
};

void endpoint_init(struct endpoint *endpoint, const struct route *route, unsigned in_flight_most,
                   struct metrics_block *metrics);

/* From now on it is that route; NULL: none. What waits in it has the route it had. */
void endpoint_set_route(struct endpoint *endpoint, const struct route *route,
                        unsigned in_flight_most);

/* Did it give no answer of late? */
static inline bool endpoint_is_doubtful(const struct endpoint *endpoint)
{
    return endpoint->silent > 0;
}

/* Has its receiver never given an answer? */
static inline bool endpoint_is_new(const struct endpoint *endpoint)
{
    return !endpoint->proven;
}

/* How many places in flight it may have now: half as many for every few attempts without an answer
 * in a row. Requests that only wait for their time-out cost connections and CPU that the others
 * need. The first answer gives all back. Pure. */
static inline unsigned endpoint_places(const struct endpoint *endpoint)
{
    unsigned most = endpoint->in_flight_most;
    unsigned halvings = endpoint->silent / ENDPOINT_SILENT_LEAST;
    unsigned places = halvings < 16 ? most >> halvings : 0;
    if (places < ENDPOINT_SILENT_LEAST)
        places = ENDPOINT_SILENT_LEAST;
    return places < most ? places : most;
}

/* How many places in flight are of use now. A receiver that answers at once needs few: more only
 * queue, here and there, and each costs (with 128 instead of 16 a quarter more CPU a delivery).
 * One that takes its time needs all. `busy_us`: how long this thread is away between two looks at
 * its sockets, which is no slowness of the receiver's. Pure. */
unsigned endpoint_useful(const struct endpoint *endpoint, int64_t now_ms, int64_t busy_us);

/* When the next one may go, as far as breaker, rate and pace are concerned: `now_ms` if now. To a
 * doubtful endpoint they go evenly, as many in the time that one takes as there are places:
 * requests that left together would time out together, again and again, and the others of this
 * worker would wait for that. */
int64_t endpoint_next_ms(const struct endpoint *endpoint, int64_t now_ms);

/* How things stand at its worker. */
struct worker_load {
    int64_t now_ms;
    int64_t busy_us; /* see endpoint_useful */
    size_t room;     /* for so many more deliveries */
};

/* How long something new should wait elsewhere, since it would not be sent here within a moment; 0:
 * it may queue here. `retry`: it comes of a retry topic. `booked`: it is the rate that it waits
 * for, and until the turn that is its own. */
int64_t endpoint_delay_ms(struct endpoint *endpoint, bool retry, const struct worker_load *load,
                          bool *booked);

/* Does so much queue for it that its lane may wait a little? It may for a receiver that is about as
 * fast as this worker: that costs nobody anything. */
bool endpoint_has_plenty(const struct endpoint *endpoint, const struct worker_load *load);

/* How long what waits here already should wait elsewhere, since its receiver has stopped to answer
 * and it keeps others waiting: those of its lane, or, by the lane of retries, all; 0: it may stay.
 */
int64_t endpoint_overdue_ms(const struct endpoint *endpoint, int64_t now_ms);

/* May a delivery that has been tried wait here for its next attempt? */
static inline bool endpoint_may_keep(const struct endpoint *endpoint)
{
    return endpoint->alone || endpoint->waiting_count < ENDPOINT_WAITING;
}

/* Takes what a request needs to leave now; false where it may not. */
bool endpoint_admit(struct endpoint *endpoint, struct delivery *delivery,
                    int64_t now_ms) MUST_CHECK;

/* The attempt is over: what it says of the receiver. */
void endpoint_learn(struct endpoint *endpoint, const struct delivery *delivery,
                    const struct outcome *outcome, int64_t now_ms);

/* Deliveries that could be sent. */
static inline unsigned endpoint_queued(const struct endpoint *endpoint)
{
    return endpoint->queued_count + endpoint->tried_count;
}

static inline bool endpoint_has_some(const struct endpoint *endpoint)
{
    return endpoint->record_count + endpoint->again_count + endpoint_queued(endpoint) > 0;
}

/* Is anything sent here at all? */
static inline bool endpoint_is_served(const struct endpoint *endpoint)
{
    return endpoint->route && endpoint->in_flight_most > 0 && !endpoint->disabled;
}

/* Does it have something to send and a place of its own for it? */
static inline bool endpoint_can_send(const struct endpoint *endpoint)
{
    return endpoint_has_some(endpoint) && endpoint_is_served(endpoint) &&
           endpoint->in_flight < endpoint_places(endpoint);
}

/* Retries that are more than may wait here while the breaker is open. */
static inline unsigned endpoint_too_many_again(const struct endpoint *endpoint)
{
    bool too_many = endpoint->again_count > ENDPOINT_PROBES;
    return too_many ? endpoint->again_count - ENDPOINT_PROBES : 0;
}

/* After something has been added to its order, or taken out. */
void endpoint_note_queued(const struct endpoint *endpoint);

void endpoint_add_record(struct endpoint *endpoint, struct record *record);

/* The next record whose turn it is; NULL when it is a queued delivery's, or none's. First attempts
 * go first, but one place in four is a retry's, so that neither starves the other. What is made of
 * it is queued, and sent by endpoint_send_next. */
struct record *endpoint_next_record(struct endpoint *endpoint);

/* The moves between the states. A delivery that is in none is not counted anywhere. */
void endpoint_queue(struct endpoint *endpoint, struct delivery *delivery);
struct delivery *endpoint_send_next(struct endpoint *endpoint);

/* Which one endpoint_send_next would send; there is one. */
struct delivery *endpoint_next_delivery(const struct endpoint *endpoint);
void endpoint_sent(struct endpoint *endpoint, struct delivery *delivery);
void endpoint_wait(struct endpoint *endpoint, struct delivery *delivery);
void endpoint_waited(struct endpoint *endpoint, struct delivery *delivery);

/* Takes one out that is queued or waiting; NULL when there is none. */
struct delivery *endpoint_take_idle(struct endpoint *endpoint);

/* Takes out what endpoint_overdue_ms is about, a record of a retry topic or a delivery; NULL when
 * there is none. */
struct record *endpoint_take_overdue_record(struct endpoint *endpoint);
struct delivery *endpoint_take_overdue(struct endpoint *endpoint);

/* Moves what came from there and is not being sent behind `records` and `deliveries`. */
void endpoint_take_from(struct endpoint *endpoint, const struct record_home *home,
                        struct list *records, struct list *deliveries);

/* Worker `index` of `workers`' share of a limit: the shares add up to it. */
unsigned endpoint_share(unsigned limit, unsigned index, unsigned workers);

#endif
