/* A worker: a thread with an endpoint for each subscription that it has to do with, one HTTP
 * engine, and the places in flight that its endpoints share.
 *
 * The happy path: a record is posted; when its endpoint has a place in flight (where several may
 * want it, at once) the hook `take` decodes and matches it and submits deliveries; the attempt
 * starts; its outcome goes to the hook `settle`, which ends the delivery or has it wait for another
 * attempt. What can fail: an attempt, and then its outcome says so. Nothing else keeps a delivery.
 *
 * A worker's subscriptions may be changed while it runs: what is in flight ends by the route it was
 * sent by, all else goes on with the new one.
 *
 * All that is not marked "Thread: any" is for the worker's own thread. */
#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "decode/decoder.h"
#include "deliver/delivery.h"
#include "deliver/outcome.h"
#include "loop/flag.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

struct jq;
struct worker;

/* In the place of a wait. */
#define WORKER_READ_AGAIN INT64_C(-1)

struct worker_hooks {
    void *context;
    /* The record's claim is the hook's: submit what becomes of it, for that subscription alone or,
     * RECORD_SHARED, for all of its lane that want it. */
    void (*take)(void *context, struct record *record, unsigned subscription);
    /* This record will not be taken any more, for that subscription or for any; its claim is the
     * hook's. */
    void (*refuse)(void *context, struct record *record, unsigned subscription);
    /* A delivery that was submitted before it was known whether it is wanted; its event is decoded
     * now. False: it is not to be sent, and has been ended, or waits. */
    bool (*judge)(void *context, struct delivery *delivery);
    /* It is about to be tried again. False: it is not to be, and comes to `err`. */
    bool (*may_repeat)(void *context, const struct delivery *delivery, struct error *err);
    /* An attempt is over: end the delivery with worker_end, or call worker_retry_at. */
    void (*settle)(void *context, struct delivery *delivery, const struct outcome *outcome);
    /* Hands a message of this worker to that one, by worker_tell. */
    void (*tell)(void *context, unsigned worker, struct message *message);
    /* A delivery will not be tried here any more, and was to wait for `wait_ms`: find another way
     * for its record, then worker_end. WORKER_READ_AGAIN: the only way is to read it again. */
    void (*abandon)(void *context, struct delivery *delivery, int64_t wait_ms);
    /* A delivery, in no list, that would keep others waiting here: have it wait elsewhere for
     * `wait_ms`, then worker_end. `booked`: its turn comes then; else about so long will do. False:
     * that can't be. */
    bool (*hand_over)(void *context, struct delivery *delivery, int64_t wait_ms, bool booked);
    /* The same for a retry that has not been taken; its claim is the hook's on true. Where its turn
     * is not `booked` it may be in vain again. */
    bool (*pass_on)(void *context, struct record *record, int64_t wait_ms, bool booked);
    /* A delivery, in no list, that will not be sent: a dead letter of that kind; then worker_end.
     */
    void (*bury)(void *context, struct delivery *delivery, enum error_kind why);
    /* Its turn has come, of a record that says that all that was parked before has come. */
    void (*replayed)(void *context, struct delivery *delivery);
    /* From now on there is that catalog; `with` is as it was given to worker_change. What it takes
     * from the one before is let go of when this returns. */
    void (*change)(void *context, const struct catalog *catalog, const void *with);
    /* The worker does not use that catalog any more. */
    void (*let_go)(void *context, const struct catalog *catalog);
};

struct worker_options {
    unsigned index;
    unsigned workers;              /* how many there are: this one has its share of every limit */
    unsigned in_flight;            /* limits.in_flight, of all workers */
    size_t memory_bytes;           /* limits.memory, of all */
    const struct catalog *catalog; /* the first, until the hook `let_go` */
    const struct settings_registry *registry;
    struct metrics *metrics;
    const struct flag *storing; /* while it isn't set nothing is sent */
    struct worker_hooks hooks;
};

struct worker *worker_create(const struct worker_options *options, struct error *err);
bool worker_start(struct worker *worker, struct error *err);

/* The loop, the decoder, jq and the metrics of this thread: for the hooks' owner. */
struct loop *worker_loop(struct worker *worker);
struct decoder *worker_decoder(struct worker *worker);
struct jq *worker_jq(struct worker *worker);
struct metrics_block *worker_metrics(struct worker *worker);

