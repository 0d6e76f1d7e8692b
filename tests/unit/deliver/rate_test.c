#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "deliver/rate.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define START  INT64_C(7000000)

static struct rate make(uint64_t count, int64_t per_ms)
{
    struct rate rate;
    rate_init(&rate, (struct number_rate){count, per_ms}, START);
    return rate;
}

/* Takes all there is at this moment. */
static int64_t take_all(struct rate *rate, int64_t now_ms)
{
    int64_t taken = 0;
    while (rate_take(rate, now_ms))
        taken++;
    return taken;
}

/* Takes each one as soon as it may go, up to and including `end_ms`. */
static int64_t take_until(struct rate *rate, int64_t *now_ms, int64_t end_ms)
{
    int64_t taken = 0;
    for (int64_t next_ms = rate_next_ms(rate, *now_ms); next_ms <= end_ms;
         next_ms = rate_next_ms(rate, *now_ms)) {
        *now_ms = next_ms;
        assert_true(rate_take(rate, *now_ms));
        taken++;
    }
    *now_ms = end_ms;
    return taken;
}

static void begins_with_one(void **state)
{
    (void)state;
    struct rate rate = make(100, SECOND);
    assert_int_equal(rate_next_ms(&rate, START), START);
    assert_int_equal(take_all(&rate, START), 1);
    assert_int_equal(rate_next_ms(&rate, START), START + 10);
}

static void saves_up_one_second_or_one_token(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        int64_t per_ms;
        uint32_t part;
        uint32_t whole;
        int64_t most;
    } rows[] = {
        {100, SECOND, 1, 1, 100}, {6000, MINUTE, 1, 1, 100},
        {6, MINUTE, 1, 1, 1},     {1, HOUR, 1, 1, 1},
        {3, SECOND, 1, 2, 1},     {5, SECOND, 1, 2, 2},
        {100, SECOND, 3, 24, 12}, {100, SECOND, 1, 300, 1},
        {7200, HOUR, 1, 1, 2},    {1000000, SECOND, 1, 1, 1000000},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rate rate = make(rows[i].count, rows[i].per_ms);
        rate_set_share(&rate, rows[i].part, rows[i].whole, START);
        int64_t taken = take_all(&rate, START + 1000 * HOUR);
        if (taken != rows[i].most)
            fail_msg("row %zu: %lld, wanted %lld", i, (long long)taken, (long long)rows[i].most);
    }
}

static void lets_exactly_its_number_go_over_a_long_time(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        int64_t per_ms;
        uint32_t part;
        uint32_t whole;
    } rows[] = {
        {7, SECOND, 1, 1}, {7, SECOND, 1, 3}, {999, SECOND, 5, 7},  {7, MINUTE, 2, 3},
        {1, HOUR, 1, 1},   {11, HOUR, 3, 24}, {1234, SECOND, 1, 1}, {61, MINUTE, 1, 1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rate rate = make(rows[i].count, rows[i].per_ms);
        rate_set_share(&rate, rows[i].part, rows[i].whole, START);
        int64_t span_ms = rows[i].per_ms * 100;
        int64_t now_ms = START;
        int64_t taken = take_until(&rate, &now_ms, START + span_ms);
        assert_int_equal(taken, 1 + (int64_t)rows[i].count * 100 * rows[i].part / rows[i].whole);
    }
}

static void nothing_goes_without_a_share_or_a_rate(void **state)
{
    (void)state;
    struct rate rate = make(100, SECOND);
    rate_set_share(&rate, 0, 12, START);
    assert_false(rate_take(&rate, START + HOUR));
    assert_int_equal(rate_next_ms(&rate, START + HOUR), RATE_NEVER);
    rate_set_share(&rate, 0, 0, START + HOUR);
    assert_false(rate_take(&rate, START + 2 * HOUR));
    rate_set_share(&rate, 1, 1, START + 2 * HOUR);
    assert_int_equal(take_all(&rate, START + 2 * HOUR), 1);
    rate_set_value(&rate, (struct number_rate){0, SECOND}, START + 2 * HOUR);
    assert_false(rate_take(&rate, START + 3 * HOUR));
    assert_int_equal(rate_next_ms(&rate, START + 3 * HOUR), RATE_NEVER);
}

