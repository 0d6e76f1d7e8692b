/* Single values of Avro as JSON text: numbers with every digit, times as ISO 8601. Pure. */
#ifndef DECODE_SCALAR_H
#define DECODE_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/slice.h"

#define SCALAR_DECIMAL_BYTES 1024u /* longest decimal: some 2,460 digits */
#define SCALAR_SCALE_MAX     4096u

/* The shortest digits that read back as the same number. JSON has no word for the three that are
 * none: they become the strings "NaN", "Infinity" and "-Infinity". */
void scalar_add_float(struct buffer *out, float value);
void scalar_add_double(struct buffer *out, double value);

/* An integer in two's complement, big-endian, divided by 10^scale (at most SCALAR_SCALE_MAX).
 * False: it is longer than SCALAR_DECIMAL_BYTES, or there is no memory. */
bool scalar_add_decimal(struct buffer *out, struct slice bytes, unsigned scale) MUST_CHECK;

/* Of times and timestamps `digits` says the unit: 3 is milliseconds, 6 micro, 9 nano. */

/* "2026-11-23"; a year beyond 9999 has a sign and all its digits. */
void scalar_add_date(struct buffer *out, int64_t days);

/* "15:04:05.123". False: the value is not within a day. */
bool scalar_add_time(struct buffer *out, int64_t value, unsigned digits) MUST_CHECK;

/* "2026-11-23T15:04:05.123Z"; a local one has no Z. */
void scalar_add_timestamp(struct buffer *out, int64_t value, unsigned digits, bool local);

/* Three little-endian numbers, of months, days and milliseconds: "P1M2DT3.004S", or "PT0S". */
void scalar_add_duration(struct buffer *out, const char bytes[12]);

/* 5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77, and a NUL; the other with quotes. */
#define SCALAR_UUID_SIZE 37
void scalar_write_uuid(const char bytes[16], char text[SCALAR_UUID_SIZE]);
void scalar_add_uuid(struct buffer *out, const char bytes[16]);

#endif
