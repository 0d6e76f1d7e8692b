#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "decode/event.h"

static bool decode(struct slice value, enum format format, struct event *ev, struct error *err)
{
    static struct record record;
    record = (struct record){.topic = "orders", .value = value};
    return event_decode(&record, format, ev, err);
}

static void tells_the_form_by_the_format(void **state)
{
    (void)state;
    static const struct {
        struct slice value;
        enum format format;
        enum event_form form;
        const char *error; /* NULL: none */
    } rows[] = {
        {SLICE_INIT("{\"a\":1}"), FORMAT_AUTO, EVENT_JSON, NULL},
        {SLICE_INIT(" 41.10\n"), FORMAT_JSON, EVENT_JSON, NULL},
        {SLICE_INIT("h\xC3\xA9"), FORMAT_TEXT, EVENT_TEXT, NULL},
        {SLICE_INIT(""), FORMAT_TEXT, EVENT_TEXT, NULL},
        {SLICE_INIT("\xFF\0"), FORMAT_BINARY, EVENT_BINARY, NULL},
        {{NULL, 0}, FORMAT_AUTO, EVENT_NULL, NULL},
        {{NULL, 0}, FORMAT_TEXT, EVENT_NULL, NULL},
        {{NULL, 0}, FORMAT_BINARY, EVENT_NULL, NULL},
        {SLICE_INIT(""), FORMAT_AUTO, 0, "not JSON: it ends at byte 0, where a value was expected"},
        {SLICE_INIT("hello"), FORMAT_JSON, 0, "not JSON: expected a value at byte 0"},
        {SLICE_INIT("h\xE9"), FORMAT_TEXT, 0, "not text: expected valid UTF-8 at byte 1"},
        {SLICE_INIT("\0\0\0\0\x07\x02hi"), FORMAT_AUTO, 0,
         "not JSON: it begins with a zero byte, as a value that names a registry's schema"},
        {SLICE_INIT("{}"), FORMAT_AVRO, 0, "format avro needs a registry"},
    };
    struct event ev = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        if (decode(rows[i].value, rows[i].format, &ev, &err) != !rows[i].error)
            fail_msg("row %zu: %s", i, err.text);
        assert_string_equal(err.text, rows[i].error ? rows[i].error : "");
        assert_int_equal(err.kind, rows[i].error ? ERROR_DECODE : ERROR_NONE);
        if (!rows[i].error)
            assert_int_equal(ev.form, rows[i].form);
    }
    event_finish(&ev);
}

static void keeps_the_value_as_published(void **state)
{
    (void)state;
    struct event ev = {0};
    struct slice value = SLICE(" {\"a\" : 1 } \n");
    assert_true(decode(value, FORMAT_AUTO, &ev, NULL));
    assert_ptr_equal(ev.value.data, value.data);
    assert_int_equal(ev.value.size, value.size);
    event_finish(&ev);
}

static void finds_the_type(void **state)
{
    (void)state;
    static const struct record_header ce[] = {{SLICE_INIT("ce_type"), SLICE_INIT("first")},
                                              {SLICE_INIT("ce_type"), SLICE_INIT("order.paid")}};
    static const struct {
        struct slice value;
        enum format format;
        size_t headers;
        const char *type;
    } rows[] = {
        {SLICE_INIT("{\"type\":\"order.created\"}"), FORMAT_AUTO, 0, "order.created"},
        {SLICE_INIT("{\"type\":\"order.created\"}"), FORMAT_AUTO, 2, "order.paid"},
        {SLICE_INIT("{\"type\":\"\\u006frder\"}"), FORMAT_AUTO, 0, "order"},
        {SLICE_INIT("{\"type\":7}"), FORMAT_AUTO, 0, "orders"},
        {SLICE_INIT("{\"type\":null}"), FORMAT_AUTO, 0, "orders"},
        {SLICE_INIT("{}"), FORMAT_AUTO, 0, "orders"},
        {SLICE_INIT("[1]"), FORMAT_AUTO, 0, "orders"},
        {SLICE_INIT("{\"type\":\"x\"}"), FORMAT_TEXT, 0, "orders"},
        {SLICE_INIT("text"), FORMAT_TEXT, 2, "order.paid"},
        {{NULL, 0}, FORMAT_AUTO, 0, "orders"},
    };
    struct event ev = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record record = {.topic = "orders",
                                .value = rows[i].value,
                                .headers = ce,
                                .header_count = rows[i].headers};
        assert_true(event_decode(&record, rows[i].format, &ev, NULL));
        if (!slice_is(ev.type, rows[i].type))
            fail_msg("row %zu: %.*s", i, SLICE_ARGS(ev.type));
    }
    event_finish(&ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_form_by_the_format),
        cmocka_unit_test(keeps_the_value_as_published),
        cmocka_unit_test(finds_the_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
