#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "cli/help.h"

/* What bash itself completes the words to, the last one being under the cursor. */
static void complete(const char *words, char *answer, size_t size)
{
    char path[] = "/tmp/grapnel-completion-XXXXXX";
    int fd = mkstemp(path);
    FILE *script = fdopen(fd, "w");
    completion_print("bash", script);
    fprintf(script,
            "COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _grapnel; "
            "echo \"${COMPREPLY[@]}\"\n",
            words);
    fclose(script);
    char command[128];
    snprintf(command, sizeof command, "bash --norc %s 2>&1", path);
    FILE *bash = popen(command, "r");
    answer[fread(answer, 1, size - 1, bash)] = '\0';
    assert_int_equal(pclose(bash), 0);
    unlink(path);
}

static void bash_completes_commands_options_and_choices(void **state)
{
    (void)state;
    char answer[512];
    complete("grapnel versi", answer, sizeof answer);
    assert_string_equal(answer, "version\n");
    complete("grapnel version --", answer, sizeof answer);
    assert_string_equal(answer, "--help\n");
    complete("grapnel help versi", answer, sizeof answer);
    assert_string_equal(answer, "version\n");
    complete("grapnel dead-letters re", answer, sizeof answer);
    assert_string_equal(answer, "replay\n");
    complete("grapnel results --output js", answer, sizeof answer);
    assert_string_equal(answer, "json\n");
    complete("grapnel results -s ''", answer, sizeof answer);
    assert_string_equal(answer, "\n");
}

static void hidden_options_stay_hidden(void **state)
{
    (void)state;
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < COUNT_OF(shells); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        completion_print(shells[i], out);
        fclose(out);
        assert_non_null(strstr(text, "version"));
        assert_null(strstr(text, "bash zsh fish")); /* --completion's choices */
        assert_null(strstr(text, "-l man"));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bash_completes_commands_options_and_choices),
        cmocka_unit_test(hidden_options_stay_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
