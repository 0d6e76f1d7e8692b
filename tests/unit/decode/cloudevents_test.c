#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/event.h"

#define HEADER(name, value)                                                                        \
    {                                                                                              \
        SLICE_INIT(name), SLICE_INIT(value)                                                        \
    }

#define EVENT "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""

static const struct record_header structured =
    HEADER("content-type", "application/cloudevents+json; charset=UTF-8");

/* All attributes as "name=text;". */
static void write_attributes(const struct event *ev, struct buffer *out)
{
    struct cloudevents_attribute attribute;
    struct buffer scratch = {0};
    size_t at = 0;
    while (cloudevents_next(ev, &at, &attribute, &scratch))
        buffer_print(out, "%.*s=%.*s;", SLICE_ARGS(attribute.name), SLICE_ARGS(attribute.text));
    buffer_finish(&scratch);
}

static bool decode(struct record *record, struct slice value, const struct record_header *headers,
                   size_t count, struct event *ev, struct error *err)
{
    *record = (struct record){
        .topic = "orders", .value = value, .headers = headers, .header_count = count};
    return event_decode(record, FORMAT_AUTO, ev, err);
}

static void assert_attributes(const struct event *ev, const char *expected)
{
    struct buffer out = {0};
    write_attributes(ev, &out);
    assert_string_equal(buffer_text(&out), expected);
    buffer_finish(&out);
}

static void reads_headers_in_binary_mode(void **state)
{
    (void)state;
    static const struct record_header headers[] = {
        HEADER("ce_specversion", "1.0"), HEADER("other", "x"),
        HEADER("ce_id", "first"),        HEADER("Content-Type", "text/plain"),
        HEADER("ce_type", "order.paid"), {SLICE_INIT("ce_null"), {NULL, 0}},
        HEADER("ce_id", "a \"1\""),      HEADER("ce_", "nothing"),
        HEADER("ce_myext", ""),          HEADER("content-type", "application/json"),
        HEADER("ce_source", "/s"),
    };
    struct record record;
    struct event ev = {0};
    assert_true(decode(&record, SLICE("{\"a\":1}"), headers, COUNT_OF(headers), &ev, NULL));
    assert_int_equal(ev.cloudevents, CLOUDEVENTS_BINARY);
    assert_attributes(&ev, "specversion=1.0;type=order.paid;id=a \"1\";myext=;"
                           "datacontenttype=application/json;source=/s;");
    struct cloudevents_attribute found;
    struct cloudevents_data data;
    struct buffer scratch = {0};
    assert_true(cloudevents_find(&ev, SLICE("id"), &found, &scratch));
    assert_null(found.json.data);
    assert_false(cloudevents_find(&ev, SLICE("subject"), &found, &scratch));
    assert_true(cloudevents_data(&ev, &data, &scratch, NULL));
    assert_ptr_equal(data.bytes.data, record.value.data);
    assert_true(data.is_json);
    buffer_finish(&scratch);
    event_finish(&ev);
}

static void reads_members_in_structured_mode(void **state)
{
    (void)state;
    struct record record;
    struct event ev = {0};
    struct slice value = SLICE("{\"specversion\":\"1.0\",\"id\":\"old\",\"n\":41.10,\"none\":null,"
                               "\"data\":{\"id\":1},\"\\u0069d\":\"\\u0061\\n1\",\"b\":true,"
                               "\"type\":\"t\",\"e\":\"\",\"source\":\"/s\"}");
    assert_true(decode(&record, value, &structured, 1, &ev, NULL));
    assert_int_equal(ev.cloudevents, CLOUDEVENTS_STRUCTURED);
    assert_attributes(&ev, "specversion=1.0;n=41.10;id=a\n1;b=true;type=t;e=;source=/s;");
    assert_true(slice_is(ev.type, "t"));
    assert_ptr_equal(ev.value.data, value.data);
    struct cloudevents_attribute found;
    struct buffer scratch = {0};
    assert_true(cloudevents_find(&ev, SLICE("n"), &found, &scratch));
    assert_true(slice_is(found.json, "41.10"));
    buffer_finish(&scratch);
    event_finish(&ev);
}

