#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "config/yaml.h"

struct fixture {
    struct arena arena;
    struct problems problems;
};

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_finish(&fixture->arena);
    problems_finish(&fixture->problems);
    free(fixture);
    return 0;
}

static const struct yaml_node *read_text(struct fixture *fixture, const char *text)
{
    const struct yaml_node *node =
        yaml_read_bytes(&fixture->arena, "a.yaml", slice_of(text), &fixture->problems);
    assert_non_null(node);
    assert_int_equal(fixture->problems.count, 0);
    return node;
}

static void knows_the_kinds_of_the_core_schema(void **state)
{
    static const struct {
        const char *text;
        enum yaml_kind kind;
        const char *json; /* NULL: none */
    } rows[] = {
        {"null", YAML_NULL, "null"},
        {"Null", YAML_NULL, "null"},
        {"NULL", YAML_NULL, "null"},
        {"~", YAML_NULL, "null"},
        {"", YAML_NULL, "null"},
        {"nUll", YAML_STRING, NULL},
        {"true", YAML_BOOL, "true"},
        {"True", YAML_BOOL, "true"},
        {"TRUE", YAML_BOOL, "true"},
        {"false", YAML_BOOL, "false"},
        {"False", YAML_BOOL, "false"},
        {"yes", YAML_STRING, NULL},
        {"off", YAML_STRING, NULL},
        {"0", YAML_INT, "0"},
        {"1", YAML_INT, "1"},
        {"-12", YAML_INT, "-12"},
        {"+12", YAML_INT, "12"},
        {"-0", YAML_INT, "-0"},
        {"007", YAML_INT, "7"},
        {"00", YAML_INT, "0"},
        {"12345678901234567890123", YAML_INT, "12345678901234567890123"},
        {"0x1F", YAML_INT, "31"},
        {"0o17", YAML_INT, "15"},
        {"0xFFFFFFFFFFFFFFFF", YAML_INT, "18446744073709551615"},
        {"0x10000000000000000", YAML_INT, NULL},
        {"0x", YAML_STRING, NULL},
        {"0o8", YAML_STRING, NULL},
        {"-0x1", YAML_STRING, NULL},
        {"1_000", YAML_STRING, NULL},
        {"41.10", YAML_FLOAT, "41.10"},
        {"-41.10", YAML_FLOAT, "-41.10"},
        {".5", YAML_FLOAT, "0.5"},
        {"-.5", YAML_FLOAT, "-0.5"},
        {"5.", YAML_FLOAT, "5"},
        {"05.50", YAML_FLOAT, "5.50"},
        {"1e3", YAML_FLOAT, "1e3"},
        {"1.e3", YAML_FLOAT, "1e3"},
        {"+1.5E-3", YAML_FLOAT, "1.5E-3"},
        {"1e", YAML_STRING, NULL},
        {"1e+", YAML_STRING, NULL},
        {".", YAML_STRING, NULL},
        {"+", YAML_STRING, NULL},
        {"1.2.3", YAML_STRING, NULL},
        {".inf", YAML_FLOAT, NULL},
        {"-.Inf", YAML_FLOAT, NULL},
        {".NaN", YAML_FLOAT, NULL},
        {"-.nan", YAML_STRING, NULL},
        {"2026-11-23", YAML_STRING, NULL},
        {"5s", YAML_STRING, NULL},
        {"text", YAML_STRING, NULL},
        {"'1'", YAML_STRING, NULL},
        {"\"true\"", YAML_STRING, NULL},
        {"\"\"", YAML_STRING, NULL},
        {"|-\n  1", YAML_STRING, NULL},
        {">-\n  null", YAML_STRING, NULL},
        {"[]", YAML_STRING, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct yaml_node *node = read_text(*state, rows[i].text);
        struct buffer json = {0};
        assert_int_equal(yaml_kind(node), rows[i].kind);
        assert_int_equal(yaml_is_null(node), rows[i].kind == YAML_NULL);
        assert_int_equal(yaml_add_json(node, &json), rows[i].json != NULL);
        assert_string_equal(buffer_text(&json), rows[i].json ? rows[i].json : "");
        buffer_finish(&json);
    }
}

static void takes_what_a_variable_holds_for_a_string(void **state)
{
    assert_int_equal(setenv("GRAPNEL_TEST_NULL", "null", 1), 0);
    const struct yaml_node *node = read_text(*state, "${env:GRAPNEL_TEST_NULL}");
    assert_int_equal(yaml_kind(node), YAML_STRING);
    assert_true(node->text.secret);
    assert_string_equal(node->text.data, "null");
    assert_string_equal(node->written, "${env:GRAPNEL_TEST_NULL}");
}

static void finds_a_key(void **state)
{
    const struct yaml_node *node = read_text(*state, "a: 1\nb: [x]\n");
    assert_string_equal(yaml_find(node, "a")->text.data, "1");
    assert_int_equal(yaml_find(node, "b")->type, YAML_SEQUENCE);
    assert_null(yaml_find(node, "c"));
    assert_null(yaml_find(yaml_find(node, "b"), "a"));
    assert_null(yaml_find(NULL, "a"));
}

/* The tree in YAML's flow style, as far as tests need it. */
static void write_flow(const struct yaml_node *node, struct buffer *buf)
{
    if (node->type == YAML_SCALAR) {
        buffer_add_slice(buf, text_slice(&node->text));
        return;
    }
    buffer_add_char(buf, node->type == YAML_MAPPING ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        if (i)
            buffer_add_char(buf, ' ');
        if (node->type == YAML_MAPPING)
            buffer_print(buf, "%s:", node->keys[i].data);
        write_flow(node->items[i], buf);
    }
    buffer_add_char(buf, node->type == YAML_MAPPING ? '}' : ']');
}

static void merges_mappings_and_replaces_all_else(void **state)
{
    static const struct {
        const char *under;
        const char *over;
        const char *merged;
    } rows[] = {
        {"{a: 1}", "{b: 2}", "{a:1 b:2}"},
        {"{a: 1, b: 2}", "{b: 3, c: 4}", "{a:1 b:3 c:4}"},
        {"{a: {x: 1, y: 2}}", "{a: {y: 3}}", "{a:{x:1 y:3}}"},
        {"{a: [1, 2]}", "{a: [3]}", "{a:[3]}"},
        {"{a: {x: 1}}", "{a: null}", "{a:null}"},
        {"{a: {x: 1}}", "{a: 5}", "{a:5}"},
        {"{a: 5}", "{a: {x: 1}}", "{a:{x:1}}"},
        {"{r: {body: {json: {x: 1}}, m: 1}}", "{r: {body: {form: {y: 2}}}}",
         "{r:{body:{form:{y:2}} m:1}}"},
        {"{a: {b: {c: {d: 1}}}}", "{a: {b: {c: {e: 2}}}}", "{a:{b:{c:{d:1 e:2}}}}"},
        {"{}", "{a: 1}", "{a:1}"},
        {"{a: 1}", "{}", "{a:1}"},
        {"{a: 1}", "text", "text"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct yaml_node *merged =
            yaml_merge(&fixture->arena, read_text(fixture, rows[i].under),
                       read_text(fixture, rows[i].over), "body");
        struct buffer flow = {0};
        write_flow(merged, &flow);
        assert_string_equal(buffer_text(&flow), rows[i].merged);
        buffer_finish(&flow);
    }
    const struct yaml_node *node = read_text(fixture, "a");
    assert_ptr_equal(yaml_merge(&fixture->arena, NULL, node, ""), node);
    assert_ptr_equal(yaml_merge(&fixture->arena, node, NULL, ""), node);
}

static void keeps_the_places_when_it_merges(void **state)
{
    struct fixture *fixture = *state;
    const struct yaml_node *under = read_text(fixture, "\n\na: 1\nb: 2\n");
    const struct yaml_node *over = read_text(fixture, "b: 3\n");
    const struct yaml_node *merged = yaml_merge(&fixture->arena, under, over, "");
    assert_int_equal(merged->at.line, 1);
    assert_int_equal(yaml_find(merged, "a")->at.line, 3);
    assert_int_equal(yaml_find(merged, "b")->at.line, 1);
    assert_int_equal(merged->keys[1].at.line, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_the_kinds_of_the_core_schema, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_what_a_variable_holds_for_a_string, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(finds_a_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(merges_mappings_and_replaces_all_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_the_places_when_it_merges, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
