#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/jtext.h"
#include "decode/avro.h"
#include "decode/avro_plan.h"

/* Reads `bytes` by the schema; the text or, behind "! ", the error, in `out`. */
static void read_one(const char *schema, struct slice bytes, struct buffer *out)
{
    struct slice text = slice_of(schema);
    struct error err = {0};
    struct avro_reading *reading = avro_reading_create();
    struct avro_plan *plan = avro_plan_create(&text, 1, &err);
    if (!plan)
        fail_msg("%s: %s", schema, err.text);
    buffer_clear(out);
    if (!avro_reading_to_json(reading, plan, bytes, out, &err)) {
        assert_int_equal(err.kind, ERROR_DECODE);
        buffer_clear(out);
        buffer_print(out, "! %s", err.text);
    } else {
        struct jtext json = {0};
        assert_true(jtext_read(&json, buffer_slice(out), NULL));
        jtext_finish(&json);
    }
    avro_plan_destroy(plan);
    avro_reading_destroy(reading);
}

struct row {
    const char *schema;
    struct slice bytes;
    const char *json; /* or "! " and the error */
};

static void check_rows(const struct row *rows, size_t count)
{
    struct buffer out = {0};
    for (size_t i = 0; i < count; i++) {
        read_one(rows[i].schema, rows[i].bytes, &out);
        if (!slice_is(buffer_slice(&out), rows[i].json))
            fail_msg("row %zu: %s, not %s", i, buffer_text(&out), rows[i].json);
    }
    buffer_finish(&out);
}

static void reads_every_type(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"\"null\"", SLICE_INIT(""), "null"},
        {"\"boolean\"", SLICE_INIT("\1"), "true"},
        {"\"boolean\"", SLICE_INIT("\0"), "false"},
        {"\"int\"", SLICE_INIT("\x0D"), "-7"},
        {"\"int\"", SLICE_INIT("\xFF\xFF\xFF\xFF\x0F"), "-2147483648"},
        {"\"long\"", SLICE_INIT("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), "9223372036854775807"},
        {"\"long\"", SLICE_INIT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
         "-9223372036854775808"},
        {"\"float\"", SLICE_INIT("\x66\x66\x24\x42"), "41.1"},
        {"\"double\"", SLICE_INIT("\xCD\xCC\xCC\xCC\xCC\x8C\x44\x40"), "41.1"},
        {"\"double\"", SLICE_INIT("\0\0\0\0\0\0\xF8\x7F"), "\"NaN\""},
        {"\"string\"", SLICE_INIT("\x0Ah\xC3\xA9\"\n"), "\"h\xC3\xA9\\\"\\n\""},
        {"\"string\"", SLICE_INIT("\0"), "\"\""},
        {"\"string\"", SLICE_INIT("\x02\0"), "\"\\u0000\""},
        {"{\"type\":\"string\",\"logicalType\":\"uuid\"}",
         SLICE_INIT("\x04"
                    "ab"),
         "\"ab\""},
        {"\"bytes\"", SLICE_INIT("\x04\xFF\0"), "\"/wA=\""},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":2}", SLICE_INIT("hi"), "\"aGk=\""},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":0}", SLICE_INIT(""), "\"\""},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}", SLICE_INIT("\x02"),
         "\"B\""},
        {"[\"null\",\"string\"]", SLICE_INIT("\0"), "null"},
        {"[\"null\",\"string\"]", SLICE_INIT("\x02\x02x"), "\"x\""},
        {"{\"type\":\"array\",\"items\":\"int\"}", SLICE_INIT("\0"), "[]"},
        {"{\"type\":\"array\",\"items\":\"int\"}", SLICE_INIT("\x04\x02\x04\x02\x06\0"), "[1,2,3]"},
        {"{\"type\":\"array\",\"items\":\"int\"}", SLICE_INIT("\x03\x04\x02\x04\0"), "[1,2]"},
        {"{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"int\"}}",
         SLICE_INIT("\x04\0\x02\x02\0\0"), "[[],[1]]"},
        {"{\"type\":\"map\",\"values\":\"int\"}", SLICE_INIT("\0"), "{}"},
        {"{\"type\":\"map\",\"values\":\"int\"}",
         SLICE_INIT("\x02\x04"
                    "a\"\x02\x01\x06\x02"
                    "b\x04\0"),
         "{\"a\\\"\":1,\"b\":2}"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[]}", SLICE_INIT(""), "{}"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
         "{\"name\":\"b\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"s\",\"fields\":"
         "[{\"name\":\"c\",\"type\":\"r\"}]}]},{\"name\":\"d\",\"type\":\"string\"}]}",
         SLICE_INIT("\x02\x02\x04\0\x02x\x02y"),
         "{\"a\":1,\"b\":{\"c\":{\"a\":2,\"b\":null,\"d\":\"x\"}},\"d\":\"y\"}"},
    };
    check_rows(rows, COUNT_OF(rows));
}

