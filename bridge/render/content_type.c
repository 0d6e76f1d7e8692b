#include "render/content_type.h"

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

struct slice content_type_of(const struct event *ev)
{
    bool as_published = ev->value.data == ev->record->value.data;
    if (ev->cloudevents != CLOUDEVENTS_NONE && as_published && ev->hints.content_type.size)
        return ev->hints.content_type;
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
