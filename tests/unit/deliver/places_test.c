#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
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

static unsigned taken_by_doubtful(struct places *places)
{
    unsigned taken = 0;
    for (; places_doubtful_room(places) > 0 && places_may_take(places, 0); taken++)
        places_take(places, true);
    return taken;
}

/* Few that hang cost the others next to nothing. */
static void the_doubtful_hold_one_each(void **state)
{
    (void)state;
    static const struct {
        unsigned limit, active_doubtful, most;
    } rows[] = {
        {512, 1, 16},    {512, 16, 16}, {512, 17, 17}, {512, 200, 200},
        {512, 300, 256}, {20, 3, 3},    {20, 0, 1},    {1, 0, 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct places places = {
            .limit = rows[i].limit, .active_doubtful = rows[i].active_doubtful, .shared = true};
        assert_int_equal(taken_by_doubtful(&places), rows[i].most);
    }
}

static void the_doubtful_make_no_share_smaller(void **state)
{
    (void)state;
    const struct places without = {.limit = 512, .active = 3, .shared = true};
    const struct places beside = {.limit = 512, .active = 3, .active_doubtful = 1, .shared = true};
    assert_int_equal(places_share(&without), places_share(&beside));
}

/* Though a thousand hang, half of the places are for those that answer. */
static void the_doubtful_hold_half_at_most(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit < 20; limit++) {
        struct places places = {.limit = limit, .active_doubtful = 1000, .shared = true};
        assert_int_equal(taken_by_doubtful(&places), (limit + 1) / 2);
        if (limit > 1)
            assert_true(places_may_take(&places, 0));
        places_give_back(&places, true);
        assert_int_equal(places_doubtful_room(&places), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_subscription_may_hold_all),
        cmocka_unit_test(a_share_stays_free_for_the_next_one),
        cmocka_unit_test(a_share_is_one_at_least),
        cmocka_unit_test(the_doubtful_hold_one_each),
        cmocka_unit_test(the_doubtful_make_no_share_smaller),
        cmocka_unit_test(the_doubtful_hold_half_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
