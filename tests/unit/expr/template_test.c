#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "expr/template.h"

static const struct record_header headers[] = {{SLICE_INIT("h"), SLICE_INIT("a\r\nX: b")}};

static struct record record = {
    .topic = "orders",
    .headers = headers,
    .header_count = COUNT_OF(headers),
    .value = SLICE_INIT(
        "{\"a\":\"x/y z\",\"n\":41.10,\"nil\":null,\"yes\":true,\"q\":\"\\\"\\u00e9\\n\","
        "\"o\":{ \"k\" : [1] },\"}}\":\"braces\",\"lines\":\"a\\r\\nb\\u0000c\"}"),
};

/* The rendered text, or "! " and the first problem or error. */
static const char *render(struct slice source, struct template_style style)
{
    static char result[1024];
    struct arena arena = {0};
    struct problems problems = {0};
    struct buffer scratch = {0};
    struct buffer out = {0};
    struct event ev = {0};
    struct error err = {0};
    struct template_builder builder = {.arena = &arena, .problems = &problems};
    struct text text = {.data = source.data, .size = source.size};
    assert_true(event_decode(&record, FORMAT_AUTO, &ev, &err));
    template_add_text(&builder, &text, &style);
    struct template template = template_build(&builder);
    struct scope scope = {.ev = &ev, .scratch = &scratch};
    if (problems.count)
        snprintf(result, sizeof result, "! %s", problems.items[0].message);
    else if (template_render(&template, &scope, &out, &err))
        snprintf(result, sizeof result, "%s", buffer_text(&out));
    else
        snprintf(result, sizeof result, "! %s", err.text);
    problems_finish(&problems);
    buffer_finish(&out);
    buffer_finish(&scratch);
    event_finish(&ev);
    arena_finish(&arena);
    return result;
}

static void writes_values_as_their_place_needs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum encoding literals;
        enum encoding values;
        const char *result;
    } rows[] = {
        {"", ENCODE_NOTHING, ENCODE_NOTHING, ""},
        {"no expression", ENCODE_NOTHING, ENCODE_NOTHING, "no expression"},
        {"{{ .a }}", ENCODE_NOTHING, ENCODE_NOTHING, "x/y z"},
        {"<{{.a}}|{{.n}}>", ENCODE_NOTHING, ENCODE_NOTHING, "<x/y z|41.10>"},
        {"{{ .nil }}{{ .yes }}", ENCODE_NOTHING, ENCODE_NOTHING, "true"},
        {"{{ .o }}", ENCODE_NOTHING, ENCODE_NOTHING, "{ \"k\" : [1] }"},
        {"{{ .q }}", ENCODE_NOTHING, ENCODE_NOTHING, "\"\xC3\xA9\n"},
        {"$ {{ .a }}", ENCODE_NOTHING, ENCODE_URI, "$ x%2Fy%20z"},
        {"$ {{ .a }}", ENCODE_URI, ENCODE_URI, "%24%20x%2Fy%20z"},
        {"{{ .q }}{{ .o }}", ENCODE_URI, ENCODE_URI,
         "%22%C3%A9%0A%7B%20%22k%22%20%3A%20%5B1%5D%20%7D"},
        {"$ {{ .a }}", ENCODE_FORM, ENCODE_FORM, "%24+x%2Fy+z"},
        {"v {{ .lines }}", ENCODE_HEADER, ENCODE_HEADER, "v a  b c"},
        {"{{ $headers.h }}", ENCODE_HEADER, ENCODE_HEADER, "a  X: b"},
        {"a \"b\" {{ .q }}", ENCODE_JSON_STRING, ENCODE_JSON_STRING, "a \\\"b\\\" \\\"\xC3\xA9\\n"},
        {"{{ .q }}", ENCODE_JSON_STRING, ENCODE_JSON, "\"\\\"\\u00e9\\n\""},
        {"{{ .n }}", ENCODE_JSON_STRING, ENCODE_JSON, "41.10"},
        {"{{ .nil }}", ENCODE_JSON_STRING, ENCODE_JSON, "null"},
        {"{{ $topic }}", ENCODE_JSON_STRING, ENCODE_JSON, "\"orders\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct template_style style = {rows[i].literals, rows[i].values, "here"};
        const char *result = render(slice_of(rows[i].text), style);
        if (strcmp(result, rows[i].result) != 0)
            fail_msg("%s gives %s, not %s", rows[i].text, result, rows[i].result);
    }
}