#define LONG(name)  "{\"type\":\"long\",\"logicalType\":\"" name "\"}"
#define INT(name)   "{\"type\":\"int\",\"logicalType\":\"" name "\"}"
#define BYTES(more) "{\"type\":\"bytes\",\"logicalType\":\"decimal\"" more "}"
#define FIXED(name, size, more)                                                                    \
    "{\"type\":\"fixed\",\"name\":\"f\",\"size\":" #size ",\"logicalType\":\"" name "\"" more "}"

static void reads_every_logical_type(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {INT("date"), SLICE_INIT("\xD8\xC4\x02"), "\"2026-11-23\""},
        {INT("time-millis"), SLICE_INIT("\x02"), "\"00:00:00.001\""},
        {LONG("time-micros"), SLICE_INIT("\x02"), "\"00:00:00.000001\""},
        {LONG("timestamp-millis"), SLICE_INIT("\x01"), "\"1969-12-31T23:59:59.999Z\""},
        {LONG("timestamp-micros"), SLICE_INIT("\x02"), "\"1970-01-01T00:00:00.000001Z\""},
        {LONG("timestamp-nanos"), SLICE_INIT("\x02"), "\"1970-01-01T00:00:00.000000001Z\""},
        {LONG("local-timestamp-millis"), SLICE_INIT("\x02"), "\"1970-01-01T00:00:00.001\""},
        {LONG("local-timestamp-micros"), SLICE_INIT("\x02"), "\"1970-01-01T00:00:00.000001\""},
        {LONG("local-timestamp-nanos"), SLICE_INIT("\x02"), "\"1970-01-01T00:00:00.000000001\""},
        {BYTES(",\"precision\":4,\"scale\":2"), SLICE_INIT("\x04\x10\x0E"), "41.10"},
        {BYTES(",\"precision\":4"), SLICE_INIT("\x04\x10\x0E"), "4110"},
        {FIXED("decimal", 3, ",\"precision\":6,\"scale\":4"), SLICE_INIT("\xFF\xFF\xFF"),
         "-0.0001"},
        {FIXED("duration", 12, ""), SLICE_INIT("\1\0\0\0\2\0\0\0\3\0\0\0"), "\"P1M2DT0.003S\""},
        {FIXED("uuid", 16, ""), SLICE_INIT("0123456789abcdef"),
         "\"30313233-3435-3637-3839-616263646566\""},
        /* What is not as the specification has it counts for nothing. */
        {BYTES(""), SLICE_INIT("\x04hi"), "\"aGk=\""},
        {BYTES(",\"precision\":2,\"scale\":3"), SLICE_INIT("\x04hi"), "\"aGk=\""},
        {BYTES(",\"precision\":2,\"scale\":-1"), SLICE_INIT("\x04hi"), "\"aGk=\""},
        {FIXED("duration", 2, ""), SLICE_INIT("hi"), "\"aGk=\""},
        {FIXED("uuid", 2, ""), SLICE_INIT("hi"), "\"aGk=\""},
        {LONG("date"), SLICE_INIT("\x02"), "1"},
        {INT("unheard-of"), SLICE_INIT("\x02"), "1"},
        /* It is found wherever a type can stand. */
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":["
         "\"null\"," INT("date") "]},{\"name\":\"b\",\"type\":{\"type\":\"array\","
                                 "\"items\":" INT(
                                     "date") "}},"
                                             "{\"name\":\"c\",\"type\":{\"type\":\"map\","
                                             "\"values\":" INT(
                                                 "date") "}},"
                                                         "{\"name\":\"d\",\"type\":" FIXED(
                                                             "decimal", 1,
                                                             ",\"precision\":2") "},"
                                                                                 "{\"name\":"
                                                                                 "\"e\","
                                                                                 "\"type\":"
                                                                                 "\"f\"}]}",
         SLICE_INIT("\x02\0\x02\0\0\x02\0\0\0\7\x08"),
         "{\"a\":\"1970-01-01\",\"b\":[\"1970-01-01\"],\"c\":{\"\":\"1970-01-01\"},\"d\":7,"
         "\"e\":8}"},
    };
    check_rows(rows, COUNT_OF(rows));
}

