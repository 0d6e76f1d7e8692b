#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "decode/avro.h"
#include "decode/avro_plan.h"

static void refuses_what_is_no_schema(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        const char *error;
    } rows[] = {
        {"", "it is not JSON: unexpected token near end of file"},
        {"{", "it is not JSON: string or '}' expected near end of file"},
        {"\"int\" 7", "it is not JSON: end of file expected near '7'"},
        {"7", "it is no Avro: \"type\" field must be a string"},
        {"\"nothing\"", "it is no Avro: Unknown Avro \"type\": nothing"},
        {"{\"type\":\"record\",\"name\":\"r\"}", "it is no Avro: Record type must have \"fields\""},
        {"{\"type\":\"record\",\"name\":\"r r\",\"fields\":[]}",
         "it is no Avro: Invalid Avro identifier"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":-1}", "the fixed f has a size of -1"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":2000000}",
         "the fixed f has a size of 2000000"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct slice text = slice_of(rows[i].schema);
        struct error err = {0};
        assert_null(avro_plan_create(&text, 1, &err));
        assert_string_equal(err.text, rows[i].error);
        assert_int_equal(err.kind, ERROR_DECODE);
    }
}

static void refuses_a_schema_without_bounds(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_add_char(&text, '[');
    for (int i = 0; i <= AVRO_PLAN_NODES; i++)
        buffer_print(&text, "%s\"null\"", i ? "," : "");
    buffer_add_char(&text, ']');
    struct slice slice = buffer_slice(&text);
    struct error err = {0};
    assert_null(avro_plan_create(&slice, 1, &err));
    assert_string_equal(err.text, "it has more than 16384 types");

    buffer_clear(&text);
    for (int i = 0; i < 5000; i++)
        buffer_add_text(&text, "{\"type\":\"array\",\"items\":");
    slice = buffer_slice(&text);
    assert_null(avro_plan_create(&slice, 1, &err));
    assert_non_null(strstr(err.text, "it is not JSON: maximum parsing depth reached"));
    buffer_finish(&text);
}

static void assert_json(struct avro_plan *plan, struct slice bytes, const char *json)
{
    struct avro_reading *reading = avro_reading_create();
    struct buffer out = {0};
    struct error err = {0};
    if (!avro_reading_to_json(reading, plan, bytes, &out, &err))
        fail_msg("%s", err.text);
    assert_string_equal(buffer_text(&out), json);
    buffer_finish(&out);
    avro_reading_destroy(reading);
}

static void knows_the_schemas_it_refers_to(void **state)
{
    (void)state;
    static const struct slice texts[] = {
        SLICE_INIT(
            "{\"type\":\"fixed\",\"name\":\"a.Price\",\"size\":1,\"logicalType\":\"decimal\","
            "\"precision\":2,\"scale\":1}"),
        SLICE_INIT("{\"type\":\"record\",\"name\":\"Item\",\"namespace\":\"a\",\"fields\":"
                   "[{\"name\":\"price\",\"type\":\"Price\"}]}"),
        SLICE_INIT("{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"b\",\"fields\":"
                   "[{\"name\":\"items\",\"type\":{\"type\":\"array\",\"items\":\"a.Item\"}},"
                   "{\"name\":\"next\",\"type\":[\"null\",\"Order\"]}]}"),
    };
    struct error err = {0};
    struct avro_plan *plan = avro_plan_create(texts, COUNT_OF(texts), &err);
    if (!plan)
        fail_msg("%s", err.text);
    assert_json(plan, SLICE("\x02\x07\0\0"), "{\"items\":[{\"price\":0.7}],\"next\":null}");
    avro_plan_destroy(plan);
    assert_null(avro_plan_create(texts + 1, 2, &err));
    assert_string_equal(err.text, "it is no Avro: Unknown Avro \"type\": Price");
}

/* A NUL in a default, a long double as one, the names of Java's tools: none of it matters. */
static void passes_over_what_reading_does_not_need(void **state)
{
    (void)state;
    struct slice text =
        SLICE("{\"type\":\"record\",\"name\":\"r\",\"doc\":\"d\",\"aliases\":[\"x\"],\"fields\":["
              "{\"name\":\"default\",\"type\":\"bytes\",\"default\":\"\\u0000\\u00ff\"},"
              "{\"name\":\"s\",\"type\":{\"type\":\"string\",\"avro.java.string\":\"String\"},"
              "\"order\":\"ignore\"}]}");
    struct error err = {0};
    struct avro_plan *plan = avro_plan_create(&text, 1, &err);
    if (!plan)
        fail_msg("%s", err.text);
    assert_json(plan, SLICE("\0\x02x"), "{\"default\":\"\",\"s\":\"x\"}");
    avro_plan_destroy(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_schema),
        cmocka_unit_test(refuses_a_schema_without_bounds),
        cmocka_unit_test(knows_the_schemas_it_refers_to),
        cmocka_unit_test(passes_over_what_reading_does_not_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
