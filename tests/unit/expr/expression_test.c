#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "expr/expression.h"
#include "expr/variable.h"

static const struct record_header headers[] = {
    {SLICE_INIT("ce_id"), SLICE_INIT("first")},
    {SLICE_INIT("ce_id"), SLICE_INIT("4711")},
    {SLICE_INIT("x-y"), SLICE_INIT("a \"b\"")},
    {SLICE_INIT("raw"), SLICE_INIT("\xFF\x00")},
    {SLICE_INIT("none"), {NULL, 0}},
};

static struct record order = {
    .topic = "orders",
    .partition = 3,
    .offset = 9007199254740993,
    .timestamp_ms = 1764000000123,
    .key = SLICE_INIT("customer-7"),
    .value = SLICE_INIT(
        "{\"tenant\":\"acme\",\"amount\":41.10,\"big\":12345678901234567890,\"yes\":true,\"no\":"
        "false,"
        "\"nil\":null,\"zero\":0,\"empty\":\"\",\"a b\":1,\"a\":{\"b c\":2,\"}}\":3,\"\\u00e9\":4},"
        "\"list\":[10,[20],{\"sku\":\"A-1\"}],\"esc\":\"q\\\"\\u00e9\\n\",\"s\":\"text\"}"),
    .headers = headers,
    .header_count = COUNT_OF(headers),
};

/* The expression's value as JSON, or "! " and the error. */
static const char *evaluate(const char *text, struct record *record, enum format format)
{
    static char result[1024];
    struct arena arena = {0};
    struct buffer scratch = {0};
    struct buffer out = {0};
    struct event ev = {0};
    struct expression expression;
    struct value value;
    struct error err = {0};
    assert_true(event_decode(record, format, &ev, &err));
    struct scope scope = {.ev = &ev, .id = SLICE("orders-3-17"), .scratch = &scratch};
    if (expression_compile(slice_of(text), &arena, &expression, &err) &&
        expression_value(&expression, &scope, &value, &err)) {
        value_add_json(&value, &out);
        snprintf(result, sizeof result, "%s", buffer_text(&out));
    } else {
        snprintf(result, sizeof result, "! %s", err.text);
    }
    buffer_finish(&out);
    buffer_finish(&scratch);
    event_finish(&ev);
    arena_finish(&arena);
    return result;
}

struct row {
    const char *text;
    const char *result;
};

static void check_rows(const struct row *rows, size_t count, struct record *record,
                       enum format format)
{
    for (size_t i = 0; i < count; i++) {
        const char *result = evaluate(rows[i].text, record, format);
        if (strcmp(result, rows[i].result) != 0)
            fail_msg("%s gives %s, not %s", rows[i].text, result, rows[i].result);
    }
}

static void finds_paths_in_the_event(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {".tenant", "\"acme\""},
        {"  .tenant  ", "\"acme\""},
        {".amount", "41.10"},
        {".big", "12345678901234567890"},
        {".nil", "null"},
        {".no", "false"},
        {".empty", "\"\""},
        {".[\"a b\"]", "1"},
        {".\"a b\"", "1"},
        {".a[\"b c\"]", "2"},
        {".a.\"b c\"", "2"},
        {".a[ \"b c\" ]", "2"},
        {".a[\"}}\"]", "3"},
        {".a[\"\\u00e9\"]", "4"},
        {".[\"a\"][\"b c\"]", "2"},
        {".list[0]", "10"},
        {".list[1][0]", "20"},
        {".list[-1].sku", "\"A-1\""},
        {".list[2]", "{\"sku\":\"A-1\"}"},
        {".list", "[10,[20],{\"sku\":\"A-1\"}]"},
        {".a .\"b c\"", "2"},
        {".list [ -1 ] .sku", "\"A-1\""},
        {".list.[0]", "10"},
        {".nil.x.y[0]", "null"},
        {".esc", "\"q\\\"\\u00e9\\n\""},
        {".missing", "! missing field .missing"},
        {".a.missing.deeper[3]", "! missing field .a.missing.deeper[3]"},
        {".list[3]", "! missing field .list[3]"},
        {".list[-4]", "! missing field .list[-4]"},
        {".s.x", "! .s.x: cannot index string with \"x\""},
        {".list.x", "! .list.x: cannot index array with \"x\""},
        {".a[0]", "! .a[0]: cannot index object with a number"},
        {".yes.x", "! .yes.x: cannot index boolean with \"x\""},
        {".s.x?", "! missing field .s.x?"},
        {".s[0]?.y", "! missing field .s[0]?.y"},
        {".s.x.y?", "! missing field .s.x.y?"},
        {".s?.x", "! .s?.x: cannot index string with \"x\""},
        {".tenant?", "\"acme\""},
    };
    check_rows(rows, COUNT_OF(rows), &order, FORMAT_AUTO);
}

