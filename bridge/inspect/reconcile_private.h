/* What the three files of a reconciliation share, in the order of its steps: ranges.c, outcomes.c,
 * reconcile.c. */
#ifndef INSPECT_RECONCILE_PRIVATE_H
#define INSPECT_RECONCILE_PRIVATE_H

#include "decode/decoder.h"
#include "inspect/reconcile.h"
#include "inspect/results.h"
#include "inspect/scan.h"
#include "match/filter.h"

#define RECONCILE_ASK_MS 10000 /* each question to Kafka */

#define RECONCILE_FORMATS (FORMAT_BINARY + 1)

struct reconcile {
    const struct reconcile_options *options;
    struct reconcile_report *report;
    const struct route **routes; /* those asked for, by name */
    size_t route_count;
    struct account account; /* what they read, by their place in the catalog */
    struct account retries; /* the retry topics, from what is committed on; subscription 0 */
    struct results_reader results;
    struct decoder *decoder;
    struct event events[RECONCILE_FORMATS];
    struct filter_run filter;
};

/* Asks Kafka for what is to be read, and for what is committed of it: fills both accounts. */
bool reconcile_find_ranges(struct reconcile *reconcile, struct error *err) MUST_CHECK;

/* Notes all outcomes in the account. */
bool reconcile_note_outcomes(struct reconcile *reconcile, struct error *err) MUST_CHECK;

/* What is done with each record of a topic; false ends it. */
typedef bool reconcile_take(struct reconcile *reconcile, struct scan *scan,
                            const struct scan_record *record, struct error *err);

/* Reads what `options` choose of a topic. */
bool reconcile_read(struct reconcile *reconcile, const char *topic,
                    const struct scan_options *options, reconcile_take *take,
                    struct error *err) MUST_CHECK;

#endif
