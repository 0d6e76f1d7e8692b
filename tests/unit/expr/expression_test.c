#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "expr/expression.h"
#include "expr/node.h"
#include "expr/variable.h"
#include "jq/jq.h"

static struct jq *jq; /* NULL: there is none */

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
    size_t offset = 0;
    assert_true(event_decode(record, format, &ev, &err));
    struct scope scope = {.ev = &ev, .id = SLICE("orders-3-17"), .scratch = &scratch, .jq = jq};
    if (expression_compile(slice_of(text), &arena, jq, &expression, &offset, &err) &&
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
        {".s.x.y?", "! .s.x.y?: cannot index string with \"x\""},
        {".tenant | .", "\"acme\""},
        {".a | .\"b c\"", "2"},
        {"(.a).\"}}\" ", "! only jq can say this, and it isn't there"},
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
        {".s.x // \"none\"", "! .s.x: cannot index string with \"x\""},
        {".s.x? // \"none\"", "\"none\""},
        {"(.missing // .nil) // .tenant", "\"acme\""},
        {".missing // (.nil | .x)", "null"},
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
        {".", "\"say \\\"hi\\\"\""}, {".a", "! .a: cannot index string with \"a\""},
        {".a? // 1", "1"},           {"startswith(\"say\")", "true"},
        {"$key", "\"wyg=\""},
    };
    check_rows(text_rows, COUNT_OF(text_rows), &text, FORMAT_TEXT);
    struct record bytes = {.topic = "t", .value = SLICE("\xFF\x00\x01")};
    static const struct row byte_rows[] = {{".", "\"/wAB\""}};
    check_rows(byte_rows, COUNT_OF(byte_rows), &bytes, FORMAT_BINARY);
}

/* What is unescaped is longer than what is left of the memory it is read from. */
static void unescapes_what_jq_has_made(void **state)
{
    (void)state;
    static char value[4096] = "\"";
    static char twice[4096];
    struct arena arena = {0};
    struct buffer scratch = {0};
    struct event ev = {0};
    struct expression expression;
    struct value found;
    struct error err = {0};
    size_t offset = 0;
    for (int i = 0; i < 1000; i++) {
        strcat(value, "a\\n");
        strcat(twice, "a\na\n");
    }
    strcat(value, "\"");
    const struct record record = {.topic = "t", .value = slice_of(value)};
    jq = jq_create();
    assert_true(event_decode(&record, FORMAT_JSON, &ev, &err));
    struct scope scope = {.ev = &ev, .scratch = &scratch, .jq = jq};
    assert_true(expression_compile(SLICE(". + ."), &arena, jq, &expression, &offset, &err));
    assert_true(expression_value(&expression, &scope, &found, &err));
    assert_true(slice_is(value_as_text(&found, &scratch), twice));
    jq_destroy(jq);
    jq = NULL;
    buffer_finish(&scratch);
    event_finish(&ev);
    arena_finish(&arena);
}

/* Nothing of it needs jq. */
static void compares_and_combines(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {".big == 12345678901234567890", "true"},
        {".big == 12345678901234567891", "false"},
        {".big > 12345678901234567889", "true"},
        {"$offset == 9007199254740992", "false"},
        {".amount == 41.1", "true"},
        {".amount > 41.09 and .amount < 41.11", "true"},
        {".amount >= 4.11e1", "true"},
        {"if .yes then .big else .amount end", "12345678901234567890"},
        {".big | tostring", "\"12345678901234567890\""},
        {".big | length", "12345678901234567890"},
        {".tenant == \"acme\"", "true"},
        {".esc == \"q\\\"\xC3\xA9\\n\"", "true"},
        {".tenant | startswith(\"ac\") and endswith(\"me\")", "true"},
        {".tenant | test(\"^A\"; \"i\")", "true"},
        {".tenant | IN(\"other\", \"acme\")", "true"},
        {".missing == null and .nil == null", "true"},
        {".missing | not", "true"},
        {".list | length > 2", "true"},
        {".list | any(. == 10)", "true"},
        {"all(.list[]; . != null)", "true"},
        {".list == []", "false"},
        {"{} == {}", "true"},
        {"has(\"tenant\") and (has(\"x\") | not)", "true"},
        {"if .zero == 1 then \"one\" elif .zero == 0 then \"zero\" else \"more\" end", "\"zero\""},
        {".tenant | select(. == \"acme\")", "\"acme\""},
        {"select(.tenant == \"x\")", "! no result of select(.tenant == \"x\")"},
        {".tenant | type", "\"string\""},
        {"\"ABC\" | ascii_downcase", "\"abc\""},
        {".s | startswith(1)", "! startswith(1): it needs strings"},
        {".yes | length", "! length: a boolean has no length"},
        {".zero | test(\"0\")", "! test(\"0\"): it can't be matched, as it is not a string"},
        {".zero | contains(\"0\")",
         "! contains(\"0\"): values of different kinds can't contain each other"},
        {".zero | has(\"a\")", "! has(\"a\"): it can't be asked for such a key"},
        {".zero | any", "! any: it can only go through an array or object"},
        {"# a comment\n.tenant # and one more", "\"acme\""},
    };
    check_rows(rows, COUNT_OF(rows), &order, FORMAT_AUTO);
}

