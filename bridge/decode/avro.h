/* Avro's binary encoding as JSON text. README.md has the table of what becomes what.
 *
 * Whatever the bytes say, it ends soon, in bounded memory: a length is held against the bytes there
 * are, nesting, values that take no bytes, and the JSON itself are limited. */
#ifndef DECODE_AVRO_H
#define DECODE_AVRO_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"

#define AVRO_DEPTH     1024u       /* types within types */
#define AVRO_JSON_MOST (64u << 20) /* bytes */
#define AVRO_FREE      (64u << 10) /* values that take no bytes: nulls, empty records */

struct avro_plan;

/* What reading takes, kept from one value to the next. Owner: one thread. */
struct avro_reading;

/* NULL: no memory. */
struct avro_reading *avro_reading_create(void);
void avro_reading_destroy(struct avro_reading *reading);

/* Writes the value that `bytes` are, all of them, into the empty `out`. False is ERROR_DECODE, with
 * where and what: ".data.items[2].price: the value ends too early"; or ERROR_MEMORY. */
bool avro_reading_to_json(struct avro_reading *reading, struct avro_plan *plan, struct slice bytes,
                          struct buffer *out, struct error *err) MUST_CHECK;

/* Gives memory back that an uncommonly large value has left. */
void avro_reading_trim(struct avro_reading *reading);

#endif
