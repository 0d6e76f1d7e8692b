#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/number.h"

#define DURATION "a duration such as 250ms, 5s or 2h is needed"
#define SIZE     "a size such as 64KiB or 1MiB is needed"
#define RATE     "a rate such as 100/s or 6000/m is needed"
#define PERCENT  "a percentage from 0% to 100% is needed"
#define COUNT    "a whole number such as 64 is needed"
#define TIME     "an ISO 8601 time such as 2026-11-23T15:04:05Z is needed"

static void check_error(bool fine, const struct error *err, const char *text)
{
    assert_int_equal(fine, text == NULL);
    if (text) {
        assert_int_equal(err->kind, ERROR_INPUT);
        assert_string_equal(err->text, text);
    }
}

static void reads_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
        const char *error;
    } rows[] = {
        {"250ms", 250, NULL},
        {"5s", 5000, NULL},
        {"5m", 300000, NULL},
        {"2h", 7200000, NULL},
        {"1d", 86400000, NULL},
        {"0s", 0, NULL},
        {"007s", 7000, NULL},
        {"9223372036854775807ms", INT64_MAX, NULL},
        {"106751991167d", 106751991167 * 86400000, NULL},
        {"9223372036854775808ms", 0, "a shorter duration is needed"},
        {"106751991168d", 0, "a shorter duration is needed"},
        {"18446744073709551616ms", 0, "a shorter duration is needed"},
        {"99999999999999999999999999s", 0, "a shorter duration is needed"},
        {"", 0, DURATION},
        {"5", 0, DURATION},
        {"s", 0, DURATION},
        {"fast", 0, DURATION},
        {"-5s", 0, DURATION},
        {"+5s", 0, DURATION},
        {"1.5s", 0, DURATION},
        {"5 s", 0, DURATION},
        {" 5s", 0, DURATION},
        {"5s ", 0, DURATION},
        {"5S", 0, DURATION},
        {"1h30m", 0, DURATION},
        {"5sec", 0, DURATION},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        int64_t ms = 0;
        check_error(number_duration(slice_of(rows[i].text), &ms, &err), &err, rows[i].error);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void reads_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
        const char *error;
    } rows[] = {
        {"0B", 0, NULL},
        {"10B", 10, NULL},
        {"64KiB", 65536, NULL},
        {"1MiB", 1048576, NULL},
        {"2GiB", UINT64_C(2147483648), NULL},
        {"18446744073709551615B", UINT64_MAX, NULL},
        {"17179869183GiB", UINT64_C(17179869183) << 30, NULL},
        {"17179869184GiB", 0, "a smaller size is needed"},
        {"18446744073709551616B", 0, "a smaller size is needed"},
        {"64", 0, SIZE},
        {"64KB", 0, SIZE},
        {"64kib", 0, SIZE},
        {"1 MiB", 0, SIZE},
        {"-1B", 0, SIZE},
        {"0.5MiB", 0, SIZE},
        {"", 0, SIZE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        uint64_t bytes = 0;
        check_error(number_size(slice_of(rows[i].text), &bytes, &err), &err, rows[i].error);
        assert_true(bytes == rows[i].bytes);
    }
}

static void reads_rates_percentages_and_counts(void **state)
{
    (void)state;
    struct error err = {0};
    struct number_rate rate = {0};
    unsigned percent = 0;
    uint64_t count = 0;
    assert_true(number_rate(SLICE("100/s"), &rate, &err));
    assert_int_equal(rate.count, 100);
    assert_int_equal(rate.per_ms, 1000);
    assert_true(number_rate(SLICE("6000/m"), &rate, &err));
    assert_int_equal(rate.per_ms, 60000);
    assert_true(number_rate(SLICE("5/h"), &rate, &err));
    assert_int_equal(rate.per_ms, 3600000);
    check_error(number_rate(SLICE("100"), &rate, &err), &err, RATE);
    check_error(number_rate(SLICE("100/d"), &rate, &err), &err, RATE);
    check_error(number_rate(SLICE("/s"), &rate, &err), &err, RATE);
    check_error(number_rate(SLICE("18446744073709551616/s"), &rate, &err), &err,
                "a lower rate is needed");

    assert_true(number_percent(SLICE("0%"), &percent, &err));
    assert_int_equal(percent, 0);
    assert_true(number_percent(SLICE("100%"), &percent, &err));
    assert_int_equal(percent, 100);
    check_error(number_percent(SLICE("101%"), &percent, &err), &err, PERCENT);
    check_error(number_percent(SLICE("18446744073709551616%"), &percent, &err), &err, PERCENT);
    check_error(number_percent(SLICE("20"), &percent, &err), &err, PERCENT);
    check_error(number_percent(SLICE("%"), &percent, &err), &err, PERCENT);
    assert_int_equal(percent, 100);

    assert_true(number_count(SLICE("18446744073709551615"), &count, &err));
    assert_true(count == UINT64_MAX);
    check_error(number_count(SLICE("18446744073709551616"), &count, &err), &err,
                "a smaller number is needed");
    check_error(number_count(SLICE("0x10"), &count, &err), &err, COUNT);
    check_error(number_count(SLICE("-1"), &count, &err), &err, COUNT);
    check_error(number_count(SLICE_NONE, &count, &err), &err, COUNT);
}

