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
    struct slice value; /* as published, not trimmed: what `body: event` sends */
    struct slice type;  /* $type: ce_type, else .type, else the topic */
    struct jtext json;  /* EVENT_JSON: where its values are */
    struct buffer made; /* what had to be made: an unescaped type */
};

/* Decides by `format` (FORMAT_AUTO: JSON, until a registry is configured). On false `err` is
 * ERROR_DECODE with what is wrong and at which byte, and `ev` may only be decoded into again or
 * finished. Thread: any. */
bool event_decode(const struct record *record, enum format format, struct event *ev,
                  struct error *err) MUST_CHECK;
void event_finish(struct event *ev);

/* The default $id: `<namespace->topic-partition-offset`, added to `out`. A '.' becomes '_', since a
 * signature is over `id.timestamp.body`. `namespace` data NULL: none. */
void event_position_id(const struct record *record, struct slice namespace, struct buffer *out);

/* Gives memory back that an uncommonly large event has left, and keeps what the next one needs. */
void event_trim(struct event *ev);

#endif
