#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

#include "config/settings.h"
#include "config/subscription.h"

enum color { RED, GREEN, BLUE };

struct box {
    struct text label;
    enum color color;
    bool open;
    unsigned items;
    int64_t wait_ms;
    size_t bytes;
    unsigned share;
    struct texts tags;
    struct named_texts notes;
    struct text secret;
};

#define SCHEMA_STRUCT struct box
#include "config/schema_rows.h"

static const struct schema_row rows[] = {
    /* clang-format off */
    KEY(label, text, label, NULL, NULL, NULL, true, "The label.")
    CHOICE(color, choice, color, "green", "red|green|!blue", true, "The color.")
    CHOICE(lid, choice, open, "shut", "shut|open", true, "The lid.")
    FIXED(shape, "cube", "cube|!ball", true, "The shape.")
    LATER(lock, text, "null", true, "The lock.")
    LATER(stamps, any, "[]", true, "The stamps.")
    GROUP(inside, "null", true, "What is in it.")
    KEY(inside.items, count, items, "3", "1", "10", true, "How many.")
    KEY(inside.size, size, bytes, "1KiB", "1B", "1MiB", true, "How large.")
    GROUP(inside.care, "null", true, "How to treat it.")
    KEY(inside.care.wait, duration, wait_ms, "5s", "1ms", "1h", true, "How long.")
    KEY(inside.care.share, percent, share, "20%", NULL, NULL, true, "How much.")
    KEY(inside.care.by, text, label, NULL, NULL, NULL, true, "By whom.")
    KEY(tags, texts, tags, "null", NULL, NULL, true, "The tags.")
    KEY(notes, named_texts, notes, "null", NULL, NULL, true, "The notes.")
    KEY(secret, secret, secret, "null", NULL, NULL, true, "The secret.")
    /* clang-format on */
};
static const struct schema box_schema = {rows, COUNT_OF(rows)};

struct fixture {
    struct arena arena;
    struct problems problems;
    struct schema_reader reader;
    struct schema_reading reading;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    schema_reader_init(&fixture->reader, &box_schema, &fixture->arena, &fixture->problems);
    *state = fixture;
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

static struct box read_box(struct fixture *fixture, const char *text, bool partial)
{
    struct box box = {0};
    problems_finish(&fixture->problems);
    const struct yaml_node *node =
        yaml_read_bytes(&fixture->arena, "a.yaml", slice_of(text), &fixture->problems);
    assert_non_null(node);
    fixture->reading = (struct schema_reading){.partial = partial};
    schema_read(&fixture->reader, node, &box, &fixture->reading);
    problems_sort(&fixture->problems);
    return box;
}

static void fills_in_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    struct box box = read_box(fixture, "label: a", false);
    assert_int_equal(fixture->problems.count, 0);
    assert_string_equal(box.label.data, "a");
    assert_int_equal(box.color, GREEN);
    assert_false(box.open);
    assert_int_equal(box.items, 3);
    assert_int_equal(box.wait_ms, 5000);
    assert_int_equal(box.bytes, 1024);
    assert_int_equal(box.share, 20);
    assert_int_equal(box.tags.count, 0);
    assert_null(box.secret.data);
    assert_null(schema_given(&fixture->reading, "inside"));
}

static void reads_what_is_given(void **state)
{
    struct fixture *fixture = *state;
    struct box box =
        read_box(fixture,
                 "label: a\ncolor: red\nlid: open\nshape: cube\nlock: ~\nstamps: []\n"
                 "inside: {items: 10, size: 1MiB, care: {wait: 1h, share: 0%, by: b}}\n"
                 "tags: [x, 5]\nnotes: {b: 1, a: \"\", gone: null}\nsecret: s",
                 false);
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(box.color, RED);
    assert_true(box.open);
    assert_int_equal(box.items, 10);
    assert_int_equal(box.bytes, 1 << 20);
    assert_int_equal(box.wait_ms, 3600000);
    assert_int_equal(box.share, 0);
    assert_int_equal(box.tags.count, 2);
    assert_string_equal(box.tags.items[1].data, "5");
    assert_int_equal(box.notes.count, 2);
    assert_string_equal(box.notes.items[0].name.data, "b");
    assert_string_equal(box.notes.items[1].value.data, "");
    assert_string_equal(box.secret.data, "s");
    assert_int_equal(schema_given(&fixture->reading, "inside.care.wait")->at.line, 7);
}

