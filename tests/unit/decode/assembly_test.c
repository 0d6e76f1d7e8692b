#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/assembly.h"
#include "decode/avro_plan.h"

static const struct framing seven = {.kind = FRAMING_ID, .id = 7};

#define REF(subject, version)                                                                      \
    "{\"name\":\"x\",\"subject\":\"" subject "\",\"version\":" #version "}"
#define ANSWER(schema, references) "{\"schema\":\"" schema "\",\"references\":[" references "]}"
#define FIXED(name)                "{\\\"type\\\":\\\"fixed\\\",\\\"name\\\":\\\"" name "\\\",\\\"size\\\":1}"
#define RECORD(name, a, b)                                                                         \
    "{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"" name                                          \
    "\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\",\\\"type\\\":\\\"" a                             \
    "\\\"},{\\\"name\\\":\\\"b\\\",\\\"type\\\":\\\"" b "\\\"}]}"

struct step {
    const char *path;
    const char *answer;
};

/* Answers each question by the steps; the paths asked for are the steps', in their order. */
static struct assembly *assemble(const struct step *steps, size_t count, bool *taken,
                                 struct error *err)
{
    struct assembly *assembly = assembly_create(&seven);
    struct buffer path = {0};
    *taken = true;
    for (size_t i = 0; i < count && *taken; i++) {
        buffer_clear(&path);
        assert_true(assembly_next(assembly, &path));
        assert_string_equal(buffer_text(&path), steps[i].path);
        *taken = assembly_take(assembly, slice_of(steps[i].answer), err);
    }
    if (*taken)
        assert_false(assembly_next(assembly, &path));
    buffer_finish(&path);
    return assembly;
}

static void asks_for_what_a_schema_refers_to_once(void **state)
{
    (void)state;
    /* 7 refers to a and b, and both to c. */
    static const struct step steps[] = {
        {"/schemas/ids/7", ANSWER(RECORD("r", "a", "b"), REF("a/1", 1) "," REF("b", 2))},
        {"/subjects/a%2F1/versions/1", ANSWER(RECORD("a", "c", "c"), REF("c", 9))},
        {"/subjects/b/versions/2", ANSWER(RECORD("b", "c", "int"), REF("c", 9))},
        {"/subjects/c/versions/9", ANSWER(FIXED("c"), "")},
    };
    struct error err = {0};
    bool taken = false;
    struct avro_plan *plan = NULL;
    struct assembly *assembly = assemble(steps, COUNT_OF(steps), &taken, &err);
    if (!taken || !assembly_build(assembly, &plan, &err))
        fail_msg("%s", err.text);
    assert_int_equal(plan->root->kind, AVRO_KIND_RECORD);
    assert_string_equal(avro_schema_name(plan->root->schema), "r");
    assert_true(assembly_bytes(assembly) > 200);
    avro_plan_destroy(plan);
    assembly_destroy(assembly);
}