static void gives_the_data_of_a_structured_event(void **state)
{
    (void)state;
    static const struct {
        struct slice value;
        const char *data; /* NULL: none */
        bool is_json;
        const char *error;
    } rows[] = {
        {SLICE_INIT("{" EVENT ",\"data\":{\"a\":1.0}}"), "{\"a\":1.0}", true, NULL},
        {SLICE_INIT("{" EVENT ",\"data\":null}"), "null", true, NULL},
        {SLICE_INIT("{" EVENT ",\"data\":\"a\\n\"}"), "\"a\\n\"", true, NULL},
        {SLICE_INIT("{" EVENT ",\"data\":\"a\\n\",\"datacontenttype\":\"application/x+json;v=1\"}"),
         "\"a\\n\"", true, NULL},
        {SLICE_INIT("{" EVENT ",\"data\":\"a\\n\",\"datacontenttype\":\"text/plain\"}"), "a\n",
         false, NULL},
        {SLICE_INIT("{" EVENT ",\"data\":[1],\"datacontenttype\":\"text/plain\"}"), "[1]", true,
         NULL},
        {SLICE_INIT("{" EVENT ",\"data_base64\":\"AP8\\u003d\",\"data\":1}"), NULL, false, NULL},
        {SLICE_INIT("{" EVENT ",\"data_base64\":\"aGk=\",\"data\":1}"), "hi", false, NULL},
        {SLICE_INIT("{" EVENT ",\"data_base64\":\"a\"}"), NULL, false, "data_base64 is not base64"},
        {SLICE_INIT("{" EVENT ",\"data_base64\":7}"), NULL, false, "data_base64 is not base64"},
        {SLICE_INIT("{" EVENT "}"), NULL, false, NULL},
    };
    struct record record;
    struct event ev = {0};
    struct buffer scratch = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cloudevents_data data;
        struct error err = {0};
        assert_true(decode(&record, rows[i].value, &structured, 1, &ev, NULL));
        if (cloudevents_data(&ev, &data, &scratch, &err) != !rows[i].error)
            fail_msg("row %zu: %s", i, err.text);
        assert_string_equal(err.text, rows[i].error ? rows[i].error : "");
        if (rows[i].data &&
            (!slice_is(data.bytes, rows[i].data) || data.is_json != rows[i].is_json))
            fail_msg("row %zu: %.*s", i, SLICE_ARGS(data.bytes));
    }
    buffer_finish(&scratch);
    event_finish(&ev);
}

static void tells_the_mode_by_the_content_type(void **state)
{
    (void)state;
    static const struct {
        struct slice type;
        struct slice value;
        enum cloudevents_mode mode;
        const char *error;
    } rows[] = {
        {SLICE_INIT("application/json"), SLICE_INIT("{}"), CLOUDEVENTS_NONE, NULL},
        {SLICE_INIT(""), SLICE_INIT("{}"), CLOUDEVENTS_NONE, NULL},
        {SLICE_INIT("Application/CloudEvents+JSON"), SLICE_INIT("{" EVENT "}"),
         CLOUDEVENTS_STRUCTURED, NULL},
        {SLICE_INIT("application/cloudevents+json ;charset=utf-8"), SLICE_INIT("{" EVENT "}"),
         CLOUDEVENTS_STRUCTURED, NULL},
        {SLICE_INIT("application/cloudevents+json"), SLICE_INIT("[]"), 0,
         "a structured CloudEvent has to be a JSON object"},
        {SLICE_INIT("application/cloudevents-batch+json; charset=UTF-8"), SLICE_INIT("[]"), 0,
         "a batch of CloudEvents, which is more than one event"},
        {SLICE_INIT("application/cloudevents+avro"), SLICE_INIT("{}"), 0,
         "a CloudEvent in application/cloudevents+avro; of the structured formats only JSON can be "
         "read"},
        {SLICE_INIT("application/cloudevents+xml; charset=utf-8"), SLICE_INIT("<event/>"), 0,
         "a CloudEvent in application/cloudevents+xml; of the structured formats only JSON can be "
         "read"},
        {SLICE_INIT("application/cloudevents"), SLICE_INIT("{}"), 0,
         "a CloudEvent in application/cloudevents; of the structured formats only JSON can be "
         "read"},
    };
    struct record record;
    struct event ev = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record_header header = {SLICE("content-type"), rows[i].type};
        struct error err = {0};
        if (decode(&record, rows[i].value, &header, 1, &ev, &err) != !rows[i].error)
            fail_msg("row %zu: %s", i, err.text);
        assert_string_equal(err.text, rows[i].error ? rows[i].error : "");
        if (!rows[i].error)
            assert_int_equal(ev.cloudevents, rows[i].mode);
    }
    event_finish(&ev);
}

