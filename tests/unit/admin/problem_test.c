#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "admin/problem.h"

static void a_problem_replaces_what_was_there(void **state)
{
    (void)state;
    struct answer answer = {.status = 200, .content_type = "text/plain"};
    buffer_add_text(&answer.body, "half a page");
    problem_answer(&answer, 404, "no \"such\" path");
    assert_int_equal(answer.status, 404);
    assert_string_equal(answer.content_type, "application/problem+json");
    assert_string_equal(buffer_text(&answer.body),
                        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        "\"detail\":\"no \\\"such\\\" path\"}\n");
    problem_answer(&answer, 500, NULL);
    assert_string_equal(
        buffer_text(&answer.body),
        "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}\n");
    buffer_finish(&answer.body);
}

static void a_failed_body_makes_room_for_the_problem(void **state)
{
    (void)state;
    struct answer answer = {.body = {.limit = 200}};
    for (int i = 0; i < 300; i++)
        buffer_add_char(&answer.body, 'x');
    assert_true(answer.body.failed);
    problem_answer(&answer, 500, "no memory");
    assert_false(answer.body.failed);
    buffer_finish(&answer.body);
}

static void no_reasons_are_an_empty_list(void **state)
{
    (void)state;
    struct answer answer = {0};
    problem_answer_reasons(&answer, 503, "d", SLICE(""));
    assert_string_equal(
        buffer_text(&answer.body),
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
        "\"detail\":\"d\",\"reasons\":[]}\n");
    buffer_finish(&answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_replaces_what_was_there),
        cmocka_unit_test(a_failed_body_makes_room_for_the_problem),
        cmocka_unit_test(no_reasons_are_an_empty_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