#define TREE                                                                                       \
    "{\"type\":\"record\",\"name\":\"t\",\"fields\":[{\"name\":\"l\",\"type\":[\"null\",\"t\"]},"  \
    "{\"name\":\"n\",\"type\":{\"type\":\"array\",\"items\":\"string\"}}]}"

static void says_where_a_value_is_wrong(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"\"int\"", SLICE_INIT(""), "! the value is not as long as the schema says"},
        {"\"int\"", SLICE_INIT("\x02\x02"), "! the value is not as long as the schema says"},
        {"\"int\"", SLICE_INIT("\xFE\xFF\xFF\xFF\x1F"), "! it is no int of 32 bits"},
        {"\"long\"", SLICE_INIT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
         "! it is a number of more than 10 bytes"},
        {"\"boolean\"", SLICE_INIT("\2"), "! it is no boolean"},
        {"\"string\"", SLICE_INIT("\x02\xFF"), "! it is not valid UTF-8"},
        {"\"string\"", SLICE_INIT("\x01"), "! its length is not possible"},
        {"\"string\"", SLICE_INIT("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
         "! its length is not possible"},
        {"\"bytes\"", SLICE_INIT("\x80\x80\x80\x80\x10"), "! its length is not possible"},
        {"{\"type\":\"fixed\",\"name\":\"f\",\"size\":30}", SLICE_INIT("hi"),
         "! its length is not possible"},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", SLICE_INIT("\x02"),
         "! the enum has no such symbol"},
        {"{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"]}", SLICE_INIT("\x01"),
         "! the enum has no such symbol"},
        {"[\"null\"]", SLICE_INIT("\x02"), "! the union has no such branch"},
        {"[\"null\"]", SLICE_INIT("\x80\x80\x80\x80\x20"), "! the union has no such branch"},
        {"{\"type\":\"int\",\"logicalType\":\"time-millis\"}", SLICE_INIT("\x01"),
         "! it is no time of day"},
        {TREE, SLICE_INIT("\x02\0\x04\x02x\x7F"), "! .l.n[1]: its length is not possible"},
        {TREE, SLICE_INIT("\x02\0\0\x06\x02x\x02y\x14zzzzz"),
         "! .n[3]: its length is not possible"},
        {TREE, SLICE_INIT("\x02\0\0\x06\x02x\x02y\x24zzzzzzzzz"),
         "! .n[2]: the value ends too early"},
        {"{\"type\":\"array\",\"items\":\"null\"}",
         SLICE_INIT("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
         "! it has too many values that take no bytes"},
        {"{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"r\",\"type\":\"r\"}]}",
         SLICE_INIT(""), NULL},
    };
    check_rows(rows, COUNT_OF(rows) - 1);
    struct buffer out = {0};
    read_one(rows[COUNT_OF(rows) - 1].schema, SLICE(""), &out);
    assert_non_null(strstr(buffer_text(&out), ".r.r"));
    assert_non_null(strstr(buffer_text(&out), "it is nested too deep"));
    buffer_finish(&out);
}

