#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "consume/budget.h"
#include "consume/partition.h"

static void finds_each_by_topic_and_number(void **state)
{
    (void)state;
    struct partitions partitions;
    partitions_init(&partitions);
    for (int32_t i = 0; i < 1000; i++) {
        assert_non_null(partitions_add(&partitions, "orders", i, 1));
        assert_non_null(partitions_add(&partitions, "payments", i, 1));
    }
    assert_int_equal(partitions.count, 2000);
    for (int32_t i = 0; i < 1000; i++) {
        struct partition *partition = partitions_find(&partitions, "payments", i);
        assert_int_equal(partition->number, i);
        assert_string_equal(partition->topic, "payments");
    }
    assert_null(partitions_find(&partitions, "payments", 1000));
    assert_null(partitions_find(&partitions, "other", 0));
    partitions_finish(&partitions);
}

static void walks_over_every_one_once(void **state)
{
    (void)state;
    struct partitions partitions;
    partitions_init(&partitions);
    assert_null(partitions_next(&partitions, NULL));
    for (int32_t i = 0; i < 300; i++)
        assert_non_null(partitions_add(&partitions, "orders", i, 1));
    int seen[300] = {0};
    for (struct partition *p = partitions_next(&partitions, NULL); p;
         p = partitions_next(&partitions, p))
        seen[p->number]++;
    for (int i = 0; i < 300; i++)
        assert_int_equal(seen[i], 1);
    partitions_finish(&partitions);
}

static void begins_a_fresh_ledger_when_it_is_assigned_again(void **state)
{
    (void)state;
    struct partitions partitions;
    partitions_init(&partitions);
    struct partition *first = partitions_add(&partitions, "orders", 0, 1);
    size_t place = 0;
    assert_true(ledger_take(&first->ledger, 5, &place));
    struct partition *second = partitions_add(&partitions, "orders", 0, 2);
    assert_int_equal(partitions.count, 1);
    assert_int_equal(second->assignment, 2);
    assert_int_equal(ledger_position(&second->ledger), -1);
    partitions_finish(&partitions);
}

static void leaves_memory_for_others_whatever_one_lane_holds(void **state)
{
    (void)state;
    struct budget budget = {.limit = 1000};
    struct budget_lane lanes[3] = {0};
    const struct budget_lane none = {0};
    for (int round = 0; round < 1000; round++)
        for (int lane = 0; lane < 3; lane++)
            if (!budget_must_pause(&budget, &lanes[lane])) {
                lanes[lane].bytes += 10;
                budget.used += 10;
            }
    for (int lane = 0; lane < 3; lane++)
        assert_in_range(lanes[lane].bytes, 240, 260); /* a quarter each, and one is free */
    assert_false(budget_must_pause(&budget, &none));
    assert_false(budget_may_resume(&budget, &lanes[0]));
    budget.used -= lanes[0].bytes;
    assert_true(budget_may_resume(&budget, &none));
}

#define RECORD_BYTES ((size_t)1000)

static size_t holds_at_most(struct budget_lane *lane)
{
    struct budget budget = {.limit = (size_t)1 << 40};
    lane->bytes = 0;
    lane->records = 0;
    while (!budget_must_pause(&budget, lane)) {
        lane->bytes += RECORD_BYTES;
        lane->records++;
        budget.used += RECORD_BYTES;
    }
    return lane->bytes;
}

static void lets_a_lane_hold_what_it_finishes_in_ten_seconds(void **state)
{
    (void)state;
    struct budget_lane lane = {.finished = 2000 * RECORD_BYTES};
    size_t pace = 10 * lane.finished;
    assert_in_range(holds_at_most(&lane), pace, pace + RECORD_BYTES);
    budget_turn(&lane);
    assert_in_range(holds_at_most(&lane), pace, pace + RECORD_BYTES);
    lane.finished = 3000 * RECORD_BYTES; /* faster than in the second before */
    assert_true(holds_at_most(&lane) >= 10 * lane.finished);
    budget_turn(&lane);
    budget_turn(&lane);
    assert_in_range(holds_at_most(&lane), BUDGET_LEAST_BYTES, BUDGET_LEAST_BYTES + RECORD_BYTES);
}

static void lets_a_lane_hold_what_may_be_under_way(void **state)
{
    (void)state;
    struct budget budget = {.limit = (size_t)1 << 40};
    struct budget_lane lane = {.least = 20000};
    assert_int_equal(holds_at_most(&lane), lane.least * RECORD_BYTES);
    assert_false(budget_may_resume(&budget, &lane));
    lane.records = lane.least / 2;
    assert_true(budget_may_resume(&budget, &lane));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_by_topic_and_number),
        cmocka_unit_test(walks_over_every_one_once),
        cmocka_unit_test(begins_a_fresh_ledger_when_it_is_assigned_again),
        cmocka_unit_test(leaves_memory_for_others_whatever_one_lane_holds),
        cmocka_unit_test(lets_a_lane_hold_what_it_finishes_in_ten_seconds),
        cmocka_unit_test(lets_a_lane_hold_what_may_be_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
