/* Client of a schema registry that speaks Confluent's API: schemas by id, fetched once and kept.
 *
 * It never blocks. Who needs a schema that isn't there yet waits with a link of its own, and gets
 * it back when there is something to tell. A registry that can't be reached, or says no to who we
 * are, is no fault of an event's: it is asked again for as long as it takes. That it knows no such
 * schema is an answer, which holds for half a minute: it may be registered a moment later.
 *
 * Owner: the loop's thread, which is the only one that may use it. */
#ifndef DECODE_REGISTRY_H
#define DECODE_REGISTRY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "config/settings.h"
#include "decode/framing.h"
#include "loop/loop.h"

#define REGISTRY_SCHEMAS    1024        /* kept at most; the one that is unused for longest goes */
#define REGISTRY_TEXT_BYTES (32u << 20) /* of all that are kept */
#define REGISTRY_UNKNOWN_MS 30000       /* how long a "no such schema" holds */

struct avro_plan;
struct registry;
struct registry_schema;

struct registry_options {
    struct loop *loop;                        /* outlives it */
    const struct settings_registry *settings; /* outlives it */
    struct metrics_block *metrics;            /* NULL: nothing is counted */
    bool once; /* for commands: what can't be reached at once is an error */
    void *context;
    /* The links of those who waited for a schema: each is to ask for it again. In a later turn of
     * the loop than registry_wait. */
    void (*known)(void *context, struct list *waiters);
};

/* NULL and `err`: no memory. */
struct registry *registry_create(const struct registry_options *options, struct error *err);

/* Who waits is forgotten, not told. */
void registry_destroy(struct registry *registry);

enum registry_state {
    REGISTRY_READY,
    REGISTRY_WAITS,  /* it is asked for: registry_wait */
    REGISTRY_FAILED, /* ERROR_DECODE: there is no such schema, or none that can be read;
                        ERROR_MEMORY; with `once` also why the registry can't be reached */
};

/* The schema, valid until the next call. */
enum registry_state registry_find(struct registry *registry, const struct framing *framing,
                                  struct registry_schema **schema, struct error *err);

/* Of a schema that is ready: its plan; NULL: a JSON Schema. */
struct avro_plan *registry_plan(const struct registry_schema *schema);

/* Of one that isn't: `waiter` comes back by `known`, unless it is taken out of its list before. */
void registry_wait(struct registry_schema *schema, struct list *waiter);

#endif
