/* order: key. For one subscription, at most one event of a key is under way; the later ones of that
 * key wait behind it in the order they were added, and other keys go on. An event without a key has
 * no order.
 *
 * Under way is what the caller was told to send, from then until order_done or order_fail, however
 * long its retries take. Waiting is what it must keep and not send. The link of an item is this
 * decider's while it waits and the caller's else.
 *
 * Nothing here limits how many wait: the caller sees `waiting` and `keys.bytes`, and pauses its
 * partitions. A key costs memory while one of it is under way, waits, or is parked.
 * Pure: no clock. Owner: the worker that gets all events of these keys. */
#ifndef DELIVER_ORDER_H
#define DELIVER_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/slice.h"
#include "deliver/keys.h"

/* delivery.retry.exhausted: what a key does when its event fails for good. */
enum order_exhausted {
    ORDER_SKIP, /* the next one goes */
    ORDER_PARK, /* its later ones are refused, until it is released */
    ORDER_STOP, /* nothing goes, the failed one is kept, until order_resume */
};

/* What becomes of an item that is added. */
enum order_turn {
    ORDER_GOES,   /* it is under way: send it */
    ORDER_WAITS,  /* keep it: a later call gives it back */
    ORDER_PARKED, /* refused: a dead letter, reason parked; the item is not in here */
};

/* Embedded in what is ordered. */
struct order_item {
    struct list link;
    struct key *key; /* NULL: none, or not in here */
    int64_t replay;  /* set by the caller: 0, or the replay that brought it back; later ones are
                        higher. A key that is parked lets replays through, in their order, but for
                        those of a replay that has failed again */
};

struct order {
    enum order_exhausted exhausted;
    bool stopped;
    struct keys keys;
    struct list held;    /* stopped: the keys that have something waiting and nothing under way */
    struct list unkeyed; /* stopped: items without a key */
    size_t waiting;
    size_t under_way;
    size_t parked; /* keys */
};

void order_init(struct order *order, enum order_exhausted exhausted, struct siphash_seed seed);

/* Forgets everything; the items are the caller's. */
void order_finish(struct order *order);

/* An event has come; `key.data` NULL: without a key. False: ERROR_MEMORY, the item is not in here.
 */
bool order_add(struct order *order, struct order_item *item, struct slice key,
               enum order_turn *turn, struct error *err) MUST_CHECK;

/* That one, which was under way, is delivered, or is a dead letter that does not hold up its key.
 * The next of its key, which is now under way; NULL: none. */
struct order_item *order_done(struct order *order, struct order_item *item) MUST_CHECK;

/* That one, which was under way, has failed for good. SKIP: as order_done. PARK: what is refused
 * now is put at the end of the caller's list `parked`, in order. STOP: it waits, before all others
 * of its key, and order->stopped is true. The next as from order_done. */
struct order_item *order_fail(struct order *order, struct order_item *item,
                              struct list *parked) MUST_CHECK;

/* From now on nothing goes: a person, or a 410, has disabled the subscription. What is under way
 * stays so, until it is done or put back: when its next attempt is due and the order is stopped. */
void order_stop(struct order *order);
void order_put_back(struct order *order, struct order_item *item);

/* It goes on: what is under way now is put at the end of the caller's list `ready`. */
void order_resume(struct order *order, struct list *ready);

/* Parks a key: one that is known to have been when the program began, or as a person wants it.
 * False: ERROR_MEMORY. */
bool order_park(struct order *order, struct slice key, struct list *parked,
                struct error *err) MUST_CHECK;

/* The key's later events go again. False: it was not parked. */
bool order_release(struct order *order, struct slice key);

/* Takes out what waits and is `gone` (NULL: everything), and puts it at the end of `dropped`. For
 * partitions that are taken away: before anything of theirs that is under way is given up by
 * order_done, which would let the next one go. Costs a walk over all keys. */
typedef bool order_gone(void *context, const struct order_item *item);
void order_drop(struct order *order, order_gone *gone, void *context, struct list *dropped);

#endif
