#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/letter.h"
#include "settle/dead_letter.h"

#define HEADERS_MOST 24

static size_t list(rd_kafka_headers_t *headers, struct record_header *to)
{
    size_t count = 0;
    const char *name = NULL;
    const void *value = NULL;
    size_t size = 0;
    while (!rd_kafka_header_get_all(headers, count, &name, &value, &size))
        to[count++] = (struct record_header){slice_of(name), {value, size}};
    return count;
}

/* What the service itself writes, of a record whose own headers are a trap. */
static rd_kafka_headers_t *write_letter(int status, int64_t timestamp_ms)
{
    static const struct record_header published[] = {
        {SLICE_INIT("grapnel-id"), SLICE_INIT("a trap")},
        {SLICE_INIT("none"), {NULL, 0}},
        {SLICE_INIT("grapnel-failed-at"), SLICE_INIT("a trap")}};
    const struct record record = {
        .topic = "orders",
        .partition = 3,
        .offset = 42,
        .timestamp_ms = timestamp_ms,
        .headers = published,
        .header_count = COUNT_OF(published),
    };
    const struct outcome outcome = {.kind = ERROR_STATUS, .status = status, .error = "said no"};
    const struct verdict verdict = {
        .record = &record,
        .id = SLICE("orders-3-42"),
        .subscription = SLICE("dash"),
        .outcome = &outcome,
        .fate = FATE_DEAD,
        .attempts = 8,
        .now_unix_ms = 1763910246000,
    };
    return dead_letter_headers(&verdict);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const struct {
        int status;
        int64_t timestamp_ms;
    } rows[] = {{503, 1763910245123}, {0, 1763910245123}, {503, -1}, {0, -1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record_header headers[HEADERS_MOST];
        struct letter letter;
        struct error err = {0};
        rd_kafka_headers_t *written = write_letter(rows[i].status, rows[i].timestamp_ms);
        size_t count = list(written, headers);
        assert_true(letter_read(headers, count, &letter, &err));
        assert_true(slice_is(letter.id, "orders-3-42"));
        assert_true(slice_is(letter.subscription, "dash"));
        assert_true(slice_is(letter.reason, "status"));
        assert_true(slice_is(letter.error, "said no"));
        assert_true(rows[i].status ? slice_is(letter.status, "503") : !letter.status.data);
        assert_true(slice_is(letter.attempts, "8"));
        assert_true(slice_is(letter.topic, "orders"));
        assert_int_equal(letter.partition, 3);
        assert_int_equal(letter.offset, 42);
        assert_int_equal(letter.timestamp_ms, rows[i].timestamp_ms);
        assert_int_equal(letter.failed_unix_ms, 1763910246000);
        assert_int_equal(letter.published_count, 3);
        assert_ptr_equal(letter.published, headers);
        rd_kafka_headers_destroy(written);
    }
}

/* Each header in turn is missing, renamed or made something that can't be. */
static void is_refused_when_any_part_is_wrong(void **state)
{
    (void)state;
    struct record_header headers[HEADERS_MOST];
    struct record_header less[HEADERS_MOST];
    struct letter letter;
    struct error err = {0};
    rd_kafka_headers_t *written = write_letter(503, 1763910245123);
    size_t count = list(written, headers);
    for (size_t i = 3; i < count; i++) {
        bool optional = slice_is(headers[i].name, "grapnel-status") ||
                        slice_is(headers[i].name, "grapnel-source-timestamp");
        size_t left = 0;
        for (size_t j = 0; j < count; j++)
            if (j != i)
                less[left++] = headers[j];
        assert_int_equal(letter_read(less, left, &letter, &err), optional);
        struct record_header kept = headers[i];
        headers[i].value = SLICE_NONE;
        assert_false(letter_read(headers, count, &letter, &err));
        headers[i].name = SLICE("x");
        assert_false(letter_read(headers, count, &letter, &err));
        assert_int_equal(err.kind, ERROR_DECODE);
        headers[i] = kept;
    }
    for (size_t fewer = 0; fewer < 9; fewer++)
        assert_false(letter_read(headers + count - fewer, fewer, &letter, &err));
    assert_true(letter_read(headers + 3, count - 3, &letter, &err));
    assert_int_equal(letter.published_count, 0);
    rd_kafka_headers_destroy(written);
}

static void is_refused_when_a_value_is_garbage(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct slice value;
    } rows[] = {
        {"grapnel-failed-at", SLICE_INIT("yesterday")},
        {"grapnel-failed-at", SLICE_INIT("")},
        {"grapnel-source-timestamp", SLICE_INIT("1066-10-14")},
        {"grapnel-source-offset", SLICE_INIT("-1")},
        {"grapnel-source-offset", SLICE_INIT("9223372036854775808")},
        {"grapnel-source-partition", SLICE_INIT("2147483648")},
        {"grapnel-source-partition", SLICE_INIT("3\0")},
        {"grapnel-source-topic", SLICE_INIT("")},
        {"grapnel-source-topic", SLICE_INIT("a/b")},
        {"grapnel-source-topic", SLICE_INIT("a\0b")},
        {"grapnel-subscription", SLICE_INIT("da\0sh")},
    };
    struct record_header headers[HEADERS_MOST];
    struct letter letter;
    struct error err = {0};
    rd_kafka_headers_t *written = write_letter(503, 1763910245123);
    size_t count = list(written, headers);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t at = count - 1;
        while (!slice_is(headers[at].name, rows[i].name))
            at--;
        struct record_header kept = headers[at];
        headers[at].value = rows[i].value;
        assert_false(letter_read(headers, count, &letter, &err));
        assert_non_null(strstr(err.text, rows[i].name));
        headers[at] = kept;
    }
    rd_kafka_headers_destroy(written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(is_refused_when_any_part_is_wrong),
        cmocka_unit_test(is_refused_when_a_value_is_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
