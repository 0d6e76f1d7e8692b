#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/decoder.h"
#include "inspect/results.h"
#include "settle/result.h"
#include "settle/result_avro.h"
#include "../decode/fake_registry.h"

static void reads_the_fields_as_text(void **state)
{
    (void)state;
    struct results_reader reader = {0};
    struct result_row row;
    struct error err = {0};
    assert_true(results_read(&reader,
                             SLICE("{\"id\":\"orders-3-17\",\"subscription\":\"to-\\u0041\","
                                   "\"outcome\":\"retrying\",\"attempt\":2,"
                                   "\"status\":503,\"error_kind\":\"status\",\"error\":\"HTTP "
                                   "\\\"503\\\"\\n\",\"response\":{\"x\":[1]},"
                                   "\"timestamp\":\"2026-11-23T15:04:04.005Z\","
                                   "\"started_at\":\"2026-11-23T15:04:05.123Z\",\"duration_ms\":12,"
                                   "\"event_type\":null,\"later\":1}"),
                             &row, &err));
    assert_true(slice_is(row.id, "orders-3-17"));
    assert_true(slice_is(row.subscription, "to-A"));
    assert_true(slice_is(row.outcome, "retrying"));
    assert_true(slice_is(row.attempt, "2"));
    assert_true(slice_is(row.status, "503"));
    assert_true(slice_is(row.error_kind, "status"));
    assert_true(slice_is(row.error, "HTTP \"503\"\n"));
    assert_true(slice_is(row.timestamp, "2026-11-23T15:04:04.005Z"));
    assert_true(slice_is(row.started_at, "2026-11-23T15:04:05.123Z"));
    assert_true(slice_is(row.duration_ms, "12"));
    assert_null(row.event_type.data);
    results_reader_finish(&reader);
}

static void a_reader_is_used_again_and_again(void **state)
{
    (void)state;
    struct results_reader reader = {0};
    struct result_row row;
    char text[4096];
    for (int i = 1; i < 2000; i++) {
        /* As many escapes as fit: all of them are unescaped into the scratch buffer. */
        char *p = text + sprintf(text, "{\"id\":\"");
        for (int j = 0; j < i; j++)
            p = stpcpy(p, "\\n");
        strcpy(p, "\",\"error\":\"\\t\"}");
        assert_true(results_read(&reader, slice_of(text), &row, NULL));
        assert_int_equal(row.id.size, i);
        assert_int_equal(row.id.data[i - 1], '\n');
        assert_true(slice_is(row.error, "\t"));
        assert_null(row.outcome.data);
    }
    results_reader_finish(&reader);
}

static void what_is_no_result_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",       "hello",    "[1]",  "7",   "null",
                                        "\"{}\"", "{\"id\":", "{}{}", "\xFF"};
    struct results_reader reader = {0};
    struct result_row row;
    struct error err = {0};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_false(results_read(&reader, slice_of(texts[i]), &row, &err));
        assert_int_equal(err.kind, ERROR_DECODE);
    }
    assert_false(results_read(&reader, SLICE_NONE, &row, &err));
    assert_true(results_read(&reader, SLICE(" {} \n"), &row, &err));
    assert_null(row.id.data);
    results_reader_finish(&reader);
}

/* A registry that has, as 7, the schema of results, and as 8 one of something else. */
static void serve(struct fake_registry *fake, struct settings_registry *settings, char url[64],
                  char *body)
{
    static struct fake_answer answers[] = {
        {"/schemas/ids/7", "HTTP/1.1 200 OK", NULL, 0},
        {"/schemas/ids/8", FOUND("\\\"int\\\""), 0},
        {"/schemas/ids/9", UNKNOWN, 0},
        {0},
    };
    answers[0].body = body;
    fake_start(fake, answers, url);
    *settings =
        (struct settings_registry){.url = {.data = url, .size = strlen(url)}, .timeout_ms = 10000};
}

static void avro_and_json_read_the_same(void **state)
{
    (void)state;
    static const struct record record = {.topic = "orders", .partition = 1, .offset = 2};
    static const struct outcome outcome = {.status = 200, .error = "", .response = {"\xFF", 1}};
    static const struct verdict verdict = {.record = &record,
                                           .id = SLICE_INIT("orders-1-2"),
                                           .outcome = &outcome,
                                           .fate = FATE_DELIVERED,
                                           .instance = "host-1"};
    struct fake_registry fake;
    struct settings_registry settings;
    char url[64];
    struct buffer schema = {0}, body = {0}, json = {0}, avro = {0};
    result_write_schema(&schema);
    buffer_add_text(&body, "{\"schema\":");
    jtext_add_string(&body, buffer_slice(&schema));
    buffer_add_text(&body, "}");
    buffer_add_char(&body, '\0');
    serve(&fake, &settings, url, body.data);
    struct results_reader reader = {.decoder = decoder_create_waiting(&settings, NULL)};
    struct result_avro *writer = result_avro_create(NULL);
    struct slice text;
    result_write(&verdict, &json);
    result_avro_write(writer, 7, &verdict, &avro);
    for (int i = 0; i < 2; i++) {
        assert_true(results_text(&reader, buffer_slice(&avro), &text, NULL));
        assert_true(slice_equal(text, buffer_slice(&json)));
        assert_true(results_text(&reader, buffer_slice(&json), &text, NULL));
        assert_ptr_equal(text.data, json.data);
    }
    result_avro_destroy(writer);
    results_reader_finish(&reader);
    decoder_destroy(reader.decoder);
    fake_stop(&fake);
    fake_forget(&fake);
    buffer_finish(&schema);
    buffer_finish(&body);
    buffer_finish(&json);
    buffer_finish(&avro);
}

static void what_is_no_result_in_avro_is_told(void **state)
{
    (void)state;
    static const struct {
        struct slice value;
        enum error_kind kind; /* of results_text; NONE: it is JSON, and no result */
    } rows[] = {
        {SLICE_INIT("\0\0\0\0\x08\x02"), ERROR_NONE},
        {SLICE_INIT("\0\0\0\0\x08"), ERROR_DECODE}, /* it ends too early */
        {SLICE_INIT("\0\0\0\0\x09\x02"), ERROR_DECODE},
        {SLICE_INIT("\0\0\0"), ERROR_DECODE},
        {SLICE_INIT(""), ERROR_NONE},
        {{NULL, 0}, ERROR_NONE},
    };
    struct fake_registry fake;
    struct settings_registry settings;
    char url[64];
    char none[] = "";
    serve(&fake, &settings, url, none);
    struct results_reader reader = {.decoder = decoder_create_waiting(&settings, NULL)};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct slice text;
        struct result_row row;
        assert_int_equal(results_text(&reader, rows[i].value, &text, &err), !rows[i].kind);
        assert_int_equal(err.kind, rows[i].kind);
        if (!rows[i].kind)
            assert_false(results_read(&reader, text, &row, NULL));
    }
    fake_stop(&fake);
    fake_forget(&fake);
    struct error err = {0};
    struct slice text; /* one that is not known yet, of a registry that is away now */
    assert_false(results_text(&reader, SLICE("\0\0\0\0\x0a\x02"), &text, &err));
    assert_int_equal(err.kind, ERROR_CONNECT);
    results_reader_finish(&reader);
    decoder_destroy(reader.decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_fields_as_text),
        cmocka_unit_test(a_reader_is_used_again_and_again),
        cmocka_unit_test(what_is_no_result_is_refused),
        cmocka_unit_test(avro_and_json_read_the_same),
        cmocka_unit_test(what_is_no_result_in_avro_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
