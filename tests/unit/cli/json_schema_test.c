#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/jtext.h"
#include "cli/help.h"
#include "config/schema.h"
#include "config/settings.h"
#include "config/subscription.h"

static char *printed(const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    schema_print(name, out);
    fclose(out);
    return text;
}

static uint32_t member(const struct jtext *json, uint32_t object, const char *name)
{
    uint32_t found = jtext_member(json, object, slice_of(name));
    if (found == JTEXT_NOTHING)
        fail_msg("%s is not there", name);
    return found;
}

static void holds_each_key_with_its_text(void **state)
{
    (void)state;
    for (int settings = 0; settings <= 1; settings++) {
        char *text = printed(settings ? "grapnel" : "subscription");
        struct jtext json = {0};
        assert_true(jtext_read(&json, slice_of(text), NULL));
        member(&json, member(&json, JTEXT_ROOT, "definitions"), "subscription");
        const struct schema *schema = settings ? &settings_schema : &subscription_schema;
        for (size_t i = 0; i < schema->count; i++) {
            const struct schema_row *row = &schema->rows[i];
            struct buffer quoted = {0};
            jtext_add_escaped(&quoted, slice_of(row->text));
            const char *found = strstr(text, buffer_text(&quoted));
            if (!found)
                fail_msg("%s is not told", row->path);
            buffer_finish(&quoted);
        }
        jtext_finish(&json);
        free(text);
    }
}

static void takes_no_value_that_is_not_supported_yet(void **state)
{
    (void)state;
    char *text = printed("subscription");
    assert_null(strstr(text, "\"!"));
    assert_null(strstr(text, "\"github\""));
    assert_non_null(strstr(text, "\"enum\": [\"standard\"]"));
    assert_non_null(strstr(text, "Not supported yet.\",\n"
                                 "                  \"enum\": [null]"));
    free(text);
}

static void ends_no_line_with_a_blank(void **state)
{
    (void)state;
    char *text = printed("grapnel");
    assert_null(strstr(text, " \n"));
    assert_int_equal(strncmp(text, "{\n  \"$schema\": ", 15), 0);
    assert_string_equal(text + strlen(text) - 4, "}\n}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_each_key_with_its_text),
        cmocka_unit_test(takes_no_value_that_is_not_supported_yet),
        cmocka_unit_test(ends_no_line_with_a_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
