#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>

/* From the smallest to the largest. */
struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
};
static const struct unit sizes[] = {
    {"B", 1},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
};
static const struct unit rates[] = {
    {"/s", 1000},
    {"/m", 60000},
    {"/h", 3600000},
};

#define COUNT_NEEDED    "a whole number such as 64 is needed"
#define DURATION_NEEDED "a duration such as 250ms, 5s or 2h is needed"
#define SIZE_NEEDED     "a size such as 64KiB or 1MiB is needed"
#define RATE_NEEDED     "a rate such as 100/s or 6000/m is needed"
#define PERCENT_NEEDED  "a percentage from 0%% to 100%% is needed"
#define TIME_NEEDED     "an ISO 8601 time such as 2026-11-23T15:04:05Z is needed"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the digits off the front of `rest`. */
static bool take_digits(struct slice *rest, uint64_t *value, bool *overflow)
{
    size_t size = 0;
    *value = 0;
    *overflow = false;
    for (; size < rest->size && is_digit(rest->data[size]); size++) {
        if (__builtin_mul_overflow(*value, 10u, value) ||
            __builtin_add_overflow(*value, (uint64_t)(rest->data[size] - '0'), value))
            *overflow = true;
    }
    if (size == 0)
        return false;
    *rest = slice_from(*rest, size);
    return true;
}

static const struct unit *find_unit(const struct unit *units, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(name, units[i].name))
            return &units[i];
    return NULL;
}

/* Digits and a unit; the value is not yet multiplied. */
static const struct unit *take_measure(struct slice text, const struct unit *units, size_t count,
                                       uint64_t *value, bool *overflow)
{
    if (!take_digits(&text, value, overflow))
        return NULL;
    return find_unit(units, count, text);
}

bool number_count(struct slice text, uint64_t *count, struct error *err)
{
    uint64_t value;
    bool overflow;
    if (!take_digits(&text, &value, &overflow) || text.size)
        return error_set(err, ERROR_INPUT, COUNT_NEEDED);
    if (overflow)
        return error_set(err, ERROR_INPUT, "a smaller number is needed");
    *count = value;
    return true;
}

bool number_duration(struct slice text, int64_t *ms, struct error *err)
{
    uint64_t value;
    bool overflow;
    const struct unit *unit = take_measure(text, durations, COUNT_OF(durations), &value, &overflow);
    if (!unit)
        return error_set(err, ERROR_INPUT, DURATION_NEEDED);
    if (overflow || __builtin_mul_overflow(value, unit->factor, &value) || value > INT64_MAX)
        return error_set(err, ERROR_INPUT, "a shorter duration is needed");
    *ms = (int64_t)value;
    return true;
}

bool number_size(struct slice text, uint64_t *bytes, struct error *err)
{
    uint64_t value;
    bool overflow;
    const struct unit *unit = take_measure(text, sizes, COUNT_OF(sizes), &value, &overflow);
    if (!unit)
        return error_set(err, ERROR_INPUT, SIZE_NEEDED);
    if (overflow || __builtin_mul_overflow(value, unit->factor, &value))
        return error_set(err, ERROR_INPUT, "a smaller size is needed");
    *bytes = value;
    return true;
}

bool number_rate(struct slice text, struct number_rate *rate, struct error *err)
{
    uint64_t value;
    bool overflow;
    const struct unit *unit = take_measure(text, rates, COUNT_OF(rates), &value, &overflow);
    if (!unit)
        return error_set(err, ERROR_INPUT, RATE_NEEDED);
    if (overflow)
        return error_set(err, ERROR_INPUT, "a lower rate is needed");
    *rate = (struct number_rate){value, (int64_t)unit->factor};
    return true;
}

bool number_percent(struct slice text, unsigned *percent, struct error *err)
{
    uint64_t value;
    bool overflow;
    if (!take_digits(&text, &value, &overflow) || !slice_is(text, "%") || overflow || value > 100)
        return error_set(err, ERROR_INPUT, PERCENT_NEEDED);
    *percent = (unsigned)value;
    return true;
}

