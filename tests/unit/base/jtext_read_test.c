#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/jtext.h"
#include "../json_test_suite.h"

/* And some more. */
static const struct slice valid[] = {
    SLICE_INIT(
        "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]"),
    SLICE_INIT("[12345678901234567890123456789012345678901234567890]"),
    SLICE_INIT("[1e999999999]"),
    SLICE_INIT("{\"title\":\"\\u041f\\u043e\\u043b\\u0442\" }"),
    SLICE_INIT("[\"\\uD800\"]"),
    SLICE_INIT("[true]\n"),
    SLICE_INIT("\t\r\n [] \t\r\n"),
    SLICE_INIT("[\"exactly 16 bytes\",\"and a longer one than that\",\"\xC3\xA9 in the 2nd block: "
               "\xC3\xA9\"]"),
};

static const struct slice refused[] = {
    SLICE_INIT("[1a]"),
    SLICE_INIT("[}"),
    SLICE_INIT("[1}"),
    SLICE_INIT("{\"a\":1]"),
    SLICE_INIT("nullx"),
    SLICE_INIT("truefalse"),
    SLICE_INIT("[\"\x80\"]"),             /* a continuation alone */
    SLICE_INIT("[\"\xE0\x80\xAF\"]"),     /* overlong, three bytes */
    SLICE_INIT("[\"\xF0\x80\x80\xAF\"]"), /* overlong, four bytes */
    SLICE_INIT("[\"\xF4\x90\x80\x80\"]"), /* beyond U+10FFFF */
    SLICE_INIT("[\"\xF5\x80\x80\x80\"]"), /* no such lead byte */
    SLICE_INIT("[\"\xE2\x82\"]"),         /* cut */
    SLICE_INIT("[\"\xE2\x82"),            /* cut by the end */
};

static void agrees_with_the_published_test_suite(void **state)
{
    (void)state;
    struct jtext json = {0};
    for (size_t i = 0; i < COUNT_OF(json_test_suite); i++) {
        struct error err = {0};
        if (jtext_read(&json, json_test_suite[i].text, &err) != json_test_suite[i].read)
            fail_msg("%s: %s", json_test_suite[i].name, err.text);
        assert_int_equal(err.kind, json_test_suite[i].read ? ERROR_NONE : ERROR_DECODE);
    }
    jtext_finish(&json);
}

static void reads_what_the_rfc_allows(void **state)
{
    (void)state;
    struct jtext json = {0};
    for (size_t i = 0; i < COUNT_OF(valid); i++) {
        struct error err = {0};
        if (!jtext_read(&json, valid[i], &err))
            fail_msg("%.*s: %s", SLICE_ARGS(valid[i]), err.text);
    }
    jtext_finish(&json);
}

static void refuses_what_it_does_not(void **state)
{
    (void)state;
    struct jtext json = {0};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct error err = {0};
        if (jtext_read(&json, refused[i], &err))
            fail_msg("%.*s was read", SLICE_ARGS(refused[i]));
        assert_int_equal(err.kind, ERROR_DECODE);
    }
    jtext_finish(&json);
}

/* Cut anywhere, a document is none; read from memory of exactly its size, so that a sanitizer sees
 * a byte too many. */
static void refuses_every_beginning_of_a_document(void **state)
{
    (void)state;
    struct slice whole = SLICE(
        "{\"a\":[1.5e+3,true,false,null,{\"\\u00e9\":\"\xC3\xA9\\n long enough text\"}],\"b\":-0}");
    struct jtext json = {0};
    for (size_t size = 0; size < whole.size; size++) {
        char *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, whole.data, size);
        char *exact = realloc(copy, size ? size : 1);
        assert_non_null(exact);
        assert_false(jtext_read(&json, (struct slice){exact, size}, NULL));
        free(exact);
    }
    assert_true(jtext_read(&json, whole, NULL));
    jtext_finish(&json);
}

