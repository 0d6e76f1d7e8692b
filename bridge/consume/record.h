/* One message as it was published: bytes, position and headers, in one piece of memory.
 *
 * It is copied once out of librdkafka's buffers, so that what is held is exactly what is counted,
 * and one slow record does not keep a whole fetched batch alive. Its way is a round trip: the
 * source makes it and posts it to a worker; when the last fate that it became is stored it is
 * posted back to the source, which tells the ledger and frees it.
 *
 * Immutable after it is made, but for `claims`: the number of fates still outstanding. */
#ifndef CONSUME_RECORD_H
#define CONSUME_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "loop/mailbox.h"

/* Counted besides the bytes themselves: what its event and deliveries take while it is in memory.
 */
#define RECORD_OVERHEAD_BYTES 512

struct lane;

struct record_header {
    struct slice name;
    struct slice value; /* data NULL: a null value */
};

struct record {
    struct message message; /* in one mailbox or list at a time */
    struct lane *lane;      /* whom it goes back to; opaque to all but consume/ */
    const char *topic;      /* lives as long as the lane */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* Kafka's; -1: none */
    struct slice key;     /* data NULL: a null key */
    struct slice value;   /* data NULL: a tombstone */
    const struct record_header *headers;
    size_t header_count;
    uint32_t assignment; /* which assignment of the partition it came by */
    size_t ledger_place; /* where the ledger keeps it */
    size_t bytes;        /* counted against limits.memory */
    int64_t polled_ms;   /* monotonic */
    atomic_uint claims;  /* and RECORD_ABANDONED */
};

/* What record_create copies from. Slices are borrowed for the call. */
struct record_source {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct slice key;
    struct slice value;
    const struct record_header *headers;
    size_t header_count;
};

/* A copy with one claim on it; NULL when there is no memory. The topic's name is borrowed. */
struct record *record_create(const struct record_source *from);
void record_destroy(struct record *record);

/* The last header of that name (as later ones replace earlier ones); data NULL if there is none. */
struct slice record_header(const struct record *record, const char *name);

/* One more fate is outstanding. The caller holds a claim itself. Thread: any. */
void record_claim(struct record *record);

/* One fate less. True for the last one: the caller now owns the record and must send it home. */
bool record_release(struct record *record) MUST_CHECK;

/* Gives up: the record will be read again after a restart. The caller holds a claim. Thread: any.
 */
void record_abandon(struct record *record);
bool record_is_abandoned(const struct record *record);

#endif
