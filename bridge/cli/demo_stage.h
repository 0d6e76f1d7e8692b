/* What the demo stands on: an embedded Kafka, a receiver, the configuration as files, and the real
 * service running on them, all on one loop.
 *
 * Owner: whoever holds the struct. Thread: main. */
#ifndef CLI_DEMO_STAGE_H
#define CLI_DEMO_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/listener.h"
#include "cli/configuration.h"
#include "cli/demo_files.h"
#include "cli/demo_kafka.h"
#include "cli/receiver.h"
#include "loop/signals.h"
#include "service/service.h"

struct demo_stage {
    struct loop *loop;
    struct signals *signals;
    struct demo_kafka *kafka;
    struct receiver *receiver;
    struct demo_files files;
    struct configuration configuration;
    struct service *service;
    struct listener *listener; /* metrics and health, on a free port */
    struct loop_timer deadline;
    struct loop_timer tick;
    unsigned stopped;
    bool started;
    bool late;
    bool interrupted; /* by Ctrl-C or SIGTERM */
};

/* Who gets what comes in, on the loop's thread. A hook that changed what is waited for calls
 * loop_stop. */
struct demo_hooks {
    void *context;
    receiver_handler *webhook;
    demo_kafka_handler *record;
};

/* Opens all of it, and starts the service. On false demo_stage_close what there is. */
bool demo_stage_open(struct demo_stage *stage, const struct demo_hooks *hooks, struct error *err);

/* Stops the service in order. False: it didn't end in time. The files stay with `keep_files`. */
bool demo_stage_close(struct demo_stage *stage, bool keep_files, struct error *err);

/* Until all consumer groups have joined. */
bool demo_stage_wait_ready(struct demo_stage *stage, struct error *err);

/* Runs the loop until `*count` has come to `wanted`. False: it took too long, or was interrupted;
 * `what` names it in the error. */
bool demo_stage_wait(struct demo_stage *stage, const unsigned *count, size_t wanted,
                     const char *what, struct error *err);

const char *demo_stage_results(const struct demo_stage *stage);
const char *demo_stage_dead_letters(const struct demo_stage *stage);

#endif