static void reads_iso_8601_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *same; /* as clock_iso writes it; NULL: refused */
    } rows[] = {
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
        {"2026-11-23", "2026-11-23T00:00:00.000Z"},
        {"2026-11-23T15:04", "2026-11-23T15:04:00.000Z"},
        {"2026-11-23T15:04:05Z", "2026-11-23T15:04:05.000Z"},
        {"2026-11-23 15:04:05Z", "2026-11-23T15:04:05.000Z"},
        {"2026-11-23t15:04:05z", "2026-11-23T15:04:05.000Z"},
        {"2026-11-23T15:04:05.1Z", "2026-11-23T15:04:05.100Z"},
        {"2026-11-23T15:04:05.123456789Z", "2026-11-23T15:04:05.123Z"},
        {"2026-11-23T15:04:05+01:00", "2026-11-23T14:04:05.000Z"},
        {"2026-11-23T15:04:05-0530", "2026-11-23T20:34:05.000Z"},
        {"2026-11-23T15:04:05+02", "2026-11-23T13:04:05.000Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
        {"2000-02-29", "2000-02-29T00:00:00.000Z"},
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
        {"0001-01-01", "0001-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:60Z", NULL}, /* clock_iso has no year 10000 */
        {"2023-02-29", NULL},
        {"1900-02-29", NULL},
        {"2026-13-01", NULL},
        {"2026-00-01", NULL},
        {"2026-11-31", NULL},
        {"2026-11-00", NULL},
        {"2026-11-23T24:00:00Z", NULL},
        {"2026-11-23T15:60:00Z", NULL},
        {"2026-11-23T15:04:61Z", NULL},
        {"2026-11-23T15:04:05.Z", NULL},
        {"2026-11-23T15:04:05+24:00", NULL},
        {"2026-11-23T15:04:05+01:", NULL},
        {"2026-11-23T15:04:05+1", NULL},
        {"2026-11-23T15:04:05Zx", NULL},
        {"2026-11-23T", NULL},
        {"2026-11-23T15", NULL},
        {"2026-1-1", NULL},
        {"26-01-01", NULL},
        {"20261123", NULL},
        {"yesterday", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        int64_t unix_ms = 0;
        char text[CLOCK_ISO_SIZE];
        bool fine = number_time(slice_of(rows[i].text), &unix_ms, &err);
        if (fine && !rows[i].same) {
            assert_string_equal(rows[i].text, "9999-12-31T23:59:60Z");
            assert_true(unix_ms == INT64_C(253402300800000));
            continue;
        }
        check_error(fine, &err, rows[i].same ? NULL : TIME);
        if (fine) {
            clock_iso(unix_ms, text);
            assert_string_equal(text, rows[i].same);
        }
    }
}

static void reads_every_day_that_clock_iso_writes(void **state)
{
    (void)state;
    for (int64_t day = -200000; day < 200000; day += 37) {
        char text[CLOCK_ISO_SIZE];
        int64_t unix_ms = 0;
        clock_iso(day * 86400000 + 12345678, text);
        assert_true(number_time(slice_of(text), &unix_ms, NULL));
        assert_true(unix_ms == day * 86400000 + 12345678);
    }
}

static void writes_in_the_largest_unit_that_loses_nothing(void **state)
{
    (void)state;
    char text[NUMBER_TEXT_SIZE];
    static const struct {
        int64_t ms;
        const char *text;
    } durations[] = {
        {0, "0ms"},
        {1, "1ms"},
        {1500, "1500ms"},
        {5000, "5s"},
        {90000, "90s"},
        {300000, "5m"},
        {7200000, "2h"},
        {86400000, "1d"},
        {-5000, "-5s"},
        {INT64_MAX, "9223372036854775807ms"},
        {INT64_MIN, "-9223372036854775808ms"},
    };
    for (size_t i = 0; i < COUNT_OF(durations); i++) {
        number_duration_text(durations[i].ms, text);
        assert_string_equal(text, durations[i].text);
    }
    number_size_text(UINT64_C(1536) << 10, text);
    assert_string_equal(text, "1536KiB");
    number_size_text(UINT64_MAX, text);
    assert_string_equal(text, "18446744073709551615B");
    number_size_text(0, text);
    assert_string_equal(text, "0B");
    number_rate_text((struct number_rate){6000, 60000}, text);
    assert_string_equal(text, "6000/m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(reads_sizes),
        cmocka_unit_test(reads_rates_percentages_and_counts),
        cmocka_unit_test(reads_iso_8601_times),
        cmocka_unit_test(reads_every_day_that_clock_iso_writes),
        cmocka_unit_test(writes_in_the_largest_unit_that_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