/* Exactly `count` digits off the front, and their value. */
static bool take_field(struct slice *rest, unsigned count, unsigned *value)
{
    *value = 0;
    if (rest->size < count)
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (!is_digit(rest->data[i]))
            return false;
        *value = *value * 10 + (unsigned)(rest->data[i] - '0');
    }
    *rest = slice_from(*rest, count);
    return true;
}

static bool take_char(struct slice *rest, const char *any)
{
    if (rest->size == 0 || rest->data[0] == '\0' || !strchr(any, rest->data[0]))
        return false;
    *rest = slice_from(*rest, 1);
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01: Howard Hinnant's days_from_civil, the way back from clock_iso. */
static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool take_date(struct slice *rest, int64_t *ms)
{
    unsigned year;
    unsigned month;
    unsigned day;
    if (!take_field(rest, 4, &year) || !take_char(rest, "-") || !take_field(rest, 2, &month) ||
        !take_char(rest, "-") || !take_field(rest, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *ms = days_since_1970(year, month, day) * 86400000;
    return true;
}

static bool take_fraction(struct slice *rest, int64_t *ms)
{
    if (!take_char(rest, ".,"))
        return true;
    size_t size = 0;
    int64_t scale = 100;
    for (; size < rest->size && is_digit(rest->data[size]); size++, scale /= 10)
        *ms += (rest->data[size] - '0') * scale;
    *rest = slice_from(*rest, size);
    return size > 0;
}

static bool take_clock(struct slice *rest, int64_t *ms)
{
    unsigned hours;
    unsigned minutes;
    unsigned seconds = 0;
    if (!take_field(rest, 2, &hours) || !take_char(rest, ":") || !take_field(rest, 2, &minutes))
        return false;
    if (take_char(rest, ":") && (!take_field(rest, 2, &seconds) || !take_fraction(rest, ms)))
        return false;
    if (hours > 23 || minutes > 59 || seconds > 60)
        return false;
    *ms += (int64_t)hours * 3600000 + (int64_t)minutes * 60000 + (int64_t)seconds * 1000;
    return true;
}

static bool take_offset(struct slice *rest, int64_t *ms)
{
    if (rest->size == 0 || take_char(rest, "Zz"))
        return true;
    int sign = rest->data[0] == '-' ? 1 : -1;
    unsigned hours;
    unsigned minutes = 0;
    if (!take_char(rest, "+-") || !take_field(rest, 2, &hours))
        return false;
    bool colon = take_char(rest, ":");
    if ((colon || rest->size) && !take_field(rest, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    *ms += sign * ((int64_t)hours * 3600000 + (int64_t)minutes * 60000);
    return true;
}

bool number_time(struct slice text, int64_t *unix_ms, struct error *err)
{
    int64_t ms = 0;
    bool fine = take_date(&text, &ms);
    if (fine && text.size)
        fine = take_char(&text, "Tt ") && take_clock(&text, &ms) && take_offset(&text, &ms);
    if (!fine || text.size)
        return error_set(err, ERROR_INPUT, TIME_NEEDED);
    *unix_ms = ms;
    return true;
}

static void print_measure(uint64_t value, const struct unit *units, size_t count, const char *sign,
                          char text[NUMBER_TEXT_SIZE])
{
    size_t i = count - 1;
    while (i > 0 && (value == 0 || value % units[i].factor != 0))
        i--;
    snprintf(text, NUMBER_TEXT_SIZE, "%s%" PRIu64 "%s", sign, value / units[i].factor,
             units[i].name);
}

void number_duration_text(int64_t ms, char text[NUMBER_TEXT_SIZE])
{
    uint64_t size = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    print_measure(size, durations, COUNT_OF(durations), ms < 0 ? "-" : "", text);
}

void number_size_text(uint64_t bytes, char text[NUMBER_TEXT_SIZE])
{
    print_measure(bytes, sizes, COUNT_OF(sizes), "", text);
}

void number_rate_text(struct number_rate rate, char text[NUMBER_TEXT_SIZE])
{
    const char *unit = "/s";
    for (size_t i = 0; i < COUNT_OF(rates); i++)
        if ((int64_t)rates[i].factor == rate.per_ms)
            unit = rates[i].name;
    snprintf(text, NUMBER_TEXT_SIZE, "%" PRIu64 "%s", rate.count, unit);
}
