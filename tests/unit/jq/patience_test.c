#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "jq/patience.h"

static void bears_failures_up_to_a_second(void **state)
{
    (void)state;
    struct jq_patience patience = {0};
    for (int64_t now_ms = 0; now_ms < 900; now_ms += 100) {
        assert_true(jq_patience_allows(&patience, 1, now_ms));
        jq_patience_fail(&patience, 1, 110, now_ms + 100);
    }
    assert_true(jq_patience_allows(&patience, 1, 1000)); /* 990 - 80 */
    jq_patience_fail(&patience, 1, 110, 1000);
    assert_false(jq_patience_allows(&patience, 1, 1000));
}

static void forgives_a_tenth_of_the_time(void **state)
{
    (void)state;
    struct jq_patience patience = {0};
    jq_patience_fail(&patience, 1, 1100, 0);
    assert_false(jq_patience_allows(&patience, 1, 1000));
    assert_true(jq_patience_allows(&patience, 1, 1010));
    jq_patience_fail(&patience, 1, 100, 1010); /* as it goes on: 100 ms in a second */
    assert_false(jq_patience_allows(&patience, 1, 1999));
    assert_true(jq_patience_allows(&patience, 1, 2020));
}

static void lets_programs_run_that_have_not_failed(void **state)
{
    (void)state;
    struct jq_patience patience = {0};
    jq_patience_fail(&patience, 1, 60000, 0);
    assert_true(jq_patience_allows(&patience, 2, 0));
    jq_patience_fail(&patience, 2, 100, 0);
    assert_false(jq_patience_allows(&patience, 2, 0));
    assert_true(jq_patience_allows(&patience, 2, JQ_REMEMBERED_MS));
    assert_true(jq_patience_allows(&patience, 1, JQ_REMEMBERED_MS));
}

/* However many fail, together they cost no more than one does. */
static void counts_all_failures_as_one_debt(void **state)
{
    (void)state;
    struct jq_patience patience = {0};
    int64_t cost_ms = 0;
    for (int64_t now_ms = 0; now_ms < 100000; now_ms += 10) {
        for (uint64_t program = 1; program <= JQ_REMEMBERED_MOST; program++) {
            if (!jq_patience_allows(&patience, program, now_ms))
                continue;
            cost_ms += 100;
            jq_patience_fail(&patience, program, 100, now_ms);
        }
    }
    /* a tenth of the time, the first second's patience, and each once before it was known */
    assert_in_range(cost_ms, 10000, 10000 + 1100 + 6400);
}

static void forgets_who_failed_first(void **state)
{
    (void)state;
    struct jq_patience patience = {0};
    for (uint64_t program = 0; program < JQ_REMEMBERED_MOST; program++)
        jq_patience_fail(&patience, program, 1000, (int64_t)program);
    jq_patience_fail(&patience, 0, 1000, 1000);
    jq_patience_fail(&patience, 99, 1000, 1000);
    assert_false(jq_patience_allows(&patience, 0, 1000));
    assert_false(jq_patience_allows(&patience, 99, 1000));
    assert_true(jq_patience_allows(&patience, 1, 1000));
    assert_false(jq_patience_allows(&patience, 2, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bears_failures_up_to_a_second),
        cmocka_unit_test(forgives_a_tenth_of_the_time),
        cmocka_unit_test(lets_programs_run_that_have_not_failed),
        cmocka_unit_test(counts_all_failures_as_one_debt),
        cmocka_unit_test(forgets_who_failed_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
