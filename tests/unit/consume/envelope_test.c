#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "consume/envelope.h"

#define HEADERS_MOST 16

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

static const struct envelope sent = {
    .subscription = SLICE_INIT("orders-to-crm"),
    .attempts = 3,
    .passes = 2,
    .due_unix_ms = 1763910245123,
    .leg_unix_ms = 1763910245007,
    .first_attempt_unix_ms = -1,
    .topic = SLICE_INIT("orders"),
    .partition = 7,
    .offset = 42,
    .timestamp_ms = 1763910245000,
    .nobodys_since_unix_ms = 7,
};

static void comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct record_header headers[HEADERS_MOST];
    rd_kafka_headers_t *written = rd_kafka_headers_new(HEADERS_MOST);
    rd_kafka_header_add(written, "grapnel-retry-topic", -1, "a trap", -1);
    assert_true(envelope_write(&sent, written));
    size_t count = list(written, headers);
    assert_int_equal(count, 1 + ENVELOPE_HEADERS);

    struct envelope got;
    struct error err = {0};
    assert_true(envelope_read(headers, count, &got, &err));
    assert_true(slice_equal(got.subscription, sent.subscription));
    assert_true(slice_equal(got.topic, sent.topic));
    assert_int_equal(got.attempts, sent.attempts);
    assert_int_equal(got.passes, sent.passes);
    assert_int_equal(got.due_unix_ms, sent.due_unix_ms);
    assert_int_equal(got.leg_unix_ms, sent.leg_unix_ms);
    assert_int_equal(got.first_attempt_unix_ms, -1);
    assert_int_equal(got.partition, sent.partition);
    assert_int_equal(got.offset, sent.offset);
    assert_int_equal(got.timestamp_ms, sent.timestamp_ms);
    assert_int_equal(got.nobodys_since_unix_ms, 7);
    rd_kafka_headers_destroy(written);
}

/* Each of the headers in turn is made something that can't be. */
static void is_refused_when_any_part_is_wrong(void **state)
{
    (void)state;
    struct record_header headers[HEADERS_MOST];
    rd_kafka_headers_t *written = rd_kafka_headers_new(HEADERS_MOST);
    assert_true(envelope_write(&sent, written));
    size_t count = list(written, headers);
    struct envelope got;
    struct error err = {0};
    static const struct slice wrong[] = {SLICE_INIT(""),
                                         {NULL, 0},
                                         SLICE_INIT("x"),
                                         SLICE_INIT("-2"),
                                         SLICE_INIT("12345678901234567890"),
                                         SLICE_INIT("9999999999999999999999999")};
    for (size_t i = 0; i < count; i++)
        for (size_t w = 0; w < COUNT_OF(wrong); w++) {
            bool is_text = slice_is(headers[i].name, "grapnel-retry-subscription") ||
                           slice_is(headers[i].name, "grapnel-retry-topic");
            if (is_text && w > 1)
                continue;
            struct record_header kept = headers[i];
            headers[i].value = wrong[w];
            assert_false(envelope_read(headers, count, &got, &err));
            assert_int_equal(err.kind, ERROR_DECODE);
            headers[i] = kept;
        }
    for (size_t fewer = 0; fewer < count; fewer++)
        assert_false(envelope_read(headers, fewer, &got, &err));
    assert_true(envelope_read(headers, count, &got, &err));
    rd_kafka_headers_destroy(written);
}

#define DAY_MS INT64_C(86400000)

static void waits_no_longer_than_if_it_had_just_been_written(void **state)
{
    (void)state;
    const int64_t now_ms = 1763910245000;
    static const struct {
        const char *topic;
        int64_t leg_ms; /* from now */
        int64_t least_ms;
        int64_t most_ms;
    } rows[] = {
        {"grapnel.retry.5m", 300000, 300000, 300000},
        {"grapnel.retry.5m", -1, -1, -1},
        {"grapnel.retry.5m", DAY_MS, 300000, 330000}, /* by a clock that was a day ahead */
        {"grapnel.retry.5m", INT64_MAX / 2, 300000, 330000},
        {"retry.30d", 40 * DAY_MS, 30 * DAY_MS, 31 * DAY_MS},
        {"retry.9223372036854775807ms", INT64_MAX / 2, 30 * DAY_MS, 31 * DAY_MS},
        {"retry.99999999999999999999d", DAY_MS, 0, 30000},
        {"retry", DAY_MS, 0, 30000},
        {"", DAY_MS, 0, 30000},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct envelope envelope = {.leg_unix_ms = now_ms + rows[i].leg_ms};
        int64_t ends_ms = envelope_leg_ends(&envelope, slice_of(rows[i].topic), now_ms) - now_ms;
        assert_true(ends_ms >= rows[i].least_ms && ends_ms <= rows[i].most_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_out_as_it_went_in),
        cmocka_unit_test(is_refused_when_any_part_is_wrong),
        cmocka_unit_test(waits_no_longer_than_if_it_had_just_been_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
