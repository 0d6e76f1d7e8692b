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
    size_t held[3] = {0};
    for (int round = 0; round < 1000; round++)
        for (int lane = 0; lane < 3; lane++)
            if (!budget_must_pause(&budget, held[lane])) {
                held[lane] += 10;
                budget.used += 10;
            }
    for (int lane = 0; lane < 3; lane++)
        assert_in_range(held[lane], 240, 260); /* a quarter each, and one is free */
    assert_false(budget_must_pause(&budget, 0));
    assert_false(budget_may_resume(&budget, held[0]));
    budget.used -= held[0];
    assert_true(budget_may_resume(&budget, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_by_topic_and_number),
        cmocka_unit_test(walks_over_every_one_once),
        cmocka_unit_test(begins_a_fresh_ledger_when_it_is_assigned_again),
        cmocka_unit_test(leaves_memory_for_others_whatever_one_lane_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
