/* A result record: what one attempt came to, or could not come to. result.def has its fields; it is
 * written as JSON here, as Avro by result_avro.h. */
#ifndef SETTLE_RESULT_H
#define SETTLE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "config/settings.h"
#include "settle/verdict.h"

enum result_place {
#define FIELD(place, name, type, text) RESULT_##place,
#include "settle/result.def"
    RESULT_FIELDS
};

/* Times are ISO 8601 UTC with milliseconds in JSON, timestamp-millis in Avro. */
enum result_type {
    RESULT_TEXT,
    RESULT_INT,
    RESULT_LONG,
    RESULT_TIME,
    RESULT_TEXT_OR_NULL, /* from here on those that may be null, in the same order */
    RESULT_INT_OR_NULL,
    RESULT_LONG_OR_NULL,
    RESULT_TIME_OR_NULL,
};

struct result_field {
    const char *name;
    enum result_type type;
    const char *text; /* for people: no quotes, no backslash */
};

extern const struct result_field result_fields[RESULT_FIELDS];

/* What a field may hold, null or not. */
static inline enum result_type result_base_type(enum result_type type)
{
    return type >= RESULT_TEXT_OR_NULL ? type - RESULT_TEXT_OR_NULL : type;
}

/* The one of the two that its type says. */
struct result_value {
    bool is_null; /* only of a type that may be */
    struct slice text;
    int64_t number; /* of a time: unix milliseconds */
};

/* All of them, borrowed from the verdict. Text may hold any bytes. */
void result_read(const struct verdict *verdict, struct result_value values[RESULT_FIELDS]);

/* Does `results.record` ask for a record of this? */
bool result_wanted(enum results_record which, enum fate_kind fate);

/* Adds the JSON object. Bytes of an answer that are not UTF-8 become U+FFFD. */
void result_write(const struct verdict *verdict, struct buffer *out);

/* Adds the Avro schema, on one line. */
void result_write_schema(struct buffer *out);

#endif