static void leaves_to_jq_what_only_it_can_say(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {".a | keys | length", "3"},
        {"[.list[] | numbers]", "[10]"},
        {".list[]", "10"},
        {".tenant + \"-\" + .s", "\"acme-text\""},
        {"\"\\(.tenant): \\(.amount)\"", "\"acme: 41.1\""},
        {".big + 0", "12345678901234567000"},
        {"{t: .tenant, k: $key}", "{\"t\":\"acme\",\"k\":\"customer-7\"}"},
        {"[$key, $topic, $partition, $offset, $timestamp, $id, $type]",
         "[\"customer-7\",\"orders\",3,9007199254740992,1764000000123,\"orders-3-17\",\"orders\"]"},
        {"$headers | keys", "[\"ce_id\",\"none\",\"raw\",\"x-y\"]"},
        {"$headers | .ce_id", "\"4711\""},
        {"$headers | .[\"x-y\"] == \"a \\\"b\\\"\"", "true"},
        {"def f: .tenant; f # it is", "\"acme\""},
        {". as {$tenant} | $tenant", "\"acme\""},
        {".list == [10,[20],{\"sku\":\"A-1\"}]", "true"},
        {".a == .list", "false"},
        {".list.[1].[0] == .list[1][0]", "true"},
        {".list.[1] < .list.[1]", "false"},
        {".list.[1] < [20, 1]", "true"},
        {".a | length", "3"},
        {"any(.list[]; .sku? == \"A-1\")", "true"},
        {".missing | .x | tostring", "\"null\""},
        {"(.missing | length) + 1", "1"},
        {"empty // 3", "3"},
        {"empty", "! no result of empty"},
        {".list[] | select(. == 11)", "! no result of .list[] | select(. == 11)"},
        {"error(\"not today\")", "! jq: not today"},
        {".s | keys", "! jq: string (\"text\") has no keys"},
        {"last(range(1e12))", "! jq: it takes more than 100 ms"},
    };
    jq = jq_create();
    check_rows(rows, COUNT_OF(rows), &order, FORMAT_AUTO);
    struct record text = {.topic = "t", .value = SLICE("say \"hi\"")};
    static const struct row text_rows[] = {{"ascii_upcase + $topic", "\"SAY \\\"HI\\\"t\""}};
    check_rows(text_rows, COUNT_OF(text_rows), &text, FORMAT_TEXT);
    struct record bare = {.topic = "t"};
    static const struct row bare_rows[] = {{"[., $key, $headers]", "[null,null,{}]"}};
    check_rows(bare_rows, COUNT_OF(bare_rows), &bare, FORMAT_AUTO);
    jq_destroy(jq);
    jq = NULL;
}

/* Whatever a path can say costs no process. */
static void needs_jq_for_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        bool ours;
    } rows[] = {
        {".a | .b", true},
        {".a.[0]", true},
        {"length", true},
        {"(.a)", true},
        {".a[ -1 ]", true},
        {". \"a\"", true},
        {"\"\\ud83d\\ude00\"", true},
        {".[]", false},
        {".a[]", false},
        {"..", false},
        {".a[1:2]", false},
        {".a[.b]", false},
        {".a + 1", false},
        {"{a: .b}", false},
        {"[.a]", false},
        {".a as $x | 1", false},
        {".a[1.5]", false},
        {".a[1e2]", false},
        {"\"\\(.b)\"", false},
        {".a // empty", false},
        {".a, .b", false},
        {"@base64", false},
        {"(.a).b", false},
        {".a??", false},
        {"-.a", false},
        {"- 1", false},
        {"IN(.a[])", false},
        {"any(.a; .b)", false},
        {".5", false},
        {"01", false},
        {".a[99999999999]", false},
        {"test([\"a\"])", false},
        {"\"\t\"", false},
        {"\"\\ud83d\"", false},
        {"try .a", false},
        {".a?//1", false},
        {"1 == 1 == 1", false},
        {".a b", false},
        {"", false},
        {"$x", false},
        {"if .a then 1 end", false},
        {". a", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct parsed parsed;
        size_t offset = 0;
        char *program = arena_copy(&arena, slice_of(rows[i].program));
        assert_true(node_parse(program, strlen(program), &arena, &parsed, &offset, NULL));
        if (!parsed.root == rows[i].ours)
            fail_msg("%s", rows[i].program);
        arena_finish(&arena);
    }
}