static void a_token_given_back_goes_to_the_next(void **state)
{
    (void)state;
    struct rate rate = make(1, HOUR);
    assert_true(rate_take(&rate, START));
    rate_give_back(&rate);
    assert_true(rate_take(&rate, START));
    assert_false(rate_take(&rate, START));
    rate_give_back(&rate);
    assert_int_equal(take_all(&rate, START + 10 * HOUR), 1);
}

static void a_clock_that_steps_back_neither_stalls_nor_bursts(void **state)
{
    (void)state;
    struct rate rate = make(10, SECOND);
    assert_int_equal(take_all(&rate, START), 1);
    int64_t back_ms = START - HOUR;
    assert_int_equal(rate_next_ms(&rate, back_ms), back_ms + 100);
    assert_false(rate_take(&rate, back_ms));
    assert_false(rate_take(&rate, back_ms + 99));
    assert_true(rate_take(&rate, back_ms + 100));
    assert_int_equal(take_all(&rate, START + HOUR), 10);
}

static void a_new_share_keeps_what_was_saved_as_far_as_it_fits(void **state)
{
    (void)state;
    struct rate rate = make(100, SECOND);
    assert_int_equal(take_all(&rate, START + 200), 21);
    rate_set_share(&rate, 1, 2, START + 300);
    assert_int_equal(take_all(&rate, START + 300), 10);
    rate_set_share(&rate, 1, 1, START + 300);
    assert_int_equal(take_all(&rate, START + 300), 0);
    rate_set_share(&rate, 1, 10, START + 9000);
    assert_int_equal(take_all(&rate, START + 9000), 10);
}

static void a_new_value_keeps_what_was_saved_as_far_as_it_fits(void **state)
{
    (void)state;
    struct rate rate = make(100, SECOND);
    rate_set_value(&rate, (struct number_rate){6000, MINUTE}, START + 500);
    assert_int_equal(take_all(&rate, START + 500), 51);
    rate_set_value(&rate, (struct number_rate){1, HOUR}, START + 505);
    assert_int_equal(rate_next_ms(&rate, START + 505), START + 505 + HOUR / 2);
    rate_set_value(&rate, (struct number_rate){UINT64_MAX, SECOND}, START + 505 + HOUR);
    rate_set_share(&rate, UINT32_MAX - 1, UINT32_MAX, START + 505 + HOUR);
    rate_set_value(&rate, (struct number_rate){5, HOUR}, START + 505 + 2 * HOUR);
    rate_set_share(&rate, 1, 1, START + 505 + 2 * HOUR);
    assert_int_equal(take_all(&rate, START + 505 + 2 * HOUR), 1);
}

static void a_tiny_share_of_very_many_still_moves(void **state)
{
    (void)state;
    struct rate rate = make(1000000, SECOND);
    rate_set_share(&rate, 1, UINT32_MAX, START);
    assert_true(rate_take(&rate, START));
    assert_true(rate_next_ms(&rate, START) < RATE_NEVER);
    assert_true(rate_take(&rate, START + 4295 * SECOND));
}

/* What goes in any stretch of time is at most rate × T and a bucketful. Over all pairs of moments:
 * with `lead` the tokens taken so far less those that came, none may be a bucket above the lowest
 * before it. In parts of a token: per_ms × whole of them. */
struct meter {
    int64_t token;
    int64_t gain;
    int64_t lead;
    int64_t lowest;
    int64_t at_ms;
};

static void meter_pass(struct meter *meter, int64_t now_ms)
{
    meter->lead -= meter->gain * (now_ms - meter->at_ms);
    meter->at_ms = now_ms;
    if (meter->lead < meter->lowest)
        meter->lowest = meter->lead;
}

