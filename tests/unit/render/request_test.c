#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "render/request.h"

static void walks_the_lines_it_was_given(void **state)
{
    (void)state;
    struct request request = {0};
    assert_null(request_first_header(&request));
    request_add_header(&request, SLICE("A"), SLICE("1"));
    request_add_header(&request, SLICE("B"), SLICE(""));
    const char *line = request_first_header(&request);
    assert_string_equal(line, "A: 1");
    line = request_next_header(&request, line);
    assert_string_equal(line, "B: ");
    assert_null(request_next_header(&request, line));
    request_clear(&request);
    assert_null(request_first_header(&request));
    request_finish(&request);
}

static void lets_nothing_through_that_ends_a_line(void **state)
{
    (void)state;
    struct request request = {0};
    request_add_header(&request, SLICE("A"), SLICE("x\r\nHost: evil\0\x7f\ty\xC3\xA9"));
    assert_string_equal(request_first_header(&request), "A: x  Host: evil  \ty\xC3\xA9");
    request_finish(&request);
}

static void compares_names_without_case(void **state)
{
    (void)state;
    struct request request = {0};
    request_add_header(&request, SLICE("Content-Type"), SLICE("a"));
    assert_true(request_has_header(&request, SLICE("content-type")));
    assert_false(request_has_header(&request, SLICE("content")));
    assert_false(request_has_header(&request, SLICE("content-types")));
    request_finish(&request);
}

static void gives_back_what_a_large_body_took(void **state)
{
    (void)state;
    struct request request = {0};
    for (int i = 0; i < 100000; i++)
        buffer_add_char(&request.body_bytes, 'x');
    buffer_add_text(&request.packed, "small");
    request_trim(&request);
    assert_null(request.body_bytes.data);
    assert_non_null(request.packed.data);
    request_finish(&request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_the_lines_it_was_given),
        cmocka_unit_test(lets_nothing_through_that_ends_a_line),
        cmocka_unit_test(compares_names_without_case),
        cmocka_unit_test(gives_back_what_a_large_body_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
