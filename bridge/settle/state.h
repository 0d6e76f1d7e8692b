/* What is remembered of subscriptions and keys, for every instance, in the compacted topic
 * topics.state: a subscription that is disabled, a key that is parked. Pure.
 *
 *   key                          value
 *   disabled NAME                {"state":"disabled"|"enabled", …}
 *   parked NAME KEY-IN-BASE64    {"state":"parked"|"released", "topic", "partition", "offset", …}
 *   replayed NAME KEY-IN-BASE64  {"state":"replayed", "topic", "partition", "offset", …}
 *
 * A key is parked with the position of its last event that became a dead letter, and each one
 * moves that on. A replay says up to which position it has delivered what was parked. Whoever reads
 * that and knows of none parked behind it says that the key is released; and it is, for those who
 * know of none either. So what is parked meanwhile by whoever has the partition keeps it parked. */
#ifndef SETTLE_STATE_H
#define SETTLE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/jtext.h"
#include "base/slice.h"

enum state_kind {
    STATE_DISABLED,
    STATE_ENABLED,
    STATE_PARKED,
    STATE_RELEASED,
    STATE_REPLAYED,
    STATE_FORGOTTEN, /* a tombstone: none of this is remembered */
};

/* Where an event was published. */
struct state_position {
    struct slice topic;
    int32_t partition;
    int64_t offset;
};

static inline bool state_same_position(const struct state_position *a,
                                       const struct state_position *b)
{
    return a->partition == b->partition && a->offset == b->offset &&
           slice_equal(a->topic, b->topic);
}

struct state {
    enum state_kind kind;
    struct slice subscription;
    struct slice reason;            /* DISABLED: "410", "exhausted", "person" */
    struct slice url;               /* DISABLED: the digest of request.url */
    struct slice key;               /* PARKED, RELEASED, REPLAYED: the record's, its bytes */
    struct state_position position; /* of the same: the last that is spoken of */
    struct slice instance;          /* who says so; data NULL: a person */
    int64_t unix_ms;                /* since when */
};

/* 64 hexadecimal digits and a NUL: SHA-256 of the URL as it is configured. It may hold a secret. */
#define STATE_DIGEST_BYTES 65
void state_digest(struct slice url, char digest[STATE_DIGEST_BYTES]);

/* Adds the record's key and value. */
void state_write(const struct state *state, struct buffer *key, struct buffer *value);

/* What reading reuses. Zero-initialised is valid. */
struct state_reader {
    struct jtext json;
    struct buffer scratch;
};

void state_reader_finish(struct state_reader *reader);

/* `value.data` NULL is a tombstone. What it fills borrows the texts and the reader. False and
 * ERROR_DECODE: the record is none of these. */
bool state_read(struct state_reader *reader, struct slice key, struct slice value,
                struct state *state, struct error *err) MUST_CHECK;

#endif
