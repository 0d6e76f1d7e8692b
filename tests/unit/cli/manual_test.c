#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/help.h"

static void the_manual_tells_every_command_and_option(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    manual_print(out);
    fclose(out);
    size_t sections = 0;
    for (const char *p = text; (p = strstr(p, "\n.SS \"grapnel ")); p++)
        sections++;
    assert_int_equal(sections, command_row_count);
    assert_non_null(strstr(text, "\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fIFILE\\fR"));
    assert_non_null(strstr(text, "\n.SH EXIT STATUS\n"));
    assert_null(strstr(text, "completion"));
    free(text);
}

/* Every control line is of a macro that man knows; nothing of the text became one. */
static void assert_macros(const char *text)
{
    static const char *const macros[] = {".\\\"", ".TH ", ".SH ",  ".SS ",  ".TP\n", ".PP\n", ".B ",
                                         ".I ",   ".BR ", ".nf\n", ".fi\n", ".RS\n", ".RE\n"};
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        bool known = *line != '.' && *line != '\'';
        for (size_t i = 0; !known && i < sizeof macros / sizeof macros[0]; i++)
            known = strncmp(line, macros[i], strlen(macros[i])) == 0;
        if (!known)
            fail_msg("no macro: %.*s", (int)strcspn(line, "\n"), line);
    }
}

static void nothing_in_the_text_becomes_a_macro(void **state)
{
    (void)state;
    void (*const pages[])(FILE *) = {manual_print, manual_settings_print};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        pages[i](out);
        fclose(out);
        assert_macros(text);
        free(text);
    }
}

static void the_settings_tell_what_is_supported_with_its_limits(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    manual_settings_print(out);
    fclose(out);
    assert_non_null(
        strstr(text, "\n\\fBlimits.memory\\fR (size; default 256MiB; from 16MiB to 1024GiB)\n"));
    assert_non_null(
        strstr(text, "\n\\fBrequest.method\\fR (GET, POST, PUT, PATCH, DELETE; default POST)\n"));
    assert_non_null(strstr(text, "; needed)\n"));
    assert_null(strstr(text, "!avro"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manual_tells_every_command_and_option),
        cmocka_unit_test(nothing_in_the_text_becomes_a_macro),
        cmocka_unit_test(the_settings_tell_what_is_supported_with_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