static void takes_the_first_alternative_that_is_something(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {".missing // \"none\"", "\"none\""},
        {".nil // \"none\"", "\"none\""},
        {".no // \"none\"", "\"none\""},
        {".zero // \"none\"", "0"},
        {".empty // \"none\"", "\"\""},
        {".tenant//\"none\"", "\"acme\""},
        {".missing // .nil // .tenant", "\"acme\""},
        {".missing // .nil", "null"},
        {".nil // .missing", "! missing field .missing"},
        {".missing // false", "false"},
        {".missing // null", "null"},
        {".missing // true", "true"},
        {".missing // 41.10", "41.10"},
        {".missing // -1e5", "-1e5"},
        {".missing // \"a \\\"b\\\" \\u00e9\"", "\"a \\\"b\\\" \\u00e9\""},
        {".s.x // \"none\"", "\"none\""},
        {".s.x? // \"none\"", "\"none\""},
        {".s.x // .s.y", "! .s.y: cannot index string with \"y\""},
        {"$headers.nothing // $key", "\"customer-7\""},
        {"\"{{\"", "\"{{\""},
        {"null // 7", "7"},
    };
    check_rows(rows, COUNT_OF(rows), &order, FORMAT_AUTO);
}

static void knows_the_variables(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"$key", "\"customer-7\""},
        {"$topic", "\"orders\""},
        {"$partition", "3"},
        {"$offset", "9007199254740993"},
        {"$timestamp", "1764000000123"},
        {"$id", "\"orders-3-17\""},
        {"$type", "\"orders\""},
        {"$headers.ce_id", "\"4711\""},
        {"$headers[\"x-y\"]", "\"a \\\"b\\\"\""},
        {"$headers.\"x-y\"", "\"a \\\"b\\\"\""},
        {"$headers.raw", "\"/wA=\""},
        {"$headers.none", "null"},
        {"$headers.none.x", "null"},
        {"$headers.CE_ID", "! missing field $headers.CE_ID"},
        {"$headers.ce_id.x", "! $headers.ce_id.x: cannot index string with \"x\""},
        {"$headers.ce_id.x?", "! missing field $headers.ce_id.x?"},
        {"$headers[0]", "! $headers[0]: cannot index object with a number"},
        {"$headers", "{\"ce_id\":\"4711\",\"x-y\":\"a \\\"b\\\"\",\"raw\":\"/wA=\",\"none\":null}"},
    };
    check_rows(rows, COUNT_OF(rows), &order, FORMAT_AUTO);
}

static void gives_null_where_kafka_has_none(void **state)
{
    (void)state;
    struct record bare = {.topic = "orders", .timestamp_ms = -1};
    static const struct row rows[] = {
        {"$key", "null"},  {"$timestamp", "null"}, {"$headers", "{}"}, {".", "null"},
        {".a[0]", "null"}, {".a // 1", "1"},       {"$offset", "0"},
    };
    check_rows(rows, COUNT_OF(rows), &bare, FORMAT_AUTO);
}

