#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "cli/commands.h"

struct run {
    int exit;
    char out[8192];
    char err[2048];
};

static void read_back(FILE *file, char *text, size_t size)
{
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* command_main with its two outputs caught. */
static void run_words(struct run *run, const char *words)
{
    char text[128];
    char *argv[8] = {(char *)"grapnel"};
    int argc = 1;
    char *save = NULL;
    strcpy(text, words);
    for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    FILE *out = tmpfile(), *err = tmpfile();
    fflush(stdout);
    int old_out = dup(1), old_err = dup(2);
    dup2(fileno(out), 1);
    dup2(fileno(err), 2);
    run->exit = (int)command_main(argc, argv);
    fflush(stdout);
    dup2(old_out, 1);
    dup2(old_err, 2);
    close(old_out);
    close(old_err);
    read_back(out, run->out, sizeof run->out);
    read_back(err, run->err, sizeof run->err);
}

static void exit_codes_and_streams(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        int exit;
        const char *out;
        const char *err;
    } rows[] = {
        {"", 2, "", "Usage: grapnel COMMAND"},
        {"version", 0, "grapnel " GRAPNEL_VERSION "\nlibrdkafka ", ""},
        {"--version", 0, "grapnel " GRAPNEL_VERSION, ""},
        {"help", 0, "Usage: grapnel COMMAND", ""},
        {"--help", 0, "Usage: grapnel COMMAND", ""},
        {"help version", 0, "Usage: grapnel version\n", ""},
        {"version --help", 0, "Usage: grapnel version\n", ""},
        {"help nothing", 2, "", "there is no command 'nothing'"},
        {"versino", 2, "", "did you mean 'version'?\nTry 'grapnel help'."},
        {"version --quiet", 2, "",
         "'version' has no option '--quiet'\nTry 'grapnel help version'."},
        {"--config x", 2, "", "the command comes first, '--config' after it"},
        {"help --man 1", 0, ".TH GRAPNEL 1", ""},
        {"help --man 5", 0, ".TH GRAPNEL.YAML 5", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct run run;
        run_words(&run, rows[i].words);
        assert_int_equal(run.exit, rows[i].exit);
        assert_non_null(strstr(run.out, rows[i].out));
        assert_non_null(strstr(run.err, rows[i].err));
        if (!*rows[i].out)
            assert_string_equal(run.out, "");
        if (!*rows[i].err)
            assert_string_equal(run.err, "");
    }
}

static void an_output_that_cannot_be_written_is_no_success(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    int old_out = dup(1);
    fflush(stdout);
    dup2(full, 1);
    char *argv[] = {(char *)"grapnel", (char *)"help"};
    enum command_exit exit = command_main(2, argv);
    clearerr(stdout);
    dup2(old_out, 1);
    close(old_out);
    close(full);
    assert_int_equal(exit, COMMAND_OUTSIDE_FAILED);
}

static void an_error_says_whose_fault_it_is(void **state)
{
    (void)state;
    static const struct {
        enum error_kind kind;
        enum command_exit exit;
    } rows[] = {
        {ERROR_INPUT, COMMAND_WRONG_INPUT},     {ERROR_RENDER, COMMAND_WRONG_INPUT},
        {ERROR_DECODE, COMMAND_WRONG_INPUT},    {ERROR_USAGE, COMMAND_WRONG_USAGE},
        {ERROR_KAFKA, COMMAND_OUTSIDE_FAILED},  {ERROR_CONNECT, COMMAND_OUTSIDE_FAILED},
        {ERROR_SYSTEM, COMMAND_OUTSIDE_FAILED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        error_set(&err, rows[i].kind, "as asked");
        assert_int_equal(command_fail(&err), rows[i].exit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_and_streams),
        cmocka_unit_test(an_output_that_cannot_be_written_is_no_success),
        cmocka_unit_test(an_error_says_whose_fault_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
