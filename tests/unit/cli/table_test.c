#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pty.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "cli/table.h"

static const char *red_if_bad(struct slice cell)
{
    return slice_is(cell, "bad") ? "31" : NULL;
}

static const struct table_column columns[] = {
    {.title = "NAME", .least = 6},
    {.title = "COUNT", .right = true},
    {.title = "STATE", .colour = red_if_bad},
};

static void add(struct table *table, const char *name, const char *count, const char *state)
{
    struct slice cells[] = {slice_of(name), slice_of(count), slice_of(state)};
    assert_true(table_add(table, cells));
}

static void columns_are_as_wide_as_what_is_in_them(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct table *table = table_create(out, columns, COUNT_OF(columns));
    add(table, "\xE6\x97\xA5\xE6\x9C\xAC", "7", "good");
    add(table, "two\nlines\x1B", "123456", "bad");
    table_destroy(table);
    fclose(out);
    assert_string_equal(text, "NAME         COUNT  STATE\n"
                              "\xE6\x97\xA5\xE6\x9C\xAC             7  good\n"
                              "two lines\xEF\xBF\xBD  123456  bad\n");
    free(text);
}

static void an_empty_list_still_has_its_titles(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    table_destroy(table_create(out, columns, COUNT_OF(columns)));
    fclose(out);
    assert_string_equal(text, "NAME  COUNT  STATE\n");
    free(text);
}

static void after_a_flush_rows_stream_in_the_same_widths(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct table *table = table_create(out, columns, COUNT_OF(columns));
    add(table, "short", "1", "good");
    table_flush(table);
    fflush(out);
    size_t before = size;
    add(table, "much-longer-than-that", "2", "good");
    fflush(out);
    assert_string_equal(text + before, "much-longer-than-that      2  good\n");
    table_destroy(table);
    fclose(out);
    free(text);
}

static void many_rows_stream_by_themselves(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct table *table = table_create(out, columns, COUNT_OF(columns));
    size_t lines = 0;
    for (int i = 0; i < 2500; i++)
        add(table, "n", "1", "good");
    table_destroy(table);
    fclose(out);
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, 2501);
    free(text);
}

static void a_terminal_cuts_and_colours(void **state)
{
    (void)state;
    int master, slave;
    struct winsize window = {.ws_row = 24, .ws_col = 24};
    unsetenv("COLUMNS");
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &window), 0);
    FILE *out = fdopen(slave, "w");
    struct table *table = table_create(out, columns, COUNT_OF(columns));
    add(table, "a-name-that-is-too-long", "1", "bad");
    table_destroy(table);
    fflush(out);
    char text[512] = "";
    size_t size = 0;
    while (!strstr(text, "bad")) {
        ssize_t got = read(master, text + size, sizeof text - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
        text[size] = '\0';
    }
    assert_non_null(strstr(text, "a-name-th\xE2\x80\xA6      1  \033[31mbad\033[0m"));
    fclose(out);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_what_is_in_them),
        cmocka_unit_test(an_empty_list_still_has_its_titles),
        cmocka_unit_test(after_a_flush_rows_stream_in_the_same_widths),
        cmocka_unit_test(many_rows_stream_by_themselves),
        cmocka_unit_test(a_terminal_cuts_and_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
