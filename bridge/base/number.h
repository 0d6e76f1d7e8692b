/* The numbers people write in configuration and on the command line, to values and back:
 * durations `250ms 5s 5m 2h 1d`, sizes `64KiB 1MiB`, rates `100/s`, percentages `20%`, counts and
 * ISO 8601 times.
 *
 * Strict: one number and one unit, no sign, no fraction, no blanks. An error's text is "… is
 * needed" and never repeats what was read, which may be a secret. Thread: any. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"

struct number_rate {
    uint64_t count;
    int64_t per_ms; /* 1 s, 1 m or 1 h */
};

/* Each gives ERROR_INPUT and leaves its result alone when the text is not of that form, or is
 * beyond what the result can hold. */
bool number_count(struct slice text, uint64_t *count, struct error *err) MUST_CHECK;
bool number_duration(struct slice text, int64_t *ms, struct error *err) MUST_CHECK;
bool number_size(struct slice text, uint64_t *bytes, struct error *err) MUST_CHECK;
bool number_rate(struct slice text, struct number_rate *rate, struct error *err) MUST_CHECK;
/* 0% to 100%. */
bool number_percent(struct slice text, unsigned *percent, struct error *err) MUST_CHECK;

/* `2026-11-23`, `2026-11-23T15:04`, `2026-11-23T15:04:05.123+01:00`; UTC where no offset is given;
 * digits beyond milliseconds are dropped; a blank may stand for the T (RFC 3339 §5.6). */
bool number_time(struct slice text, int64_t *unix_ms, struct error *err) MUST_CHECK;

/* In the largest unit that loses nothing: 90000 is "90s", 7200000 is "2h". A negative duration is
 * written with a minus, which number_duration does not read. */
#define NUMBER_TEXT_SIZE 32
void number_duration_text(int64_t ms, char text[NUMBER_TEXT_SIZE]);
void number_size_text(uint64_t bytes, char text[NUMBER_TEXT_SIZE]);
void number_rate_text(struct number_rate rate, char text[NUMBER_TEXT_SIZE]);

#endif
