#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/decoder.h"
#include "fake_registry.h"

#define GUID "\1\x5F\x0C\x1F\x5E\x8C\x1D\x4A\x55\x9F\x6B\x1E\x6A\x2F\x1C\x9D\x77"
#define ORDER                                                                                      \
    "{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"o\\\",\\\"fields\\\":[{\\\"name\\\":"           \
    "\\\"type\\\",\\\"type\\\":\\\"string\\\"},{\\\"name\\\":\\\"n\\\",\\\"type\\\":\\\"int\\\"}]" \
    "}"

/* Schema 7 and that of the GUID are Avro, 8 is a JSON Schema, 9 Protobuf; there is no 404. */
static const struct fake_answer answers[] = {
    {"/schemas/ids/7", FOUND(ORDER), 0},
    {"/schemas/guids/5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77", FOUND(ORDER), 0},
    {"/schemas/ids/8", "HTTP/1.1 200 OK", "{\"schema\":\"{}\",\"schemaType\":\"JSON\"}", 0},
    {"/schemas/ids/9", "HTTP/1.1 200 OK", "{\"schema\":\"\",\"schemaType\":\"PROTOBUF\"}", 0},
    {"/schemas/ids/404", UNKNOWN, 0},
    {0}};

struct fixture {
    struct fake_registry fake;
    char url[64];
    struct settings_registry settings;
    struct decoder *decoder;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){0};
    fake_start(&f->fake, answers, f->url);
    f->settings = (struct settings_registry){.url = {.data = f->url, .size = strlen(f->url)},
                                             .timeout_ms = 10000};
    f->decoder = decoder_create_waiting(&f->settings, NULL);
    assert_non_null(f->decoder);
}

static void end(struct fixture *f)
{
    decoder_destroy(f->decoder);
    fake_stop(&f->fake);
    fake_forget(&f->fake);
}

static const struct {
    enum format format;
    struct slice header; /* __value_schema_id */
    struct slice value;
    enum event_form form;
    const char *text; /* what `body: event` sends; NULL: an error */
    const char *error;
} rows[] = {
    {FORMAT_AUTO, {NULL, 0}, SLICE_INIT(" {\"a\":1}"), EVENT_JSON, " {\"a\":1}", NULL},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\7\4hi\2"),
     EVENT_JSON,
     "{\"type\":\"hi\",\"n\":1}",
     NULL},
    {FORMAT_AUTO, SLICE_INIT(GUID), SLICE_INIT("\4hi\2"), EVENT_JSON, "{\"type\":\"hi\",\"n\":1}",
     NULL},
    {FORMAT_AUTO, SLICE_INIT("\1ab"), SLICE_INIT("7"), EVENT_JSON, "7", NULL},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\x08{\"a\":1.0}"),
     EVENT_JSON,
     "{\"a\":1.0}",
     NULL},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\x08{"),
     0,
     NULL,
     "not JSON: it ends at byte 1, where a name in quotes or '}' was expected"},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\x09x"),
     0,
     NULL,
     "schema 9: it is of type PROTOBUF; Avro and JSON Schema can be read"},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\1\x94x"),
     0,
     NULL,
     "schema 404: the registry knows no such schema"},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\7\4h"),
     0,
     NULL,
     "not Avro of schema 7: the value is not as long as the schema says"},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0"),
     0,
     NULL,
     "not JSON: expected a value at byte 0"},
    {FORMAT_AUTO,
     {NULL, 0},
     SLICE_INIT(""),
     0,
     NULL,
     "not JSON: it ends at byte 0, where a value was expected"},
    {FORMAT_AVRO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\7\4hi\2"),
     EVENT_JSON,
     "{\"type\":\"hi\",\"n\":1}",
     NULL},
    {FORMAT_AVRO,
     {NULL, 0},
     SLICE_INIT("{}"),
     0,
     NULL,
     "not Avro: it names no schema, by a header __value_schema_id or by a zero byte and an id "
     "before it"},
    {FORMAT_AVRO,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\x08{}"),
     0,
     NULL,
     "not Avro: its schema is a JSON Schema"},
    {FORMAT_JSON, {NULL, 0}, SLICE_INIT("\0\0\0\0\x08{\"a\":1}"), EVENT_JSON, "{\"a\":1}", NULL},
    {FORMAT_JSON, SLICE_INIT(GUID), SLICE_INIT("{\"a\":1}"), EVENT_JSON, "{\"a\":1}", NULL},
    {FORMAT_JSON,
     {NULL, 0},
     SLICE_INIT("\0\0\0\0\7\4hi\2"),
     0,
     NULL,
     "not JSON: expected a value at byte 0"},
    {FORMAT_TEXT, {NULL, 0}, SLICE_INIT("\0\0\0\0\7x"), EVENT_TEXT, NULL, NULL},
    {FORMAT_BINARY, SLICE_INIT(GUID), SLICE_INIT("\4hi\2"), EVENT_BINARY, "\4hi\2", NULL},
};