static void meter_take(struct meter *meter, unsigned seed)
{
    int64_t bucket = meter->gain * SECOND > meter->token ? meter->gain * SECOND : meter->token;
    meter->lead += meter->token;
    if (meter->lead - meter->lowest > bucket)
        fail_msg("seed %u: more than rate × T and a bucket at %lld", seed, (long long)meter->at_ms);
}

static void never_exceeds_rate_and_bucket_in_any_window(void **state)
{
    (void)state;
    static const int64_t periods[] = {SECOND, MINUTE, HOUR};
    for (unsigned seed = 0; seed < 300; seed++) {
        srand(seed);
        uint64_t count = 1 + (uint64_t)(rand() % 400);
        int64_t per_ms = periods[rand() % 3];
        uint32_t whole = 1 + (uint32_t)(rand() % 40);
        uint32_t part = 1 + (uint32_t)rand() % whole;
        struct rate rate = make(count, per_ms);
        rate_set_share(&rate, part, whole, START);
        struct meter meter = {
            .token = per_ms * whole, .gain = (int64_t)count * part, .at_ms = START};
        int64_t now_ms = START;
        for (int step = 0; step < 2000; step++) {
            now_ms += rand() % 4 ? rand() % 5 : rand() % (3 * (int)SECOND);
            meter_pass(&meter, now_ms);
            for (int wanted = rand() % 20; wanted > 0 && rate_take(&rate, now_ms); wanted--)
                meter_take(&meter, seed);
        }
    }
}

/* A hungry taker under a share that changes all the time gets what the shares add up to: within
 * the one it began with, the one that is not whole yet, and what each change rounds off. */
static void changing_shares_lose_and_gain_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 200; seed++) {
        srand(seed);
        struct rate rate = make(50, SECOND);
        double due = 1;
        int64_t now_ms = START;
        int64_t taken = take_all(&rate, START);
        for (int change = 0; change < 500; change++) {
            uint32_t whole = 1 + (uint32_t)rand() % 30;
            uint32_t part = (uint32_t)rand() % (whole + 1);
            int64_t span_ms = rand() % 300;
            rate_set_share(&rate, part, whole, now_ms);
            due += 50.0 * part / whole * (double)span_ms / 1000;
            taken += take_until(&rate, &now_ms, now_ms + span_ms);
        }
        if ((double)taken > due + 0.001 || (double)taken < due - 1.5)
            fail_msg("seed %u: %lld went, %f were due", seed, (long long)taken, due);
    }
}

static void all_shares_together_make_the_rate(void **state)
{
    (void)state;
    static const uint32_t parts[] = {3, 5, 4, 3, 5, 4};
    int64_t taken = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct rate rate = make(100, SECOND);
        rate_set_share(&rate, parts[i], 24, START);
        int64_t now_ms = START;
        taken += take_until(&rate, &now_ms, START + 3600 * SECOND);
    }
    assert_in_range(taken, 360000, 360000 + COUNT_OF(parts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_one),
        cmocka_unit_test(saves_up_one_second_or_one_token),
        cmocka_unit_test(lets_exactly_its_number_go_over_a_long_time),
        cmocka_unit_test(nothing_goes_without_a_share_or_a_rate),
        cmocka_unit_test(a_token_given_back_goes_to_the_next),
        cmocka_unit_test(a_clock_that_steps_back_neither_stalls_nor_bursts),
        cmocka_unit_test(a_new_share_keeps_what_was_saved_as_far_as_it_fits),
        cmocka_unit_test(a_new_value_keeps_what_was_saved_as_far_as_it_fits),
        cmocka_unit_test(a_tiny_share_of_very_many_still_moves),
        cmocka_unit_test(never_exceeds_rate_and_bucket_in_any_window),
        cmocka_unit_test(changing_shares_lose_and_gain_nothing),
        cmocka_unit_test(all_shares_together_make_the_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