/* Every beginning of a good value is a bad one. */
static void refuses_what_ends_too_early(void **state)
{
    (void)state;
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"a\",\"type\":\"double\"},"
        "{\"name\":\"b\",\"type\":{\"type\":\"map\",\"values\":[\"null\",\"bytes\"]}},"
        "{\"name\":\"c\",\"type\":{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}},"
        "{\"name\":\"d\",\"type\":\"boolean\"},{\"name\":\"e\",\"type\":\"float\"},"
        "{\"name\":\"f\",\"type\":\"string\"}]}";
    static const char value[] =
        "\0\0\0\0\0\0\xF8\x3F\x04\x02k\x02\x04hi\x02l\0\0abc\x01\0\0\x80\x3F"
        "\x0Ahello";
    struct buffer out = {0};
    read_one(schema, (struct slice){value, sizeof value - 1}, &out);
    assert_string_equal(buffer_text(&out), "{\"a\":1.5,\"b\":{\"k\":\"aGk=\",\"l\":null},\"c\":"
                                           "\"YWJj\",\"d\":true,\"e\":1,\"f\":\"hello\"}");
    for (size_t size = 0; size < sizeof value - 1; size++) {
        read_one(schema, (struct slice){value, size}, &out);
        if (out.data[0] != '!')
            fail_msg("%zu bytes: %s", size, buffer_text(&out));
    }
    buffer_finish(&out);
}

/* Two doublings, thirty times: a few bytes would become 2^30 values. */
static void refuses_what_would_never_end(void **state)
{
    (void)state;
    struct buffer schema = {0}, out = {0};
    buffer_add_text(&schema, "[{\"type\":\"record\",\"name\":\"r0\",\"fields\":[]}");
    for (int i = 1; i <= 30; i++)
        buffer_print(&schema,
                     ",{\"type\":\"record\",\"name\":\"r%d\",\"fields\":[{\"name\":\"a\",\"type\":"
                     "\"r%d\"},{\"name\":\"b\",\"type\":\"r%d\"}]}",
                     i, i - 1, i - 1);
    buffer_add_text(&schema, "]");
    read_one(buffer_text(&schema), SLICE("\x3C"), &out);
    assert_non_null(strstr(buffer_text(&out), "too many values that take no bytes"));
    buffer_finish(&schema);
    buffer_finish(&out);
}

/* 102400 times a symbol of 1000 letters. */
static void make_much(struct buffer *schema, struct buffer *bytes)
{
    buffer_print(schema,
                 "{\"type\":\"array\",\"items\":{\"type\":\"enum\",\"name\":\"e\",\"symbols\":"
                 "[\"%01000d\"]}}",
                 1);
    buffer_add(bytes, "\x80\xC0\x0C", 3);
    buffer_reserve(bytes, 102401);
    memset(bytes->data + bytes->size, 0, 102401);
    bytes->size += 102401;
}

static void limits_the_json(void **state)
{
    (void)state;
    struct buffer schema = {0}, bytes = {0}, out = {0};
    make_much(&schema, &bytes);
    read_one(buffer_text(&schema), buffer_slice(&bytes), &out);
    assert_non_null(strstr(buffer_text(&out), "it is more than 64 MiB of JSON"));
    buffer_finish(&schema);
    buffer_finish(&bytes);
    buffer_finish(&out);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define BOUNDED 1 /* sanitizers need more address space than there is then */
#endif

#ifdef BOUNDED
/* What there is no memory for is no fault of the value's. */
static void says_when_there_is_no_memory(void **state)
{
    (void)state;
    struct buffer schema = {0}, bytes = {0}, out = {0};
    struct error err = {0};
    struct rlimit before;
    make_much(&schema, &bytes);
    struct slice text = slice_of(buffer_text(&schema));
    struct avro_reading *reading = avro_reading_create();
    struct avro_plan *plan = avro_plan_create(&text, 1, &err);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit little = {48u << 20, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    bool read = avro_reading_to_json(reading, plan, buffer_slice(&bytes), &out, &err);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_false(read);
    assert_int_equal(err.kind, ERROR_MEMORY);
    avro_plan_destroy(plan);
    avro_reading_destroy(reading);
    buffer_finish(&schema);
    buffer_finish(&bytes);
    buffer_finish(&out);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(reads_every_logical_type),
        cmocka_unit_test(says_where_a_value_is_wrong),
        cmocka_unit_test(refuses_what_ends_too_early),
        cmocka_unit_test(refuses_what_would_never_end),
        cmocka_unit_test(limits_the_json),
#ifdef BOUNDED
        cmocka_unit_test(says_when_there_is_no_memory),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
