/* Programs and events at random, evaluated here and by jq: both must say the same of each. */
#include <float.h>
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
#include "../json_test_suite.h"

#define PROGRAMS 50 /* compiled as one, since that takes jq so long */
#define EVENTS   30
#define DEPTH    4

/* As base64 two of them are more than a new buffer holds. */
#define BYTES                                                                                      \
    "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" \
    "\xFF"

static uint64_t seed = 20261126;

static unsigned below(unsigned count)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % count;
}

#define ONE_OF(list) (list)[below(COUNT_OF(list))]

/* ── events ──────────────────────────────────────────────────────────────── */

static const char *const keys[] = {"a", "b", "c", "x y", "\\u00e9", "a"};

/* What a double holds exactly, and what jq takes in a program too. */
static const char *const scalars[] = {
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "2",
    "10",
    "9",
    "1.0",
    "0.5",
    "-0",
    "1e2",
    "100",
    "-2.25",
    "9007199254740992",
    "\"\"",
    "\"a\"",
    "\"b\"",
    "\"ab\"",
    "\"ABC\"",
    "\"\\u0061b\"",
    "\"\xC3\xA9\"",
    "\"\\u00e9\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uffff\"",
    "\"a\\nb\"",
    "\"a\\u0000b\"",
    "\"order.created\"",
    "\"1\"",
};

/* Half of them one of a few, so that values meet that are equal. */
static const char *one_scalar(void)
{
    static const char *const few[] = {"1", "2", "\"a\"", "\"ab\"", "true", "null"};
    return below(2) ? ONE_OF(few) : ONE_OF(scalars);
}

static void add_blank(struct buffer *out)
{
    if (below(6) == 0)
        buffer_add_char(out, ' ');
}

static void add_value(struct buffer *out, unsigned depth)
{
    unsigned kind = depth == 0 ? 0 : below(3);
    unsigned count = below(4);
    add_blank(out);
    if (kind == 0) {
        buffer_add_text(out, below(30) ? one_scalar() : "\"\\ud83d\"");
        return;
    }
    buffer_add_char(out, kind == 1 ? '[' : '{');
    for (unsigned i = 0; i < count; i++) {
        add_blank(out);
        if (i > 0)
            buffer_add_char(out, ',');
        if (kind == 2)
            buffer_print(out, "\"%s\":", ONE_OF(keys));
        add_value(out, depth - 1);
    }
    add_blank(out);
    buffer_add_char(out, kind == 1 ? ']' : '}');
}

/* ── programs ────────────────────────────────────────────────────────────── */

static void add_program(struct buffer *out, unsigned depth);

static void add_step(struct buffer *out)
{
    static const char *const steps[] = {".a",   ".b",     ".c",           "[0]",
                                        "[1]",  "[-1]",   "[\"x y\"]",    ".a?",
                                        "[0]?", ".\"a\"", "[\"\\u00e9\"]"};
    buffer_add_text(out, ONE_OF(steps));
}

static void add_path(struct buffer *out)
{
    static const char *const roots[] = {".",        ".a",          ".b",
                                        ".c",       ".a",          ".b",
                                        ".c[0]",    ".\"x y\"",    ".[0]",
                                        ".b[1]",    ".a.b",        "$key",
                                        "$topic",   "$type",       "$offset",
                                        "$id",      "$partition",  "$timestamp",
                                        "$headers", "$headers.h1", "$headers[\"h2\"]"};
    const char *root = ONE_OF(roots);
    buffer_add_text(out, root);
    if (*root != '$' && strcmp(root, ".") != 0)
        for (unsigned i = below(2); i > 0; i--)
            add_step(out);
}

static void add_constant(struct buffer *out)
{
    static const char *const more[] = {"[]", "{}", "\"a\"", "\"h\""};
    buffer_add_text(out, below(5) ? one_scalar() : ONE_OF(more));
}

static void add_parts(struct buffer *out, unsigned depth, const char *const *parts)
{
    for (; *parts; parts++) {
        if (strcmp(*parts, "%") == 0)
            add_program(out, below(3) ? 0 : depth - 1);
        else if (strcmp(*parts, "#") == 0)
            buffer_add_text(out, one_scalar());
        else
            buffer_add_text(out, *parts);
    }
}