static void takes_null_for_not_given(void **state)
{
    struct fixture *fixture = *state;
    struct box box = read_box(fixture, "label: a\ncolor: null\ninside: ~\ntags:\n", false);
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(box.color, GREEN);
    assert_int_equal(box.items, 3);
}

static void says_what_is_wrong_with_a_value(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(setenv("GRAPNEL_TEST_TOKEN", "s3cret", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_EMPTY", "", 1), 0);
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"{}", "label is missing"},
        {"[a]", "a mapping of keys and values is needed, not a list"},
        {"{label: null}", "label is missing"},
        {"{label: [a]}", "label: a text is needed, not a list"},
        {"{label: {a: b}}", "label: a text is needed, not a mapping"},
        {"{label: \"\"}", "label: it can't be empty"},
        {"label: ${env:GRAPNEL_TEST_EMPTY}",
         "label: it can't be empty, and the variable or file is"},
        {"label: ${env:GRAPNEL_TEST_MISSING}",
         "environment variable GRAPNEL_TEST_MISSING is not set"},
        {"{label: a, color: black}", "color: red, green or blue is needed, not \"black\""},
        {"{label: a, color: Red}", "color: red, green or blue is needed, not \"Red\""},
        {"{label: a, color: \"\"}", "color: red, green or blue is needed, not \"\""},
        {"{label: a, color: [red]}", "color: red, green or blue is needed, not a list"},
        {"{label: a, color: blue}", "color: blue is not supported yet"},
        {"label: a\ncolor: ${env:GRAPNEL_TEST_TOKEN}",
         "color: red, green or blue is needed, not what ${env:GRAPNEL_TEST_TOKEN} holds"},
        {"{label: a, shape: ball}", "shape: ball is not supported yet"},
        {"{label: a, shape: cone}", "shape: cube or ball is needed, not \"cone\""},
        {"{label: a, lock: x}", "lock is not supported yet"},
        {"{label: a, lock: {}}", "lock is not supported yet"},
        {"{label: a, stamps: [x]}", "stamps is not supported yet"},
        {"{label: a, stamps: {}}", "stamps is not supported yet"},
        {"{label: a, inside: 5}", "inside: a mapping of keys and values is needed, not a text"},
        {"{label: a, inside: [5]}", "inside: a mapping of keys and values is needed, not a list"},
        {"{label: a, inside: {care: {}}}", "inside.care.by is missing"},
        {"{label: a, inside: {items: 0}}", "items: it must be from 1 to 10, not \"0\""},
        {"{label: a, inside: {items: 11}}", "items: it must be from 1 to 10, not \"11\""},
        {"{label: a, inside: {items: -1}}",
         "items: a whole number such as 64 is needed, not \"-1\""},
        {"{label: a, inside: {items: 1.5}}",
         "items: a whole number such as 64 is needed, not \"1.5\""},
        {"{label: a, inside: {items: 99999999999999999999}}",
         "items: a smaller number is needed, not \"99999999999999999999\""},
        {"{label: a, inside: {items: [1]}}",
         "items: a whole number such as 64 is needed, not a list"},
        {"label: a\ninside: {items: \"${env:GRAPNEL_TEST_TOKEN}\"}",
         "items: a whole number such as 64 is needed, not what ${env:GRAPNEL_TEST_TOKEN} holds"},
        {"{label: a, inside: {size: 2MiB}}", "size: it must be from 1B to 1MiB, not \"2MiB\""},
        {"{label: a, inside: {size: 5}}",
         "size: a size such as 64KiB or 1MiB is needed, not \"5\""},
        {"{label: a, inside: {care: {by: b, wait: fast}}}",
         "wait: a duration such as 250ms, 5s or 2h is needed, not \"fast\""},
        {"{label: a, inside: {care: {by: b, wait: 0s}}}",
         "wait: it must be from 1ms to 1h, not \"0s\""},
        {"{label: a, inside: {care: {by: b, wait: {}}}}",
         "wait: a duration such as 250ms, 5s or 2h is needed, not a mapping"},
        {"{label: a, inside: {care: {by: b, share: 20}}}",
         "share: a percentage from 0% to 100% is needed, not \"20\""},
        {"{label: a, tags: x}", "tags: a list of texts is needed, not \"x\""},
        {"{label: a, tags: []}", "tags: the list is empty"},
        {"{label: a, tags: [[x]]}", "tags: a text is needed, not a list"},
        {"{label: a, notes: [x]}", "notes: a mapping of names and texts is needed, not a list"},
        {"{label: a, notes: {n: [x]}}", "notes: n: a text is needed, not a list"},
        {"{label: a, secret: [s3cret]}", "secret: a text is needed, not a list"},
        {"{label: a, secret: \"s3\\ncret\"}",
         "secret: a line break or control character can't be sent"},
        {"{label: a, tags: \"0123456789012345678901234567890123456789012345678901234567é\"}",
         "tags: a list of texts is needed, not "
         "\"0123456789012345678901234567890123456789012345678901234567é\""},
        {"{label: a, tags: \"01234567890123456789012345678901234567890123456789012345678é\"}",
         "tags: a list of texts is needed, not "
         "\"01234567890123456789012345678901234567890123456789012345678…\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        read_box(fixture, cases[i].text, false);
        assert_int_equal(fixture->problems.count, 1);
        assert_string_equal(fixture->problems.items[0].message, cases[i].message);
    }
}

static void names_the_nearest_key(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"{label: a, colour: red}", "unknown key colour; did you mean color?"},
        {"{label: a, wait: 5s}", "unknown key wait here; did you mean inside.care.wait?"},
        {"{label: a, inside.items: 5}",
         "unknown key inside.items here; did you mean inside.items?"},
        {"{label: a, inside: {label: b}}", "unknown key label here; did you mean label?"},
        {"{label: a, itms: 5}", "unknown key itms here; did you mean inside.items?"},
        {"{label: a, inside: {itms: 5}}", "unknown key itms; did you mean items?"},
        {"{label: a, inside: {xyzzy: 5}}", "unknown key xyzzy; known here: items, size, care"},
        {"{label: a, \"\": 5}", "unknown key ; known here: label, color, lid, shape, lock, "
                                "stamps, inside, tags, notes, "
                                "secret"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        read_box(fixture, cases[i].text, false);
        assert_int_equal(fixture->problems.count, 1);
        assert_string_equal(fixture->problems.items[0].message, cases[i].message);
    }
}

