#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "expr/regex.h"

static void matches_as_jq_does(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *flags;
        const char *text;
        enum regex_verdict verdict;
    } rows[] = {
        {"b", "", "abc", REGEX_MATCHES},
        {"^b", "", "abc", REGEX_DIFFERS},
        {"^order\\.(created|paid)$", "", "order.paid", REGEX_MATCHES},
        {"", "", "", REGEX_MATCHES},
        {"", "n", "", REGEX_DIFFERS},
        {"", "n", "a", REGEX_DIFFERS},
        {"ABC", "i", "xabc", REGEX_MATCHES},
        {"\xC3\x89", "i", "\xC3\xA9", REGEX_MATCHES},
        {"a b", "x", "ab", REGEX_MATCHES},
        {"a.b", "", "a\nb", REGEX_DIFFERS},
        {"a.b", "p", "a\nb", REGEX_MATCHES},
        {"^.$", "", "\xC3\xA9", REGEX_MATCHES},
        {"\\d+", "g", "a1", REGEX_MATCHES},
        {"(?<year>\\d{4})-\\k<year>", "", "2026-2026", REGEX_MATCHES},
        {"(?i)x", "", "X", REGEX_MATCHES},
        {"a(?=b)", "", "ab", REGEX_MATCHES},
        {"^(a|a)*$", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", REGEX_GIVES_UP},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct error err = {0};
        const struct regex *regex =
            regex_compile(slice_of(rows[i].pattern), slice_of(rows[i].flags), &arena, &err);
        if (!regex)
            fail_msg("%s: %s", rows[i].pattern, err.text);
        if (regex_test(regex, slice_of(rows[i].text)) != rows[i].verdict)
            fail_msg("%s (%s) on %s: not %d", rows[i].pattern, rows[i].flags, rows[i].text,
                     rows[i].verdict);
        arena_finish(&arena);
    }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct error err = {0};
    assert_null(regex_compile(SLICE("a("), SLICE(""), &arena, &err));
    assert_string_equal(err.text, "test: \"a(\" is no regular expression: end pattern with "
                                  "unmatched parenthesis");
    assert_null(regex_compile(SLICE("a"), SLICE("iq"), &arena, &err));
    assert_string_equal(err.text, "test: \"iq\" are not flags; there are g i x s n p l");
    assert_null(regex_compile(SLICE("\\p{Nope}"), SLICE(""), &arena, &err));
    arena_finish(&arena);
}

/* Long enough for what is meant, too short for what isn't: a second would be a worker's. */
static void gives_up_in_milliseconds(void **state)
{
    (void)state;
    static const char *const patterns[] = {"(x+x+)+y", "(a|b|ab)*c", "(.*)(.*)(.*)(.*)(.*)z",
                                           "((a*)*)*b", "(?:a?){50}a{50}z"};
    size_t size = 1u << 20;
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct arena arena = {0};
        memset(text, i ? 'a' : 'x', size);
        const struct regex *regex = regex_compile(slice_of(patterns[i]), SLICE(""), &arena, NULL);
        int64_t start_ms = clock_now_ms();
        regex_test(regex, (struct slice){text, size});
        if (clock_now_ms() - start_ms > 1000)
            fail_msg("%s: %d ms", patterns[i], (int)(clock_now_ms() - start_ms));
        arena_finish(&arena);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_jq_does),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(gives_up_in_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
