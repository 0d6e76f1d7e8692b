#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

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

static const struct yaml_node *read_bytes(struct fixture *fixture, struct slice bytes)
{
    return yaml_read_bytes(&fixture->arena, "a.yaml", bytes, &fixture->problems);
}

static void check_place(const struct place at, unsigned line, unsigned column)
{
    assert_string_equal(at.file, "a.yaml");
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

static void remembers_where_each_value_is_written(void **state)
{
    const struct yaml_node *root = read_bytes(*state, SLICE("name: orders\n"
                                                            "delivery:\n"
                                                            "  timeout: 5s # a comment\n"
                                                            "  é: [1, \"zwei\",\n"
                                                            "      {a: b}]\n"));
    assert_non_null(root);
    assert_int_equal(root->type, YAML_MAPPING);
    assert_int_equal(root->count, 2);
    check_place(root->at, 1, 1);
    check_place(root->keys[1].at, 2, 1);
    check_place(root->items[0]->at, 1, 7);
    const struct yaml_node *delivery = yaml_find(root, "delivery");
    check_place(delivery->at, 3, 3);
    check_place(yaml_find(delivery, "timeout")->at, 3, 12);
    const struct yaml_node *list = yaml_find(delivery, "é");
    check_place(list->at, 4, 6); /* in characters */
    check_place(list->items[1]->at, 4, 10);
    assert_true(list->items[1]->quoted);
    assert_false(list->items[0]->quoted);
    check_place(yaml_find(list->items[2], "a")->at, 5, 11);
    assert_int_equal(root->weight, 9);
}

static void check_text_place(const struct yaml_node *node, size_t offset, unsigned line,
                             unsigned column)
{
    check_place(text_place(&node->text, offset), line, column);
}

static void knows_where_in_a_text_a_byte_is_written(void **state)
{
    const struct yaml_node *root = read_bytes(*state, SLICE("plain: say x\n"
                                                            "quoted: \"\xC3\xA9 x\"\n"
                                                            "escaped: \"\\u00e9 x\"\n"
                                                            "block: |  # as it is\n"
                                                            "    first\n"
                                                            "      \xC3\xA9 x\n"
                                                            "list:\n"
                                                            "  - |2-\n"
                                                            "\n"
                                                            "      x\n"
                                                            "     y\n"
                                                            "folded: >\n"
                                                            "  a\n"
                                                            "empty: |\n"
                                                            "end: |\n"
                                                            "  z"));
    assert_non_null(root);
    check_text_place(yaml_find(root, "plain"), 4, 1, 12);
    check_text_place(yaml_find(root, "quoted"), 3, 2, 12);
    check_text_place(yaml_find(root, "escaped"), 3, 3, 10);
    check_text_place(yaml_find(root, "block"), 0, 5, 5);
    check_text_place(yaml_find(root, "block"), 6, 6, 5);
    check_text_place(yaml_find(root, "block"), 11, 6, 9);
    const struct yaml_node *item = yaml_find(root, "list")->items[0];
    assert_string_equal(item->text.data, "\n  x\n y");
    check_text_place(item, 3, 10, 7);
    check_text_place(item, 6, 11, 6);
    check_text_place(yaml_find(root, "folded"), 0, 12, 9);
    check_text_place(yaml_find(root, "empty"), 0, 14, 8);
    check_text_place(yaml_find(root, "end"), 0, 16, 3);
}

static void takes_an_empty_file_for_a_null(void **state)
{
    static const char *const texts[] = {"", "\n", "# nothing\n", "---\n", "---\n...\n"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct yaml_node *root = read_bytes(*state, slice_of(texts[i]));
        assert_non_null(root);
        assert_true(yaml_is_null(root));
    }
}

static void resolves_anchors_and_merge_keys(void **state)
{
    const struct yaml_node *root = read_bytes(*state, SLICE("base: &base {a: 1, b: 2}\n"
                                                            "more: &more {b: 3, c: 4}\n"
                                                            "same: *base\n"
                                                            "one: {<<: *base, b: 9}\n"
                                                            "two: {b: 9, <<: [*more, *base]}\n"
                                                            "text: {\"<<\": 1}\n"));
    struct fixture *fixture = *state;
    assert_int_equal(fixture->problems.count, 0);
    assert_ptr_equal(yaml_find(root, "same"), yaml_find(root, "base"));
    const struct yaml_node *one = yaml_find(root, "one");
    assert_int_equal(one->count, 2);
    assert_string_equal(yaml_find(one, "b")->text.data, "9");
    assert_string_equal(yaml_find(one, "a")->text.data, "1");
    const struct yaml_node *two = yaml_find(root, "two");
    assert_int_equal(two->count, 3);
    assert_string_equal(yaml_find(two, "b")->text.data, "9");
    assert_string_equal(yaml_find(two, "c")->text.data, "4");
    assert_string_equal(yaml_find(yaml_find(root, "text"), "<<")->text.data, "1");
}

static void notes_what_leaves_the_tree_whole(void **state)
{
    static const struct {
        const char *text;
        const char *message;
        unsigned line;
        unsigned column;
    } rows[] = {
        {"a: 1\nb: 2\na: 3\n", "a is given twice, first in line 1", 3, 1},
        {"{a: 1, 'a': 3}", "a is given twice, first in line 1", 1, 8},
        {"a: &x {b: 1}\nc: {<<: *x, <<: *x}\n", "<< is given twice, first in line 1", 2, 13},
        {"a: *nowhere\n",
         "this alias has no anchor before it; a text that begins with * needs quotes", 1, 4},
        {"a: &x [*x]\n",
         "this alias has no anchor before it; a text that begins with * needs quotes", 1, 8},
        {"<<: 5\n", "<<: a mapping, or a list of mappings, is needed", 1, 5},
        {"<<: [5]\n", "<<: a mapping, or a list of mappings, is needed", 1, 6},
        {"? [a, b]\n: c\n", "a key must be a text; a value that begins with {, [ or * needs quotes",
         1, 3},
        {"url: {{ .x }}\n", "a key must be a text; a value that begins with {, [ or * needs quotes",
         1, 7},
        {"&x a: b\n", "a key can't have an anchor", 1, 1},
        {"a: !!str 5\n", "tags such as !!str are not supported; quote what is a text", 1, 4},
        {"a: !secret s3cret\n", "tags such as !name are not supported; quote what is a text", 1, 4},
        {"!!map {a: b}\n", "tags such as !!str are not supported; quote what is a text", 1, 1},
        {"!x [a]\n", "tags such as !name are not supported; quote what is a text", 1, 1},
        {"a: \"b\\0c\"\n", "a NUL character can't stand here", 1, 4},
        {"a: ${env:GRAPNEL_TEST_MISSING}\n", "environment variable GRAPNEL_TEST_MISSING is not set",
         1, 4},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        problems_finish(&fixture->problems);
        assert_non_null(read_bytes(fixture, slice_of(rows[i].text)));
        assert_int_equal(fixture->problems.count, 1);
        assert_string_equal(fixture->problems.items[0].message, rows[i].message);
        check_place(fixture->problems.items[0].at, rows[i].line, rows[i].column);
    }
}

static void refuses_what_is_no_yaml_with_its_place(void **state)
{
    static const struct {
        struct slice bytes;
        const char *message;
        unsigned line;
        unsigned column;
    } rows[] = {
        {{"a: b\n c: d\n", 11}, "no YAML: mapping values are not allowed in this context", 2, 3},
        {{"a: [1, 2\n", 9},
         "no YAML: did not find expected ',' or ']' while parsing a flow sequence",
         2,
         1},
        {{"a: 'b\n", 6},
         "no YAML: found unexpected end of stream while scanning a quoted scalar",
         2,
         1},
        {{"\ta: b\n", 6},
         "no YAML: found character that cannot start any token while scanning for the next token",
         1,
         1},
        {{"[ a: ${env:X} ]\n", 16},
         "no YAML: did not find expected ',' or ']' while parsing a flow sequence (a text with ${ "
         "or {{ in it needs quotes here)",
         1,
         7},
        {{"a: b\nc: \x80\n", 10}, "no YAML: invalid leading UTF-8 octet", 2, 4},
        {{"a: \x01\n", 5}, "no YAML: control characters are not allowed", 1, 4},
        {{"a: 1\n---\nb: 2\n", 14}, "a second document begins here; a file has one", 2, 1},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        problems_finish(&fixture->problems);
        assert_null(read_bytes(fixture, rows[i].bytes));
        assert_int_equal(fixture->problems.count, 1);
        assert_string_equal(fixture->problems.items[0].message, rows[i].message);
        check_place(fixture->problems.items[0].at, rows[i].line, rows[i].column);
    }
}

static void check_limit(struct fixture *fixture, struct buffer *text, const char *message)
{
    problems_finish(&fixture->problems);
    assert_null(read_bytes(fixture, buffer_slice(text)));
    assert_int_equal(fixture->problems.count, 1);
    assert_string_equal(fixture->problems.items[0].message, message);
    buffer_finish(text);
}

static void bounds_depth_keys_and_what_aliases_unfold_to(void **state)
{
    struct buffer text = {0};
    for (unsigned i = 0; i < YAML_DEPTH_MAX; i++)
        buffer_add_char(&text, '[');
    for (unsigned i = 0; i < YAML_DEPTH_MAX; i++)
        buffer_add_char(&text, ']');
    assert_non_null(read_bytes(*state, buffer_slice(&text)));
    buffer_clear(&text);
    for (unsigned i = 0; i < 100000; i++)
        buffer_add_char(&text, '[');
    check_limit(*state, &text, "values are nested too deeply");

    for (unsigned i = 0; i < YAML_KEYS_MAX + 1; i++)
        buffer_print(&text, "k%u: 1\n", i);
    check_limit(*state, &text, "the mapping has too many keys");

    buffer_add_text(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (unsigned i = 1; i < 12; i++) {
        buffer_print(&text, "a%u: &a%u [", i, i);
        for (unsigned j = 0; j < 10; j++)
            buffer_print(&text, "%s*a%u", j ? ", " : "", i - 1);
        buffer_add_text(&text, "]\n");
    }
    check_limit(*state, &text, "the file has too many values");

    for (unsigned i = 0; i < 1001; i++)
        buffer_print(&text, "- &a%u x\n", i);
    check_limit(*state, &text, "the file has too many anchors");
}

static void says_why_a_file_cant_be_read(void **state)
{
    struct fixture *fixture = *state;
    assert_null(yaml_read_file(&fixture->arena, "/nowhere/a.yaml", &fixture->problems));
    assert_null(yaml_read_file(&fixture->arena, "/tmp", &fixture->problems));
    assert_int_equal(fixture->problems.count, 2);
    assert_string_equal(fixture->problems.items[0].message,
                        "can't be read: No such file or directory");
    assert_string_equal(fixture->problems.items[1].message, "can't be read: Is a directory");
    assert_int_equal(fixture->problems.items[0].at.line, 0);
    assert_null(yaml_read_file(&fixture->arena, "/dev/zero", &fixture->problems));
    assert_string_equal(fixture->problems.items[2].message, "can't be read: File too large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(remembers_where_each_value_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(knows_where_in_a_text_a_byte_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_an_empty_file_for_a_null, set_up, tear_down),
        cmocka_unit_test_setup_teardown(resolves_anchors_and_merge_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notes_what_leaves_the_tree_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_yaml_with_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_depth_keys_and_what_aliases_unfold_to, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(says_why_a_file_cant_be_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