static void asks_for_what_each_has(void **state)
{
    (void)state;
#define NOT_STRING " is not a string with something in it"
    static const struct {
        struct slice value;
        const char *error;
    } rows[] = {
        {SLICE_INIT("{\"specversion\":\"0.3\"," EVENT "}"), ""}, /* the last one counts */
        {SLICE_INIT("{" EVENT ",\"specversion\":\"0.3\"}"),
         "a CloudEvent whose specversion is \"0.3\" instead of \"1.0\""},
        {SLICE_INIT("{" EVENT ",\"specversion\":1.0}"),
         "a CloudEvent whose specversion is 1.0 instead of \"1.0\""},
        {SLICE_INIT("{\"id\":\"1\"}"), "a CloudEvent without specversion"},
        {SLICE_INIT("{\"specversion\":\"1.0\"}"), "a CloudEvent without .id"},
        {SLICE_INIT("{" EVENT ",\"id\":\"\"}"), "a CloudEvent whose .id" NOT_STRING},
        {SLICE_INIT("{" EVENT ",\"id\":7}"), "a CloudEvent whose .id" NOT_STRING},
        {SLICE_INIT("{" EVENT ",\"source\":null}"), "a CloudEvent whose .source" NOT_STRING},
        {SLICE_INIT("{" EVENT ",\"type\":[\"t\"]}"), "a CloudEvent whose .type" NOT_STRING},
    };
    struct record record;
    struct event ev = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        if (decode(&record, rows[i].value, &structured, 1, &ev, &err) != !*rows[i].error)
            fail_msg("row %zu: %s", i, err.text);
        assert_string_equal(err.text, rows[i].error);
    }
    event_finish(&ev);
}

static void asks_for_it_in_headers_too(void **state)
{
    (void)state;
    static const struct {
        size_t header; /* which one is another */
        struct slice value;
        const char *error;
    } rows[] = {
        {0, SLICE_INIT("1.0"), ""},
        {0, SLICE_INIT("0.3"), "a CloudEvent whose specversion is 0.3 instead of 1.0"},
        {0, SLICE_INIT(""), "a CloudEvent whose specversion is  instead of 1.0"},
        {1, SLICE_INIT(""), "a CloudEvent whose header ce_id is empty"},
        {1, {NULL, 0}, "a CloudEvent whose header ce_id is missing"},
        {2, SLICE_INIT(""), "a CloudEvent whose header ce_source is empty"},
        {3, {NULL, 0}, "a CloudEvent whose header ce_type is missing"},
    };
    struct event ev = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record_header headers[] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "1"),
                                          HEADER("ce_source", "/s"), HEADER("ce_type", "t")};
        struct record record = {.topic = "orders",
                                .value = SLICE("hello"),
                                .headers = headers,
                                .header_count = COUNT_OF(headers)};
        struct error err = {0};
        headers[rows[i].header].value = rows[i].value;
        if (event_decode(&record, FORMAT_TEXT, &ev, &err) != !*rows[i].error)
            fail_msg("row %zu: %s", i, err.text);
        assert_string_equal(err.text, rows[i].error);
        record.value = SLICE_NONE; /* of what has nothing to say nothing is asked */
        assert_true(event_decode(&record, FORMAT_TEXT, &ev, NULL));
    }
    event_finish(&ev);
}

static void leaves_text_and_bytes_alone(void **state)
{
    (void)state;
    struct record record = {
        .topic = "orders", .value = SLICE("hello"), .headers = &structured, .header_count = 1};
    struct event ev = {0};
    assert_true(event_decode(&record, FORMAT_TEXT, &ev, NULL));
    assert_int_equal(ev.cloudevents, CLOUDEVENTS_NONE);
    assert_attributes(&ev, "");
    event_finish(&ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_headers_in_binary_mode),
        cmocka_unit_test(reads_members_in_structured_mode),
        cmocka_unit_test(gives_the_data_of_a_structured_event),
        cmocka_unit_test(tells_the_mode_by_the_content_type),
        cmocka_unit_test(asks_for_what_each_has),
        cmocka_unit_test(asks_for_it_in_headers_too),
        cmocka_unit_test(leaves_text_and_bytes_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
