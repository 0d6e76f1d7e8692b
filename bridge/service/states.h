/* The states: the thread that follows what is remembered of subscriptions and keys
 * (settle/state.h), and tells it to those who act on it.
 *
 * The happy path: topics.state is read to its end, `known` is called, and then each change is told
 * as it comes, whichever instance it comes of. What is remembered of a subscription that is not
 * configured is kept for when it is. A URL that is not the one that was disabled is not disabled.
 */
#ifndef SERVICE_STATES_H
#define SERVICE_STATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/metrics.h"
#include "base/slice.h"
#include "catalog/catalog.h"
#include "config/settings.h"
#include "deliver/worker.h"

struct states;

/* Called on the states' thread. */
struct states_hooks {
    void *context;
    /* `state` is news of that subscription, or of that key of it (data NULL: of none). */
    void (*tell)(void *context, enum worker_state state, unsigned subscription, struct slice key,
                 const struct span *span);
    /* The lane's only subscription is disabled, or it is so no more. */
    void (*suspend)(void *context, unsigned lane, bool suspended);
    /* All has been told that was remembered when it began. */
    void (*known)(void *context);
    /* All has been told that was remembered when states_sync was called. */
    void (*synced)(void *context, unsigned lane, uint32_t turn);
};

/* Borrows the settings, which outlive it; of the catalog it takes what it needs. */
struct states *states_create(const struct settings *settings, const struct catalog *catalog,
                             struct metrics *metrics, const struct states_hooks *hooks,
                             struct error *err);

/* The topic must be there, or about to be. */
bool states_start(struct states *states, struct error *err);

/* From now on these are configured, of which it takes what it needs at once. What is remembered of
 * them is told again. Thread: any. */
void states_change(struct states *states, const struct catalog *catalog);

/* Answered by the hook `synced`. Thread: any. */
void states_sync(struct states *states, unsigned lane, uint32_t turn);

/* Ends the thread. */
void states_stop(struct states *states);

/* After states_stop. NULL is fine. */
void states_destroy(struct states *states);

#endif
