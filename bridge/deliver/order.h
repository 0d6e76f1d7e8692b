/* order: key. For one subscription, at most one event of a key is under way; the later ones of that
 * key wait behind it in the order they were added, and other keys go on. An event without a key has
 * no order.
 *
 * Under way is what the caller was told to send, from then until order_done or order_fail, however
 * long its retries take. Waiting is what it must keep and not send. The link of an item is this
 * decider's while it waits and the caller's else.
 *
 * A key may be parked: its events are refused until all that were refused have been delivered, but
 * for replays, which go through in their order. What is refused is known as base/parking.h has it.
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

/* Embedded in what is ordered. The caller sets what follows on `key` before it is added. */
struct order_item {
    struct list link;
    struct key *key;                /* NULL: none, or not in here */
    struct order_position position; /* borrowed while the item is in here */
    int64_t replay; /* 0, or the replay that brought it back; later ones are higher. A key that is
                       parked refuses those of a replay that failed again */
    bool alone;     /* a replay of this event, and not of its key: it is never refused, and its
                       failure holds up nothing */
    bool end;       /* of a replay: it is no event that could be refused, it only waits its turn */
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

/* An event of that key has failed for good that was never under way. As order_fail; false:
 * ERROR_MEMORY. */
bool order_refuse(struct order *order, struct slice key, const struct order_position *position,
                  int64_t replay, struct list *parked, struct error *err) MUST_CHECK;

/* Parks a key for that, as it is remembered. False: ERROR_MEMORY. */
bool order_park(struct order *order, struct slice key, const struct span *span, struct list *parked,
                struct error *err) MUST_CHECK;

/* What of that partition the key is parked for. NULL: nothing, or there was no memory to know it.
 */
const struct span *order_parked(const struct order *order, struct slice key, struct slice topic,
                                int32_t partition);

/* All of the key up to that event of its partition has been delivered. It stays parked until that
 * is told to all. */
void order_deliver(struct order *order, struct slice key, const struct order_position *position);

/* That is told: if that is all that it was parked for, its later events go again. */
void order_pass(struct order *order, struct slice key, const struct order_position *position);

/* Takes out what waits and is `gone` (NULL: everything), and puts it at the end of `dropped`. For
 * partitions that are taken away: before anything of theirs that is under way is given up by
 * order_done, which would let the next one go. Costs a walk over all keys. */
typedef bool order_gone(void *context, const struct order_item *item);
void order_drop(struct order *order, order_gone *gone, void *context, struct list *dropped);

#endif
