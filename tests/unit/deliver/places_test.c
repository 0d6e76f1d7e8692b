#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "deliver/places.h"

static void one_subscription_may_hold_all(void **state)
{
    (void)state;
    struct places places = {.limit = 8, .active = 1};
    unsigned held = 0;
    for (; places_may_take(&places, held); held++)
        places_take(&places, false);
    assert_int_equal(held, 8);
}

static void a_share_stays_free_for_the_next_one(void **state)
{
    (void)state;
    struct places places = {.limit = 12, .active = 2, .shared = true};
    unsigned held[3] = {0};
    for (int i = 0; i < 2; i++)
        for (; places_may_take(&places, held[i]); held[i]++)
            places_take(&places, false);
    assert_int_equal(held[0], 4);
    assert_int_equal(held[1], 4);
    places.active = 3;
    for (; places_may_take(&places, held[2]); held[2]++)
        places_take(&places, false);
    assert_int_equal(held[2], 3);
}

static void a_share_is_one_at_least(void **state)
{
    (void)state;
    struct places places = {.limit = 4, .active = 1000, .shared = true};
    for (int i = 0; i < 4; i++) {
        assert_true(places_may_take(&places, 0));
        assert_false(places_may_take(&places, 1));
        places_take(&places, false);
    }
    assert_false(places_may_take(&places, 0));
    places_give_back(&places, false);
    assert_true(places_may_take(&places, 0));
}

/* Though a thousand hang, half of the places are for those that answer. */
static void the_doubtful_hold_half_at_most(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit < 20; limit++) {
        struct places places = {.limit = limit, .active = 1000, .shared = true};
        unsigned doubtful = 0;
        for (; places_for_doubtful(&places) && places_may_take(&places, 0); doubtful++)
            places_take(&places, true);
        assert_int_equal(doubtful, (limit + 1) / 2);
        if (limit > 1)
            assert_true(places_may_take(&places, 0));
        places_give_back(&places, true);
        assert_true(places_for_doubtful(&places));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_subscription_may_hold_all),
        cmocka_unit_test(a_share_stays_free_for_the_next_one),
        cmocka_unit_test(a_share_is_one_at_least),
        cmocka_unit_test(the_doubtful_hold_half_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
