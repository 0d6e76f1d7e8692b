#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pty.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "cli/terminal.h"

#define R "\xEF\xBF\xBD"

static void what_could_steer_a_terminal_is_replaced(void **state)
{
    (void)state;
    const struct {
        struct slice from;
        const char *to;
    } rows[] = {
        {SLICE("plain text"), "plain text"},
        {SLICE("gr\xC3\xBC\xC3\x9F \xE6\x97\xA5 \xF0\x9F\x8E\x89"),
         "gr\xC3\xBC\xC3\x9F \xE6\x97\xA5 \xF0\x9F\x8E\x89"},
        {SLICE("\x1B[2J\x1B]0;title\x07"), R "[2J" R "]0;title" R},
        {SLICE("a\0b\x7F"), "a" R "b" R},
        {SLICE("\xC2\x9B"
               "31m"),
         R "31m"}, /* C1 CSI in UTF-8 */
        {SLICE("\x9B"
               "31m"),
         R "31m"}, /* and as a bare byte */
        {SLICE("a\xE2\x80\xAE"
               "b"),
         "a" R "b"},                          /* right-to-left override */
        {SLICE("\xC0\x80"), R R},             /* overlong NUL */
        {SLICE("\xED\xA0\x80"), R R R},       /* a surrogate */
        {SLICE("\xF4\x90\x80\x80"), R R R R}, /* over U+10FFFF */
        {SLICE("\xE6\x97"), R R},             /* cut short */
        {SLICE("one\ntwo\tthree\r"), "one two three" R},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer out = {0};
        terminal_clean(&out, rows[i].from, false);
        assert_string_equal(buffer_text(&out), rows[i].to);
        buffer_finish(&out);
    }
}

static void lines_stay_where_they_are_wanted(void **state)
{
    (void)state;
    struct buffer out = {0};
    terminal_clean(&out, SLICE("one\n\ttwo\r\n"), true);
    assert_string_equal(buffer_text(&out), "one\n\ttwo" R "\n");
    buffer_finish(&out);
}

static void width_is_in_columns(void **state)
{
    (void)state;
    assert_int_equal(terminal_width(SLICE("abc")), 3);
    assert_int_equal(terminal_width(SLICE("gr\xC3\xBC\xC3\x9F")), 4);
    assert_int_equal(terminal_width(SLICE("\xE6\x97\xA5\xE6\x9C\xAC")), 4);
    assert_int_equal(terminal_width(SLICE("u\xCC\x88")), 1); /* u and a combining diaeresis */
    assert_int_equal(terminal_width(SLICE("\xF0\x9F\x8E\x89")), 2);
    assert_int_equal(terminal_width(SLICE("")), 0);
}

static void cutting_never_halves_a_character(void **state)
{
    (void)state;
    struct slice text = SLICE("a\xE6\x97\xA5\xCC\x88z");
    static const size_t sizes[] = {0, 1, 1, 6, 7, 7};
    for (size_t columns = 0; columns < COUNT_OF(sizes); columns++)
        assert_int_equal(terminal_cut(text, columns).size, sizes[columns]);
}

/* What a terminal gets of it. */
static void read_progress(const char *term, char text[64])
{
    int ours = -1;
    int theirs = -1;
    assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
    FILE *out = fdopen(theirs, "w");
    assert_int_equal(term ? setenv("TERM", term, 1) : unsetenv("TERM"), 0);
    terminal_progress(out, "%d of %d", 1, 2);
    fputs(".", out); /* so that its end is seen */
    fflush(out);
    size_t size = 0;
    while (size == 0 || text[size - 1] != '.') {
        assert_int_equal(read(ours, text + size, 1), 1);
        assert_true(++size < 63);
    }
    text[size] = '\0';
    fclose(out);
    close(ours);
}

static void progress_is_for_terminals_that_can_take_it_back(void **state)
{
    (void)state;
    char text[64];
    read_progress("xterm", text);
    assert_string_equal(text, "\r\033[K1 of 2.");
    read_progress("dumb", text);
    assert_string_equal(text, ".");
    read_progress(NULL, text);
    assert_string_equal(text, ".");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_steer_a_terminal_is_replaced),
        cmocka_unit_test(lines_stay_where_they_are_wanted),
        cmocka_unit_test(width_is_in_columns),
        cmocka_unit_test(cutting_never_halves_a_character),
        cmocka_unit_test(progress_is_for_terminals_that_can_take_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
