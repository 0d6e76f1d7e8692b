/* Any headers and any value as a CloudEvent in both modes: attributes and data are what they are
 * said to be, each attribute comes once, and what is JSON is valid. */
#include <stdlib.h>

#include "base/compiler.h"
#include "decode/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(struct slice text)
{
    struct jtext json = {0};
    if (text.data && !jtext_read(&json, text, NULL))
        abort();
    jtext_finish(&json);
}

static void check(const struct event *ev)
{
    struct buffer scratch = {0}, again = {0};
    struct cloudevents_attribute one, same;
    struct cloudevents_data data;
    size_t at = 0;
    while (cloudevents_next(ev, &at, &one, &scratch)) {
        check_json(one.json);
        if (!one.name.data || !one.text.data || !cloudevents_find(ev, one.name, &same, &again) ||
            !slice_equal(one.text, same.text))
            abort();
    }
    if (cloudevents_data(ev, &data, &scratch, NULL) && data.is_json)
        check_json(data.bytes);
    buffer_finish(&scratch);
    buffer_finish(&again);
}

/* The first lines are headers, "name: value"; what is left is the value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct record_header headers[8];
    struct record record = {.topic = "t", .headers = headers};
    while (record.header_count < COUNT_OF(headers) && rest.size) {
        const char *end = memchr(rest.data, '\n', rest.size);
        if (!end)
            break;
        struct slice line = {rest.data, (size_t)(end - rest.data)};
        rest = slice_from(rest, line.size + 1);
        const char *colon = line.size ? memchr(line.data, ':', line.size) : NULL;
        if (!colon)
            break;
        size_t name = (size_t)(colon - line.data);
        headers[record.header_count++] =
            (struct record_header){{line.data, name}, slice_from(line, name + 1)};
    }
    record.value = rest;
    struct event ev = {0};
    for (int format = FORMAT_AUTO; format <= FORMAT_BINARY; format++)
        if (event_decode(&record, (enum format)format, &ev, NULL))
            check(&ev);
    event_finish(&ev);
    return 0;
}
