#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/uri.h"

static void encodes_all_but_unreserved_characters(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *uri;
        const char *form;
    } rows[] = {
        {SLICE_INIT(""), "", ""},
        {SLICE_INIT("AZaz09-._~"), "AZaz09-._~", "AZaz09-._%7E"},
        {SLICE_INIT("a b+c"), "a%20b%2Bc", "a+b%2Bc"},
        {SLICE_INIT("../x?y#z&a=b;c"), "..%2Fx%3Fy%23z%26a%3Db%3Bc", "..%2Fx%3Fy%23z%26a%3Db%3Bc"},
        {SLICE_INIT("\xC3\xA9\r\n\0%*"), "%C3%A9%0D%0A%00%25%2A", "%C3%A9%0D%0A%00%25*"},
        {SLICE_INIT("@:[]!$'(),\""), "%40%3A%5B%5D%21%24%27%28%29%2C%22",
         "%40%3A%5B%5D%21%24%27%28%29%2C%22"},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buffer_clear(&out);
        uri_add_encoded(&out, rows[i].text);
        assert_string_equal(buffer_text(&out), rows[i].uri);
        buffer_clear(&out);
        uri_add_form_encoded(&out, rows[i].text);
        assert_string_equal(buffer_text(&out), rows[i].form);
    }
    buffer_finish(&out);
}

static void leaves_the_slashes_of_a_path(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *path;
    } rows[] = {
        {SLICE_INIT(""), ""},
        {SLICE_INIT("a"), "a"},
        {SLICE_INIT("a b/c?d#e/%2F"), "a%20b/c%3Fd%23e/%252F"},
        {SLICE_INIT("/a//b/"), "/a//b/"},
        {SLICE_INIT("\\..\\\0"), "%5C..%5C%00"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer out = {0};
        uri_add_path(&out, rows[i].text);
        assert_string_equal(buffer_text(&out), rows[i].path);
        buffer_finish(&out);
    }
}

/* The first is the specification's own example. */
static void writes_a_cloudevents_header(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *header;
    } rows[] = {
        {SLICE_INIT("Euro \xE2\x82\xAC \xF0\x9F\x98\x80"), "Euro%20%E2%82%AC%20%F0%9F%98%80"},
        {SLICE_INIT(""), ""},
        {SLICE_INIT("/orders?a=b&c#d!~"), "/orders?a=b&c#d!~"},
        {SLICE_INIT("\"100%\"\r\n\x7F"), "%22100%25%22%0D%0A%7F"},
        {SLICE_INIT("a\xFF\xC3"), "a%EF%BF%BD%EF%BF%BD"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer out = {0};
        uri_add_printable(&out, rows[i].text);
        assert_string_equal(buffer_text(&out), rows[i].header);
        buffer_finish(&out);
    }
}

static void decodes_what_is_encoded(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        struct slice plain;
    } rows[] = {
        {SLICE_INIT(""), SLICE_INIT("")},
        {SLICE_INIT("a%2Fb%2fc+d"), SLICE_INIT("a/b/c+d")},
        {SLICE_INIT("%C3%A9%00"), SLICE_INIT("\xC3\xA9\0")},
        {SLICE_INIT("100%"), SLICE_INIT("100%")},
        {SLICE_INIT("%4%4g%G4%41"), SLICE_INIT("%4%4g%G4A")},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        buffer_clear(&out);
        uri_add_decoded(&out, rows[i].text);
        assert_true(slice_equal(buffer_slice(&out), rows[i].plain));
    }
    buffer_finish(&out);
}

static void fails_at_the_limit_and_says_so(void **state)
{
    (void)state;
    struct buffer out = {.limit = 5};
    uri_add_encoded(&out, SLICE("a//"));
    assert_true(out.failed);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_all_but_unreserved_characters),
        cmocka_unit_test(leaves_the_slashes_of_a_path),
        cmocka_unit_test(writes_a_cloudevents_header),
        cmocka_unit_test(decodes_what_is_encoded),
        cmocka_unit_test(fails_at_the_limit_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
