#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "cli/period.h"

#define NOW_MS 1763910246000 /* 2025-11-23T15:04:06Z */

static bool read_period(const char *since, const char *until, struct period *period,
                        struct error *err)
{
    struct given_option options[2];
    size_t count = 0;
    if (since)
        options[count++] = (struct given_option){OPTION_SINCE, since};
    if (until)
        options[count++] = (struct given_option){OPTION_UNTIL, until};
    const struct command_line line = {.options = options, .option_count = count};
    return period_read(&line, NOW_MS, period, err);
}

static void is_given_as_times_or_as_how_long_ago(void **state)
{
    (void)state;
    struct period period;
    struct error err = {0};
    assert_true(read_period(NULL, NULL, &period, &err));
    assert_false(period.has_since || period.has_until);
    assert_true(read_period("2h", "1970-01-01T00:00:01Z", &period, &err) == false);
    assert_true(read_period("1970-01-01", "90s", &period, &err));
    assert_true(period.has_since && period.has_until);
    assert_int_equal(period.since_unix_ms, 0);
    assert_int_equal(period.until_unix_ms, NOW_MS - 90000);
    assert_true(read_period("30000d", NULL, &period, &err));
    assert_int_equal(period.since_unix_ms, 0);
}

static void what_is_neither_is_wrong_usage(void **state)
{
    (void)state;
    static const struct {
        const char *since;
        const char *until;
        const char *said;
    } rows[] = {{"yesterday", NULL, "'yesterday'"},
                {"", NULL, "--since"},
                {NULL, "-2h", "--until"},
                {"1h", "2h", "is not after"},
                {"1h", "1h", "is not after"}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct period period;
        struct error err = {0};
        assert_false(read_period(rows[i].since, rows[i].until, &period, &err));
        assert_int_equal(err.kind, ERROR_USAGE);
        assert_non_null(strstr(err.text, rows[i].said));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_given_as_times_or_as_how_long_ago),
        cmocka_unit_test(what_is_neither_is_wrong_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
