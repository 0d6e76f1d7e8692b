#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/nearest.h"

static const char *const names[] = {"topics",  "events",    "filter", "retry",
                                    "timeout", "in_flight", "id"};

static const char *nearest(const char *text)
{
    return nearest_name(slice_of(text), names, COUNT_OF(names));
}

static void names_what_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest("topic"), "topics");
    assert_string_equal(nearest("Topics"), "topics");
    assert_string_equal(nearest("evnets"), "events");
    assert_string_equal(nearest("time_out"), "timeout");
    assert_string_equal(nearest("inflight"), "in_flight");
    assert_string_equal(nearest("ib"), "id");
}

static void is_silent_where_nothing_is_near(void **state)
{
    (void)state;
    assert_null(nearest("bootstrap.servers"));
    assert_null(nearest("x"));
    assert_null(nearest(""));
    assert_null(nearest_name(slice_of("topics"), NULL, 0));
}

static void takes_any_length(void **state)
{
    (void)state;
    char text[300];
    memset(text, 't', sizeof text);
    for (size_t size = 0; size < sizeof text; size++)
        (void)nearest_name((struct slice){text, size}, names, COUNT_OF(names));
    assert_null(nearest_name((struct slice){text, 65}, names, COUNT_OF(names)));
    char name[65];
    memset(name, 't', 64);
    name[64] = '\0';
    const char *const longest[] = {name};
    assert_ptr_equal(nearest_name((struct slice){text, 60}, longest, 1), name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_was_meant),
        cmocka_unit_test(is_silent_where_nothing_is_near),
        cmocka_unit_test(takes_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
