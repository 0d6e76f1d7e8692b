/* CloudEvents 1.0 as Kafka carries them (CloudEvents Kafka Protocol Binding §3): in binary mode the
 * attributes are headers `ce_NAME` and the value is the data; in structured mode the value is a
 * JSON object of attributes and data. Pure; what is found borrows the event or the scratch. */
#ifndef DECODE_CLOUDEVENTS_H
#define DECODE_CLOUDEVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"

struct event;

enum cloudevents_mode {
    CLOUDEVENTS_NONE, /* the record is no CloudEvent */
    CLOUDEVENTS_BINARY,
    CLOUDEVENTS_STRUCTURED,
};

/* Does the header content-type (data NULL: none) say that the value is a CloudEvent in JSON? False
 * is ERROR_DECODE: a batch, or a format that is not JSON. */
bool cloudevents_is_structured(struct slice content_type, bool *structured,
                               struct error *err) MUST_CHECK;

/* Has it what each CloudEvent 1.0 has: the specversion 1.0, an id, a source and a type? Of a
 * tombstone, and of what is no CloudEvent, nothing is asked. False is ERROR_DECODE. */
bool cloudevents_check(const struct event *ev, struct error *err) MUST_CHECK;

struct cloudevents_attribute {
    struct slice name; /* "id", "source", "datacontenttype", "myextension" */
    struct slice text; /* what it says; a number or a boolean as it is written in JSON */
    struct slice json; /* structured mode: the same as JSON; data NULL in binary mode */
};

/* The attributes of `ev`, extensions too, in the order they are written; each name once, by its
 * last value, as elsewhere; one that is null counts as not given. Start with *at = 0; false: there
 * are no more. `datacontenttype` is among them in both modes (in binary mode it is the header
 * content-type, if there is one). Clears `scratch` and puts in it what has to be unescaped: an
 * attribute is valid until the next call. */
bool cloudevents_next(const struct event *ev, size_t *at, struct cloudevents_attribute *attribute,
                      struct buffer *scratch);

/* The one of that name; false: there is none. */
bool cloudevents_find(const struct event *ev, struct slice name,
                      struct cloudevents_attribute *attribute, struct buffer *scratch);

/* The data, as it would be sent in binary mode: the bytes of `data_base64`, the content of a `data`
 * that is a string with a datacontenttype that is not JSON, else the value or `data` as it is. */
struct cloudevents_data {
    struct slice bytes; /* data NULL: the event has no data */
    bool is_json;       /* `bytes` is JSON text, which structured mode takes as it is */
};

/* Clears `scratch` too. False is ERROR_DECODE: `data_base64` is not base64; or ERROR_MEMORY. */
bool cloudevents_data(const struct event *ev, struct cloudevents_data *data, struct buffer *scratch,
                      struct error *err) MUST_CHECK;

#endif