/* Moves records to the worker. Thread: any. */
void worker_post(struct worker *worker, struct list *records);

/* What another worker says. Thread: any. */
void worker_tell(struct worker *worker, struct message *message);

/* Abandons what came from there and has not been sent; `sent`: what has been, too. Thread: any. */
void worker_give_up(struct worker *worker, const struct record_home *home, bool sent);

/* From now on these subscriptions, given to the hook `change` with `with`. Thread: any. */
void worker_change(struct worker *worker, const struct catalog *catalog, const void *with);

/* This instance has `here` of the `whole` partitions of that lane: so much of its subscriptions'
 * rates is this instance's, and a part by the lane of retries. Thread: any. */
#define WORKER_RETRIES UINT_MAX /* in the place of a lane */
void worker_share(struct worker *worker, unsigned lane, unsigned here, unsigned whole);

/* Abandons all that has not been sent, now and from now on. Thread: any. */
void worker_drain(struct worker *worker);

/* What is remembered of a subscription, or of a key of it; copied. Thread: any. */
enum worker_state {
    WORKER_DISABLED,
    WORKER_ENABLED,
    WORKER_PARKED,   /* the key, for `span` */
    WORKER_REPLAYED, /* all of the key up to `last` of the span */
};
void worker_remember(struct worker *worker, enum worker_state state, unsigned subscription,
                     struct slice key, const struct span *span);

/* Ends the thread, with whatever is under way. Thread: any but its own. */
void worker_stop(struct worker *worker);

/* After worker_stop. Abandons what is left through the hooks. */
void worker_destroy(struct worker *worker);

/* ── for the hooks ───────────────────────────────────────────────────────── */

/* The record's event, not decoded yet, reused where there is one; with one user. NULL: no memory.
 */
struct shared_event *worker_event(struct worker *worker, struct record *record, enum format format);

/* Its event has been decoded, and stays so while few are. */
void worker_note_decoded(struct worker *worker, struct shared_event *shared);

/* One user less: kept for reuse with the last one. */
void worker_drop_event(struct worker *worker, struct shared_event *shared);

/* A delivery of `shared` to that route, which has a claim on the record: it queues at its endpoint,
 * or is handed over. False: no memory. */
bool worker_submit(struct worker *worker, const struct route *route, struct shared_event *shared,
                   struct error *err);

/* From the hook `take`, at once when the decoder says that the record's schema isn't there: the
 * record comes to `take` again when it is, or to `refuse`. */
void worker_await_schema(struct worker *worker, struct record *record, unsigned subscription);

/* Has the worker take the record for that subscription, with a claim on it: one that has places in
 * flight for it, which may be another. */
void worker_take_for(struct worker *worker, struct record *record, unsigned subscription);

/* The delivery, which was sent, has failed for good: where keys are parked, its key is, and what is
 * refused now is given to the hook `bury`, in order. Before worker_end. False: it was sent before
 * its subscription kept keys in order. */
bool worker_fail(struct worker *worker, struct delivery *delivery) MUST_CHECK;

/* The same of a record that no delivery could be made of. False: no memory. */
bool worker_refuse(struct worker *worker, const struct route *route, const struct record *record);

/* What its key is parked for of its partition, once it has been refused. NULL: no memory. */
const struct span *worker_parked(struct worker *worker, const struct route *route,
                                 const struct record *record);

/* From now on nothing is sent to it, by any worker, until it is enabled. */
void worker_disable(struct worker *worker, const struct route *route);

/* Is this the worker for it, or one of them? */
bool worker_serves(const struct worker *worker, const struct route *route);

/* May it wait here for its next attempt, or should it be handed over? */
bool worker_may_keep(const struct worker *worker, const struct delivery *delivery);

/* From the hook `settle`: the delivery waits, and is then queued again behind the others. */
void worker_retry_at(struct worker *worker, struct delivery *delivery, int64_t due_ms);

/* From the hooks: frees the delivery, and its event with the last one. */
void worker_end(struct worker *worker, struct delivery *delivery);

/* How many workers share a subscription's records: no more than it may have in flight, since each
 * must have a place of its own. */
unsigned worker_spread(unsigned workers, unsigned in_flight);

#endif
