#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "deliver/outcome.h"

#define NOW_MS 1763910245000 /* Sun, 23 Nov 2025 15:04:05 GMT */

static void reads_retry_after_as_seconds_or_a_date(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t wait_ms;
    } rows[] = {
        {NULL, -1},
        {"", -1},
        {"0", 0},
        {"120", 120000},
        {"-5", -1},
        {"soon", -1},
        {"99999999999999999999", RETRY_AFTER_MOST_MS},
        {"86401", RETRY_AFTER_MOST_MS},
        {"Sun, 23 Nov 2025 15:05:05 GMT", 60000},
        {"Sunday, 23-Nov-25 15:04:35 GMT", 30000},
        {"Sun Nov 23 15:04:06 2025", 1000},
        {"Sun, 23 Nov 2025 15:00:00 GMT", 0},
        {"Sun, 23 Nov 2035 15:00:00 GMT", RETRY_AFTER_MOST_MS},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (outcome_retry_after(rows[i].header, NOW_MS) != rows[i].wait_ms)
            fail_msg("%s", rows[i].header);
}

static struct outcome classify(const struct http_exchange *exchange, struct error *text)
{
    struct status_set success = {{0}};
    for (int status = 200; status < 300; status++)
        status_set_add(&success, status);
    status_set_add(&success, 302);
    struct outcome outcome = {0};
    outcome_classify(exchange, &success, NOW_MS, text, &outcome);
    return outcome;
}

static void counts_as_delivered_what_the_subscription_calls_success(void **state)
{
    (void)state;
    struct error text;
    static const int good[] = {200, 204, 299, 302};
    static const int bad[] = {100, 199, 300, 301, 404, 500, 599};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct http_exchange exchange = {.status = good[i], .error = ""};
        assert_int_equal(classify(&exchange, &text).kind, ERROR_NONE);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct http_exchange exchange = {.status = bad[i], .error = ""};
        assert_int_equal(classify(&exchange, &text).kind, ERROR_STATUS);
    }
}

static void honours_retry_after_on_429_and_503_alone(void **state)
{
    (void)state;
    struct error text;
    struct http_exchange exchange = {.status = 429, .error = "", .retry_after = "7"};
    assert_int_equal(classify(&exchange, &text).retry_after_ms, 7000);
    exchange.status = 503;
    assert_int_equal(classify(&exchange, &text).retry_after_ms, 7000);
    exchange.status = 500;
    assert_int_equal(classify(&exchange, &text).retry_after_ms, -1);
}

static void passes_on_what_failed_without_an_answer(void **state)
{
    (void)state;
    struct error text;
    struct http_exchange exchange = {
        .kind = ERROR_CONNECT, .error = "refused", .duration_us = 1500};
    struct outcome outcome = classify(&exchange, &text);
    assert_int_equal(outcome.kind, ERROR_CONNECT);
    assert_string_equal(outcome.error, "refused");
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.duration_us, 1500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_retry_after_as_seconds_or_a_date),
        cmocka_unit_test(counts_as_delivered_what_the_subscription_calls_success),
        cmocka_unit_test(honours_retry_after_on_429_and_503_alone),
        cmocka_unit_test(passes_on_what_failed_without_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