/* % stands for a program, # for a scalar. */
static const char *const forms[][10] = {
    {"(", "%", ")"},
    {"(", "%", " | ", "%", ")"},
    {"(", "%", " // ", "%", ")"},
    {"(", "%", " and ", "%", ")"},
    {"(", "%", " or ", "%", ")"},
    {"(", "%", " == ", "%", ")"},
    {"(", "%", " != ", "%", ")"},
    {"(", "%", " < ", "%", ")"},
    {"(", "%", " <= ", "%", ")"},
    {"(", "%", " > ", "%", ")"},
    {"(", "%", ">=", "%", ")"},
    {"if ", "%", " then ", "%", " else ", "%", " end"},
    {"(", "%", " | not)"},
    {"(", "%", " | length)"},
    {"(", "%", " | type)"},
    {"(", "%", " | ascii_downcase)"},
    {"(", "%", " | ascii_upcase)"},
    {"startswith(", "%", ")"},
    {"(", "%", " | startswith(", "%", "))"},
    {"(", "%", " | endswith(\"b\"))"},
    {"(", "%", " | contains(", "%", "))"},
    {"(", "%", " | has(", "%", "))"},
    {"has(\"a\")"},
    {"(", "%", " | select(", "%", "))"},
    {"(", "%", " | IN(", "#", ", ", "#", "))"},
    {"any(.a[]; ", "%", ")"},
    {"all(.b[]; ", "%", ")"},
    {"any(.c[]?; ", "%", ")"},
    {"any(.a[]; .a?)"},
    {"all(.b[]; select(", "%", "))"},
    {"(", "%", " | any(", "%", "))"},
    {"(", "%", " | all(", "%", "))"},
    {"(", "%", " | any)"},
    {"(", "%", " | all)"},
    {"(", "%", " | test(\"^a.*b$\"; \"x\"))"},
    {"(", "%", " | test(\"[A-C\\u00c9]\"; \"i\"))"},
    {"(", "%", " | test(\"\"))"},
};

static void add_program(struct buffer *out, unsigned depth)
{
    unsigned kind = below(10);
    if (depth > 0 && kind < 8)
        add_parts(out, depth, ONE_OF(forms));
    else if (kind % 3 == 0)
        add_constant(out);
    else
        add_path(out);
}

/* ── both ────────────────────────────────────────────────────────────────── */

static bool same_json(const struct jtext *a, uint32_t at, const struct jtext *b, uint32_t bt);

static uint32_t distinct_members(const struct jtext *json, uint32_t object)
{
    struct buffer scratch = {0};
    uint32_t count = 0;
    for (uint32_t i = object + 1; i < json->tokens[object].next; i = json->tokens[i + 1].next) {
        buffer_clear(&scratch);
        struct slice name = jtext_string(jtext_value(json, i), &scratch);
        count += jtext_member(json, object, name) == i + 1;
    }
    buffer_finish(&scratch);
    return count;
}

static bool same_members(const struct jtext *a, uint32_t at, const struct jtext *b, uint32_t bt)
{
    struct buffer scratch = {0};
    bool same = distinct_members(a, at) == distinct_members(b, bt);
    for (uint32_t i = bt + 1; same && i < b->tokens[bt].next; i = b->tokens[i + 1].next) {
        buffer_clear(&scratch);
        uint32_t member = jtext_member(a, at, jtext_string(jtext_value(b, i), &scratch));
        same = member != JTEXT_NOTHING && same_json(a, member, b, i + 1);
    }
    buffer_finish(&scratch);
    return same;
}

static bool same_elements(const struct jtext *a, uint32_t at, const struct jtext *b, uint32_t bt)
{
    uint32_t i = at + 1;
    uint32_t j = bt + 1;
    while (i < a->tokens[at].next && j < b->tokens[bt].next) {
        if (!same_json(a, i, b, j))
            return false;
        i = a->tokens[i].next;
        j = b->tokens[j].next;
    }
    return i == a->tokens[at].next && j == b->tokens[bt].next;
}

