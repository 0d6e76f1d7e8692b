/* What became of a delivery: counted, logged and written down. Owner: the worker's thread. */
#ifndef SERVICE_CONCLUDE_H
#define SERVICE_CONCLUDE_H

#include <stdbool.h>

#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "config/settings.h"
#include "settle/result_avro.h"
#include "settle/verdict.h"

struct conclude {
    const struct settings *settings;
    const char *instance;      /* who we are, in results */
    struct result_avro *avro;  /* NULL: results are JSON */
    const uint32_t *schema_id; /* with it */
    struct metrics_block *metrics;
    struct list writes;     /* gathered for the recorder */
    struct log_gate *gates; /* by series */
    size_t gate_count;
};

/* NULL routes are those of retries that are nobody's. `verdict` needs its id, event type, outcome,
 * fate, attempts and next attempt; the rest is filled in here. Each write takes a claim of its own.
 * False when one could not be made: the record must then be abandoned, so that it is read again. */
bool conclude(struct conclude *conclude, struct verdict *verdict, struct record *record,
              const struct route *route);

#endif
