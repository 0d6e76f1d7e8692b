/* Those who ask Kafka, and wait for what it says: a few threads. librdkafka answers most questions
 * to who blocks for the answer only; whoever has other business has an asker do that.
 *
 * They have a client of their own, in no group: it fetches nothing, so that no question waits
 * behind a fetch on its connection. */
#ifndef KAFKA_ASKERS_H
#define KAFKA_ASKERS_H

#include <stdbool.h>
#include <librdkafka/rdkafka.h>

#include "base/error.h"
#include "config/subscription.h"
#include "loop/mailbox.h"

struct askers;

/* First member of what is asked. */
struct question {
    struct message message;
    /* Asks, and keeps the answer. `rk` is the askers'. Thread: an asker's, which it may block, but
     * not for more than some seconds: others wait behind it. */
    void (*ask)(struct question *question, rd_kafka_t *rk);
};

struct askers_hooks {
    void *context;
    /* Takes the question back, answered. Thread: an asker's. */
    void (*answer)(void *context, struct question *question);
};

/* `properties` outlive them. NULL: librdkafka refuses one, or no memory. */
struct askers *askers_create(const struct named_texts *properties, const struct askers_hooks *hooks,
                             struct error *err);
bool askers_start(struct askers *askers, struct error *err);

/* Moves the question, which `answer` gives back. Those of the same `turn` are asked one after the
 * other. Thread: any one. */
void askers_ask(struct askers *askers, unsigned turn, struct question *question);

/* The same of what nobody waits for, and what keeps none of those waiting. */
void askers_ask_idly(struct askers *askers, struct question *question);

/* Waits for what is being asked; all else is given back unasked. */
void askers_stop(struct askers *askers);

/* Stopped, or never started. NULL is fine. */
void askers_destroy(struct askers *askers);

#endif
