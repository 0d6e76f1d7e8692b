#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/xml.h"

static void escapes_what_would_be_markup(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *as_text;
        const char *as_attribute;
    } rows[] = {
        {SLICE_INIT(""), "", ""},
        {{NULL, 0}, "", ""},
        {SLICE_INIT("plain text 41.10"), "plain text 41.10", "plain text 41.10"},
        {SLICE_INIT("<a href=\"x\">&amp;</a>"), "&lt;a href=\"x\"&gt;&amp;amp;&lt;/a&gt;",
         "&lt;a href=&quot;x&quot;&gt;&amp;amp;&lt;/a&gt;"},
        {SLICE_INIT("]]>"), "]]&gt;", "]]&gt;"},
        {SLICE_INIT("it's"), "it's", "it's"},
        {SLICE_INIT("a\tb\nc\r\nd"), "a\tb\nc&#13;\nd", "a&#9;b&#10;c&#13;&#10;d"},
        {SLICE_INIT("Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80"),
         "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80", "Zo\xC3\xAB \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {SLICE_INIT("\x7F\xC2\x85"), "\x7F\xC2\x85", "\x7F\xC2\x85"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer text = {0};
        struct buffer attribute = {0};
        xml_add_text(&text, rows[i].text);
        xml_add_attribute(&attribute, rows[i].text);
        assert_string_equal(buffer_text(&text), rows[i].as_text);
        assert_string_equal(buffer_text(&attribute), rows[i].as_attribute);
        buffer_finish(&text);
        buffer_finish(&attribute);
    }
}

static void replaces_what_xml_cannot_carry(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE_INIT("\0"),           SLICE_INIT("\x01"),         SLICE_INIT("\x1F"),
        SLICE_INIT("\xEF\xBF\xBE"), SLICE_INIT("\xEF\xBF\xBF"), SLICE_INIT("\xFF"),
        SLICE_INIT("\xC3"),
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer out = {0};
        buffer_add_char(&out, 'a');
        xml_add_text(&out, rows[i]);
        buffer_add_char(&out, 'b');
        assert_string_equal(buffer_text(&out), "a\xEF\xBF\xBD"
                                               "b");
        buffer_finish(&out);
    }
}

static void knows_what_a_name_may_be(void **state)
{
    (void)state;
    static const struct {
        struct slice name;
        bool fine;
    } rows[] = {
        {SLICE_INIT("a"), true},
        {SLICE_INIT("_a-1.b"), true},
        {SLICE_INIT("Stra\xC3\x9F"
                    "e"),
         true},
        {SLICE_INIT("\xE5\x90\x8D"), true},
        {SLICE_INIT("a\xC2\xB7"), true},
        {SLICE_INIT("\xF0\x90\x80\x80"), true},
        {SLICE_INIT(""), false},
        {SLICE_INIT("1a"), false},
        {SLICE_INIT("-a"), false},
        {SLICE_INIT(".a"), false},
        {SLICE_INIT("\xC2\xB7"), false},
        {SLICE_INIT("a b"), false},
        {SLICE_INIT("a:b"), false},
        {SLICE_INIT("a>"), false},
        {SLICE_INIT("a\0"), false},
        {SLICE_INIT("a\xC3\x97"), false}, /* the multiplication sign */
        {SLICE_INIT("a\xFF"), false},
        {SLICE_INIT("\xF0\x9F\x98\x80"), true},
        {SLICE_INIT("\xF3\xB0\x80\x80"), false}, /* U+F0000 */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (xml_is_name(rows[i].name) != rows[i].fine)
            fail_msg("%.*s", SLICE_ARGS(rows[i].name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_what_would_be_markup),
        cmocka_unit_test(replaces_what_xml_cannot_carry),
        cmocka_unit_test(knows_what_a_name_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