static void refuses_what_can_not_be_used(void **state)
{
    (void)state;
    static const struct {
        struct step steps[3];
        size_t count;
        const char *error;
    } rows[] = {
        {{{"/schemas/ids/7", "{\"schema\":\"\",\"schemaType\":\"PROTOBUF\"}"}},
         1,
         "it is of type PROTOBUF; Avro and JSON Schema can be read"},
        {{{"/schemas/ids/7", ANSWER("x", "{\"subject\":\"a\"}")}},
         1,
         "it refers to a schema without subject and version"},
        {{{"/schemas/ids/7", ANSWER("x", REF("a", 1))},
          {"/subjects/a/versions/1", "{\"schema\":\"{}\",\"schemaType\":\"JSON\"}"}},
         2,
         "it is Avro and refers to a JSON Schema"},
        {{{"/schemas/ids/7", ANSWER("x", REF("a", 1))},
          {"/subjects/a/versions/1", ANSWER("x", REF("b", 1))},
          {"/subjects/b/versions/1", ANSWER("x", REF("a", 1))}},
         3,
         "its references go in a circle"},
        {{{"/schemas/ids/7", ANSWER("\\\"unheard\\\"", "")}},
         1,
         "it is no Avro: Unknown Avro \"type\": unheard"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct avro_plan *plan = NULL;
        bool taken = false;
        struct assembly *assembly = assemble(rows[i].steps, rows[i].count, &taken, &err);
        assert_false(taken && assembly_build(assembly, &plan, &err));
        assert_string_equal(err.text, rows[i].error);
        assert_int_equal(err.kind, ERROR_DECODE);
        assembly_destroy(assembly);
    }
}

static void tells_what_is_no_answer(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *error;
    } rows[] = {
        {"<html>", "the answer is not JSON"},
        {"", "the answer is not JSON"},
        {"[]", "the answer holds no schema"},
        {"{\"schema\":7}", "the answer holds no schema"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct assembly *assembly = assembly_create(&seven);
        assert_false(assembly_take(assembly, slice_of(rows[i].body), &err));
        assert_string_equal(err.text, rows[i].error);
        assert_int_equal(err.kind, ERROR_PROTOCOL);
        assembly_destroy(assembly);
    }
}

static void refuses_too_many_references(void **state)
{
    (void)state;
    struct buffer answer = {0};
    struct error err = {0};
    buffer_add_text(&answer, "{\"schema\":\"x\",\"references\":[");
    for (int i = 0; i < ASSEMBLY_PARTS; i++)
        buffer_print(&answer, "%s{\"subject\":\"s%d\",\"version\":1}", i ? "," : "", i);
    buffer_add_text(&answer, "]}");
    struct assembly *assembly = assembly_create(&seven);
    assert_false(assembly_take(assembly, buffer_slice(&answer), &err));
    assert_string_equal(err.text, "it refers to more than 64 schemas");
    assembly_destroy(assembly);
    buffer_finish(&answer);
}

static void needs_nothing_of_a_json_schema(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {"/schemas/ids/7", "{\"schema\":\"{}\",\"schemaType\":\"JSON\",\"references\":[7]}"}};
    bool taken = false;
    struct avro_plan *plan = NULL;
    struct assembly *assembly = assemble(steps, 1, &taken, NULL);
    assert_true(taken && assembly_build(assembly, &plan, NULL));
    assert_null(plan);
    assembly_destroy(assembly);
}

static void asks_by_guid(void **state)
{
    (void)state;
    const struct framing schema = {.kind = FRAMING_GUID, .guid = "0123456789abcde"};
    struct buffer path = {0};
    struct assembly *assembly = assembly_create(&schema);
    assert_true(assembly_next(assembly, &path));
    assert_string_equal(buffer_text(&path), "/schemas/guids/30313233-3435-3637-3839-616263646500");
    assembly_destroy(assembly);
    buffer_finish(&path);
}

/* A proxy's or a wrong path's 404 is no word of the registry's. */
static void tells_an_unknown_schema_from_a_wrong_path(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        bool unknown;
    } rows[] = {
        {404, "{\"error_code\":40403,\"message\":\"Schema not found\"}", true},
        {404, "{\"error_code\":40401,\"message\":\"Subject not found\"}", true},
        {404, "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}", false},
        {404, "<html>", false},
        {404, "", false},
        {500, "{\"error_code\":40403}", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(assembly_is_unknown(rows[i].status, slice_of(rows[i].body)),
                         rows[i].unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_what_a_schema_refers_to_once),
        cmocka_unit_test(refuses_what_can_not_be_used),
        cmocka_unit_test(tells_what_is_no_answer),
        cmocka_unit_test(refuses_too_many_references),
        cmocka_unit_test(needs_nothing_of_a_json_schema),
        cmocka_unit_test(asks_by_guid),
        cmocka_unit_test(tells_an_unknown_schema_from_a_wrong_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
