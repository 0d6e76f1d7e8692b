#include "render/content_type.h"

#include <stdint.h>

static bool ends_with(struct slice text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size &&
           slice_equal_nocase(slice_from(text, text.size - size), slice_of(end));
}

bool content_type_is_json(struct slice content_type)
{
    struct slice type = content_type;
    const char *parameters = type.size ? memchr(type.data, ';', type.size) : NULL;
    if (parameters)
        type.size = (size_t)(parameters - type.data);
    while (type.size && (type.data[type.size - 1] == ' ' || type.data[type.size - 1] == '\t'))
        type.size--;
    return type.size == 0 || ends_with(type, "/json") || ends_with(type, "+json");
}

/* Is it the record's value, or what stands in it? */
static bool is_as_published(const struct event *ev)
{
    struct slice whole = ev->record->value;
    uintptr_t at = (uintptr_t)ev->value.data - (uintptr_t)whole.data;
    return whole.data && at <= whole.size;
}

struct slice content_type_of(const struct event *ev)
{
    struct slice said = ev->cloudevents == CLOUDEVENTS_NONE ? SLICE_NONE : ev->hints.content_type;
    if (said.size && is_as_published(ev))
        return said;
    switch (ev->form) {
    case EVENT_JSON:
        return SLICE("application/json");
    case EVENT_TEXT:
        return SLICE("text/plain; charset=utf-8");
    case EVENT_BINARY:
        return SLICE("application/octet-stream");
    case EVENT_NULL:
        break;
    }
    return SLICE_NONE;
}
