#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_now_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_now_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t clock_unix_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

static char *two_digits(char *p, unsigned value, char after)
{
    p[0] = (char)('0' + value / 10 % 10);
    p[1] = (char)('0' + value % 10);
    p[2] = after;
    return p + 3;
}

/* Several of these are written for every record, so no strftime: days to a date is Howard
 * Hinnant's civil_from_days (chrono-Compatible Low-Level Date Algorithms). */
struct clock_date clock_date(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned shifted_month = (5 * day_of_year + 2) / 153;
    unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return (struct clock_date){
        .year = (int64_t)year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * shifted_month + 2) / 5 + 1,
    };
}

void clock_iso(int64_t unix_ms, char text[CLOCK_ISO_SIZE])
{
    int64_t days = unix_ms / 86400000;
    int64_t rest = unix_ms % 86400000;
    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    struct clock_date date = clock_date(days);
    unsigned year = (unsigned)date.year % 10000;
    unsigned ms = (unsigned)rest;
    char *p = two_digits(text, year / 100, '0') - 1;
    p = two_digits(p, year % 100, '-');
    p = two_digits(p, date.month, '-');
    p = two_digits(p, date.day, 'T');
    p = two_digits(p, ms / 3600000, ':');
    p = two_digits(p, ms / 60000 % 60, ':');
    p = two_digits(p, ms / 1000 % 60, '.');
    p[0] = (char)('0' + ms / 100 % 10);
    two_digits(p + 1, ms % 100, 'Z');
    text[CLOCK_ISO_SIZE - 1] = '\0';
}
