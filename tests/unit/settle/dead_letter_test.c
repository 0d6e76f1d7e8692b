#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "settle/dead_letter.h"

struct wanted {
    const char *name;
    const char *value; /* NULL: a null value */
};

static void expect(rd_kafka_headers_t *headers, const struct wanted *wanted, size_t count)
{
    assert_int_equal(rd_kafka_header_cnt(headers), count);
    for (size_t i = 0; i < count; i++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t size = 0;
        assert_int_equal(rd_kafka_header_get_all(headers, i, &name, &value, &size), 0);
        assert_string_equal(name, wanted[i].name);
        if (!wanted[i].value) {
            assert_null(value);
            continue;
        }
        assert_int_equal(size, strlen(wanted[i].value));
        assert_memory_equal(value, wanted[i].value, size);
    }
}

static void keeps_the_published_headers_and_adds_ours(void **state)
{
    (void)state;
    const struct record_header published[] = {{SLICE("trace"), SLICE("abc")},
                                              {SLICE("trace"), SLICE("def")},
                                              {SLICE("none"), SLICE_NONE}};
    const struct record record = {
        .topic = "orders",
        .partition = 3,
        .offset = 42,
        .timestamp_ms = 1763910245123,
        .headers = published,
        .header_count = 3,
    };
    const struct outcome outcome = {
        .kind = ERROR_STATUS, .status = 503, .error = "the receiver answered 503"};
    const struct verdict verdict = {
        .record = &record,
        .id = SLICE("orders-3-42"),
        .subscription = SLICE("dash"),
        .outcome = &outcome,
        .fate = FATE_DEAD,
        .attempts = 8,
        .now_unix_ms = 1763910246000,
    };
    rd_kafka_headers_t *headers = dead_letter_headers(&verdict);
    const struct wanted wanted[] = {
        {"trace", "abc"},
        {"trace", "def"},
        {"none", NULL},
        {"grapnel-id", "orders-3-42"},
        {"grapnel-subscription", "dash"},
        {"grapnel-reason", "status"},
        {"grapnel-error", "the receiver answered 503"},
        {"grapnel-status", "503"},
        {"grapnel-attempts", "8"},
        {"grapnel-source-topic", "orders"},
        {"grapnel-source-partition", "3"},
        {"grapnel-source-offset", "42"},
        {"grapnel-source-timestamp", "2025-11-23T15:04:05.123Z"},
        {"grapnel-failed-at", "2025-11-23T15:04:06.000Z"},
    };
    expect(headers, wanted, COUNT_OF(wanted));
    rd_kafka_headers_destroy(headers);
}

static void names_no_status_where_there_was_no_answer(void **state)
{
    (void)state;
    const struct record record = {.topic = "orders", .timestamp_ms = -1};
    const struct outcome outcome = {.kind = ERROR_RENDER, .error = "missing field .tenant"};
    const struct verdict verdict = {
        .record = &record,
        .id = SLICE("orders-0-0"),
        .subscription = SLICE("dash"),
        .outcome = &outcome,
        .fate = FATE_DEAD,
        .now_unix_ms = 1763910246000,
    };
    rd_kafka_headers_t *headers = dead_letter_headers(&verdict);
    const struct wanted wanted[] = {
        {"grapnel-id", "orders-0-0"},
        {"grapnel-subscription", "dash"},
        {"grapnel-reason", "render"},
        {"grapnel-error", "missing field .tenant"},
        {"grapnel-attempts", "0"},
        {"grapnel-source-topic", "orders"},
        {"grapnel-source-partition", "0"},
        {"grapnel-source-offset", "0"},
        {"grapnel-failed-at", "2025-11-23T15:04:06.000Z"},
    };
    expect(headers, wanted, COUNT_OF(wanted));
    rd_kafka_headers_destroy(headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_published_headers_and_adds_ours),
        cmocka_unit_test(names_no_status_where_there_was_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
