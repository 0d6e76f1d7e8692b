#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "config/expand.h"

struct fixture {
    struct arena arena;
    struct problems problems;
    char folder[64];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/grapnel-expand-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    assert_int_equal(setenv("GRAPNEL_TEST_TOKEN", "s3cret", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_EMPTY", "", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_LATIN1", "\xE9t\xE9", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_NESTED", "${env:GRAPNEL_TEST_TOKEN}", 1), 0);
    unsetenv("GRAPNEL_TEST_MISSING");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_finish(&fixture->arena);
    problems_finish(&fixture->problems);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", fixture->folder);
    int code = system(command);
    free(fixture);
    return code;
}

static void write_file(const struct fixture *fixture, const char *name, const void *bytes,
                       size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static struct text expand(struct fixture *fixture, const char *raw)
{
    char *file = arena_print(&fixture->arena, "%s/grapnel.yaml", fixture->folder);
    return expand_text(&fixture->arena, slice_of(raw), (struct place){file, 3, 7},
                       &fixture->problems);
}

static void check_problem(struct fixture *fixture, const char *raw, const char *message)
{
    problems_finish(&fixture->problems);
    expand(fixture, raw);
    assert_int_equal(fixture->problems.count, 1);
    assert_string_equal(fixture->problems.items[0].message, message);
    assert_int_equal(fixture->problems.items[0].at.line, 3);
    assert_int_equal(fixture->problems.items[0].at.column, 7);
}

static void puts_variables_in_and_marks_the_text_secret(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *raw;
        const char *text;
        bool secret;
    } rows[] = {
        {"", "", false},
        {"plain", "plain", false},
        {"${env:GRAPNEL_TEST_TOKEN}", "s3cret", true},
        {"a ${env:GRAPNEL_TEST_TOKEN} b ${env:GRAPNEL_TEST_TOKEN} c", "a s3cret b s3cret c", true},
        {"${env:GRAPNEL_TEST_EMPTY}", "", true},
        {"$${env:GRAPNEL_TEST_TOKEN}", "${env:GRAPNEL_TEST_TOKEN}", false},
        {"$${file:x}", "${file:x}", false},
        {"$$${env:GRAPNEL_TEST_TOKEN}", "$${env:GRAPNEL_TEST_TOKEN}", false},
        {"$${env:A}${env:GRAPNEL_TEST_TOKEN}", "${env:A}s3cret", true},
        {"${{ .data.amount }}", "${{ .data.amount }}", false},
        {"^orders$", "^orders$", false},
        {"$", "$", false},
        {"$$", "$$", false},
        {"$$$", "$$$", false},
        {"$${", "$${", false},
        {"${HOME}", "${HOME}", false},
        {"${ENV:GRAPNEL_TEST_TOKEN}", "${ENV:GRAPNEL_TEST_TOKEN}", false},
        {"${env", "${env", false},
        {"$env:X", "$env:X", false},
        {"${env:GRAPNEL_TEST_NESTED}", "${env:GRAPNEL_TEST_TOKEN}", true}, /* once, not again */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text text = expand(fixture, rows[i].raw);
        assert_string_equal(text.data, rows[i].text);
        assert_int_equal(text.size, strlen(rows[i].text));
        assert_int_equal(text.secret, rows[i].secret);
        assert_int_equal(text.at.line, 3);
    }
    assert_int_equal(fixture->problems.count, 0);
}

static void reads_files_from_the_folder_of_the_yaml_file(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        {"s3cret", "s3cret"},
        {"s3cret\n", "s3cret"},
        {"s3cret\r\n", "s3cret"},
        {"s3cret\n\n", "s3cret\n"},
        {"\n", ""},
        {"", ""},
        {"a\nb\n", "a\nb"},
        {" pad ", " pad "},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        write_file(fixture, "secret", rows[i].bytes, strlen(rows[i].bytes));
        struct text text = expand(fixture, "<${file:secret}>");
        assert_string_equal(text.data, arena_print(&fixture->arena, "<%s>", rows[i].text));
        assert_true(text.secret);
    }
    char *raw = arena_print(&fixture->arena, "${file:%s/secret}", fixture->folder);
    assert_string_equal(expand(fixture, raw).data, " pad ");
    assert_int_equal(fixture->problems.count, 0);
}

static void says_what_is_missing_and_where(void **state)
{
    struct fixture *fixture = *state;
    check_problem(fixture, "${env:GRAPNEL_TEST_MISSING}",
                  "environment variable GRAPNEL_TEST_MISSING is not set");
    check_problem(fixture, "${file:nowhere}",
                  arena_print(&fixture->arena, "file %s/nowhere can't be read: %s", fixture->folder,
                              "No such file or directory"));
    check_problem(
        fixture, "${file:.}",
        arena_print(&fixture->arena, "file %s/. can't be read: Is a directory", fixture->folder));
    char *fifo = arena_print(&fixture->arena, "%s/fifo", fixture->folder);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    check_problem(
        fixture, "${file:fifo}",
        arena_print(&fixture->arena, "file %s can't be read: It is no regular file", fifo));
    unlink(fifo);
    check_problem(fixture, "${file:/dev/zero}",
                  "file /dev/zero can't be read: It is no regular file");
    check_problem(fixture, "x ${env:NAME", "${env: is not closed by a }");
    check_problem(fixture, "${file:", "${file: is not closed by a }");
    check_problem(fixture, "${env:}", "${env:} lacks a variable's name");
    check_problem(fixture, "${file:}", "${file:} lacks a file's path");
    check_problem(fixture, "${env:GRAPNEL_TEST_LATIN1}",
                  "environment variable GRAPNEL_TEST_LATIN1 holds what is no UTF-8 text");
}

static void goes_on_behind_what_is_missing(void **state)
{
    struct fixture *fixture = *state;
    struct text text =
        expand(fixture, "a${env:GRAPNEL_TEST_MISSING}b${env:GRAPNEL_TEST_TOKEN}${file:nowhere}c");
    assert_string_equal(text.data, "abs3cretc");
    assert_int_equal(fixture->problems.count, 2);
}

static void takes_only_utf_8_text_from_files(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *bytes;
        size_t size;
        bool fine;
    } rows[] = {
        {"\xC3\xA9", 2, true},
        {"\xE2\x82\xAC", 3, true},
        {"\xF0\x9F\x98\x80", 4, true},
        {"\xF4\x8F\xBF\xBF", 4, true},
        {"a\0b", 3, false},
        {"\x80", 1, false},
        {"\xC3", 1, false},
        {"\xC0\xAF", 2, false},
        {"\xE0\x80\xAF", 3, false},
        {"\xED\xA0\x80", 3, false},
        {"\xF0\x80\x80\xAF", 4, false},
        {"\xF4\x90\x80\x80", 4, false},
        {"\xF5\x80\x80\x80", 4, false},
        {"\xE2\x82", 2, false},
        {"\xE2\x82x", 3, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        problems_finish(&fixture->problems);
        write_file(fixture, "secret", rows[i].bytes, rows[i].size);
        struct text text = expand(fixture, "${file:secret}");
        assert_int_equal(fixture->problems.count, rows[i].fine ? 0 : 1);
        assert_int_equal(text.size, rows[i].fine ? rows[i].size : 0);
    }
}

static void refuses_a_file_that_is_too_large(void **state)
{
    struct fixture *fixture = *state;
    char *bytes = malloc(EXPAND_FILE_MAX + 1);
    assert_non_null(bytes);
    memset(bytes, 'x', EXPAND_FILE_MAX + 1);
    write_file(fixture, "secret", bytes, EXPAND_FILE_MAX);
    assert_int_equal(expand(fixture, "${file:secret}").size, EXPAND_FILE_MAX);
    write_file(fixture, "secret", bytes, EXPAND_FILE_MAX + 1);
    free(bytes);
    check_problem(
        fixture, "${file:secret}",
        arena_print(&fixture->arena, "file %s/secret is larger than 64KiB", fixture->folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(puts_variables_in_and_marks_the_text_secret, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reads_files_from_the_folder_of_the_yaml_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(says_what_is_missing_and_where, set_up, tear_down),
        cmocka_unit_test_setup_teardown(goes_on_behind_what_is_missing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_only_utf_8_text_from_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_file_that_is_too_large, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
