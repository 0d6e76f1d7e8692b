#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "deliver/places.h"

/* As many as it may, beside what it holds. */
static unsigned take_all(struct places *places, unsigned held, enum standing standing)
{
    for (; places_may_take(places, held, standing == STANDING_NEW); held++)
        places_take(places, standing);
    return held;
}

static void one_subscription_may_hold_all(void **state)
{
    (void)state;
    struct places places = {.limit = 8};
    assert_int_equal(take_all(&places, 0, STANDING_NEW), 8);
}

static void each_holds_half_of_what_is_free(void **state)
{
    (void)state;
    struct places places = {.limit = 512, .shared = true};
    assert_int_equal(take_all(&places, 0, STANDING_KNOWN), 171);
    assert_int_equal(take_all(&places, 0, STANDING_KNOWN), 114);
    assert_int_equal(take_all(&places, 0, STANDING_KNOWN), 76);
}

/* Subscriptions that begin one after the other to take all they may, 32 each, and give none back.
 */
static void many_leave_some_for_the_next_one(void **state)
{
    (void)state;
    struct places places = {.limit = 512, .shared = true};
    for (unsigned i = 0; i < 20; i++)
        for (unsigned held = 0; held < 32 && places_may_take(&places, held, false); held++)
            places_take(&places, STANDING_KNOWN);
    assert_true(places_may_take(&places, 0, false));
}

static void of_few_places_two_are_half(void **state)
{
    (void)state;
    struct places places = {.limit = 4, .shared = true};
    assert_int_equal(take_all(&places, 0, STANDING_KNOWN), 2);
    assert_int_equal(take_all(&places, 0, STANDING_KNOWN), 1);
    assert_int_equal(take_all(&places, 0, STANDING_KNOWN), 1);
}

static void one_is_left_for_who_holds_none(void **state)
{
    (void)state;
    struct places places = {.limit = 4, .shared = true};
    for (unsigned i = 0; i < 4; i++) {
        assert_true(places_may_take(&places, 0, false));
        places_take(&places, STANDING_KNOWN);
    }
    assert_false(places_may_take(&places, 0, false));
    places_give_back(&places, STANDING_KNOWN);
    assert_true(places_may_take(&places, 0, false));
    assert_false(places_may_take(&places, 1, false));
}

/* However many hang from the beginning. */
static void the_new_hold_half_at_most(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit < 600; limit++) {
        struct places places = {.limit = limit, .shared = true};
        for (unsigned i = 0; i < limit + 1; i++)
            take_all(&places, 0, STANDING_NEW);
        assert_int_equal(places.taken, (limit + 1) / 2);
        assert_false(places_may_take(&places, 0, true));
        assert_int_equal(places_may_take(&places, 0, false), limit > 1);
        places_give_back(&places, STANDING_NEW);
        assert_true(places_may_take(&places, 0, true));
    }
}

/* … and the one that comes last finds more than one. */
static void a_new_one_finds_room_beside_many(void **state)
{
    (void)state;
    struct places places = {.limit = 512, .shared = true};
    for (unsigned i = 0; i < 12; i++)
        take_all(&places, 0, STANDING_NEW);
    assert_true(take_all(&places, 0, STANDING_NEW) > 1);
}

static unsigned taken_by_doubtful(struct places *places)
{
    unsigned taken = 0;
    for (; places_doubtful_room(places) > 0 && places_may_take(places, 0, false); taken++)
        places_take(places, STANDING_DOUBTFUL);
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

/* Though a thousand hang, half of the places are for those that answer. */
static void the_doubtful_hold_half_at_most(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit < 20; limit++) {
        struct places places = {.limit = limit, .active_doubtful = 1000, .shared = true};
        assert_int_equal(taken_by_doubtful(&places), (limit + 1) / 2);
        if (limit > 1)
            assert_true(places_may_take(&places, 0, false));
        places_give_back(&places, STANDING_DOUBTFUL);
        assert_int_equal(places_doubtful_room(&places), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_subscription_may_hold_all),
        cmocka_unit_test(each_holds_half_of_what_is_free),
        cmocka_unit_test(many_leave_some_for_the_next_one),
        cmocka_unit_test(of_few_places_two_are_half),
        cmocka_unit_test(one_is_left_for_who_holds_none),
        cmocka_unit_test(the_new_hold_half_at_most),
        cmocka_unit_test(a_new_one_finds_room_beside_many),
        cmocka_unit_test(the_doubtful_hold_one_each),
        cmocka_unit_test(the_doubtful_hold_half_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