static bool same_strings(struct slice a, struct slice b)
{
    struct buffer scratch = {0};
    struct value left = value_json(a);
    struct value right = value_json(b);
    int order = 1;
    bool same = value_compare(&left, &right, &scratch, &order) && order == 0;
    buffer_finish(&scratch);
    return same;
}

/* What jq makes of a number: it has no infinity. */
static double as_double(struct slice number)
{
    char text[256];
    snprintf(text, sizeof text, "%.*s", SLICE_ARGS(number));
    double value = strtod(text, NULL);
    return value > DBL_MAX ? DBL_MAX : value < -DBL_MAX ? -DBL_MAX : value;
}

static bool same_json(const struct jtext *a, uint32_t at, const struct jtext *b, uint32_t bt)
{
    struct slice left = jtext_value(a, at);
    struct slice right = jtext_value(b, bt);
    enum jtext_kind kind = jtext_kind(left);
    if (kind != jtext_kind(right))
        return false;
    switch (kind) {
    case JTEXT_NUMBER:
        return as_double(left) == as_double(right);
    case JTEXT_STRING:
        return same_strings(left, right);
    case JTEXT_ARRAY:
        return same_elements(a, at, b, bt);
    case JTEXT_OBJECT:
        return same_members(a, at, b, bt);
    default:
        return true;
    }
}

struct run {
    struct arena arena;
    struct jq *jq;
    struct buffer texts[PROGRAMS];
    size_t count; /* of programs */
    struct expression ours[PROGRAMS];
    struct expression theirs; /* an array with the results of each in an array, or "error" */
    struct buffer answer;     /* what jq says */
    struct jtext json;        /* of it */
    struct event ev;
    struct scope scope;
    struct buffer scratch;
    unsigned compared;
    unsigned undecided;
};

/* The programs are in the texts; `before` is what jq does first. */
static void compile(struct run *run, const char *before)
{
    struct buffer all = {0};
    struct error err = {0};
    size_t offset = 0;
    buffer_print(&all, "%s[", before);
    for (size_t i = 0; i < run->count; i++) {
        struct slice text = buffer_slice(&run->texts[i]);
        if (!expression_compile(text, &run->arena, NULL, &run->ours[i], &offset, &err))
            fail_msg("%.*s: %s", SLICE_ARGS(text), err.text);
        buffer_print(&all, "%s(try [%.*s] catch \"error\")", i ? ",\n" : "", SLICE_ARGS(text));
    }
    buffer_add_char(&all, ']');
    if (!expression_compile(buffer_slice(&all), &run->arena, run->jq, &run->theirs, &offset, &err))
        fail_msg("%s\nat %s", err.text, buffer_text(&all) + offset);
    buffer_finish(&all);
}

/* What jq says of the next element of its answer, in the form of ours. */
static enum evaluated read_answer(const struct run *run, uint32_t at, uint32_t *value)
{
    *value = at + 1;
    if (jtext_kind(jtext_value(&run->json, at)) == JTEXT_STRING)
        return EVALUATED_FAILED;
    return run->json.tokens[at].next > at + 1 ? EVALUATED : EVALUATED_NOTHING;
}

static bool is_same(struct run *run, const struct value *value, uint32_t answer)
{
    struct buffer text = {0};
    struct jtext json = {0};
    value_add_json(value, &text);
    assert_true(jtext_read(&json, buffer_slice(&text), NULL));
    bool same = same_json(&json, JTEXT_ROOT, &run->json, answer);
    jtext_finish(&json);
    buffer_finish(&text);
    return same;
}

static const char *shown(enum evaluated how, const struct value *value, struct buffer *text)
{
    static const char *const names[] = {[EVALUATED_NOTHING] = "nothing",
                                        [EVALUATED_FAILED] = "an error",
                                        [EVALUATED_UNDECIDED] = "undecided"};
    if (how != EVALUATED)
        return names[how];
    value_add_json(value, text);
    return buffer_text(text);
}

