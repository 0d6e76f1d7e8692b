/* The service: the threads, wired to each other, from start to stop.
 *
 *   source ──records──► workers ──writes──► recorder
 *     ▲                    │                    │
 *     └──records, done─────┴────────────────────┘
 *
 * Stopping: the source takes no more and the workers abandon what they have not sent; when all that
 * was in flight is stored, or shutdown_grace is over, what is finished is committed and the groups
 * are left.
 *
 * Results in Avro need the id of their schema: until the registry has told it nothing is taken. */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "config/settings.h"
#include "loop/loop.h"

struct service;

struct service_options {
    struct settings *settings; /* these two outlive the service */
    struct catalog *catalog;
    struct loop *loop; /* of the thread that owns the service */
    void *context;
    void (*stopped)(void *context); /* all threads have ended: destroy it */
};

struct service *service_create(const struct service_options *options, struct error *err);
void service_destroy(struct service *service);

/* Starts the threads. Kafka need not be there. */
bool service_start(struct service *service, struct error *err);

/* From now on these subscriptions: what is the same goes on undisturbed. It takes the settings,
 * which are settings_load_again's, and the catalog, which follows service_catalog's. False: no
 * memory, or it is stopping; nothing has changed. Thread: the service's. */
bool service_reload(struct service *service, struct settings *settings,
                    struct catalog *catalog) MUST_CHECK;
const struct catalog *service_catalog(const struct service *service);

/* Begins to stop; `stopped` is called once, in a later turn of the loop. */
void service_stop(struct service *service);

/* After `stopped`. False: it stopped by itself, since the registry refuses the schema of results.
 */
bool service_ended_well(const struct service *service, struct error *err);

struct metrics *service_metrics(struct service *service);

/* Kafka reachable, topics there, groups joined, the schema known? If not, `why` says what is
 * missing, a line each. Thread: any. */
bool service_ready(const struct service *service, struct buffer *why);

#endif
