/* What an expression comes to: a slice, and how it is to be read. Nothing is converted before it is
 * known where the value goes. */
#ifndef EXPR_VALUE_H
#define EXPR_VALUE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/jtext.h"
#include "base/slice.h"
#include "decode/event.h"

/* What expressions see. All is borrowed. */
struct scope {
    const struct event *ev;
    struct slice id;        /* $id; data NULL where there is none yet */
    struct buffer *scratch; /* what had to be made of a value; cleared by the next evaluation */
};

enum value_kind {
    VALUE_MISSING, /* no such field, header or element */
    VALUE_JSON,    /* JSON text as published: any value */
    VALUE_TEXT,    /* what a string says, in UTF-8, with nothing escaped */
};

/* Borrows the event, the expression or the scope's scratch: valid until the next evaluation. */
struct value {
    enum value_kind kind;
    struct slice text; /* of VALUE_MISSING empty */
};

static inline struct value value_json(struct slice text)
{
    return (struct value){VALUE_JSON, text};
}

static inline struct value value_text(struct slice text)
{
    return (struct value){VALUE_TEXT, text};
}

/* Text, or base64 of what is not valid UTF-8 (behind the end of `scratch`), so that no two
 * different keys look alike; data NULL is null. */
struct value value_of_bytes(struct slice bytes, struct buffer *scratch);
struct value value_base64(struct slice bytes, struct buffer *scratch);

/* Missing, null or false: what `//` passes over. */
bool value_is_false(const struct value *value);

/* As text: what a string says, null empty, all else as its JSON. May use the end of `scratch`. */
struct slice value_as_text(const struct value *value, struct buffer *scratch);

/* As JSON, as published where it was JSON. */
void value_add_json(const struct value *value, struct buffer *out);

#endif
