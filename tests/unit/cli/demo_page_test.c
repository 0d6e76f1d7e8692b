#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/demo_page.h"

/* A page into memory. */
struct fixture {
    struct demo_page page;
    char *text;
    size_t size;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    fixture->page.out = open_memstream(&fixture->text, &fixture->size);
    assert_non_null(fixture->page.out);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fclose(fixture->page.out);
    free(fixture->text);
    free(fixture);
    return 0;
}

static const char *shown(struct fixture *fixture)
{
    fflush(fixture->page.out);
    return fixture->text;
}

static void no_line_is_wider_than_80_columns(void **state)
{
    struct fixture *fixture = *state;
    char value[300];
    memset(value, 'x', sizeof(value));
    demo_page_section(&fixture->page, 7, "A title");
    demo_page_text(&fixture->page, DEMO_PLAIN, (struct slice){value, sizeof(value)});
    demo_page_field(&fixture->page, SLICE("name"), (struct slice){value, sizeof(value)}, "a note",
                    DEMO_GOOD);
    demo_page_request(&fixture->page, "GET", "/sale", "204  3 ms", DEMO_GOOD);
    for (const char *line = shown(fixture); *line; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 0, 80);
}

static void breaks_text_behind_a_comma(void **state)
{
    struct fixture *fixture = *state;
    demo_page_text(&fixture->page, DEMO_PLAIN,
                   SLICE("{\"first\":\"0123456789012345678901234567890123456789\",\"second\":2,"
                         "\"third\":3}"));
    assert_string_equal(shown(fixture),
                        "                {\"first\":\"0123456789012345678901234567890123456789\","
                        "\"second\":2,\n"
                        "                \"third\":3}\n");
}

static void what_came_from_outside_can_not_steer_the_terminal(void **state)
{
    struct fixture *fixture = *state;
    demo_page_text(&fixture->page, DEMO_PLAIN, SLICE("a\033[2Jb\r\n\xff"));
    demo_page_field(&fixture->page, SLICE("x"), SLICE("\033]0;t\a"), NULL, DEMO_PLAIN);
    demo_page_request(&fixture->page, "GET", "/\033c", "204", DEMO_GOOD);
    demo_page_line(&fixture->page, "", DEMO_PLAIN, "%s", "\033[1m");
    assert_null(strchr(shown(fixture), '\033'));
    assert_null(strchr(shown(fixture), '\r'));
}

static void is_ascii_without_colours_where_there_is_nothing_better(void **state)
{
    struct fixture *fixture = *state;
    demo_page_section(&fixture->page, 1, "t");
    demo_page_line(&fixture->page, "done", DEMO_GOOD, "%s", demo_page_mark(&fixture->page, true));
    for (const char *c = shown(fixture); *c; c++)
        assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
}

static void has_colours_and_glyphs_where_it_may(void **state)
{
    struct fixture *fixture = *state;
    fixture->page.colour = true;
    fixture->page.glyphs = true;
    demo_page_line(&fixture->page, "", DEMO_GOOD, "%s", demo_page_mark(&fixture->page, true));
    assert_non_null(strstr(shown(fixture), "\033[32m✓\033[0m"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_line_is_wider_than_80_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(breaks_text_behind_a_comma, setup, teardown),
        cmocka_unit_test_setup_teardown(what_came_from_outside_can_not_steer_the_terminal, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(is_ascii_without_colours_where_there_is_nothing_better,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(has_colours_and_glyphs_where_it_may, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
