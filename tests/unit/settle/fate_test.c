#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "settle/fate.h"

static int64_t schedule[] = {5000, 300000, 1800000};

static struct subscription_delivery policy(void)
{
    struct subscription_delivery policy = {
        .retry_schedule_ms = schedule,
        .retry_count = 3,
        .jitter_percent = 20,
    };
    status_set_add(&policy.never, 400);
    status_set_add(&policy.never, 410);
    return policy;
}

static void decides_by_outcome_and_attempt(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        enum error_kind kind;
        int status;
        unsigned attempts;
        enum fate_kind fate;
    } rows[] = {
        {"a good answer", ERROR_NONE, 200, 1, FATE_DELIVERED},
        {"a good answer at last", ERROR_NONE, 204, 4, FATE_DELIVERED},
        {"a server's trouble", ERROR_STATUS, 503, 1, FATE_RETRY},
        {"a redirect", ERROR_STATUS, 302, 1, FATE_RETRY},
        {"the last of the schedule", ERROR_STATUS, 503, 3, FATE_RETRY},
        {"past the schedule", ERROR_STATUS, 503, 4, FATE_DEAD},
        {"a status that never gets better", ERROR_STATUS, 400, 1, FATE_DEAD},
        {"gone", ERROR_STATUS, 410, 1, FATE_DEAD},
        {"no answer in time", ERROR_TIMEOUT, 0, 1, FATE_RETRY},
        {"no connection", ERROR_CONNECT, 0, 1, FATE_RETRY},
        {"no address", ERROR_DNS, 0, 1, FATE_RETRY},
        {"a wrong certificate", ERROR_TLS, 0, 1, FATE_RETRY},
        {"garbage", ERROR_PROTOCOL, 0, 2, FATE_RETRY},
        {"no connection, past the schedule", ERROR_CONNECT, 0, 4, FATE_DEAD},
        {"a missing field", ERROR_RENDER, 0, 0, FATE_DEAD},
        {"too large a body", ERROR_TOO_LARGE, 0, 0, FATE_DEAD},
        {"a missing field at the second attempt", ERROR_RENDER, 0, 1, FATE_DEAD},
    };
    struct subscription_delivery rules = policy();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outcome outcome = {
            .kind = rows[i].kind, .status = rows[i].status, .retry_after_ms = -1};
        struct fate fate = fate_decide(&rules, &outcome, rows[i].attempts, 1u << 31);
        if (fate.kind != rows[i].fate)
            fail_msg("%s: %d, wanted %d", rows[i].what, (int)fate.kind, (int)rows[i].fate);
    }
}

static void waits_as_the_schedule_says_within_the_jitter(void **state)
{
    (void)state;
    struct subscription_delivery rules = policy();
    assert_int_equal(fate_wait_ms(&rules, 1, -1, 0), 4000);
    assert_int_equal(fate_wait_ms(&rules, 1, -1, UINT32_MAX), 6000);
    rules.jitter_percent = 0;
    assert_int_equal(fate_wait_ms(&rules, 2, -1, 12345), 300000);
}

static void bounds_the_jitter_of_what_waits_in_a_topic(void **state)
{
    (void)state;
    struct subscription_delivery rules = policy();
    assert_int_equal(fate_wait_ms(&rules, 2, -1, 0), 300000 - FATE_JITTER_MOST_MS);
    assert_int_equal(fate_wait_ms(&rules, 2, -1, UINT32_MAX), 300000 + FATE_JITTER_MOST_MS);
    assert_int_equal(fate_wait_ms(&rules, 2, 360000, 7), 360000);
}

static void waits_at_least_as_long_as_the_receiver_asks(void **state)
{
    (void)state;
    struct subscription_delivery rules = policy();
    struct outcome outcome = {.kind = ERROR_STATUS, .status = 429, .retry_after_ms = 60000};
    assert_int_equal(fate_decide(&rules, &outcome, 1, 0).wait_ms, 60000);
    outcome.retry_after_ms = 10;
    assert_int_equal(fate_decide(&rules, &outcome, 1, 0).wait_ms, 4000);
}

static void never_tries_again_without_a_schedule(void **state)
{
    (void)state;
    struct subscription_delivery rules = policy();
    rules.retry_count = 0;
    struct outcome outcome = {.kind = ERROR_TIMEOUT, .retry_after_ms = -1};
    assert_int_equal(fate_decide(&rules, &outcome, 1, 7).kind, FATE_DEAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_by_outcome_and_attempt),
        cmocka_unit_test(waits_as_the_schedule_says_within_the_jitter),
        cmocka_unit_test(bounds_the_jitter_of_what_waits_in_a_topic),
        cmocka_unit_test(waits_at_least_as_long_as_the_receiver_asks),
        cmocka_unit_test(never_tries_again_without_a_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
