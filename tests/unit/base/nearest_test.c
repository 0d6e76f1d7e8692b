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

static const char *const known[] = {"timeout", "success",   "retry",  "order",
                                    "rate",    "in_flight", "http",   "max_body",
                                    "id",      "max_age",   "breaker"};

static void finds_the_nearest_name(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        const char *name;
    } rows[] = {
        {"timeuot", "timeout"},
        {"timout", "timeout"},
        {"timeoutt", "timeout"},
        {"Timeout", "timeout"},
        {"sucess", "success"},
        {"retrys", "retry"},
        {"inflight", "in_flight"},
        {"in-flight", "in_flight"},
        {"maxbody", "max_body"},
        {"max_bdoy", "max_body"},
        {"idd", "id"},
        {"ordr", "order"},
        {"xyz", NULL},
        {"", NULL},
        {"colour", NULL},
        {"a_name_that_is_far_longer_than_any_that_is_known_here", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct nearest nearest;
        nearest_init(&nearest, slice_of(rows[i].typed));
        for (size_t j = 0; j < COUNT_OF(known); j++)
            nearest_offer(&nearest, known[j]);
        if (rows[i].name)
            assert_string_equal(nearest.name, rows[i].name);
        else
            assert_null(nearest.name);
    }
}

static void keeps_the_first_of_two_as_near(void **state)
{
    (void)state;
    struct nearest nearest;
    nearest_init(&nearest, SLICE("max_a"));
    nearest_offer(&nearest, "max_b");
    nearest_offer(&nearest, "max_c");
    assert_string_equal(nearest.name, "max_b");
    assert_int_equal(nearest.distance, 1);
}

static void counts_a_swap_of_neighbours_as_one(void **state)
{
    (void)state;
    struct nearest nearest;
    nearest_init(&nearest, SLICE("ehaders"));
    nearest_offer(&nearest, "headers");
    assert_int_equal(nearest.distance, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_was_meant),
        cmocka_unit_test(is_silent_where_nothing_is_near),
        cmocka_unit_test(takes_any_length),
        cmocka_unit_test(finds_the_nearest_name),
        cmocka_unit_test(keeps_the_first_of_two_as_near),
        cmocka_unit_test(counts_a_swap_of_neighbours_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
