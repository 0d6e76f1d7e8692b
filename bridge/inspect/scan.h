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
#include "consume/record.h"

struct scan;

/* What of a partition is read: from `begin` on, before `end`. */
struct scan_range {
    int64_t begin;
    int64_t end;
};

/* Given all that a partition has, leaves what is wanted of it. */
typedef void scan_choose(void *context, int32_t partition, struct scan_range *range);

/* Zero-initialised: everything. */
struct scan_options {
    int64_t last; /* begin so many records before the end of each partition; 0: don't */
    bool since;   /* begin at the first record that is not older than since_unix_ms */
    int64_t since_unix_ms;
    scan_choose *choose; /* asked last; NULL: all that is left by then */
    void *context;
    bool bounded; /* nothing behind what there was at scan_open */
};

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

/* Finds the topic's partitions and their ends. NULL and ERROR_KAFKA within about `timeout_ms` a
 * step where Kafka can't be reached, ERROR_INPUT where there is no such topic or a property is
 * wrong. */
struct scan *scan_open(const struct named_texts *properties, const char *topic,
                       const struct scan_options *options, int timeout_ms, struct error *err);
void scan_close(struct scan *scan);

/* The next record, in each partition's order. After SCAN_END what is new, unless `bounded`. */
enum scan_step scan_next(struct scan *scan, int timeout_ms, struct scan_record *record,
                         struct error *err);

/* The headers of the record that scan_next gave last, valid as long as it is. False: no memory. */
bool scan_headers(struct scan *scan, const struct record_header **headers,
                  size_t *count) MUST_CHECK;

/* The topic that is read; lives as long as the scan. */
const char *scan_topic(const struct scan *scan);

/* How many offsets of those that were there at scan_open have been read, and of how many. */
void scan_progress(const struct scan *scan, int64_t *done, int64_t *total);

#endif