static void sees_text_and_bytes_as_strings(void **state)
{
    (void)state;
    struct record text = {.topic = "t", .value = SLICE("say \"hi\""), .key = SLICE("\xC3\x28")};
    static const struct row text_rows[] = {
        {".", "\"say \\\"hi\\\"\""},
        {".a", "! .a: cannot index string with \"a\""},
        {".a // 1", "1"},
        {"$key", "\"wyg=\""},
    };
    check_rows(text_rows, COUNT_OF(text_rows), &text, FORMAT_TEXT);
    struct record bytes = {.topic = "t", .value = SLICE("\xFF\x00\x01")};
    static const struct row byte_rows[] = {{".", "\"/wAB\""}};
    check_rows(byte_rows, COUNT_OF(byte_rows), &bytes, FORMAT_BINARY);
}

static void refuses_what_only_jq_can_say(void **state)
{
    (void)state;
    static const char *const programs[] = {
        ".a | .b",
        ".[]",
        ".a[]",
        "..",
        ".a[1:2]",
        ".a + 1",
        "length",
        "(.a)",
        "{a: .b}",
        "[.a]",
        ".a as $x",
        "if .a then 1 end",
        ".a[.b]",
        ".a[1.5]",
        ".a.",
        ".a..b",
        ".1",
        ". a",
        "\"\\(.b)\"",
        ".a // empty",
        ".a /",
        ".a // ",
        "// 1",
        ".a .b c",
        "nul",
        "01",
        ".a[\"x\"",
        ".a[]?",
        "'x'",
        "-",
        ".a, .b",
        "tru // 1",
        ".a \"b\"",
        "@base64",
        "\x01",
        "1 2",
        "\"a\" .b",
        ".a[-]",
        ".a//",
        ".a / / .b",
        ".a[99999999999999999999]",
    };
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        const char *result = evaluate(programs[i], &order, FORMAT_AUTO);
        if (strcmp(result, "! only paths, variables and // defaults are supported yet") != 0)
            fail_msg("%s gives %s", programs[i], result);
    }
}

static void says_what_is_wrong_with_an_expression(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", "! an expression with nothing in it"},
        {"  ", "! an expression with nothing in it"},
        {".a[\"x]", "! a string without its closing quote"},
        {"\"x\\\"", "! a string without its closing quote"},
        {"$keys", "! there are the variables $key $topic $partition $offset $timestamp $id $type "
                  "$headers, but no $keys"},
        {"$", "! there are the variables $key $topic $partition $offset $timestamp $id $type "
              "$headers, but no $"},
        {"$key.a", "! nothing is within $key"},
    };
    check_rows(rows, COUNT_OF(rows), &order, FORMAT_AUTO);
}

static void bounds_an_expression(void **state)
{
    (void)state;
    char text[400] = ".a";
    for (int i = 0; i < 64; i++)
        strcat(text, ".a");
    assert_string_equal(evaluate(text, &order, FORMAT_AUTO), "! more steps than a path may have");
    strcpy(text, ".a");
    for (int i = 0; i < 32; i++)
        strcat(text, "//.a");
    assert_string_equal(evaluate(text, &order, FORMAT_AUTO),
                        "! more alternatives than an expression may have");
}

static void bounds_the_headers_made_into_an_object(void **state)
{
    (void)state;
    static struct record_header many[VARIABLE_HEADERS_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = (struct record_header){SLICE("n"), SLICE("v")};
    struct record record = {.topic = "t", .headers = many, .header_count = COUNT_OF(many)};
    assert_string_equal(evaluate("$headers", &record, FORMAT_AUTO),
                        "! $headers: there are more than 1000 of them");
    assert_string_equal(evaluate("$headers.n", &record, FORMAT_AUTO), "\"v\"");
    record.header_count--;
    assert_string_equal(evaluate("$headers", &record, FORMAT_AUTO), "{\"n\":\"v\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_paths_in_the_event),
        cmocka_unit_test(takes_the_first_alternative_that_is_something),
        cmocka_unit_test(knows_the_variables),
        cmocka_unit_test(gives_null_where_kafka_has_none),
        cmocka_unit_test(sees_text_and_bytes_as_strings),
        cmocka_unit_test(refuses_what_only_jq_can_say),
        cmocka_unit_test(says_what_is_wrong_with_an_expression),
        cmocka_unit_test(bounds_an_expression),
        cmocka_unit_test(bounds_the_headers_made_into_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
