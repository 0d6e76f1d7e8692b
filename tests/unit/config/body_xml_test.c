#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "config/subscription.h"
#include "config/schema.h"

#define BASE "name: s\ntopics: [t]\nrequest:\n  url: https://h/\n  body: { xml: "

static void read_tree(const char *tree, struct arena *arena, struct problems *problems)
{
    struct schema_reader reader;
    struct subscription sub;
    const char *text = arena_print(arena, BASE "%s }\n", tree);
    const struct yaml_node *node = yaml_read_bytes(arena, "s.yaml", slice_of(text), problems);
    assert_non_null(node);
    schema_reader_init(&reader, &subscription_schema, arena, problems);
    subscription_read(&reader, NULL, node, &sub);
}

static void takes_what_is_a_document(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{ a: }",
        "{ a: b }",
        "{ a: { \"@b\": c, \"#text\": d, e: [1, { f: g }, []] } }",
        "{ \"n:a\": { \"@xmlns:n\": \"urn:x\", \"n:b\": { \"@n:c\": 1, \"@xml:lang\": en } } }",
        "{ a: { \"@xmlns\": \"urn:x\", b: { \"@xmlns\": \"\" } } }",
        "{ a: { b: [{ \"n:c\": 1, \"@xmlns:n\": \"urn:x\" }] } }",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct problems problems = {0};
        read_tree(rows[i], &arena, &problems);
        if (problems.count)
            fail_msg("%s: %s", rows[i], problems.items[0].message);
        problems_finish(&problems);
        arena_finish(&arena);
    }
}

static void says_where_it_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *tree;
        unsigned column;
        const char *message;
    } rows[] = {
        {"x", 16, "xml: a mapping with one key, the root, is needed, not \"x\""},
        {"[]", 16, "xml: a mapping with one key, the root, is needed, not a list"},
        {"{}", 16, "xml: a mapping with one key, the root, is needed, not none"},
        {"{ a: 1, b: 2 }", 16, "xml: a mapping with one key, the root, is needed, not several"},
        {"{ a: [1] }", 21, "xml: the root is one element, not a list"},
        {"{ a b: 1 }", 18, "xml: \"a b\" can't be the name of an element"},
        {"{ \"@a\": 1 }", 18, "xml: \"@a\" can't be the name of an element"},
        {"{ \"#text\": 1 }", 18, "xml: \"#text\" can't be the name of an element"},
        {"{ a: { 1st: 1 } }", 23, "xml: \"1st\" can't be the name of an element"},
        {"{ a: { \"b>\": [] , c: { d&: 1 } } }", 39, "xml: \"d&\" can't be the name of an element"},
        {"{ a: { \"@\": 1 } }", 23, "xml: \"\" can't be the name of an attribute"},
        {"{ a: { \"@b c\": 1 } }", 23, "xml: \"b c\" can't be the name of an attribute"},
        {"{ a: { \"@b\": [1] } }", 29, "xml: @b: a text is needed, not a list"},
        {"{ a: { \"#text\": {} } }", 32, "xml: #text: a text is needed, not a mapping"},
        {"{ \"n:a\": 1 }", 18,
         "xml: the prefix of n:a is declared nowhere: an element around it needs \"@xmlns:n\""},
        {"{ a: { \"@n:b\": 1 } }", 23,
         "xml: the prefix of n:b is declared nowhere: an element around it needs \"@xmlns:n\""},
        {"{ a: { b: { \"@xmlns:n\": u }, \"n:c\": 1 } }", 45,
         "xml: the prefix of n:c is declared nowhere: an element around it needs \"@xmlns:n\""},
        {"{ \"a:b:c\": 1 }", 18, "xml: \"a:b:c\" can't be the name of an element"},
        {"{ \":a\": 1 }", 18, "xml: \":a\" can't be the name of an element"},
        {"{ a: { \"@xmlns\": \"{{ .x }}\" } }", 33, "xml: a namespace must be constant"},
        {"{ a: { \"@xmlns:n\": \"\" } }", 35, "xml: this can't be a namespace"},
        {"{ a: { \"@xmlns\": \"http://www.w3.org/2000/xmlns/\" } }", 33,
         "xml: this can't be a namespace"},
        {"{ a: { \"@xmlns:xml\": u } }", 23, "xml: the prefix xml can't be declared"},
        {"{ a: { \"@xmlns:1\": u } }", 23, "xml: the prefix 1 can't be declared"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct problems problems = {0};
        read_tree(rows[i].tree, &arena, &problems);
        if (problems.count != 1)
            fail_msg("%s: %zu problems", rows[i].tree, problems.count);
        assert_string_equal(problems.items[0].message, rows[i].message);
        assert_int_equal(problems.items[0].at.line, 5);
        assert_int_equal(problems.items[0].at.column, rows[i].column);
        problems_finish(&problems);
        arena_finish(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_a_document),
        cmocka_unit_test(says_where_it_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
