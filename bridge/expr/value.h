/* What an expression comes to: a slice, and how it is to be read. Nothing is converted before it is
 * known where the value goes. */
#ifndef EXPR_VALUE_H
#define EXPR_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/jtext.h"
#include "base/slice.h"
#include "decode/event.h"

struct jq;

/* What expressions see. All is borrowed. */
struct scope {
    const struct event *ev;
    struct slice id;        /* $id; data NULL where there is none yet */
    struct buffer *scratch; /* what had to be made of a value; cleared by the next evaluation */
    struct jq *jq;          /* this thread's; NULL: what only jq can say fails */
    size_t most;            /* bytes of what jq may make; 0: VALUE_BYTES_MAX */
};

#define VALUE_BYTES_MAX (1u << 20)

enum value_kind {
    VALUE_MISSING, /* no such field, header or element: null to all but what asks for it */
    VALUE_JSON,    /* JSON text as published: any value */
    VALUE_TEXT,    /* what a string says, in UTF-8, with nothing escaped */
};

/* Borrows the event, the expression or the scope's scratch: valid until the next evaluation. */
struct value {
    enum value_kind kind;
    struct slice text; /* of VALUE_MISSING empty */
    uint32_t token;    /* its number in the event's JSON, from 1; 0: it isn't one of its values */
};

/* How an evaluation ends, as in jq. */
enum evaluated {
    EVALUATED,
    EVALUATED_NOTHING,   /* no result: `.a?` of a string */
    EVALUATED_FAILED,    /* and an error says why */
    EVALUATED_UNDECIDED, /* that is for jq to say */
};

static inline struct value value_json(struct slice text)
{
    return (struct value){VALUE_JSON, text, 0};
}

static inline struct value value_text(struct slice text)
{
    return (struct value){VALUE_TEXT, text, 0};
}

static inline struct value value_missing(void)
{
    return (struct value){VALUE_MISSING, SLICE(""), 0};
}

static inline struct value value_bool(bool is)
{
    return value_json(is ? SLICE("true") : SLICE("false"));
}

/* One of the event's JSON. */
static inline struct value value_token(const struct jtext *json, uint32_t token)
{
    return (struct value){VALUE_JSON, jtext_value(json, token), token + 1};
}

/* Text, or base64 of what is not valid UTF-8 (behind the end of `scratch`), so that no two
 * different keys look alike; data NULL is null. */
struct value value_of_bytes(struct slice bytes, struct buffer *scratch);
struct value value_base64(struct slice bytes, struct buffer *scratch);

/* As jq calls and orders them: JTEXT_NULL for what is missing, JTEXT_STRING for text. */
enum jtext_kind value_kind_of(const struct value *value);

/* Missing, null or false: what `//` passes over. */
bool value_is_false(const struct value *value);

/* As text: what a string says, null empty, all else as its JSON. May use the end of `scratch`. */
struct slice value_as_text(const struct value *value, struct buffer *scratch);

/* As JSON, as published where it was JSON. */
void value_add_json(const struct value *value, struct buffer *out);

/* In jq's order: null, false, true, numbers, strings, arrays, objects. Numbers by all their digits,
 * strings by their code points. False: two arrays or two objects that differ, for jq to say. May
 * use the end of `scratch`, and so move what is there. */
bool value_compare(const struct value *a, const struct value *b, struct buffer *scratch,
                   int *order) MUST_CHECK;

/* A slice that is still needed when more is added to `scratch`, where it may lie: adding may move
 * all that is there. */
struct kept_slice {
    struct slice slice;
    size_t offset; /* in scratch, from 1; 0: it lies elsewhere */
};

struct kept_slice slice_keep(struct slice slice, const struct buffer *scratch);
struct slice slice_kept(const struct kept_slice *kept, const struct buffer *scratch);

#endif
