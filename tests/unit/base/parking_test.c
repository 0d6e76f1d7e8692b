#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/parking.h"

static void join(struct parking *parking, int64_t from, int64_t last, int64_t replay)
{
    const struct span span = {"orders", 0, from, last, replay};
    assert_true(parking_join(parking, &span));
}

static void assert_span(const struct parking *parking, int64_t from, int64_t last, int64_t replay)
{
    const struct span *span = parking_find(parking, SLICE("orders"), 0);
    assert_non_null(span);
    assert_int_equal(span->from, from);
    assert_int_equal(span->last, last);
    assert_int_equal(span->replay, replay);
}

static void puts_together_what_two_know(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct span one;
        struct span other;
        struct span both;
    } rows[] = {
        {"the last is the highest",
         {"orders", 0, 3, 9, 0},
         {"orders", 0, 3, 7, 0},
         {"orders", 0, 3, 9, 0}},
        {"the first is the lowest",
         {"orders", 0, 3, 9, 0},
         {"orders", 0, 2, 9, 0},
         {"orders", 0, 2, 9, 0}},
        {"but a later replay has moved it on",
         {"orders", 0, 3, 9, 5},
         {"orders", 0, 7, 8, 6},
         {"orders", 0, 7, 9, 6}},
        {"or has begun before",
         {"orders", 0, 3, 9, 0},
         {"orders", 0, 1, 1, 6},
         {"orders", 0, 1, 9, 6}},
        {"one that is not known may be any",
         {"orders", 0, SPAN_FROM_ALL, 9, 0},
         {"orders", 0, 4, 4, 0},
         {"orders", 0, SPAN_FROM_ALL, 9, 0}},
        {"until a replay has failed",
         {"orders", 0, SPAN_FROM_ALL, 9, 0},
         {"orders", 0, 4, 4, 1},
         {"orders", 0, 4, 9, 1}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int turned = 0; turned < 2; turned++) {
            struct parking parking = {0};
            assert_true(parking_join(&parking, turned ? &rows[i].other : &rows[i].one));
            assert_true(parking_join(&parking, turned ? &rows[i].one : &rows[i].other));
            assert_true(parking_join(&parking, &rows[i].other));
            assert_span(&parking, rows[i].both.from, rows[i].both.last, rows[i].both.replay);
            parking_finish(&parking);
        }
    }
}

static void partitions_are_told_apart(void **state)
{
    (void)state;
    struct parking parking = {0};
    const struct span others[] = {{"orders", 1, 1, 1, 9}, {"order", 0, 2, 2, 0}};
    join(&parking, 3, 9, 4);
    assert_int_equal(parking_replay(&parking), 4);
    for (size_t i = 0; i < COUNT_OF(others); i++)
        assert_true(parking_join(&parking, &others[i]));
    assert_span(&parking, 3, 9, 4);
    assert_int_equal(parking_find(&parking, SLICE("order"), 0)->from, 2);
    assert_int_equal(parking_find(&parking, SLICE("orders"), 1)->from, 1);
    assert_null(parking_find(&parking, SLICE("orders"), 2));
    assert_int_equal(parking_replay(&parking), 9);
    parking_pass(&parking, SLICE("orders"), 1, 1);
    assert_int_equal(parking_replay(&parking), 4);
    parking_pass(&parking, SLICE("orders"), 0, 9);
    parking_pass(&parking, SLICE("order"), 0, 2);
    assert_null(parking.first);
}

static void what_is_behind_the_delivered_is_left(void **state)
{
    (void)state;
    struct parking parking = {0};
    join(&parking, SPAN_FROM_ALL, 9, 0);
    parking_pass(&parking, SLICE("orders"), 0, 4);
    assert_span(&parking, 5, 9, 0);
    parking_pass(&parking, SLICE("orders"), 0, 2); /* an older replay's */
    assert_span(&parking, 5, 9, 0);
    parking_begin_behind(&parking, SLICE("orders"), 0, 9);
    assert_span(&parking, 10, 9, 0);
    join(&parking, 10, 12, 0);
    assert_span(&parking, 10, 12, 0);
    parking_pass(&parking, SLICE("orders"), 0, 12);
    assert_null(parking.first);
}

/* From outside anything may come. */
static void the_last_of_all_offsets_is_one(void **state)
{
    (void)state;
    struct parking parking = {0};
    join(&parking, 0, INT64_MAX, INT64_MAX);
    parking_begin_behind(&parking, SLICE("orders"), 0, INT64_MAX);
    assert_span(&parking, INT64_MAX, INT64_MAX, INT64_MAX);
    parking_pass(&parking, SLICE("orders"), 0, INT64_MAX);
    assert_null(parking.first);
}

/* Two instances tell what they know in any order, each its own in the order it came to know it; and
 * compaction leaves the last that each has told. */
static void is_the_same_whoever_tells_first(void **state)
{
    (void)state;
    const struct span source[] = {
        {"orders", 0, 2, 2, 0}, {"orders", 0, 2, 6, 0}, {"orders", 0, 2, 9, 0}};
    const struct span replays[] = {
        {"orders", 0, 4, 4, 7}, {"orders", 0, 4, 6, 7}, {"orders", 0, 5, 8, 8}};
    for (unsigned run = 0; run < 200; run++) {
        struct parking parking = {0};
        size_t told[2] = {run % 2 ? 2 : 0, run % 3 ? 0 : 2};
        srand(run);
        while (told[0] < 3 || told[1] < 3) {
            bool of_source = told[1] == 3 || (told[0] < 3 && rand() % 2);
            assert_true(
                parking_join(&parking, of_source ? &source[told[0]++] : &replays[told[1]++]));
        }
        assert_span(&parking, 5, 9, 8);
        parking_finish(&parking);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_together_what_two_know),
        cmocka_unit_test(partitions_are_told_apart),
        cmocka_unit_test(what_is_behind_the_delivered_is_left),
        cmocka_unit_test(the_last_of_all_offsets_is_one),
        cmocka_unit_test(is_the_same_whoever_tells_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
