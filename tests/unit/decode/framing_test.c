#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/framing.h"

static void finds_the_schema_that_a_value_names(void **state)
{
    (void)state;
    static const struct {
        struct slice header;
        struct slice value;
        enum framing_kind kind;
        const char *name;
        const char *payload;
    } rows[] = {
        {{NULL, 0}, SLICE_INIT("{}"), FRAMING_NONE, NULL, "{}"},
        {{NULL, 0}, SLICE_INIT("\0\0\0\1"), FRAMING_NONE, NULL, NULL},
        {{NULL, 0}, SLICE_INIT("\0\0\0\1\2ab"), FRAMING_ID, "258", "ab"},
        {{NULL, 0}, SLICE_INIT("\0\x7F\xFF\xFF\xFF"), FRAMING_ID, "2147483647", ""},
        {{NULL, 0}, SLICE_INIT("\0\x80\0\0\1"), FRAMING_NONE, NULL, NULL},
        {SLICE_INIT("\1\x5F\x0C\x1F\x5E\x8C\x1D\x4A\x55\x9F\x6B\x1E\x6A\x2F\x1C\x9D\x77"),
         SLICE_INIT("ab"), FRAMING_GUID, "5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77", "ab"},
        /* The header comes first, and then the zero is the value's own. */
        {SLICE_INIT("\1\x5F\x0C\x1F\x5E\x8C\x1D\x4A\x55\x9F\x6B\x1E\x6A\x2F\x1C\x9D\x77"),
         SLICE_INIT("\0\0\0\0\1"), FRAMING_GUID, "5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77", NULL},
        {SLICE_INIT("\0\0\0\1\2"), SLICE_INIT("\0\0\0\0\1"), FRAMING_ID, "258", NULL},
        {SLICE_INIT("\0\0\0\1\2"), SLICE_INIT("{}"), FRAMING_ID, "258", "{}"},
        {SLICE_INIT("\0\x80\0\0\1"), SLICE_INIT("{}"), FRAMING_NONE, NULL, "{}"},
        {SLICE_INIT("\0\0\0\1\2\3"), SLICE_INIT("{}"), FRAMING_NONE, NULL, "{}"},
        /* One that is not of its shape is no name. */
        {SLICE_INIT("\1\x5F"), SLICE_INIT("ab"), FRAMING_NONE, NULL, "ab"},
        {SLICE_INIT("\2\x5F\x0C\x1F\x5E\x8C\x1D\x4A\x55\x9F\x6B\x1E\x6A\x2F\x1C\x9D\x77"),
         SLICE_INIT("\0\0\0\0\7ab"), FRAMING_ID, "7", "ab"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct framing framing;
        char name[FRAMING_NAME_SIZE];
        framing_find(&(struct hints){.schema_id = rows[i].header}, rows[i].value, &framing);
        assert_int_equal(framing.kind, rows[i].kind);
        if (rows[i].payload)
            assert_true(slice_is(framing.payload, rows[i].payload));
        if (!rows[i].name)
            continue;
        framing_name(&framing, name);
        assert_string_equal(name, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_schema_that_a_value_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
