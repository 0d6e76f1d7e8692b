#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "commit/ledger.h"

static size_t take(struct ledger *ledger, int64_t offset)
{
    size_t place = 0;
    assert_true(ledger_take(ledger, offset, &place));
    return place;
}

static void has_nothing_to_commit_before_the_first_record(void **state)
{
    (void)state;
    struct ledger ledger = {0};
    assert_int_equal(ledger_position(&ledger), -1);
    ledger_close(&ledger);
}

static void commits_the_offset_after_the_last_when_all_are_finished(void **state)
{
    (void)state;
    struct ledger ledger = {0};
    size_t a = take(&ledger, 41);
    assert_int_equal(ledger_position(&ledger), 41);
    ledger_finish(&ledger, a);
    assert_int_equal(ledger_position(&ledger), 42);
    ledger_close(&ledger);
}

static void waits_for_the_lowest_unfinished_one(void **state)
{
    (void)state;
    struct ledger ledger = {0};
    size_t a = take(&ledger, 10);
    size_t b = take(&ledger, 11);
    size_t c = take(&ledger, 12);
    ledger_finish(&ledger, c);
    ledger_finish(&ledger, b);
    assert_int_equal(ledger_position(&ledger), 10);
    assert_int_equal(ledger_unfinished(&ledger), 1);
    ledger_finish(&ledger, a);
    assert_int_equal(ledger_position(&ledger), 13);
    ledger_close(&ledger);
}

static void what_is_expected_counts_until_it_is_withdrawn(void **state)
{
    (void)state;
    struct ledger ledger = {0};
    size_t a = take(&ledger, 10);
    size_t b = take(&ledger, 11);
    ledger_expect(&ledger, a);
    assert_int_equal(ledger_position(&ledger), 11);
    ledger_expect(&ledger, b);
    assert_int_equal(ledger_position(&ledger), 12);
    ledger_withdraw(&ledger, a);
    assert_int_equal(ledger_position(&ledger), 10);
    assert_int_equal(ledger_unfinished(&ledger), 2);
    assert_true(ledger_finish(&ledger, a));
    assert_false(ledger_finish(&ledger, b)); /* it was committed with its transaction */
    assert_int_equal(ledger_position(&ledger), 12);
    ledger_close(&ledger);
}

static void steps_over_offsets_that_do_not_exist(void **state)
{
    (void)state;
    struct ledger ledger = {0};
    size_t a = take(&ledger, 5);
    size_t b = take(&ledger, 1000);
    ledger_finish(&ledger, a);
    assert_int_equal(ledger_position(&ledger), 1000);
    ledger_finish(&ledger, b);
    assert_int_equal(ledger_position(&ledger), 1001);
    ledger_close(&ledger);
}

/* Against a model that keeps every offset in a plain array: 200 seeds of random taking and
 * finishing with gaps. */
#define STEPS 2000

struct model {
    int64_t offsets[STEPS];
    size_t places[STEPS];
    int finished[STEPS];
    size_t count;
};

static int64_t model_position(const struct model *model)
{
    for (size_t i = 0; i < model->count; i++)
        if (!model->finished[i])
            return model->offsets[i];
    return model->count ? model->offsets[model->count - 1] + 1 : -1;
}

static void model_finish_one(struct model *model, struct ledger *ledger)
{
    size_t i = (size_t)rand() % model->count;
    if (model->finished[i])
        return;
    model->finished[i] = 1;
    ledger_finish(ledger, model->places[i]);
}

static void agrees_with_a_plain_model_for_any_order(void **state)
{
    (void)state;
    static struct model model;
    for (unsigned seed = 1; seed <= 200; seed++) {
        srand(seed);
        struct ledger ledger = {0};
        model.count = 0;
        int64_t offset = rand() % 100;
        for (int step = 0; step < STEPS; step++) {
            if (rand() % 2 || model.count == 0) {
                offset += 1 + (rand() % 4 == 0 ? rand() % 10 : 0);
                model.finished[model.count] = 0;
                model.offsets[model.count] = offset;
                model.places[model.count] = take(&ledger, offset);
                model.count++;
            } else {
                model_finish_one(&model, &ledger);
            }
            if (step % 16 == 0 && ledger_position(&ledger) != model_position(&model))
                fail_msg("seed %u, step %d", seed, step);
        }
        ledger_close(&ledger);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_nothing_to_commit_before_the_first_record),
        cmocka_unit_test(commits_the_offset_after_the_last_when_all_are_finished),
        cmocka_unit_test(waits_for_the_lowest_unfinished_one),
        cmocka_unit_test(what_is_expected_counts_until_it_is_withdrawn),
        cmocka_unit_test(steps_over_offsets_that_do_not_exist),
        cmocka_unit_test(agrees_with_a_plain_model_for_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
