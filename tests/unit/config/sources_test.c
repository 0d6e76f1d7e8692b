#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "config/sources.h"

struct fixture {
    struct arena arena;
    struct problems problems;
    struct sources sources;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->sources = (struct sources){.arena = &fixture->arena, .problems = &fixture->problems};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_finish(&fixture->arena);
    problems_finish(&fixture->problems);
    free(fixture);
    return 0;
}

static void read_list(struct fixture *fixture, const char *path, const char *text)
{
    sources_read(&fixture->sources, path,
                 yaml_read_bytes(&fixture->arena, path, slice_of(text), &fixture->problems));
}

static void check_name(const struct fixture *fixture, size_t i, const char *name)
{
    assert_string_equal(yaml_find(fixture->sources.items[i], "name")->text.data, name);
}

static void keeps_the_order_of_patterns_and_files(void **state)
{
    struct fixture *fixture = *state;
    read_list(fixture, TEST_DATA "/main.yaml", "[good/b.yaml, {name: here}, good/?.yaml]");
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(fixture->sources.count, 4);
    check_name(fixture, 0, "second");
    check_name(fixture, 1, "third");
    check_name(fixture, 2, "here");
    check_name(fixture, 3, "first");
}

static void reads_a_file_once_however_it_is_named(void **state)
{
    struct fixture *fixture = *state;
    read_list(fixture, TEST_DATA "/main.yaml",
              "[good/a.yaml, ./good/../good/a.yaml, " TEST_DATA "/good/a.yaml, good/a*]");
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(fixture->sources.count, 1);
}

static void does_not_read_the_main_file_again(void **state)
{
    struct fixture *fixture = *state;
    read_list(fixture, TEST_DATA "/good/a.yaml", "[\"*.yaml\"]");
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(fixture->sources.count, 2);
    check_name(fixture, 0, "second");
}

static void notes_what_it_cant_find(void **state)
{
    struct fixture *fixture = *state;
    read_list(fixture, TEST_DATA "/main.yaml", "[nowhere.yaml, \"nowhere/*\", good, \"\"]");
    assert_int_equal(fixture->sources.count, 0);
    assert_int_equal(fixture->problems.count, 4);
}

static void takes_no_list_for_no_subscriptions(void **state)
{
    struct fixture *fixture = *state;
    sources_read(&fixture->sources, "main.yaml", NULL);
    assert_int_equal(fixture->sources.count, 0);
    assert_int_equal(fixture->problems.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_the_order_of_patterns_and_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_a_file_once_however_it_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(does_not_read_the_main_file_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notes_what_it_cant_find, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_no_list_for_no_subscriptions, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
