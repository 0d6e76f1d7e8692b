#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/letter_page.h"

static const struct record_header published[] = {
    {SLICE_INIT("trace"), SLICE_INIT("\x1b[2J")},
    {SLICE_INIT("bytes"), SLICE_INIT("\xff")},
    {SLICE_INIT("none"), {NULL, 0}},
};

static const struct dead_letter sample = {
    .partition = 3,
    .place = 17,
    .key = SLICE_INIT("\xff\x00"),
    .value = SLICE_INIT("{\"a\":1}\n"),
    .letter =
        {
            .id = SLICE_INIT("orders-0-42"),
            .subscription = SLICE_INIT("dash"),
            .reason = SLICE_INIT("status"),
            .error = SLICE_INIT("said \"no\"\x9b"),
            .status = SLICE_INIT("503"),
            .attempts = SLICE_INIT("08"),
            .topic = SLICE_INIT("orders"),
            .offset = 42,
            .timestamp_ms = -1,
            .failed_unix_ms = 1763910246000,
            .published = published,
            .published_count = 3,
        },
};

static void people_see_all_of_it_and_nothing_that_steers(void **state)
{
    (void)state;
    struct buffer out = {0};
    letter_page_print(&sample, &out);
    assert_string_equal(buffer_text(&out), "dead letter   3:17\n"
                                           "id            orders-0-42\n"
                                           "subscription  dash\n"
                                           "reason        status\n"
                                           "error         said \"no\"\xEF\xBF\xBD\n"
                                           "status        503\n"
                                           "attempts      08\n"
                                           "failed at     2025-11-23T15:04:06.000Z\n"
                                           "source        topic orders, partition 0, offset 42\n"
                                           "headers\n"
                                           "  trace: \xEF\xBF\xBD[2J\n"
                                           "  bytes: /w==  (base64)\n"
                                           "  none: null\n"
                                           "key           /wA=  (base64)\n"
                                           "value, 8 bytes\n"
                                           "{\"a\":1}\n\n");
    buffer_finish(&out);
}

static void programs_get_json_on_one_line(void **state)
{
    (void)state;
    struct buffer out = {0};
    letter_page_json(&sample, true, &out);
    assert_string_equal(
        buffer_text(&out),
        "{\"position\":\"3:17\",\"id\":\"orders-0-42\",\"subscription\":\"dash\",\"reason\":"
        "\"status\",\"error\":\"said \\\"no\\\"\xEF\xBF\xBD\",\"status\":503,\"attempts\":\"08\","
        "\"topic\":\"orders\",\"partition\":0,\"offset\":42,\"timestamp\":null,\"failed_at\":"
        "\"2025-11-23T15:04:06.000Z\",\"headers\":[{\"name\":\"trace\",\"value\":\"\\u001b[2J\"},"
        "{\"name\":\"bytes\",\"value_base64\":\"/w==\"},{\"name\":\"none\",\"value\":null}],"
        "\"key_base64\":\"/wA=\",\"value\":\"{\\\"a\\\":1}\\n\"}");
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_see_all_of_it_and_nothing_that_steers),
        cmocka_unit_test(programs_get_json_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