static void compare(struct run *run, size_t i, uint32_t at)
{
    struct value value;
    struct buffer text = {0};
    uint32_t answer;
    enum evaluated theirs = read_answer(run, at, &answer);
    buffer_finish(&run->scratch); /* so that it grows, and moves */
    enum evaluated ours = node_evaluate(run->ours[i].root, &run->scope, &value, NULL);
    assert_false(run->scratch.failed);
    run->compared++;
    if (ours == EVALUATED_UNDECIDED) {
        assert_non_null(run->ours[i].program.data); /* then jq is asked */
        run->undecided++;
        return;
    }
    if (ours != theirs || (ours == EVALUATED && !is_same(run, &value, answer)))
        fail_msg("%.*s on %.*s is %s, and jq says %.*s", SLICE_ARGS(run->ours[i].text),
                 SLICE_ARGS(run->ev.value), shown(ours, &value, &text),
                 SLICE_ARGS(jtext_value(&run->json, at)));
    buffer_finish(&text);
}

static void compare_on(struct run *run, const struct record *record)
{
    struct error err = {0};
    struct value value;
    assert_true(event_decode(record, FORMAT_JSON, &run->ev, &err));
    run->scope = (struct scope){
        .ev = &run->ev, .id = SLICE("id-1"), .scratch = &run->scratch, .jq = run->jq};
    if (!expression_value(&run->theirs, &run->scope, &value, &err))
        fail_msg("%.*s: %s", SLICE_ARGS(record->value), err.text);
    buffer_clear(&run->answer);
    buffer_add_slice(&run->answer, value.text);
    assert_true(jtext_read(&run->json, buffer_slice(&run->answer), NULL));
    uint32_t at = JTEXT_ROOT + 1;
    for (size_t i = 0; i < run->count; i++, at = run->json.tokens[at].next)
        compare(run, i, at);
}

static void finish(struct run *run)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        buffer_finish(&run->texts[i]);
    buffer_finish(&run->answer);
    buffer_finish(&run->scratch);
    jtext_finish(&run->json);
    event_finish(&run->ev);
    jq_destroy(run->jq);
}