static void finds_where_an_expression_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *result;
    } rows[] = {
        {"{{ .[\"}}\"] }}!", "braces!"},
        {"{{ \"{{\" }}", "{{"},
        {"{{ \"}}\" }}", "}}"},
        {"{{ \"\\\"}}\" }}", "\"}}"},
        {"}} { } {", "}} { } {"},
        {"{{ .n }}}}", "41.10}}"},
        {"{{{ .n }}", "! here: {{ without its }}"},
        {"a {{ .n", "! here: {{ without its }}"},
        {"a {{ .n }", "! here: {{ without its }}"},
        {"a {{ \"}}", "! here: {{ without its }}"},
        {"{{", "! here: {{ without its }}"},
        {"{{}}", "! here: an expression with nothing in it: {{}}"},
        {"{{ {a: {b: 1}} }}",
         "! here: only jq can say this, and it isn't there: {{ {a: {b: 1}} }}"},
        {"{{ \"\\(.a[\"}}\"])\" }}",
         "! here: only jq can say this, and it isn't there: {{ \"\\(.a[\"}}\"])\" }}"},
        {"{{ .a | startswith(\"x\") }}", "true"},
        {"{{ .gone }}", "! here: missing field .gone"},
        {"{{ .gone // \"x\" }}", "x"},
    };
    struct template_style style = {ENCODE_NOTHING, ENCODE_NOTHING, "here"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *result = render(slice_of(rows[i].text), style);
        if (strcmp(result, rows[i].result) != 0)
            fail_msg("%s gives %s, not %s", rows[i].text, result, rows[i].result);
    }
}

static void folds_constants_into_the_text_around_them(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct problems problems = {0};
    struct template_builder builder = {.arena = &arena, .problems = &problems};
    struct template_style style = {ENCODE_NOTHING, ENCODE_URI, "here"};
    struct text text = {.data = "a{{ \"/\" }}b{{ null // 1 }}", .size = 26};
    template_add_text(&builder, &text, &style);
    struct template template = template_build(&builder);
    assert_true(template_is_constant(&template));
    assert_int_equal(template.count, 1);
    assert_true(slice_is(template.parts[0].literal, "a%2Fb1"));
    arena_finish(&arena);
}

static void shows_nothing_of_a_secret_in_a_problem(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct problems problems = {0};
    struct template_builder builder = {.arena = &arena, .problems = &problems};
    struct template_style style = {ENCODE_NOTHING, ENCODE_URI, "here"};
    const struct text_secret secrets[] = {{NULL, SLICE("p{{ssw0rd}}")}};
    struct text text = {.data = "p{{ssw0rd}}{{ $nope }}", .size = 22, .secrets = secrets};
    template_add_text(&builder, &text, &style);
    template_build(&builder);
    assert_int_equal(problems.count, 2);
    assert_string_equal(problems.items[0].message,
                        "here: an expression with a secret in it is wrong");
    assert_string_equal(problems.items[1].message,
                        "here: only jq can say this, and it isn't there: {{ $nope }}");
    problems_finish(&problems);
    arena_finish(&arena);
}

static void tells_a_single_expression(void **state)
{
    (void)state;
    assert_true(template_is_one_expression(SLICE("{{ .a }}")));
    assert_true(template_is_one_expression(SLICE("{{.[\"}}\"]}}")));
    assert_false(template_is_one_expression(SLICE("{{ .a }}{{ .b }}")));
    assert_false(template_is_one_expression(SLICE(" {{ .a }}")));
    assert_false(template_is_one_expression(SLICE("{{ .a }} ")));
    assert_false(template_is_one_expression(SLICE("{{ .a")));
    assert_false(template_is_one_expression(SLICE("{{")));
    assert_false(template_is_one_expression(SLICE("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_values_as_their_place_needs),
        cmocka_unit_test(finds_where_an_expression_ends),
        cmocka_unit_test(folds_constants_into_the_text_around_them),
        cmocka_unit_test(shows_nothing_of_a_secret_in_a_problem),
        cmocka_unit_test(tells_a_single_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
