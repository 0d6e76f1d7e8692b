#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/glob.h"

static void matches_as_a_star_should(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        bool match;
    } rows[] = {
        {"order.created", "order.created", true},
        {"order.created", "order.create", false},
        {"order.created", "order.createdx", false},
        {"order.created", "orderxcreated", false},
        {"payment.*", "payment.failed", true},
        {"payment.*", "payment.", true},
        {"payment.*", "payment", false},
        {"*.created", "order.created", true},
        {"*.created", "a.created.created", true},
        {"*.created", "created", false},
        {"*", "", true},
        {"*", "anything", true},
        {"", "", true},
        {"", "x", false},
        {"a*b*c", "a-b-b-c", true},
        {"a*b*c", "a-c-b", false},
        {"a**b", "ab", true},
        {"*a*a*", "a", false},
        {"?[a]", "?[a]", true},
        {"?", "x", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (glob_match(slice_of(rows[i].pattern), slice_of(rows[i].text)) != rows[i].match)
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
}

/* A matcher that tries all splits would need more than a lifetime. */
static void takes_no_exponential_time(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'a', sizeof text);
    assert_false(glob_match(SLICE("a*a*a*a*a*a*a*a*a*a*a*a*b"), (struct slice){text, sizeof text}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_as_a_star_should),
        cmocka_unit_test(takes_no_exponential_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
