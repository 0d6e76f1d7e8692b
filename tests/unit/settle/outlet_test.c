#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settle/outlet.h"

static void fails_until_one_is_stored(void **state)
{
    (void)state;
    struct outlet outlet = {0};
    outlet_send(&outlet, 0);
    outlet_send(&outlet, 0);
    outlet_failed(&outlet);
    assert_true(outlet.failing);
    outlet_send(&outlet, 1000);
    assert_true(outlet.failing); /* trying again is not storing */
    outlet_stored(&outlet, 1100);
    assert_false(outlet.failing);
    assert_int_equal(outlet.under_way, 1);
}

static void fails_when_nothing_is_stored_for_long(void **state)
{
    (void)state;
    struct outlet outlet = {0};
    outlet_send(&outlet, 100);
    assert_false(outlet_is_late(&outlet, 100 + OUTLET_LATE_MS - 1));
    assert_true(outlet_is_late(&outlet, 100 + OUTLET_LATE_MS));
    assert_true(outlet.failing);
    assert_false(
        outlet_is_late(&outlet, 100 + 2 * OUTLET_LATE_MS - 1)); /* said once in that time */
    assert_true(outlet_is_late(&outlet, 100 + 2 * OUTLET_LATE_MS));
    outlet_stored(&outlet, 100 + OUTLET_LATE_MS + 1);
    assert_false(outlet.failing);
}

static void is_not_late_while_others_are_stored(void **state)
{
    (void)state;
    struct outlet outlet = {0};
    outlet_send(&outlet, 0);
    outlet_send(&outlet, 0);
    outlet_stored(&outlet, 4000);
    assert_false(outlet_is_late(&outlet, OUTLET_LATE_MS));
    assert_true(outlet_is_late(&outlet, 4000 + OUTLET_LATE_MS));
}

static void is_not_late_with_nothing_under_way(void **state)
{
    (void)state;
    struct outlet outlet = {0};
    assert_false(outlet_is_late(&outlet, 1000000));
    outlet_send(&outlet, 1000000); /* waits from here on, not from the last one stored */
    assert_false(outlet_is_late(&outlet, 1000000 + OUTLET_LATE_MS - 1));
    outlet_stored(&outlet, 1000000 + OUTLET_LATE_MS - 1);
    assert_false(outlet_is_late(&outlet, INT64_MAX));
}

static void what_is_sent_again_has_been_waiting_since(void **state)
{
    (void)state;
    struct outlet outlet = {0};
    outlet_send(&outlet, 1000);
    outlet_purged(&outlet, 3000);
    outlet_send(&outlet, 3100);
    outlet_purged_all(&outlet, 5000);
    outlet_send(&outlet, 5100);
    assert_true(outlet_is_late(&outlet, 1000 + OUTLET_LATE_MS));
    outlet_purged(&outlet, 7000);
    outlet_send(&outlet, 7000 + OUTLET_LATE_MS); /* something else */
    assert_false(outlet_is_late(&outlet, 7000 + 2 * OUTLET_LATE_MS - 1));
}

static void a_record_refused_for_itself_is_no_failure(void **state)
{
    (void)state;
    struct outlet outlet = {0};
    outlet_send(&outlet, 0);
    outlet_refused(&outlet);
    assert_false(outlet.failing);
    outlet_send(&outlet, 0);
    outlet_failed(&outlet);
    outlet_send(&outlet, 0);
    outlet_refused(&outlet); /* the topic is there: the others may go */
    assert_false(outlet.failing);
    assert_int_equal(outlet.under_way, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_until_one_is_stored),
        cmocka_unit_test(fails_when_nothing_is_stored_for_long),
        cmocka_unit_test(is_not_late_while_others_are_stored),
        cmocka_unit_test(what_is_sent_again_has_been_waiting_since),
        cmocka_unit_test(is_not_late_with_nothing_under_way),
        cmocka_unit_test(a_record_refused_for_itself_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
