/* An event: what expressions see of a record. It borrows the record's bytes and must not outlive
 * it. A plain value, immutable once decoded. Decoding the next record into the same struct reuses
 * its memory; zero-initialised is empty and valid. */
#ifndef DECODE_EVENT_H
#define DECODE_EVENT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/jtext.h"
#include "base/slice.h"
#include "config/subscription.h"
#include "consume/record.h"
#include "decode/cloudevents.h"
#include "decode/hints.h"

enum event_form {
    EVENT_JSON,   /* `.` is valid JSON text */
    EVENT_TEXT,   /* `.` is a string: valid UTF-8 */
    EVENT_BINARY, /* `.` is a string: base64 of the bytes */
    EVENT_NULL,   /* a tombstone: `.` is null, the body is empty */
};

struct event {
    const struct record *record;
    enum event_form form;
    enum cloudevents_mode cloudevents; /* structured: `.` is the envelope, `.data` what is in it */
    struct hints hints;
    struct slice value; /* what `body: event` sends: as published, not trimmed and without what
                           names its schema; of Avro the JSON that was made of it */
    struct slice type;  /* $type: ce_type, else .type, else the topic */
    struct jtext json;  /* EVENT_JSON: where its values are */
    struct buffer text; /* JSON that was made of Avro */
    struct buffer made; /* what else had to be made: an unescaped type */
};

/* Decodes by `format` alone, without a registry (decoder.h knows one): auto is JSON. On false `err`
 * is ERROR_DECODE with what is wrong and at which byte, or ERROR_MEMORY, and `ev` may only be
 * decoded into again or finished. Thread: any. */
bool event_decode(const struct record *record, enum format format, struct event *ev,
                  struct error *err) MUST_CHECK;

/* The two halves of it, between which a decoder finds out what the value is. The first looks at the
 * headers only. */
void event_begin(struct event *ev, const struct record *record);

/* The second reads `value`, a part of the record or ev->text, as that form. False as above. */
bool event_read(struct event *ev, enum event_form form, struct slice value,
                struct error *err) MUST_CHECK;
void event_finish(struct event *ev);

/* The default $id: `<namespace->topic-partition-offset`, added to `out`. A '.' becomes '_', since a
 * signature is over `id.timestamp.body`. `namespace` data NULL: none. */
void event_position_id(const struct record *record, struct slice namespace, struct buffer *out);

/* Gives memory back that an uncommonly large event has left, and keeps what the next one needs. */
void event_trim(struct event *ev);

#endif
