/* What is remembered of subscriptions and keys, for every instance, in the compacted topic
 * topics.state: a subscription that is disabled, a key that is parked. Pure.
 *
 *   key                                        value
 *   disabled NAME                              {"state":"disabled"|"enabled", …}
 *   parked NAME KEY-IN-BASE64 TOPIC PARTITION  {"state":"parked", "offset", "from", …}
 *   replayed NAME KEY-IN-BASE64 TOPIC PARTITION
 *                                              {"state":"failed"|"replayed", "offset", …}
 *
 * What a key is parked for is told of each partition that its events come from, as a span of
 * offsets (base/parking.h). Whoever has the source's partition writes `parked`, with each event
 * that he refuses; whoever has the retry topic's, in which a replay comes, writes `replayed`, when
 * it has failed again or all of it up to an offset is delivered. So nobody writes over what
 * somebody else knows, and compaction, which leaves the last record of each key in their order,
 * loses nothing: what is parked behind the offset that has been replayed stays parked, whoever
 * tells it first.
 *
 * Older ones have no TOPIC and PARTITION in their keys (they are in the value, too), no "from", and
 * end the parking by "state":"released" in the place of "parked". */
#ifndef SETTLE_STATE_H
#define SETTLE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/jtext.h"
#include "base/parking.h"
#include "base/slice.h"

enum state_kind {
    STATE_DISABLED,
    STATE_ENABLED,
    STATE_PARKED,
    STATE_FAILED,    /* parked, and a replay has failed */
    STATE_REPLAYED,  /* all of the span up to `last` */
    STATE_RELEASED,  /* the same, of older versions; not written any more */
    STATE_FORGOTTEN, /* a tombstone: none of this is remembered */
};

struct state {
    enum state_kind kind;
    struct slice subscription;
    struct slice reason;   /* DISABLED: "410", "exhausted", "person" */
    struct slice url;      /* DISABLED: the digest of request.url */
    struct slice key;      /* PARKED and those below it: the record's, its bytes */
    struct span span;      /* of the same; REPLAYED, RELEASED: but for `from` and `replay` */
    struct slice instance; /* who says so; data NULL: a person */
    int64_t unix_ms;       /* since when */
};

/* Is its key parked by that? Else, of a key, all up to `span.last` has been delivered. */
static inline bool state_parks(const struct state *state)
{
    return state->kind == STATE_PARKED || state->kind == STATE_FAILED;
}

/* Puts what is said of a key together with what is known of it. False: no memory. */
bool state_join(const struct state *state, struct parking *parking) MUST_CHECK;

/* 64 hexadecimal digits and a NUL: SHA-256 of the URL as it is configured. It may hold a secret. */
#define STATE_DIGEST_BYTES 65
void state_digest(struct slice url, char digest[STATE_DIGEST_BYTES]);

/* Adds the record's key and value. `span.topic` is the name of one. */
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
