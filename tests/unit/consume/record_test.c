#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "consume/record.h"

static void keeps_every_byte_and_what_is_null(void **state)
{
    (void)state;
    char value[] = "a\0b";
    struct record_header headers[] = {{SLICE("one"), SLICE("1")},
                                      {SLICE("one"), SLICE("2")},
                                      {SLICE("null"), SLICE_NONE},
                                      {SLICE("empty"), SLICE("")}};
    struct record_source from = {
        .topic = SLICE("orders"),
        .partition = 2,
        .offset = 7,
        .timestamp_ms = 5,
        .key = SLICE_NONE,
        .value = {value, 3},
        .headers = headers,
        .header_count = 4,
    };
    struct record *record = record_create(&from);
    value[0] = 'x';
    assert_memory_equal(record->value.data, "a\0b", 3);
    assert_null(record->key.data);
    assert_int_equal(record->header_count, 4);
    assert_true(slice_is(record_header(record, "one"), "2"));
    assert_null(record_header(record, "null").data);
    assert_non_null(record_header(record, "empty").data);
    assert_int_equal(record_header(record, "empty").size, 0);
    assert_null(record_header(record, "absent").data);
    record_destroy(record);
}

static void tells_a_tombstone_from_an_empty_value(void **state)
{
    (void)state;
    struct record_source from = {.topic = SLICE("t"), .key = SLICE(""), .value = SLICE_NONE};
    struct record *record = record_create(&from);
    assert_null(record->value.data);
    assert_non_null(record->key.data);
    record_destroy(record);
}

static void goes_home_with_the_last_claim(void **state)
{
    (void)state;
    struct record_source from = {.topic = SLICE("t")};
    struct record *record = record_create(&from);
    record_claim(record);
    record_claim(record);
    assert_false(record_release(record));
    record_abandon(record);
    assert_false(record_release(record));
    assert_true(record_release(record));
    assert_true(record_is_abandoned(record));
    record_destroy(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_byte_and_what_is_null),
        cmocka_unit_test(tells_a_tombstone_from_an_empty_value),
        cmocka_unit_test(goes_home_with_the_last_claim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
