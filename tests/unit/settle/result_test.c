#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "settle/result.h"

static const struct record record = {
    .topic = "orders",
    .partition = 3,
    .offset = 42,
    .timestamp_ms = 1763910245123,
};

static void expect(const struct verdict *verdict, const char *json)
{
    struct buffer out = {0};
    result_write(verdict, &out);
    assert_string_equal(buffer_text(&out), json);
    buffer_finish(&out);
}

static void tells_of_a_delivery(void **state)
{
    (void)state;
    const struct outcome outcome = {
        .status = 200,
        .error = "",
        .response = SLICE("{\"ok\":true}"),
        .method = "POST",
        .url = "https://example.com/hook",
        .started_unix_ms = 1763910246000,
        .duration_us = 12600,
    };
    const struct verdict verdict = {
        .record = &record,
        .id = SLICE("orders-3-42"),
        .subscription = SLICE("dash"),
        .event_type = SLICE("order.created"),
        .outcome = &outcome,
        .fate = FATE_DELIVERED,
        .attempts = 2,
        .instance = "host-1",
    };
    expect(&verdict,
           "{\"id\":\"orders-3-42\",\"subscription\":\"dash\",\"event_type\":\"order.created\","
           "\"topic\":\"orders\",\"partition\":3,\"offset\":42,"
           "\"timestamp\":\"2025-11-23T15:04:05.123Z\",\"outcome\":\"delivered\",\"attempt\":2,"
           "\"method\":\"POST\",\"url\":\"https://example.com/hook\",\"status\":200,"
           "\"error_kind\":null,\"error\":null,\"response\":\"{\\\"ok\\\":true}\","
           "\"started_at\":\"2025-11-23T15:04:06.000Z\",\"duration_ms\":13,"
           "\"next_attempt_at\":null,\"instance\":\"host-1\"}");
}

static void tells_of_a_retry_and_when_it_comes(void **state)
{
    (void)state;
    const struct outcome outcome = {
        .kind = ERROR_TIMEOUT,
        .error = "no answer within 10000 ms",
        .method = "GET",
        .url = "http://example.com/",
        .started_unix_ms = 1763910246000,
        .duration_us = 10000000,
    };
    const struct verdict verdict = {
        .record = &record,
        .id = SLICE("orders-3-42"),
        .subscription = SLICE("dash"),
        .event_type = SLICE("orders"),
        .outcome = &outcome,
        .fate = FATE_RETRY,
        .attempts = 1,
        .next_attempt_unix_ms = 1763910261000,
        .instance = "host-1",
    };
    expect(&verdict,
           "{\"id\":\"orders-3-42\",\"subscription\":\"dash\",\"event_type\":\"orders\","
           "\"topic\":\"orders\",\"partition\":3,\"offset\":42,"
           "\"timestamp\":\"2025-11-23T15:04:05.123Z\",\"outcome\":\"retrying\",\"attempt\":1,"
           "\"method\":\"GET\",\"url\":\"http://example.com/\",\"status\":null,"
           "\"error_kind\":\"timeout\",\"error\":\"no answer within 10000 ms\",\"response\":null,"
           "\"started_at\":\"2025-11-23T15:04:06.000Z\",\"duration_ms\":10000,"
           "\"next_attempt_at\":\"2025-11-23T15:04:21.000Z\",\"instance\":\"host-1\"}");
}

static void tells_of_a_stop_that_no_next_attempt_is_known(void **state)
{
    (void)state;
    const struct outcome outcome = {
        .kind = ERROR_STATUS,
        .error = "the answer was 500",
        .status = 500,
        .response = SLICE(""),
        .method = "POST",
        .url = "http://example.com/",
        .started_unix_ms = 1763910246000,
    };
    const struct verdict verdict = {
        .record = &record,
        .id = SLICE("orders-3-42"),
        .subscription = SLICE("dash"),
        .event_type = SLICE("orders"),
        .outcome = &outcome,
        .fate = FATE_STOP,
        .attempts = 2,
        .next_attempt_unix_ms = 1763910261000,
        .instance = "host-1",
    };
    expect(&verdict,
           "{\"id\":\"orders-3-42\",\"subscription\":\"dash\",\"event_type\":\"orders\","
           "\"topic\":\"orders\",\"partition\":3,\"offset\":42,"
           "\"timestamp\":\"2025-11-23T15:04:05.123Z\",\"outcome\":\"retrying\",\"attempt\":2,"
           "\"method\":\"POST\",\"url\":\"http://example.com/\",\"status\":500,"
           "\"error_kind\":\"status\",\"error\":\"the answer was 500\",\"response\":\"\","
           "\"started_at\":\"2025-11-23T15:04:06.000Z\",\"duration_ms\":0,"
           "\"next_attempt_at\":null,\"instance\":\"host-1\"}");
}

static void tells_of_a_record_that_no_event_could_be_made_of(void **state)
{
    (void)state;
    const struct outcome outcome = {
        .kind = ERROR_DECODE,
        .error = "byte 3: a value was expected",
        .method = "",
        .url = "",
        .started_unix_ms = 1763910246000,
    };
    const struct verdict verdict = {
        .record = &record,
        .id = SLICE("orders-3-42"),
        .subscription = SLICE("dash"),
        .outcome = &outcome,
        .fate = FATE_DEAD,
        .instance = "host-1",
    };
    expect(&verdict,
           "{\"id\":\"orders-3-42\",\"subscription\":\"dash\",\"event_type\":null,"
           "\"topic\":\"orders\",\"partition\":3,\"offset\":42,"
           "\"timestamp\":\"2025-11-23T15:04:05.123Z\",\"outcome\":\"dead-lettered\","
           "\"attempt\":0,\"method\":null,\"url\":null,\"status\":null,\"error_kind\":\"decode\","
           "\"error\":\"byte 3: a value was expected\",\"response\":null,"
           "\"started_at\":\"2025-11-23T15:04:06.000Z\",\"duration_ms\":0,"
           "\"next_attempt_at\":null,\"instance\":\"host-1\"}");
}

static void is_wanted_as_the_settings_say(void **state)
{
    (void)state;
    static const bool wanted[][4] = {
        [RECORD_FINAL] = {[FATE_DELIVERED] = true, [FATE_RETRY] = false, [FATE_DEAD] = true},
        [RECORD_ATTEMPTS] = {true, true, true, [FATE_STOP] = true},
        [RECORD_FAILURES] = {[FATE_DELIVERED] = false, [FATE_RETRY] = false, [FATE_DEAD] = true},
    };
    for (int which = 0; which < 3; which++)
        for (int fate = 0; fate < 4; fate++)
            assert_int_equal(result_wanted((enum results_record)which, (enum fate_kind)fate),
                             wanted[which][fate]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_a_delivery),
        cmocka_unit_test(tells_of_a_retry_and_when_it_comes),
        cmocka_unit_test(tells_of_a_stop_that_no_next_attempt_is_known),
        cmocka_unit_test(tells_of_a_record_that_no_event_could_be_made_of),
        cmocka_unit_test(is_wanted_as_the_settings_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
