#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "cli/options.h"

#define O(id) (UINT32_C(1) << OPTION_##id)

/* A command that has a bit of everything. */
static const struct command sample = {
    .name = "sample",
    .takes = O(CONFIG) | O(SUBSCRIPTION) | O(HEADER) | O(FOLLOW) | O(LIMIT) | O(OUTPUT) | O(HELP) |
             O(COMPLETION),
    .needs = O(SUBSCRIPTION),
    .arguments = "[WHAT]",
    .most_arguments = 1,
};

struct reading {
    char *argv[16];
    int argc;
    struct command_line line;
    struct error err;
};

static bool read_words(struct reading *reading, const char *words)
{
    static char text[256];
    char *save = NULL;
    *reading = (struct reading){.argv = {(char *)"sample"}, .argc = 1};
    strcpy(text, words);
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
        reading->argv[reading->argc++] = word;
    return options_read(&sample, reading->argc, reading->argv, &reading->line, &reading->err);
}

static void finish(struct reading *reading)
{
    free((void *)reading->line.options);
}

static void takes_long_and_short_options_in_any_order(void **state)
{
    (void)state;
    struct reading reading;
    assert_true(
        read_words(&reading, "-c a.yaml what --subscription=orders -fn 5 -H a:1 --header b:2"));
    const struct command_line *line = &reading.line;
    assert_string_equal(command_config(line), "a.yaml");
    assert_string_equal(command_value(line, OPTION_SUBSCRIPTION), "orders");
    assert_true(command_given(line, OPTION_FOLLOW));
    assert_false(command_given(line, OPTION_OUTPUT));
    assert_int_equal(command_number(line, OPTION_LIMIT, 9), 5);
    assert_int_equal(line->argument_count, 1);
    assert_string_equal(line->arguments[0], "what");
    const char *headers[2];
    size_t count = 0;
    for (size_t i = 0; i < line->option_count; i++)
        if (line->options[i].option == OPTION_HEADER)
            headers[count++] = line->options[i].value;
    assert_int_equal(count, 2);
    assert_string_equal(headers[0], "a:1");
    assert_string_equal(headers[1], "b:2");
    finish(&reading);
}

static void has_defaults(void **state)
{
    (void)state;
    struct reading reading;
    assert_true(read_words(&reading, "-s x -- -f"));
    assert_string_equal(command_config(&reading.line), "grapnel.yaml");
    assert_int_equal(command_number(&reading.line, OPTION_LIMIT, 9), 9);
    assert_false(command_wants_json(&reading.line));
    assert_string_equal(reading.line.arguments[0], "-f");
    finish(&reading);
    assert_true(read_words(&reading, "-s x -o json"));
    assert_true(command_wants_json(&reading.line));
    finish(&reading);
}

static void help_excuses_what_is_lacking(void **state)
{
    (void)state;
    struct reading reading;
    assert_true(read_words(&reading, "--help"));
    finish(&reading);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        const char *text;
    } rows[] = {
        {"", "'sample' needs --subscription NAME"},
        {"-s x a b", "'b' is one argument too many for 'sample'"},
        {"-s x --folow", "'sample' has no option '--folow'; did you mean '--follow'?"},
        {"-s x --zzzzzzzz=5", "'sample' has no option '--zzzzzzzz'"},
        {"-s x --follow=yes", "--follow takes no argument"},
        {"-s x -fq", "'sample' has no option '-q'"},
        {"-s x --key k", "'sample' has no option '--key'"},
        {"-s", "'-s' needs an argument"},
        {"-s x -s y", "--subscription is given twice"},
        {"-s x -o xml", "--output is one of table|json, not 'xml'"},
        {"-s x -o tab", "--output is one of table|json, not 'tab'"},
        {"-s x -n 0", "--limit is a number from 1, not '0'"},
        {"-s x -n -5", "--limit is a number from 1, not '-5'"},
        {"-s x -n 99999999999999999999", "--limit is a number from 1, not '99999999999999999999'"},
        {"-s x --config=", "--config needs the name of a file"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reading reading;
        assert_false(read_words(&reading, rows[i].words));
        assert_int_equal(reading.err.kind, ERROR_USAGE);
        assert_string_equal(reading.err.text, rows[i].text);
        finish(&reading);
    }
}

static void finds_commands_or_the_nearest(void **state)
{
    (void)state;
    struct error err = {0};
    assert_string_equal(command_find("version", &err)->name, "version");
    assert_null(command_find("vresion", &err));
    assert_string_equal(err.text, "there is no command 'vresion'; did you mean 'version'?");
    assert_null(command_find("xxxxxxxxxxx", &err));
    assert_string_equal(err.text, "there is no command 'xxxxxxxxxxx'");
}

static void the_table_is_sound(void **state)
{
    (void)state;
    for (enum command_option o = 0; o < OPTION_COUNT; o++)
        for (enum command_option other = 0; other < o; other++) {
            assert_string_not_equal(option_rows[o].name, option_rows[other].name);
            assert_true(!option_rows[o].letter ||
                        option_rows[o].letter != option_rows[other].letter);
        }
    for (size_t i = 0; i < command_row_count; i++) {
        assert_int_equal(command_rows[i].needs & ~command_rows[i].takes, 0);
        assert_true(!command_rows[i].arguments == !command_rows[i].most_arguments);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_long_and_short_options_in_any_order),
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(help_excuses_what_is_lacking),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(finds_commands_or_the_nearest),
        cmocka_unit_test(the_table_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
