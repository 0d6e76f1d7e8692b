/* Delivery results as they stand in the results topic, read back for people. */
#ifndef INSPECT_RESULTS_H
#define INSPECT_RESULTS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/jtext.h"
#include "base/slice.h"
#include "decode/decoder.h"

/* One result's fields as text, strings without their quotes. data NULL: null, or not there.
 * Borrows the text it was read from, and its reader. */
struct result_row {
    struct slice id;
    struct slice subscription;
    struct slice event_type;
    struct slice topic;
    struct slice partition;
    struct slice offset;
    struct slice timestamp;
    struct slice outcome;
    struct slice attempt;
    struct slice status;
    struct slice error_kind;
    struct slice error;
    struct slice started_at;
    struct slice duration_ms;
};

/* What reading reuses. Zero-initialised is valid. */
struct results_reader {
    struct jtext json;
    struct buffer scratch;
    struct decoder *decoder; /* for results_text; borrowed */
    struct record record;    /* the value as the decoder wants it */
    struct event ev;
};

void results_reader_finish(struct results_reader *reader);

/* The result in JSON: the value itself, or what it says in Avro, by the schema that it names; that
 * may have other fields than ours. A zero comes first in Avro, and never in JSON. `text` borrows
 * the value and the reader, until the next call. It may wait for a registry. False is ERROR_DECODE:
 * it can't be read; ERROR_MEMORY; or, with another kind, a registry that can't be asked. */
bool results_text(struct results_reader *reader, struct slice value, struct slice *text,
                  struct error *err) MUST_CHECK;

/* False and ERROR_DECODE where the text is no JSON object. Fields that are missing are NULL: a
 * later version may write others. */
bool results_read(struct results_reader *reader, struct slice text, struct result_row *row,
                  struct error *err) MUST_CHECK;

#endif
