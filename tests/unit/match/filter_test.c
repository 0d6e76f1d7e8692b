#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "jq/jq.h"
#include "match/filter.h"

static struct jq *jq;

static const struct record_header headers[] = {{SLICE_INIT("tier"), SLICE_INIT("gold")}};

static const struct record order = {
    .topic = "orders",
    .value = SLICE_INIT("{\"type\":\"order.created\",\"data\":{\"amount\":100.01,\"big\":"
                        "12345678901234567890,\"tags\":[\"new\",\"web\"],\"nil\":null},\"no\":"
                        "false}"),
    .headers = headers,
    .header_count = COUNT_OF(headers),
};

static const struct text *text_of(const char *program)
{
    static struct text text;
    text = (struct text){
        .data = program, .size = strlen(program), .at = {"a.yaml", 7, 13}, .column = 13};
    return &text;
}

/* "yes", why not, or "! " with the reason and the error. */
static const char *verdict(const char *program, const struct record *record, enum format format)
{
    static struct buffer out;
    struct problems problems = {0};
    struct event ev = {0};
    struct error err = {0};
    bool wants = false;
    struct filter *filter = filter_create(text_of(program), jq, &problems);
    struct filter_run run = {.jq = jq, .why_not = &out};
    if (!filter)
        fail_msg("%s: %s", program, problems.items[0].message);
    buffer_clear(&out);
    assert_true(event_decode(record, format, &ev, &err));
    if (!filter_wants(filter, &ev, &run, &wants, &err))
        buffer_print(&out, "! %s: %s", error_name(err.kind), err.text);
    else if (wants)
        buffer_add_text(&out, "yes");
    filter_destroy(filter);
    buffer_finish(&run.scratch);
    event_finish(&ev);
    return buffer_text(&out);
}

static void wants_what_is_neither_false_nor_null(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        const char *verdict;
    } rows[] = {
        {".data.amount > 100", "yes"},
        {".data.amount > 101", "a.yaml:7:13: filter: .data.amount > 101 is false"},
        {" .no ", "a.yaml:7:13: filter: .no is false"},
        {".data.nil", "a.yaml:7:13: filter: .data.nil is null"},
        {".gone", "a.yaml:7:13: filter: .gone is null"},
        {".data", "yes"},
        {"0", "yes"},
        {"\"\"", "yes"},
        {".data.big == 12345678901234567890", "yes"},
        {".data.big == 12345678901234567891",
         "a.yaml:7:13: filter: .data.big == 12345678901234567891 is false"},
        {".type | startswith(\"order.\")", "yes"},
        {".data.tags | any(. == \"web\")", "yes"},
        {".data.tags | index(\"web\")", "yes"},
        {".data.tags | index(\"x\")", "a.yaml:7:13: filter: .data.tags | index(\"x\") is null"},
        {"select(.data.amount > 1)", "yes"},
        {"select(.data.amount < 1)", "a.yaml:7:13: filter: select(.data.amount < 1) has no result"},
        {".data.tags[] | select(. == \"x\")",
         "a.yaml:7:13: filter: .data.tags[] | select(. == \"x\") has no result"},
        {".data.tags[] == \"web\"", "a.yaml:7:13: filter: .data.tags[] == \"web\" is false"},
        {"$headers.tier == \"gold\" and $topic == \"orders\"", "yes"},
        {".type | test(1)", "! filter: filter: jq: number not a string or array"},
        {".data.amount | startswith(\"1\")",
         "! filter: filter: startswith(\"1\"): it needs strings"},
        {".type.x", "! filter: filter: .type.x: cannot index string with \"x\""},
        {"last(range(1e12))", "! filter: filter: jq: it takes more than 100 ms"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *found = verdict(rows[i].program, &order, FORMAT_AUTO);
        if (strcmp(found, rows[i].verdict) != 0)
            fail_msg("%s: %s", rows[i].program, found);
    }
}

