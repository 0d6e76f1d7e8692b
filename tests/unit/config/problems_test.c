#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "config/problems.h"

static void check_printed(struct problems *problems, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    problems_print(problems, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, expected);
    free(text);
}

static void prints_by_file_line_and_column_each_once(void **state)
{
    (void)state;
    struct problems problems = {0};
    problems_add(&problems, (struct place){"b.yaml", 1, 1}, "last");
    problems_add(&problems, (struct place){"a.yaml", 10, 2}, "ten");
    problems_add(&problems, (struct place){"a.yaml", 9, 30}, "thirty");
    problems_add(&problems, (struct place){"a.yaml", 9, 4}, "four");
    problems_add(&problems, (struct place){"a.yaml", 10, 2}, "ten");
    problems_add(&problems, (struct place){"a.yaml", 10, 2}, "another");
    problems_add(&problems, (struct place){"a.yaml", 0, 0}, "whole file");
    problems_add(&problems, (struct place){0}, "nowhere");
    check_printed(&problems, "nowhere\n"
                             "a.yaml: whole file\n"
                             "a.yaml:9:4: four\n"
                             "a.yaml:9:30: thirty\n"
                             "a.yaml:10:2: another\n"
                             "a.yaml:10:2: ten\n"
                             "b.yaml:1:1: last\n");
    assert_int_equal(problems.count, 7);
    problems_finish(&problems);
}

static void keeps_the_files_name_and_the_message(void **state)
{
    (void)state;
    struct problems problems = {0};
    char file[] = "a.yaml";
    char name[] = "timeuot";
    problems_add(&problems, (struct place){file, 1, 2}, "unknown key %s", name);
    file[0] = name[0] = 'X';
    check_printed(&problems, "a.yaml:1:2: unknown key timeuot\n");
    problems_finish(&problems);
}

static void makes_one_line_of_a_message(void **state)
{
    (void)state;
    struct problems problems = {0};
    problems_add(&problems, (struct place){"a.yaml", 1, 1}, "unknown key %s", "a\nb\x1b[31m\x7f");
    check_printed(&problems, "a.yaml:1:1: unknown key a b [31m \n");
    problems_finish(&problems);
}

static void holds_as_many_as_come(void **state)
{
    (void)state;
    struct problems problems = {0};
    for (unsigned i = 0; i < 5000; i++)
        problems_add(&problems, (struct place){"a.yaml", 5000 - i, 1}, "number %u", i);
    problems_sort(&problems);
    assert_int_equal(problems.count, 5000);
    assert_string_equal(problems.items[0].message, "number 4999");
    assert_string_equal(problems.items[4999].message, "number 0");
    problems_finish(&problems);
    check_printed(&problems, "");
}

static void tells_what_is_part_of_a_secret(void **state)
{
    (void)state;
    static const struct text_secret secrets[] = {{&secrets[1], SLICE_INIT("hush")},
                                                 {NULL, SLICE_INIT("key")}};
    static const struct text text = {.data = "a=hush&b=1&c=key", .size = 16, .secrets = secrets};
    static const struct {
        size_t start;
        size_t size;
        bool holds;
    } rows[] = {
        {0, 2, false}, {0, 3, true},  {2, 4, true},  {3, 1, true},  {5, 2, true},
        {6, 7, false}, {12, 2, true}, {0, 16, true}, {15, 1, true}, {0, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice part = {text.data + rows[i].start, rows[i].size};
        assert_int_equal(text_holds_secret(&text, part), rows[i].holds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_by_file_line_and_column_each_once),
        cmocka_unit_test(keeps_the_files_name_and_the_message),
        cmocka_unit_test(makes_one_line_of_a_message),
        cmocka_unit_test(holds_as_many_as_come),
        cmocka_unit_test(tells_what_is_part_of_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
