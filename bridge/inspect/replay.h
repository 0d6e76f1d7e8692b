/* Replay: dead letters handed to a retry topic, from where a running instance, now or later, takes
 * them as events that have not been tried yet.
 *
 * Owner: one thread, which it blocks. */
#ifndef INSPECT_REPLAY_H
#define INSPECT_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/settings.h"
#include "consume/envelope.h"
#include "inspect/dead_letters.h"

struct replay;

struct replay_hooks {
    void *context;
    /* Kafka did not take the letter at this place, and won't. From within the calls below. */
    void (*failed)(void *context, int32_t partition, int64_t place, const char *why);
};

/* `number`: as the plan has it. Looks for the topic, and creates it where it is missing and
 * topics.create says so. Borrows `settings` and `hooks`. NULL and `err`: Kafka can't be reached, or
 * there is no topic. */
struct replay *replay_open(const struct settings *settings, int64_t number,
                           const struct replay_hooks *hooks, struct error *err);
void replay_close(struct replay *replay);

/* Where letters go: the retry topic of the shortest delay. */
const char *replay_topic(const struct replay *replay);

/* The same name for who only wants to know it. The caller frees it; NULL: no memory, or there is no
 * subscription. */
char *replay_topic_name(const struct settings *settings);

/* Can it be replayed: is there a subscription of that name? False and ERROR_INPUT. Pure. */
bool replay_allows(const struct settings *settings, const struct letter *letter,
                   struct error *err) MUST_CHECK;

/* Hands one over, byte for byte, as that: waits while too many are under way. False and ERROR_KAFKA
 * when Kafka can't be written to at all; one that alone is refused is told to the hook. */
bool replay_hand_over(struct replay *replay, const struct dead_letter *letter,
                      enum envelope_kind kind, struct error *err) MUST_CHECK;

/* Waits until Kafka has stored what was handed over, and keeps what is from now on in order: behind
 * one that is refused nothing is stored any more. The second time does nothing. False: Kafka does
 * not answer. */
bool replay_in_order(struct replay *replay, struct error *err) MUST_CHECK;

/* Waits until Kafka has stored all of them. False: it does not answer, or one of those in order was
 * refused. */
bool replay_finish(struct replay *replay, struct error *err) MUST_CHECK;

/* How many are stored, acks=all. */
uint64_t replay_stored(const struct replay *replay);

#endif
