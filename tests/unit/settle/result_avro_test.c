/* What is written is read back three ways: byte by byte, by avro-c's own values, and by what reads
 * records (decode/avro.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <avro.h>
#include <cmocka.h>

#include "base/hex.h"
#include "base/jtext.h"
#include "decode/avro.h"
#include "decode/avro_plan.h"
#include "settle/result.h"
#include "settle/result_avro.h"

#define FRAME 5

static const struct record record = {
    .topic = "orders",
    .partition = 3,
    .offset = 42,
    .timestamp_ms = 1763910245123,
};
static const struct record nameless = {.topic = "grapnel.retry.5m", .timestamp_ms = -1};

static const struct outcome delivered = {
    .status = 200,
    .error = "",
    .response = SLICE_INIT("{\"ok\":true}"),
    .method = "POST",
    .url = "https://example.com/hook",
    .started_unix_ms = 1763910246000,
    .duration_us = 12600,
};
static const struct outcome timed_out = {
    .kind = ERROR_TIMEOUT,
    .error = "no answer within 10000 ms",
    .method = "GET",
    .url = "http://example.com/",
    .started_unix_ms = 1763910246000,
    .duration_us = 10000000,
};
static const struct outcome foul = {
    .kind = ERROR_STATUS,
    .status = 500,
    .error = "a \xC3\xA9 and half of one: \xC3",
    .response = {"\0\xFF\xFE z\xED\xA0\x80\x1b", 9},
    .method = "PUT",
    .url = "http://example.com/\x80",
    .started_unix_ms = 0,
};
static const struct outcome unread = {
    .kind = ERROR_DECODE,
    .error = "byte 3: a value was expected",
    .method = "",
    .url = "",
    .started_unix_ms = -62135596800000, /* the year 1 */
};

static const struct verdict verdicts[] = {
    {
        .record = &record,
        .id = SLICE_INIT("orders-3-42"),
        .subscription = SLICE_INIT("dash"),
        .event_type = SLICE_INIT("order.created"),
        .outcome = &delivered,
        .fate = FATE_DELIVERED,
        .attempts = 2,
        .instance = "host-1",
    },
    {
        .record = &record,
        .id = SLICE_INIT("orders-3-42"),
        .subscription = SLICE_INIT("dash"),
        .event_type = SLICE_INIT(""),
        .outcome = &timed_out,
        .fate = FATE_RETRY,
        .attempts = 1,
        .next_attempt_unix_ms = 1763910261000,
        .instance = "host-1",
    },
    {
        .record = &record,
        .id = SLICE_INIT("orders-3-42"),
        .subscription = SLICE_INIT("dash"),
        .event_type = SLICE_INIT("\xFF"),
        .outcome = &foul,
        .fate = FATE_DEAD,
        .attempts = 9,
        .instance = "host-1",
    },
    {
        .record = &nameless,
        .id = SLICE_INIT("grapnel.retry.5m-0-0"),
        .outcome = &unread,
        .fate = FATE_DEAD,
        .instance = "host-1",
    },
};

static struct slice write_one(struct result_avro *avro, const struct verdict *verdict,
                              struct buffer *out)
{
    buffer_clear(out);
    result_avro_write(avro, 0x01020304, verdict, out);
    assert_false(out->failed);
    return buffer_slice(out);
}

static void is_framed_and_binary(void **state)
{
    (void)state;
    static const char expected[] =
        "0001020304"               /* the schema */
        "166f72646572732d332d3432" /* id */
        "020864617368"             /* subscription: of two the second, and four bytes */
        "021a6f726465722e63726561746564"
        "0c6f7264657273" /* topic */
        "0654"           /* partition, offset */
        "0286ecf293d666" /* timestamp */
        "1264656c697665726564"
        "04"           /* outcome, attempt */
        "0208504f5354" /* method */
        "023068747470733a2f2f6578616d706c652e636f6d2f686f6f6b"
        "029003" /* status */
        "0000"   /* no error_kind, no error */
        "02167b226f6b223a747275657d"
        "e0f9f293d666"
        "1a"              /* started_at, duration_ms */
        "00"              /* no next_attempt_at */
        "0c686f73742d31"; /* instance */
    struct buffer out = {0};
    struct buffer bytes = {0};
    struct result_avro *avro = result_avro_create(NULL);
    assert_true(hex_decode(slice_of(expected), &bytes));
    struct slice got = write_one(avro, &verdicts[0], &out);
    assert_int_equal(got.size, bytes.size);
    assert_memory_equal(got.data, bytes.data, bytes.size);
    buffer_finish(&bytes);
    buffer_finish(&out);
    result_avro_destroy(avro);
}