static void says_where_and_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *error;
    } rows[] = {
        {"", "not JSON: it ends at byte 0, where a value was expected"},
        {"{\"a\":1,}", "not JSON: expected a name in quotes at byte 7"},
        {"{1", "not JSON: expected a name in quotes or '}' at byte 1"},
        {"{\"a\"=1}", "not JSON: expected ':' at byte 4"},
        {"{\"a\":1 \"b\"}", "not JSON: expected ',' or '}' at byte 7"},
        {"[1 2]", "not JSON: expected ',' or ']' at byte 3"},
        {"[1,]", "not JSON: expected a value at byte 3"},
        {"[1", "not JSON: it ends at byte 2, where ',' or ']' was expected"},
        {"tru", "not JSON: expected true at byte 0"},
        {"\"ab", "not JSON: it ends at byte 3, where the string's closing quote was expected"},
        {"\"\\x\"", "not JSON: expected one of \"\\/bfnrtu behind the backslash at byte 2"},
        {"\"\\u12\"", "not JSON: expected four hexadecimal digits behind \\u at byte 5"},
        {"\"a\nb\"", "not JSON: expected control characters escaped at byte 2"},
        {"\"a\xC0\"", "not JSON: expected valid UTF-8 at byte 2"},
        {"-", "not JSON: it ends at byte 1, where a digit was expected"},
        {"1.x", "not JSON: expected a digit at byte 2"},
        {"{} x", "not JSON: expected nothing more at byte 3"},
    };
    struct jtext json = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        assert_false(jtext_read(&json, slice_of(rows[i].text), &err));
        assert_string_equal(err.text, rows[i].error);
    }
    jtext_finish(&json);
}

static void bounds_the_depth(void **state)
{
    (void)state;
    struct jtext json = {0};
    struct error err = {0};
    char text[2 * (JTEXT_DEPTH + 1)];
    memset(text, '[', JTEXT_DEPTH);
    memset(text + JTEXT_DEPTH, ']', JTEXT_DEPTH);
    assert_true(jtext_read(&json, (struct slice){text, 2 * (size_t)JTEXT_DEPTH}, &err));
    memset(text, '[', JTEXT_DEPTH + 1);
    memset(text + JTEXT_DEPTH + 1, ']', JTEXT_DEPTH + 1);
    assert_false(jtext_read(&json, (struct slice){text, sizeof text}, &err));
    assert_string_equal(
        err.text, "not JSON: expected no more than 512 brackets within each other at byte 512");
    jtext_finish(&json);
}

static void reads_a_hundred_thousand_open_brackets_without_recursion(void **state)
{
    (void)state;
    static const char *const pieces[] = {"[", "{", "[{\"\":"};
    struct jtext json = {0};
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        struct buffer text = {0};
        for (unsigned n = 0; n < 100000; n++)
            buffer_add_text(&text, pieces[i]);
        assert_false(jtext_read(&json, buffer_slice(&text), NULL));
        buffer_finish(&text);
    }
    jtext_finish(&json);
}

static void reuses_its_memory(void **state)
{
    (void)state;
    struct jtext json = {0};
    assert_true(
        jtext_read(&json, SLICE("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"), NULL));
    struct jtext_token *tokens = json.tokens;
    assert_true(jtext_read(&json, SLICE("{\"a\":[1,2]}"), NULL));
    assert_ptr_equal(json.tokens, tokens);
    assert_int_equal(json.count, 5);
    jtext_finish(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_published_test_suite),
        cmocka_unit_test(reads_what_the_rfc_allows),
        cmocka_unit_test(refuses_what_it_does_not),
        cmocka_unit_test(refuses_every_beginning_of_a_document),
        cmocka_unit_test(says_where_and_what_was_expected),
        cmocka_unit_test(bounds_the_depth),
        cmocka_unit_test(reads_a_hundred_thousand_open_brackets_without_recursion),
        cmocka_unit_test(reuses_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