/* GRAPNEL_ROUNDS and GRAPNEL_SEED: more of it, or others. */
static unsigned long from_environment(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

static void says_what_jq_says(void **state)
{
    (void)state;
    static struct run run;
    struct buffer value = {0};
    const struct record_header headers[] = {
        {SLICE("h1"), SLICE("a\"b")}, {SLICE("h2"), SLICE(BYTES)}, {SLICE("h1"), SLICE("ab")}};
    struct record record = {.topic = "a",
                            .partition = 2,
                            .offset = 9,
                            .timestamp_ms = 100,
                            .headers = headers,
                            .header_count = COUNT_OF(headers)};
    static const struct slice keys_of_records[] = {
        SLICE_INIT("ab"), SLICE_INIT(BYTES "\xFE"), {NULL, 0}};
    unsigned long rounds = from_environment("GRAPNEL_ROUNDS", 40);
    seed = from_environment("GRAPNEL_SEED", seed);
    run.jq = jq_create();
    for (unsigned long round = 0; round < rounds; round++) {
        for (run.count = 0; run.count < PROGRAMS; run.count++) {
            buffer_clear(&run.texts[run.count]);
            add_program(&run.texts[run.count], DEPTH);
        }
        compile(&run, "");
        for (size_t i = 0; i < EVENTS; i++) {
            buffer_clear(&value);
            add_value(&value, DEPTH);
            record.value = buffer_slice(&value);
            record.key = ONE_OF(keys_of_records);
            compare_on(&run, &record);
        }
        arena_finish(&run.arena);
    }
    print_message("%u compared, %u left to jq\n", run.compared, run.undecided);
    assert_true(run.undecided < run.compared / 4);
    buffer_finish(&value);
    finish(&run);
}

static const char *const odd_programs[] = {"type",
                                           ".a?",
                                           ".[0]?",
                                           ".[-1]?",
                                           ".[\"\"]?",
                                           ".a?.b?",
                                           "length",
                                           ". == .",
                                           ". > 0",
                                           "has(0)",
                                           "has(\"a\")",
                                           ". < \"\\uffff\"",
                                           ".a? == 1",
                                           ".[1]? // 7",
                                           ".a?[0]?",
                                           ".[\"a\\u0000\"]?",
                                           ".\"\\u00e9\"?",
                                           "any(.[]?; . == 2)",
                                           ". == {} or . == []",
                                           "not",
                                           ".[0][0][0][0]?",
                                           ".a? | type",
                                           "startswith(\"\\ufffd\")",
                                           "length > 1",
                                           ".[0]? == .[1]?"};
static const char *const odd_documents[] = {
    "{\"\":1}",
    "{\"a\\u0000\":1,\"a\":2}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2,\"b\":{}}",
    "{\"\\u00e9\":1,\"\xC3\xA9\":2}",
    " \n\t[ 1 , 2 ] \r",
    "[[[[1]]]]",
    "[]",
    "[ ]",
    "{ }",
    "\"\"",
    "\"\\udc00\"",
    "\"\\udc00x\"",
    "\"\\ud83d\\ude00\"",
    "\"\xF4\x8F\xBF\xBF\"",
    "\"\xEF\xBF\xBF\"",
    "\"\\u0000\\/\\b\\f\\n\\r\\t\\\\\"",
    "\"\x7F\"",
    "-0",
    "-0.0",
    "0e1",
    "1E+2",
    "123.0",
    "9007199254740992",
    "[1e400,1]",
    "[-1e400]",
    "[1e-400]",
    "[12345678901234567890]",
    "[0.1,0.10]",
    "[1,1.0]",
    "{\"a\":{\"b\":[]}}",
    "{\"a\":null}",
    "{\"a\":[null]}",
    "null",
    "true",
};

/* Each of them jq's own reader takes too. A number that no double holds comes back as it is
 * written, so it is only asked about. */
static void reads_what_is_uncommon_as_jq_does(void **state)
{
    (void)state;
    static struct run run;
    struct record record = {.topic = "a"};
    run.jq = jq_create();
    for (run.count = 0; run.count < COUNT_OF(odd_programs); run.count++)
        buffer_add_text(&run.texts[run.count], odd_programs[run.count]);
    compile(&run, "$key | fromjson | ");
    for (size_t i = 0; i < COUNT_OF(odd_documents); i++) {
        record.key = record.value = slice_of(odd_documents[i]);
        compare_on(&run, &record);
    }
    char deep[2 * 250 + 2];
    memset(deep, '[', 250);
    deep[250] = '2';
    memset(deep + 251, ']', 250);
    record.key = record.value = (struct slice){deep, sizeof deep - 1};
    compare_on(&run, &record);
    assert_true(run.undecided < run.compared / 4);
    arena_finish(&run.arena);
    finish(&run);
}

/* What is refused is a dead letter, and reaches neither paths nor jq; what is read says the same by
 * both. */
static void reads_the_published_cases_as_jq_does(void **state)
{
    (void)state;
    static struct run run;
    run.jq = jq_create();
    for (run.count = 0; run.count < COUNT_OF(odd_programs); run.count++)
        buffer_add_text(&run.texts[run.count], odd_programs[run.count]);
    compile(&run, "");
    for (size_t i = 0; i < COUNT_OF(json_test_suite); i++) {
        const struct record record = {.topic = "a", .value = json_test_suite[i].text};
        struct error err = {0};
        if (event_decode(&record, FORMAT_JSON, &run.ev, &err) != json_test_suite[i].read)
            fail_msg("%s: %s", json_test_suite[i].name, err.text);
        assert_int_equal(err.kind, json_test_suite[i].read ? ERROR_NONE : ERROR_DECODE);
        if (json_test_suite[i].read)
            compare_on(&run, &record);
    }
    assert_true(run.undecided < run.compared / 4);
    arena_finish(&run.arena);
    finish(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_jq_says),
        cmocka_unit_test(reads_what_is_uncommon_as_jq_does),
        cmocka_unit_test(reads_the_published_cases_as_jq_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
