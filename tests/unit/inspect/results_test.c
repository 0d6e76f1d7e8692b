#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "inspect/results.h"

static void reads_the_fields_as_text(void **state)
{
    (void)state;
    struct results_reader reader = {0};
    struct result_row row;
    struct error err = {0};
    assert_true(results_read(&reader,
                             SLICE("{\"id\":\"orders-3-17\",\"subscription\":\"to-\\u0041\","
                                   "\"outcome\":\"retrying\",\"attempt\":2,"
                                   "\"status\":503,\"error_kind\":\"status\",\"error\":\"HTTP "
                                   "\\\"503\\\"\\n\",\"response\":{\"x\":[1]},"
                                   "\"started_at\":\"2026-11-23T15:04:05.123Z\",\"duration_ms\":12,"
                                   "\"event_type\":null,\"later\":1}"),
                             &row, &err));
    assert_true(slice_is(row.id, "orders-3-17"));
    assert_true(slice_is(row.subscription, "to-A"));
    assert_true(slice_is(row.outcome, "retrying"));
    assert_true(slice_is(row.attempt, "2"));
    assert_true(slice_is(row.status, "503"));
    assert_true(slice_is(row.error_kind, "status"));
    assert_true(slice_is(row.error, "HTTP \"503\"\n"));
    assert_true(slice_is(row.started_at, "2026-11-23T15:04:05.123Z"));
    assert_true(slice_is(row.duration_ms, "12"));
    assert_null(row.event_type.data);
    results_reader_finish(&reader);
}

static void a_reader_is_used_again_and_again(void **state)
{
    (void)state;
    struct results_reader reader = {0};
    struct result_row row;
    char text[4096];
    for (int i = 1; i < 2000; i++) {
        /* As many escapes as fit: all of them are unescaped into the scratch buffer. */
        char *p = text + sprintf(text, "{\"id\":\"");
        for (int j = 0; j < i; j++)
            p = stpcpy(p, "\\n");
        strcpy(p, "\",\"error\":\"\\t\"}");
        assert_true(results_read(&reader, slice_of(text), &row, NULL));
        assert_int_equal(row.id.size, i);
        assert_int_equal(row.id.data[i - 1], '\n');
        assert_true(slice_is(row.error, "\t"));
        assert_null(row.outcome.data);
    }
    results_reader_finish(&reader);
}

static void what_is_no_result_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",       "hello",    "[1]",  "7",   "null",
                                        "\"{}\"", "{\"id\":", "{}{}", "\xFF"};
    struct results_reader reader = {0};
    struct result_row row;
    struct error err = {0};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_false(results_read(&reader, slice_of(texts[i]), &row, &err));
        assert_int_equal(err.kind, ERROR_DECODE);
    }
    assert_false(results_read(&reader, SLICE_NONE, &row, &err));
    assert_true(results_read(&reader, SLICE(" {} \n"), &row, &err));
    assert_null(row.id.data);
    results_reader_finish(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_fields_as_text),
        cmocka_unit_test(a_reader_is_used_again_and_again),
        cmocka_unit_test(what_is_no_result_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
