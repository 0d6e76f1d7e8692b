#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "settle/age.h"

#define HOUR  INT64_C(3600000)
#define FIRST INT64_C(1700000000000)

static void allows_up_to_max_age_after_the_first_attempt(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int64_t max_age_ms;
        int64_t first_ms;
        int64_t next_ms;
        bool allowed;
    } rows[] = {
        {"soon", HOUR, FIRST, FIRST + 5000, true},
        {"just within", HOUR, FIRST, FIRST + HOUR, true},
        {"just over", HOUR, FIRST, FIRST + HOUR + 1, false},
        {"days over", HOUR, FIRST, FIRST + 100 * HOUR, false},
        {"no limit", AGE_UNLIMITED, FIRST, FIRST + 100000 * HOUR, true},
        {"not tried yet", HOUR, AGE_NOT_TRIED, FIRST, true},
        {"a limit of nothing, at once", 0, FIRST, FIRST, true},
        {"a limit of nothing, later", 0, FIRST, FIRST + 1, false},
        {"a clock that has stepped back", HOUR, FIRST, FIRST - HOUR, true},
        {"the end of time", HOUR, 0, INT64_MAX, false},
        {"the end of time as a limit", INT64_MAX, 0, INT64_MAX, true},
        {"the beginning of time", HOUR, FIRST, INT64_MIN, true},
        {"the beginning of time as the first", HOUR, INT64_MIN, INT64_MAX, true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        bool allowed = age_allows(rows[i].max_age_ms, rows[i].first_ms, rows[i].next_ms, &err);
        if (allowed != rows[i].allowed)
            fail_msg("%s: %s", rows[i].what, allowed ? "allowed" : err.text);
        assert_int_equal(err.kind, allowed ? ERROR_NONE : ERROR_EXPIRED);
    }
}

static void says_what_the_limit_is(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(age_allows(72 * HOUR, FIRST, FIRST + 74 * HOUR, &err));
    assert_string_equal(err.text,
                        "the next attempt would be more than max_age, 3d, after the first");
    assert_false(age_allows(HOUR, FIRST, FIRST + 2 * HOUR, NULL));
}

/* Once refused, refused for ever; and never refused within the limit. */
static void does_not_change_its_mind_as_time_goes_on(void **state)
{
    (void)state;
    for (int64_t max_age_ms = 0; max_age_ms < 50; max_age_ms++) {
        bool before = true;
        for (int64_t next_ms = FIRST - 10; next_ms < FIRST + 100; next_ms++) {
            bool allowed = age_allows(max_age_ms, FIRST, next_ms, NULL);
            assert_false(allowed && !before);
            assert_int_equal(allowed, next_ms <= FIRST + max_age_ms);
            before = allowed;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_up_to_max_age_after_the_first_attempt),
        cmocka_unit_test(says_what_the_limit_is),
        cmocka_unit_test(does_not_change_its_mind_as_time_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