static void says_what_is_wrong_with_an_expression(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *error;
    } rows[] = {
        {"", 0, "an expression with nothing in it"},
        {"  ", 0, "an expression with nothing in it"},
        {" .a[\"x]", 4, "jq: a string without its closing quote, or brackets too deep"},
        {"$keys", 0,
         "there are the variables $key $topic $partition $offset $timestamp $id $type $headers, "
         "but no $keys"},
        {" .a == $keys.b", 7,
         "there are the variables $key $topic $partition $offset $timestamp $id $type $headers, "
         "but no $keys"},
        {"$key.a", 0, "nothing is within $key"},
        {".a == $topic[0]", 6, "nothing is within $topic"},
        {".a | test(\"(\")", 10,
         "test: \"(\" is no regular expression: end pattern with unmatched parenthesis"},
        {".a | test(\"a\"; \"q\")", 10, "test: \"q\" are not flags; there are g i x s n p l"},
        {" .a | env", 6, "jq: env is refused: a program sees the event and nothing else"},
        {" .a ==", 4, "jq: syntax error: it ends too early"},
        {".a | ascii", 5, "jq: ascii/0 is not defined"},
        {"'x'", 0, "jq: syntax error: this character can't stand here"},
    };
    jq = jq_create();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct expression expression;
        struct error err = {0};
        size_t offset = 99;
        assert_false(
            expression_compile(slice_of(rows[i].text), &arena, jq, &expression, &offset, &err));
        if (offset != rows[i].offset || strcmp(err.text, rows[i].error) != 0)
            fail_msg("%s: %zu %s", rows[i].text, offset, err.text);
        arena_finish(&arena);
    }
    jq_destroy(jq);
    jq = NULL;
}

/* However long a program is, the stack is not: what is longer is jq's. */
static void bounds_an_expression(void **state)
{
    (void)state;
    size_t size = 400000;
    char *text = malloc(size + 2);
    static const char *const parts[] = {".a", "(", ".a//", ".a|", ".a or ", "if ", ".a==(", "!"};
    assert_non_null(text);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct arena arena = {0};
        struct parsed parsed;
        size_t offset = 0;
        size_t length = strlen(parts[i]);
        for (size_t at = 0; at < size; at++)
            text[at] = parts[i][at % length];
        strcpy(text + size / length * length, ".");
        assert_true(node_parse(text, strlen(text), &arena, &parsed, &offset, NULL));
        assert_null(parsed.root);
        arena_finish(&arena);
    }
    free(text);
}

static enum truth truth_of(const char *text)
{
    struct arena arena = {0};
    struct buffer scratch = {0};
    struct event ev = {0};
    struct expression expression;
    struct error err = {0};
    size_t offset = 0;
    enum truth truth = TRUTH_NONE;
    assert_true(event_decode(&order, FORMAT_AUTO, &ev, &err));
    struct scope scope = {.ev = &ev, .scratch = &scratch, .jq = jq};
    assert_true(expression_compile(slice_of(text), &arena, jq, &expression, &offset, &err));
    assert_true(expression_truth(&expression, &scope, &truth, &err));
    buffer_finish(&scratch);
    event_finish(&ev);
    arena_finish(&arena);
    return truth;
}

static void tells_what_is_true(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum truth truth;
    } rows[] = {
        {".yes", TRUTH_YES},
        {".no", TRUTH_NO},
        {".nil", TRUTH_NULL},
        {".missing", TRUTH_NULL},
        {".zero", TRUTH_YES},
        {".empty", TRUTH_YES},
        {".s.x?", TRUTH_NONE},
        {"select(.no)", TRUTH_NONE},
        {"empty", TRUTH_NONE},
        {".list[] | . == 10", TRUTH_YES},
        {".list[] | . == 11", TRUTH_NO},
        {"[.] | first.nil", TRUTH_NULL},
        {"[.]", TRUTH_YES},
    };
    jq = jq_create();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (truth_of(rows[i].text) != rows[i].truth)
            fail_msg("%s", rows[i].text);
    jq_destroy(jq);
    jq = NULL;
}

static void bounds_what_jq_may_make(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer scratch = {0};
    struct event ev = {0};
    struct expression expression;
    struct error err = {0};
    struct value value;
    size_t offset = 0;
    jq = jq_create();
    assert_true(event_decode(&order, FORMAT_AUTO, &ev, &err));
    struct scope scope = {.ev = &ev, .scratch = &scratch, .jq = jq, .most = 100};
    assert_true(expression_compile(SLICE("[range(1000)]"), &arena, jq, &expression, &offset, &err));
    assert_false(expression_value(&expression, &scope, &value, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    scope.most = 0;
    assert_true(expression_value(&expression, &scope, &value, &err));
    scope.jq = NULL;
    assert_false(expression_value(&expression, &scope, &value, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    jq_destroy(jq);
    jq = NULL;
    buffer_finish(&scratch);
    event_finish(&ev);
    arena_finish(&arena);
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
        cmocka_unit_test(compares_and_combines),
        cmocka_unit_test(leaves_to_jq_what_only_it_can_say),
        cmocka_unit_test(needs_jq_for_nothing_else),
        cmocka_unit_test(unescapes_what_jq_has_made),
        cmocka_unit_test(says_what_is_wrong_with_an_expression),
        cmocka_unit_test(bounds_an_expression),
        cmocka_unit_test(tells_what_is_true),
        cmocka_unit_test(bounds_what_jq_may_make),
        cmocka_unit_test(bounds_the_headers_made_into_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