static void decides_by_the_format_and_the_schema(void **state)
{
    (void)state;
    struct fixture f;
    struct event ev = {0};
    begin(&f);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record_header header = {SLICE("__value_schema_id"), rows[i].header};
        struct record record = {.topic = "t",
                                .value = rows[i].value,
                                .headers = &header,
                                .header_count = rows[i].header.data ? 1 : 0};
        struct error err = {0};
        bool decoded = decoder_decode_now(f.decoder, &record, rows[i].format, &ev, &err);
        if (decoded != !rows[i].error || strcmp(err.text, rows[i].error ? rows[i].error : "") != 0)
            fail_msg("row %zu: %s", i, err.text);
        if (!decoded)
            assert_int_equal(err.kind, ERROR_DECODE);
        else
            assert_int_equal(ev.form, rows[i].form);
        if (rows[i].text && !slice_is(ev.value, rows[i].text))
            fail_msg("row %zu: %.*s", i, SLICE_ARGS(ev.value));
    }
    event_finish(&ev);
    end(&f);
}

/* What is made of Avro is looked into like what was published. */
static void finds_the_type_in_avro(void **state)
{
    (void)state;
    struct fixture f;
    struct event ev = {0};
    struct record record = {.topic = "t", .value = SLICE("\0\0\0\0\7\4hi\2")};
    begin(&f);
    assert_true(decoder_decode_now(f.decoder, &record, FORMAT_AUTO, &ev, NULL));
    assert_true(slice_is(ev.type, "hi"));
    record.value = SLICE("7"); /* nothing of it is left */
    assert_true(decoder_decode_now(f.decoder, &record, FORMAT_AUTO, &ev, NULL));
    assert_true(slice_is(ev.type, "t"));
    assert_true(slice_is(ev.value, "7"));
    event_finish(&ev);
    end(&f);
}

static void knows_nothing_of_schemas_without_a_registry(void **state)
{
    (void)state;
    const struct settings_registry none = {0};
    struct decoder *decoder = decoder_create_waiting(&none, NULL);
    struct event ev = {0};
    struct error err = {0};
    struct record record = {.topic = "t", .value = SLICE("\0\0\0\0\7x")};
    assert_false(decoder_decode_now(decoder, &record, FORMAT_AUTO, &ev, &err));
    assert_string_equal(
        err.text,
        "not JSON: it begins with a zero byte, as a value that names a registry's schema");
    record.value = SLICE("{}");
    assert_true(decoder_decode_now(decoder, &record, FORMAT_AUTO, &ev, &err));
    event_finish(&ev);
    decoder_destroy(decoder);
}

static void says_that_the_registry_is_absent(void **state)
{
    (void)state;
    struct fixture f;
    struct event ev = {0};
    struct error err = {0};
    struct record record = {.topic = "t", .value = SLICE("\0\0\0\0\7x")};
    begin(&f);
    fake_stop(&f.fake); /* nobody listens there any more */
    assert_false(decoder_decode_now(f.decoder, &record, FORMAT_AUTO, &ev, &err));
    assert_int_equal(err.kind, ERROR_CONNECT);
    assert_non_null(strstr(err.text, "can't be asked: "));
    assert_non_null(strstr(err.text, f.url));
    event_finish(&ev);
    decoder_destroy(f.decoder);
    fake_forget(&f.fake);
}

struct told {
    struct loop *loop;
    unsigned count;
};

static void known(void *context, struct list *waiters)
{
    struct told *told = context;
    while (list_pop(waiters))
        told->count++;
    loop_stop(told->loop);
}

static void a_record_waits_and_is_told(void **state)
{
    (void)state;
    struct fixture f;
    struct event ev = {0};
    struct told told = {.loop = loop_create(NULL)};
    struct list waiter;
    struct record record = {.topic = "t", .value = SLICE("\0\0\0\0\7\4hi\2")};
    begin(&f);
    const struct decoder_options options = {
        .registry = &f.settings, .loop = told.loop, .context = &told, .known = known};
    struct decoder *decoder = decoder_create(&options, NULL);
    list_init(&waiter);
    assert_int_equal(decoder_decode(decoder, &record, FORMAT_AUTO, &ev, NULL), DECODER_WAITS);
    decoder_wait(decoder, &waiter);
    loop_run(told.loop);
    assert_int_equal(told.count, 1);
    assert_int_equal(decoder_decode(decoder, &record, FORMAT_AUTO, &ev, NULL), DECODER_EVENT);
    event_finish(&ev);
    decoder_destroy(decoder);
    loop_destroy(told.loop);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_by_the_format_and_the_schema),
        cmocka_unit_test(finds_the_type_in_avro),
        cmocka_unit_test(knows_nothing_of_schemas_without_a_registry),
        cmocka_unit_test(says_that_the_registry_is_absent),
        cmocka_unit_test(a_record_waits_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
