#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/jtext.h"

static struct slice member_of(struct slice text, struct slice name)
{
    static struct jtext json;
    struct slice found = SLICE_NONE;
    assert_true(jtext_read(&json, text, NULL));
    uint32_t member = jtext_member(&json, JTEXT_ROOT, name);
    if (member != JTEXT_NOTHING)
        found = jtext_value(&json, member);
    jtext_finish(&json);
    return found;
}

static void finds_members_as_they_stand(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *name;
        const char *value; /* NULL: there is none */
    } rows[] = {
        {"{\"a\":1}", "a", "1"},
        {" { \"a\" : 41.10 , \"b\" : 2 } ", "a", "41.10"},
        {"{\"a\":12345678901234567890}", "a", "12345678901234567890"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "a", "3"},
        {"{\"a\":{\"b\":1},\"b\":2}", "b", "2"},
        {"{\"a\":{\"b\":1}}", "b", NULL},
        {"{\"a\":[ 1, {\"b\" : 2 } ]}", "a", "[ 1, {\"b\" : 2 } ]"},
        {"{\"a\":\"x\\\"}\"}", "a", "\"x\\\"}\""},
        {"{\"a b\":null}", "a b", "null"},
        {"{\"\":true}", "", "true"},
        {"{\"\\u0061\":1}", "a", "1"},
        {"{\"\\ud83d\\ude00\":1}", "\xF0\x9F\x98\x80", "1"},
        {"{\"a\\n\":1}", "a\n", "1"},
        {"{\"a\\n\":1}", "a\\n", NULL},
        {"{\"a\\/b\":1}", "a/b", "1"},
        {"{\"ab\":1}", "a", NULL},
        {"{\"a\":1}", "ab", NULL},
        {"{\"\\u0061b\":1}", "a", NULL},
        {"{\"\\u0061\":1}", "ab", NULL},
        {"{}", "a", NULL},
        {"[\"a\",1]", "a", NULL},
        {"\"a\"", "a", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice found = member_of(slice_of(rows[i].text), slice_of(rows[i].name));
        if (!slice_equal(found, slice_of(rows[i].value)) || !found.data != !rows[i].value)
            fail_msg("%s .%s: %.*s", rows[i].text, rows[i].name, SLICE_ARGS(found));
    }
    struct slice odd = member_of(SLICE("{\"a\\u0000b\":1}"), SLICE("a\0b"));
    assert_true(slice_is(odd, "1"));
}

static void finds_elements_from_both_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long long index;
        const char *value;
    } rows[] = {
        {"[1,2,3]", 0, "1"},
        {"[1,2,3]", 2, "3"},
        {"[1,2,3]", 3, NULL},
        {"[1,2,3]", -1, "3"},
        {"[1,2,3]", -3, "1"},
        {"[1,2,3]", -4, NULL},
        {"[[1,2],{\"a\":[3]},\"]\"]", 1, "{\"a\":[3]}"},
        {"[[1,2],{\"a\":[3]},\"]\"]", -1, "\"]\""},
        {"[ ]", 0, NULL},
        {"[ ]", -1, NULL},
        {"[1]", LLONG_MAX, NULL},
        {"[1]", LLONG_MIN, NULL},
        {"{\"a\":1}", 0, NULL},
        {"7", 0, NULL},
    };
    struct jtext json = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(jtext_read(&json, slice_of(rows[i].text), NULL));
        uint32_t element = jtext_element(&json, JTEXT_ROOT, rows[i].index);
        struct slice found = element == JTEXT_NOTHING ? SLICE_NONE : jtext_value(&json, element);
        if (!slice_equal(found, slice_of(rows[i].value)) || !found.data != !rows[i].value)
            fail_msg("%s [%lld]: %.*s", rows[i].text, rows[i].index, SLICE_ARGS(found));
    }
    jtext_finish(&json);
}