static void sees_text_bytes_and_tombstones(void **state)
{
    (void)state;
    const struct record text = {.topic = "t", .value = SLICE("GET /a"), .key = SLICE("k")};
    const struct record tombstone = {.topic = "t", .key = SLICE("k")};
    assert_string_equal(verdict("startswith(\"GET \")", &text, FORMAT_TEXT), "yes");
    assert_string_equal(verdict(". == \"R0VUIC9h\"", &text, FORMAT_BINARY), "yes");
    assert_string_equal(verdict(". == null and $key == \"k\"", &tombstone, FORMAT_AUTO), "yes");
    assert_string_equal(verdict(".a", &tombstone, FORMAT_AUTO), "a.yaml:7:13: filter: .a is null");
}

static void says_what_is_wrong_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        unsigned column;
        const char *message;
    } rows[] = {
        {"", 13, "filter: an expression with nothing in it"},
        {".a >", 16, "filter: jq: syntax error: it ends too early"},
        {".a | foo(1)", 18, "filter: jq: foo/1 is not defined"},
        {".a | env", 18, "filter: jq: env is refused: a program sees the event and nothing else"},
        {".a == $id", 13, "filter: there is no $id yet; the position is $topic $partition $offset"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct problems problems = {0};
        assert_null(filter_create(text_of(rows[i].program), jq, &problems));
        assert_int_equal(problems.count, 1);
        assert_string_equal(problems.items[0].message, rows[i].message);
        assert_int_equal(problems.items[0].at.line, 7);
        assert_int_equal(problems.items[0].at.column, rows[i].column);
        problems_finish(&problems);
    }
}

static void shows_no_secret(void **state)
{
    (void)state;
    const struct text_secret secrets[] = {{NULL, SLICE("hush")}};
    struct problems problems = {0};
    struct buffer why_not = {0};
    struct event ev = {0};
    struct filter_run run = {.jq = jq, .why_not = &why_not};
    struct text text = *text_of(".type == \"hush\"");
    text.secrets = secrets;
    struct filter *filter = filter_create(&text, jq, &problems);
    bool wants = true;
    assert_non_null(filter);
    assert_true(event_decode(&order, FORMAT_AUTO, &ev, NULL));
    assert_true(filter_wants(filter, &ev, &run, &wants, NULL));
    assert_false(wants);
    assert_string_equal(buffer_text(&why_not), "a.yaml:7:13: filter: it is false");
    filter_destroy(filter);
    text = *text_of(".type == hush");
    text.secrets = secrets;
    assert_null(filter_create(&text, jq, &problems));
    assert_string_equal(problems.items[0].message,
                        "filter: the program, with a secret in it, is wrong");
    problems_finish(&problems);
    buffer_finish(&why_not);
    buffer_finish(&run.scratch);
    event_finish(&ev);
}

static void wants_all_where_there_is_none(void **state)
{
    (void)state;
    struct event ev = {0};
    struct filter_run run = {.jq = NULL};
    bool wants = false;
    assert_true(event_decode(&order, FORMAT_AUTO, &ev, NULL));
    assert_true(filter_wants(NULL, &ev, &run, &wants, NULL));
    assert_true(wants);
    event_finish(&ev);
}

/* That there is no jq just now is not the event's fault. */
static void tells_a_failing_filter_from_one_that_cant_be_asked(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct event ev = {0};
    struct error err = {0};
    bool wants = false;
    struct filter *filter = filter_create(text_of("[.] | length > 0"), jq, &problems);
    struct filter_run run = {.jq = NULL};
    assert_true(event_decode(&order, FORMAT_AUTO, &ev, NULL));
    assert_false(filter_wants(filter, &ev, &run, &wants, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    filter_destroy(filter);
    buffer_finish(&run.scratch);
    event_finish(&ev);
}

static int create_jq(void **state)
{
    (void)state;
    jq = jq_create();
    return jq ? 0 : -1;
}

static int destroy_jq(void **state)
{
    (void)state;
    jq_destroy(jq);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_what_is_neither_false_nor_null),
        cmocka_unit_test(sees_text_bytes_and_tombstones),
        cmocka_unit_test(says_what_is_wrong_at_its_place),
        cmocka_unit_test(shows_no_secret),
        cmocka_unit_test(wants_all_where_there_is_none),
        cmocka_unit_test(tells_a_failing_filter_from_one_that_cant_be_asked),
    };
    return cmocka_run_group_tests(tests, create_jq, destroy_jq);
}
