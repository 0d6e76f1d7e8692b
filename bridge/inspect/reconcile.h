/* Reconciliation: what was published, against what became of it. Every record of a range that a
 * subscription wants is looked for in the results, the dead letters and the retry topics.
 *
 * Safe beside running instances: what is committed is read first and its outcomes after that, so
 * that nothing that is finished meanwhile can seem to be missing. Owner: one thread, which it
 * blocks. No consumer group is touched. */
#ifndef INSPECT_RECONCILE_H
#define INSPECT_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "catalog/catalog.h"
#include "config/settings.h"
#include "inspect/account.h"

struct reconcile_hooks {
    void *context;
    /* Of what is being read now. */
    void (*progress)(void *context, const char *topic, int64_t done, int64_t total);
    /* Committed, wanted, and found nowhere. */
    void (*missing)(void *context, const char *subscription, const char *topic, int32_t partition,
                    int64_t offset);
};

struct reconcile_options {
    const struct settings *settings;
    const struct catalog *catalog;
    const struct route *only; /* NULL: every subscription */
    bool has_since;           /* without it: from the beginning, or from where `start` says */
    bool has_until;
    int64_t since_unix_ms;
    int64_t until_unix_ms;
    struct reconcile_hooks hooks;
};

struct reconcile_row {
    const char *subscription;
    struct account_counts counts;
    uint64_t before; /* not counted: with `start: latest`, before the first that has an outcome */
};

struct reconcile_report {
    struct reconcile_row *rows; /* one a subscription, in the order of the configuration */
    size_t count;
    bool no_results; /* the topic is not there */
    bool no_letters;
    uint64_t unreadable_results; /* records there that are none */
    uint64_t unreadable_letters;
    uint64_t unreadable_retries;
};

/* Fills `report`, which the caller finishes in either case. False and `err`: Kafka could not be
 * read to the end, so that nothing is known. */
bool reconcile_run(const struct reconcile_options *options, struct reconcile_report *report,
                   struct error *err) MUST_CHECK;
void reconcile_report_finish(struct reconcile_report *report);

#endif
