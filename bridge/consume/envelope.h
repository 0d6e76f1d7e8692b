/* The envelope of a record in a retry topic: headers behind the record's own that say whose it is
 * and where it came from. Written and read in this one file.
 *
 * It is always the last ENVELOPE_HEADERS headers, in a fixed order, so that whatever the record's
 * own headers are called, they come out as they went in. */
#ifndef CONSUME_ENVELOPE_H
#define CONSUME_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "base/error.h"
#include "base/slice.h"
#include "consume/record.h"

#define ENVELOPE_HEADERS 13

enum envelope_kind {
    ENVELOPE_EVENT,
    ENVELOPE_RELEASE, /* none: all up to this one of its key and partition, of this replay, has come
                         before */
    ENVELOPE_ALONE,   /* an event that is replayed, and not its key */
};

struct envelope {
    struct slice subscription;
    unsigned attempts;             /* requests sent so far */
    unsigned passes;               /* how often it has gone on without one since the last */
    int64_t due_unix_ms;           /* not to be tried before */
    int64_t leg_unix_ms;           /* until then it waits in this topic, and goes on by another */
    int64_t first_attempt_unix_ms; /* -1: none yet */
    struct slice topic;            /* where the event was published */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;          /* -1: none */
    int64_t nobodys_since_unix_ms; /* since when nobody of that name was found; 0: it was */
    int64_t replay;                /* which replay brought it back, by its time; 0: none */
    enum envelope_kind kind;
};

/* Adds it to `headers`. False: no memory. */
bool envelope_write(const struct envelope *envelope, rd_kafka_headers_t *headers);

/* Reads it from the last of `count` headers; slices borrow them. False and ERROR_DECODE when they
 * are not an envelope. */
bool envelope_read(const struct record_header *headers, size_t count, struct envelope *envelope,
                   struct error *err);

/* Until when it stays in the retry topic of that name, where it has been read: no longer than if it
 * had just been written there. The clock of who wrote it may have been ahead, and all behind it
 * wait with it. */
int64_t envelope_leg_ends(const struct envelope *envelope, struct slice topic, int64_t now_unix_ms);

#endif
