/* A worker: a thread with an endpoint for each subscription, one HTTP engine, and the places in
 * flight that its endpoints share.
 *
 * The happy path: a record is posted; when its endpoint has a place in flight the hook `take`
 * decodes and matches it and submits a delivery; the attempt starts; its outcome goes to the hook
 * `settle`, which ends the delivery or has it wait for another attempt. What can fail: an attempt,
 * and then its outcome says so. Nothing else keeps a delivery.
 *
 * All but worker_post, worker_drain and worker_stop is for the worker's own thread. */
#ifndef DELIVER_WORKER_H
#define DELIVER_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "deliver/delivery.h"
#include "deliver/outcome.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

struct worker;

struct worker_hooks {
    void *context;
    /* There is a place in flight for this record, which is the hook's: submit what becomes of it.
     */
    void (*take)(void *context, struct record *record);
    /* This record will not be taken any more, and is the hook's. */
    void (*refuse)(void *context, struct record *record);
    /* An attempt is over: end the delivery with worker_end, or call worker_retry_at. */
    void (*settle)(void *context, struct delivery *delivery, const struct outcome *outcome);
    /* Hands a message of this worker to that one, by worker_tell. */
    void (*tell)(void *context, unsigned worker, struct message *message);
    /* A delivery will not be tried here any more, and was to wait for `wait_ms`: find another way
     * for its record, then worker_end. `wait_ms` < 0: somebody else has its partition already. */
    void (*abandon)(void *context, struct delivery *delivery, int64_t wait_ms);
};

struct worker_options {
    unsigned index;
    unsigned workers;              /* how many there are: this one has its share of every limit */
    unsigned in_flight;            /* limits.in_flight, of all workers */
    const struct catalog *catalog; /* outlives the worker */
    struct metrics *metrics;
    struct worker_hooks hooks;
};

struct worker *worker_create(const struct worker_options *options, struct error *err);
bool worker_start(struct worker *worker, struct error *err);

/* The loop and the metrics of this thread: for steps and counts of the hooks' owner. */
struct loop *worker_loop(struct worker *worker);
struct metrics_block *worker_metrics(struct worker *worker);

/* Moves records to the worker. Thread: any. */
void worker_post(struct worker *worker, struct list *records);

/* What another worker says. Thread: any. */
void worker_tell(struct worker *worker, struct message *message);

/* Abandons what came from there and has not been sent, and what is sent and fails. `lost`: somebody
 * else has the partition already. Thread: any. */
void worker_give_up(struct worker *worker, const struct record_home *home, bool lost);

/* Abandons all that has not been sent, now and from now on. Thread: any. */
void worker_drain(struct worker *worker);

/* Ends the thread, with whatever is under way. Thread: any but its own. */
void worker_stop(struct worker *worker);

/* After worker_stop. Abandons what is left through the hooks. */
void worker_destroy(struct worker *worker);

/* For the next record, reused where there is one; give it to worker_submit or worker_drop_event.
 * NULL: no memory. */
struct shared_event *worker_event(struct worker *worker, struct record *record);
void worker_drop_event(struct worker *worker, struct shared_event *shared);

/* A delivery of `shared` to that route, at the end of its endpoint's queue. Counts a user of
 * `shared`. False: no memory. */
bool worker_submit(struct worker *worker, const struct route *route, struct shared_event *shared,
                   struct error *err);

/* From the hook `settle`: the delivery waits, and is then queued again behind the others. */
void worker_retry_at(struct worker *worker, struct delivery *delivery, int64_t due_ms);

/* From the hooks `settle` and `abandon`: frees the delivery, and its event with the last one. */
void worker_end(struct worker *worker, struct delivery *delivery);

/* How many workers share a subscription's records: no more than it may have in flight, since each
 * must have a place of its own. */
unsigned worker_spread(unsigned workers, unsigned in_flight);

#endif