static void notes_every_mistake_and_reads_the_rest(void **state)
{
    struct fixture *fixture = *state;
    struct box box = read_box(fixture,
                              "colour: red\ncolor: red\nlock: x\ninside: {items: 0, size: 2KiB}\n"
                              "tags: [a, [b], c]\n",
                              false);
    assert_int_equal(fixture->problems.count, 5);
    assert_int_equal(box.color, RED);
    assert_int_equal(box.bytes, 2048);
    assert_int_equal(box.tags.count, 2);
    assert_string_equal(box.tags.items[1].data, "c");
    assert_int_equal(box.wait_ms, 5000);
}

static void wants_and_fills_in_nothing_of_a_part(void **state)
{
    struct fixture *fixture = *state;
    struct box box = read_box(fixture, "inside: {care: {wait: 7s}}", true);
    assert_int_equal(fixture->problems.count, 0);
    assert_int_equal(box.wait_ms, 7000);
    assert_int_equal(box.items, 0);
    read_box(fixture, "inside: {care: {wait: x}}", true);
    assert_int_equal(fixture->problems.count, 1);
}

/* What generators of pages and of the JSON Schema rely on. */
static void check_rows(const struct schema *schema)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct schema_row *row = &schema->rows[i];
        bool number = row->type == &schema_count || row->type == &schema_duration ||
                      row->type == &schema_size;
        bool choice = row->type == &schema_choice || row->type == &schema_word;
        assert_true(strlen(row->text) > 5);
        assert_int_equal(row->text[strlen(row->text) - 1], '.');
        assert_null(strchr(row->text, '\n'));
        assert_int_equal(choice, row->values != NULL);
        assert_true(choice || row->type->needed || row->type == &schema_any);
        if (number && !row->later) {
            assert_non_null(row->min);
            assert_non_null(row->max);
        }
        if (row->later)
            assert_non_null(row->fallback);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(row->path, schema->rows[j].path);
    }
}

static void has_tables_that_pages_can_be_made_of(void **state)
{
    (void)state;
    check_rows(&settings_schema);
    check_rows(&subscription_schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fills_in_the_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_what_is_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_null_for_not_given, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_what_is_wrong_with_a_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_the_nearest_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notes_every_mistake_and_reads_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wants_and_fills_in_nothing_of_a_part, set_up, tear_down),
        cmocka_unit_test(has_tables_that_pages_can_be_made_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
