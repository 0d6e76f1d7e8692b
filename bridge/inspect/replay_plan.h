/* What a replay hands over, and in what order.
 *
 * A letter of a subscription that has no order goes as it is found. One of a key that is parked
 * chooses that key: all letters are handed over that it is parked for, in order, and behind them
 * word that they have been. One of a key that is parked no more, or for later events only, is left
 * out: it has been delivered, and the key has gone on. But a letter that is named is handed over
 * whatever its key is parked for, and changes nothing of that.
 *
 * What keys are parked for is read before any letter is: of a key that is parked meanwhile nothing
 * is handed over, or what it was parked for before, and it stays parked until the next replay.
 * Owner: one thread, which it blocks. */
#ifndef INSPECT_REPLAY_PLAN_H
#define INSPECT_REPLAY_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "config/settings.h"
#include "consume/envelope.h"
#include "inspect/dead_letters.h"

struct replay_plan;

/* Hands it over, as that; of ENVELOPE_RELEASE what the letter says of where the event was
 * published, and its key. False and `err` ends it all. */
typedef bool replay_give(void *context, const struct dead_letter *letter, enum envelope_kind kind,
                         struct error *err);

/* Reads what is parked, where it matters. Borrows what it is given. NULL and ERROR_KAFKA,
 * ERROR_MEMORY. */
struct replay_plan *replay_plan_open(const struct settings *settings,
                                     const struct letters_wanted *wanted, struct error *err);
void replay_plan_close(struct replay_plan *plan);

/* A number for the replay: higher than that of any that has failed, whatever the clock says where
 * that was called. */
int64_t replay_plan_number(const struct replay_plan *plan);

/* A letter that is wanted, of a subscription that is configured. True and `now`: it is to be handed
 * over at once. False: ERROR_MEMORY. */
bool replay_plan_offer(struct replay_plan *plan, const struct dead_letter *letter, bool *now,
                       struct error *err) MUST_CHECK;

/* Once all are offered: gives what is to be handed over in order. */
bool replay_plan_give(struct replay_plan *plan, replay_give *give, void *context,
                      struct error *err) MUST_CHECK;

/* How many letters were wanted and are left out, since their keys have gone on. */
uint64_t replay_plan_left_out(const struct replay_plan *plan);

#endif