static void tells_kinds(void **state)
{
    (void)state;
    assert_int_equal(jtext_kind(SLICE("")), JTEXT_NONE);
    assert_int_equal(jtext_kind(SLICE("null")), JTEXT_NULL);
    assert_int_equal(jtext_kind(SLICE("false")), JTEXT_FALSE);
    assert_int_equal(jtext_kind(SLICE("true")), JTEXT_TRUE);
    assert_int_equal(jtext_kind(SLICE("-1")), JTEXT_NUMBER);
    assert_int_equal(jtext_kind(SLICE("\"\"")), JTEXT_STRING);
    assert_int_equal(jtext_kind(SLICE("[]")), JTEXT_ARRAY);
    assert_int_equal(jtext_kind(SLICE("{}")), JTEXT_OBJECT);
    assert_string_equal(jtext_kind_name(JTEXT_TRUE), "boolean");
}

static void unescapes_strings(void **state)
{
    (void)state;
    static const struct {
        struct slice string;
        struct slice text;
    } rows[] = {
        {SLICE_INIT("\"\""), SLICE_INIT("")},
        {SLICE_INIT("\"plain\""), SLICE_INIT("plain")},
        {SLICE_INIT("\"a\\\"b\\\\c\\/d\""), SLICE_INIT("a\"b\\c/d")},
        {SLICE_INIT("\"\\b\\f\\n\\r\\t\""), SLICE_INIT("\b\f\n\r\t")},
        {SLICE_INIT("\"\\u0041\\u00e9\\u20AC\""), SLICE_INIT("A\xC3\xA9\xE2\x82\xAC")},
        {SLICE_INIT("\"\\ud83d\\ude00!\""), SLICE_INIT("\xF0\x9F\x98\x80!")},
        {SLICE_INIT("\"\\u0000\""), SLICE_INIT("\0")},
        {SLICE_INIT("\"\\ud83d\""), SLICE_INIT("\xEF\xBF\xBD")},
        {SLICE_INIT("\"\\ude00x\""), SLICE_INIT("\xEF\xBF\xBDx")},
        {SLICE_INIT("\"\\ud83d\\u0041\""), SLICE_INIT("\xEF\xBF\xBD"
                                                      "A")},
        {SLICE_INIT("\"\\ud83d\\ud83d\\ude00\""), SLICE_INIT("\xEF\xBF\xBD\xF0\x9F\x98\x80")},
        {SLICE_INIT("\"\\\\u0041\""), SLICE_INIT("\\u0041")},
    };
    struct buffer scratch = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice text = jtext_string(rows[i].string, &scratch);
        if (!slice_equal(text, rows[i].text))
            fail_msg("%.*s: %.*s", SLICE_ARGS(rows[i].string), SLICE_ARGS(text));
    }
    buffer_finish(&scratch);
}

static void leaves_a_string_without_escapes_where_it_is(void **state)
{
    (void)state;
    struct buffer scratch = {0};
    struct slice string = SLICE("\"as it stands\"");
    assert_ptr_equal(jtext_string(string, &scratch).data, string.data + 1);
    assert_int_equal(scratch.size, 0);
}

static void escapes_text(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *string;
    } rows[] = {
        {SLICE_INIT(""), "\"\""},
        {SLICE_INIT("plain"), "\"plain\""},
        {SLICE_INIT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
        {SLICE_INIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {SLICE_INIT("\0\x1f\x7f"), "\"\\u0000\\u001f\x7f\""},
        {SLICE_INIT("\xC3\xA9\xF0\x9F\x98\x80"), "\"\xC3\xA9\xF0\x9F\x98\x80\""},
        {SLICE_INIT("a\xFF"
                    "b"),
         "\"a\xEF\xBF\xBD"
         "b\""},
        {SLICE_INIT("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {SLICE_INIT("sixteen bytes...\xC3\xA9\nsixteen bytes..."),
         "\"sixteen bytes...\xC3\xA9\\nsixteen bytes...\""},
    };
    struct buffer out = {0};
    struct jtext json = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buffer_clear(&out);
        jtext_add_string(&out, rows[i].text);
        assert_string_equal(buffer_text(&out), rows[i].string);
        assert_true(jtext_read(&json, buffer_slice(&out), NULL));
    }
    buffer_finish(&out);
    jtext_finish(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_members_as_they_stand),
        cmocka_unit_test(finds_elements_from_both_ends),
        cmocka_unit_test(tells_kinds),
        cmocka_unit_test(unescapes_strings),
        cmocka_unit_test(leaves_a_string_without_escapes_where_it_is),
        cmocka_unit_test(escapes_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