/* Twice round, since a writer's values are filled anew each time. */
static void reads_back_as_the_json_result(void **state)
{
    (void)state;
    struct error err = {0};
    struct buffer schema = {0}, out = {0}, json = {0}, back = {0};
    struct result_avro *avro = result_avro_create(&err);
    result_write_schema(&schema);
    struct slice text = buffer_slice(&schema);
    struct avro_plan *plan = avro_plan_create(&text, 1, &err);
    struct avro_reading *reading = avro_reading_create();
    for (size_t i = 0; i < 2 * COUNT_OF(verdicts); i++) {
        const struct verdict *verdict = &verdicts[i % COUNT_OF(verdicts)];
        struct slice value = slice_from(write_one(avro, verdict, &out), FRAME);
        buffer_clear(&json);
        buffer_clear(&back);
        result_write(verdict, &json);
        if (!avro_reading_to_json(reading, plan, value, &back, &err))
            fail_msg("%s", err.text);
        assert_string_equal(buffer_text(&back), buffer_text(&json));
    }
    avro_reading_destroy(reading);
    avro_plan_destroy(plan);
    result_avro_destroy(avro);
    buffer_finish(&schema);
    buffer_finish(&out);
    buffer_finish(&json);
    buffer_finish(&back);
}

static avro_schema_t schema_of(const char *text)
{
    avro_schema_t schema = NULL;
    assert_int_equal(avro_schema_from_json_length(text, strlen(text), &schema), 0);
    return schema;
}

static char *read_file(const char *path)
{
    struct buffer text = {0};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (int c = getc(file); c != EOF; c = getc(file))
        buffer_add_char(&text, (char)c);
    fclose(file);
    buffer_add_char(&text, '\0');
    return text.data;
}

static void expect_text(const avro_value_t *whole, const char *name, const char *text)
{
    avro_value_t field = {0};
    avro_value_t branch = {0};
    const char *got = NULL;
    size_t size = 0;
    assert_int_equal(avro_value_get_by_name(whole, name, &field, NULL), 0);
    branch = field;
    if (avro_value_get_type(&field) == AVRO_UNION)
        assert_int_equal(avro_value_get_current_branch(&field, &branch), 0);
    assert_int_equal(avro_value_get_string(&branch, &got, &size), 0);
    assert_string_equal(got, text);
}

/* As a reader that was made with the schema of this file, by avro-c's schema resolution. */
static void expect_readable(struct slice value, const char *writer_text, const char *path)
{
    char *reader_text = read_file(path);
    avro_schema_t writer = schema_of(writer_text);
    avro_schema_t wanted = schema_of(reader_text);
    avro_value_iface_t *type = avro_generic_class_from_schema(wanted);
    avro_value_iface_t *resolver = avro_resolved_writer_new(writer, wanted);
    avro_value_t whole = {0};
    avro_value_t resolved = {0};
    assert_non_null(resolver);
    assert_int_equal(avro_generic_value_new(type, &whole), 0);
    assert_int_equal(avro_resolved_writer_new_value(resolver, &resolved), 0);
    avro_resolved_writer_set_dest(&resolved, &whole);
    avro_reader_t reader = avro_reader_memory(value.data, (int64_t)value.size);
    assert_int_equal(avro_value_read(reader, &resolved), 0);
    expect_text(&whole, "id", "orders-3-42");
    expect_text(&whole, "outcome", "delivered");
    expect_text(&whole, "url", "https://example.com/hook");
    expect_text(&whole, "instance", "host-1");
    avro_reader_free(reader);
    avro_value_decref(&resolved);
    avro_value_decref(&whole);
    avro_value_iface_decref(resolver);
    avro_value_iface_decref(type);
    avro_schema_decref(wanted);
    avro_schema_decref(writer);
    free(reader_text);
}

/* data/ keeps every schema that was ever released; this one is never changed. */
static void a_reader_of_the_first_version_reads_it(void **state)
{
    (void)state;
    struct buffer schema = {0}, out = {0};
    struct result_avro *avro = result_avro_create(NULL);
    result_write_schema(&schema);
    struct slice value = slice_from(write_one(avro, &verdicts[0], &out), FRAME);
    expect_readable(value, buffer_text(&schema), TEST_DATA "/delivery-result-1.avsc");
    result_avro_destroy(avro);
    buffer_finish(&schema);
    buffer_finish(&out);
}

/* The rule that makes the next version readable: what may be added is null where it is missing. */
static void what_can_be_null_is_null_by_default(void **state)
{
    (void)state;
    struct buffer schema = {0};
    struct jtext json = {0};
    result_write_schema(&schema);
    assert_true(jtext_read(&json, buffer_slice(&schema), NULL));
    uint32_t fields = jtext_member(&json, JTEXT_ROOT, SLICE("fields"));
    for (long long i = 0; i < RESULT_FIELDS; i++) {
        uint32_t field = jtext_element(&json, fields, i);
        struct slice type = jtext_value(&json, jtext_member(&json, field, SLICE("type")));
        uint32_t fallback = jtext_member(&json, field, SLICE("default"));
        bool may_be_null = slice_starts(type, SLICE("[\"null\", "));
        assert_int_equal(may_be_null, result_fields[i].type >= RESULT_TEXT_OR_NULL);
        assert_int_equal(may_be_null, fallback != JTEXT_NOTHING);
        assert_null(strstr(result_fields[i].text, "\""));
    }
    assert_int_equal(jtext_element(&json, fields, RESULT_FIELDS), JTEXT_NOTHING);
    jtext_finish(&json);
    buffer_finish(&schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_framed_and_binary),
        cmocka_unit_test(reads_back_as_the_json_result),
        cmocka_unit_test(a_reader_of_the_first_version_reads_it),
        cmocka_unit_test(what_can_be_null_is_null_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
