/* The two clocks. Deciders take the time as an argument and never call these. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Monotonic: for waits and durations. */
int64_t clock_now_ms(void);
int64_t clock_now_us(void);

/* Wall time since 1970 (UTC): for what people and records read. */
int64_t clock_unix_ms(void);

/* A day of the Gregorian calendar, reckoned backwards too; the year may be 0 or less. */
struct clock_date {
    int64_t year;
    unsigned month; /* from 1 */
    unsigned day;   /* from 1 */
};

/* The day that is so many after 1970-01-01. */
struct clock_date clock_date(int64_t days);

/* "2026-11-23T15:04:05.123Z" */
#define CLOCK_ISO_SIZE 25
void clock_iso(int64_t unix_ms, char text[CLOCK_ISO_SIZE]);

#endif
