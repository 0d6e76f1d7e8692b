/* order: key. For one subscription, at most one event of a key is under way; the later ones of that
 * key wait behind it in the order they were added, and other keys go on. An event without a key has
 * no order.
 *
 * Under way is what the caller was told to send, from then until order_done or order_fail, however
 * long its retries take. Waiting is what it must keep and not send. The link of an item is this
 * decider's while it waits and the caller's else.
 *
 * A key may be parked: its events are refused until it is released, but for replays, which go
 * through in their order. It is known by the last event that was refused, and released by naming
 * that one: who does not know the last one has not seen all that must be replayed.
 *
 * Nothing here limits how many wait: each is a record that is counted in memory. A key costs memory
 * while one of it is under way, waits, or is parked.
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

/* What becomes of an item that is added. */
enum order_turn {
    ORDER_GOES,   /* it is under way: send it */
    ORDER_WAITS,  /* keep it: a later call gives it back */
    ORDER_PARKED, /* refused: a dead letter, reason parked; the item is not in here */
};

/* Where an event was published. */
struct order_position {
    const char *topic;
    int32_t partition;
    int64_t offset;
};

/* Embedded in what is ordered. The caller sets `position` and `replay` before it is added. */
struct order_item {
    struct list link;
    struct key *key;                /* NULL: none, or not in here */
    struct order_position position; /* borrowed while the item is in here */
    int64_t replay; /* 0, or the replay that brought it back; later ones are higher. A
                       key that is parked refuses those of a replay that failed again */
};

struct order {
    bool parks; /* a key whose event fails for good is parked; else it goes on */
    struct keys keys;
    size_t waiting;
    size_t under_way;
    size_t parked; /* keys */
};

void order_init(struct order *order, bool parks, struct siphash_seed seed);

/* Forgets everything; the items are the caller's. */
void order_finish(struct order *order);

/* An event has come; `key.data` NULL: without a key. False: ERROR_MEMORY, the item is not in here.
 */
bool order_add(struct order *order, struct order_item *item, struct slice key,
               enum order_turn *turn, struct error *err) MUST_CHECK;

/* That one, which was under way, is delivered, or is a dead letter that does not hold up its key.
 * The next of its key, which is now under way; NULL: none. */
struct order_item *order_done(struct order *order, struct order_item *item) MUST_CHECK;

/* That one, which was under way, has failed for good. Where keys are parked, what is refused now is
 * put at the end of the caller's list `parked`, in order. The next as from order_done. */
struct order_item *order_fail(struct order *order, struct order_item *item,
                              struct list *parked) MUST_CHECK;

/* Parks a key whose last event that was refused is that one: as it is remembered, or because an
 * event failed that was never under way. False: ERROR_MEMORY. */
bool order_park(struct order *order, struct slice key, const struct order_position *last,
                struct list *parked, struct error *err) MUST_CHECK;

/* The last event of that key that was refused. False: it is not parked. */
bool order_last(const struct order *order, struct slice key, struct order_position *last);

/* The key's later events go again, if that is the last one that was refused. False: it is not. */
bool order_release(struct order *order, struct slice key, const struct order_position *last);

/* Takes out what waits and is `gone` (NULL: everything), and puts it at the end of `dropped`. For
 * partitions that are taken away: before anything of theirs that is under way is given up by
 * order_done, which would let the next one go. Costs a walk over all keys. */
typedef bool order_gone(void *context, const struct order_item *item);
void order_drop(struct order *order, order_gone *gone, void *context, struct list *dropped);

#endif
