#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "render/content_type.h"

static void goes_by_the_form_of_what_is_no_cloudevent(void **state)
{
    (void)state;
    static const struct {
        enum event_form form;
        const char *type; /* NULL: none */
    } rows[] = {
        {EVENT_JSON, "application/json"},
        {EVENT_TEXT, "text/plain; charset=utf-8"},
        {EVENT_BINARY, "application/octet-stream"},
        {EVENT_NULL, NULL},
    };
    const struct record record = {.value = SLICE("1")};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct event ev = {.record = &record,
                                 .form = rows[i].form,
                                 .value = record.value,
                                 .hints = {.content_type = SLICE("image/png")}};
        struct slice type = content_type_of(&ev);
        assert_int_equal(!type.data, !rows[i].type);
        assert_true(!type.data || slice_is(type, rows[i].type));
    }
}

/* A value that names its schema is sent without that; one that was made of Avro is JSON. */
static void believes_a_cloudevent_of_its_own_bytes(void **state)
{
    (void)state;
    const struct record record = {.value = SLICE("framed{}")};
    struct event ev = {.record = &record,
                       .form = EVENT_JSON,
                       .cloudevents = CLOUDEVENTS_BINARY,
                       .value = record.value,
                       .hints = {.content_type = SLICE("application/vnd.a+json")}};
    assert_true(slice_is(content_type_of(&ev), "application/vnd.a+json"));
    ev.value = slice_from(record.value, 6);
    assert_true(slice_is(content_type_of(&ev), "application/vnd.a+json"));
    ev.value = SLICE("{\"made\":1}");
    assert_true(slice_is(content_type_of(&ev), "application/json"));
    ev.value = record.value;
    ev.hints.content_type = SLICE_NONE;
    assert_true(slice_is(content_type_of(&ev), "application/json"));
}

static void knows_json_by_its_type(void **state)
{
    (void)state;
    static const struct {
        struct slice type;
        bool json;
    } rows[] = {
        {{NULL, 0}, true},
        {SLICE_INIT(""), true},
        {SLICE_INIT("application/json"), true},
        {SLICE_INIT("Text/JSON ; charset=utf-8"), true},
        {SLICE_INIT("application/vnd.a+json;v=1"), true},
        {SLICE_INIT("json"), false},
        {SLICE_INIT("application/jsonp"), false},
        {SLICE_INIT("text/plain; a=/json"), false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(content_type_is_json(rows[i].type), rows[i].json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_by_the_form_of_what_is_no_cloudevent),
        cmocka_unit_test(believes_a_cloudevent_of_its_own_bytes),
        cmocka_unit_test(knows_json_by_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
