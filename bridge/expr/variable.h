/* What expressions start from: `.` of an event that is no JSON, and the variables.
 *
 * $key          a string, base64 where it is no UTF-8; null for a null key
 * $topic        a string
 * $partition    a number
 * $offset       a number
 * $timestamp    a number: Kafka's, in milliseconds since 1970; null where there is none
 * $id           a string: the event's id, as sent in webhook-id
 * $type         a string
 * $headers      an object of strings: of a name that is repeated the last one; values as $key's */
#ifndef EXPR_VARIABLE_H
#define EXPR_VARIABLE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "expr/path.h"
#include "expr/value.h"

#define VARIABLE_COUNT 8 /* the roots behind ROOT_VALUE, in their order */

/* Without the dollar; variable i is the root i + 1. */
extern const char *const variable_names[VARIABLE_COUNT];

/* False: there is none of that name. */
bool variable_named(struct slice name, enum path_root *root) MUST_CHECK;

#define VARIABLE_HEADERS_MAX 1000 /* in $headers as a whole: making it takes their square */

/* A number that had to be written, and an object of all headers, are in the scope's scratch. False
 * is ERROR_RENDER: too many headers. */
bool variable_value(enum path_root root, const struct scope *scope, struct value *value,
                    struct error *err) MUST_CHECK;

/* One of $headers; false: no header has that name. */
bool variable_header(const struct scope *scope, struct slice name, struct value *value);

#endif
