/* A topic read from one end to the other, without a consumer group: nothing is committed, nobody's
 * partitions move. What was there when it was opened is read first; then it goes on with what is
 * written meanwhile, for as long as it is asked.
 *
 * Owner: one thread, which it may block. */
#ifndef INSPECT_SCAN_H
#define INSPECT_SCAN_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "config/subscription.h"

struct scan;

/* A record, valid until the next scan_next or scan_close. */
struct scan_record {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1: none */
    struct slice key;     /* data NULL: a null key */
    struct slice value;   /* data NULL: a tombstone */
};

enum scan_step {
    SCAN_RECORD,
    SCAN_QUIET, /* nothing within the time given */
    SCAN_END,   /* once: all that was there at scan_open has been read */
    SCAN_FAILED /* Kafka went away before that; scan_close it */
};

/* Finds the topic's partitions and their ends. `last`: begin so many records before the end of each
 * partition; 0: at the beginning. NULL and ERROR_KAFKA within about `timeout_ms` a step where Kafka
 * can't be reached, ERROR_INPUT where there is no such topic or a property is wrong. */
struct scan *scan_open(const struct named_texts *properties, const char *topic, int64_t last,
                       int timeout_ms, struct error *err);
void scan_close(struct scan *scan);

/* The next record, in each partition's order. After SCAN_END what is new. */
enum scan_step scan_next(struct scan *scan, int timeout_ms, struct scan_record *record,
                         struct error *err);

/* How many offsets of those that were there at scan_open have been read, and of how many. */
void scan_progress(const struct scan *scan, int64_t *done, int64_t *total);

#endif
