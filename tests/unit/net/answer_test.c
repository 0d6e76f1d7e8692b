#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "net/answer.h"

static bool take_lines(struct answer *answer, const char *const *lines)
{
    for (; *lines; lines++)
        if (!answer_take_line(answer, slice_of(*lines)))
            return false;
    return true;
}

#define TAKE(answer, ...) take_lines(answer, (const char *const[]){__VA_ARGS__, NULL})

static void is_complete_at_the_end_of_the_final_head(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    assert_true(TAKE(&answer, "HTTP/1.1 200 OK\r\n", "A: b\r\n"));
    assert_false(answer.complete);
    assert_true(TAKE(&answer, "\r\n"));
    assert_true(answer.complete);
    assert_int_equal(answer.status, 200);
}

static void reads_the_status_of_every_version(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int status;
    } cases[] = {
        {"HTTP/1.1 204\r\n", 204},     {"HTTP/1.0 503 Busy\n", 503}, {"HTTP/2 410 \r\n", 410},
        {"HTTP/1.1  200 OK\r\n", 200}, {"HTTP/1.1 999 x\r\n", 999},  {"HTTP/1.1 20", 0},
        {"HTTP/1.1\r\n", 0},           {"HTTP/1.1 2x0\r\n", 0},      {"HTTP/", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer answer;
        answer_clear(&answer);
        assert_true(TAKE(&answer, cases[i].line));
        assert_int_equal(answer.status, cases[i].status);
    }
}

static void a_head_without_a_status_is_broken(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    assert_false(TAKE(&answer, "HTTP/1.1 2x0\r\n", "\r\n"));
    assert_non_null(answer.broken);
    assert_false(answer.complete);
}

static void skips_answers_that_are_not_final(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    assert_true(TAKE(&answer, "HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 103 Early Hints\r\n",
                     "Retry-After: 9\r\n", "\r\n"));
    assert_false(answer.complete);
    assert_true(TAKE(&answer, "HTTP/1.1 429 Slow down\r\n", "\r\n"));
    assert_int_equal(answer.status, 429);
    assert_false(answer.has_retry_after);
}

static void does_not_switch_protocols(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    assert_false(TAKE(&answer, "HTTP/1.1 101 Switching Protocols\r\n", "\r\n"));
    assert_non_null(answer.broken);
}

static void keeps_retry_after_as_it_came(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    assert_true(TAKE(&answer, "HTTP/1.1 503 x\r\n",
                     "retry-AFTER: \t Wed, 21 Oct 2026 07:28:00 GMT \r\n", "Retry-After-Not: 5\r\n",
                     "\r\n"));
    assert_true(answer.has_retry_after);
    assert_string_equal(answer.retry_after, "Wed, 21 Oct 2026 07:28:00 GMT");
}

static void ignores_a_retry_after_in_a_trailer_or_of_absurd_length(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    char line[400] = "Retry-After: ";
    memset(line + strlen(line), '1', 300);
    assert_true(TAKE(&answer, "HTTP/1.1 503 x\r\n", line, "Retry-After:\r\n", "\r\n",
                     "Retry-After: 7\r\n"));
    assert_false(answer.has_retry_after);
}

static void bounds_the_head(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    assert_true(TAKE(&answer, "HTTP/1.1 200 OK\r\n"));
    char line[1000];
    memset(line, 'a', sizeof line);
    size_t taken = 17;
    while (answer_take_line(&answer, (struct slice){line, sizeof line}))
        taken += sizeof line;
    assert_true(taken <= ANSWER_HEAD_BYTES && taken + sizeof line > ANSWER_HEAD_BYTES);
    assert_non_null(answer.broken);
}

static void keeps_the_beginning_of_the_body(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    char bytes[3000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)('a' + i % 26);
    assert_int_equal(answer_body(&answer).size, 0);
    for (size_t at = 0; at < sizeof bytes; at += 100)
        assert_true(answer_take_body(&answer, (struct slice){bytes + at, 100}));
    struct slice body = answer_body(&answer);
    assert_int_equal(body.size, HTTP_RESPONSE_BYTES);
    assert_memory_equal(body.data, bytes, HTTP_RESPONSE_BYTES);
}

static void has_enough_of_a_body_at_some_time(void **state)
{
    (void)state;
    struct answer answer;
    answer_clear(&answer);
    static const char bytes[ANSWER_BODY_BYTES];
    assert_true(answer_take_body(&answer, (struct slice){bytes, ANSWER_BODY_BYTES}));
    assert_false(answer_take_body(&answer, (struct slice){bytes, 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_complete_at_the_end_of_the_final_head),
        cmocka_unit_test(reads_the_status_of_every_version),
        cmocka_unit_test(a_head_without_a_status_is_broken),
        cmocka_unit_test(skips_answers_that_are_not_final),
        cmocka_unit_test(does_not_switch_protocols),
        cmocka_unit_test(keeps_retry_after_as_it_came),
        cmocka_unit_test(ignores_a_retry_after_in_a_trailer_or_of_absurd_length),
        cmocka_unit_test(bounds_the_head),
        cmocka_unit_test(keeps_the_beginning_of_the_body),
        cmocka_unit_test(has_enough_of_a_body_at_some_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
