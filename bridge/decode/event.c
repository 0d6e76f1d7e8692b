#include "decode/event.h"

#include "base/utf8.h"

#define TOKENS_KEPT 1024
#define BYTES_KEPT  4096

static bool read_text(struct slice value, struct error *err)
{
    size_t valid = utf8_valid_bytes(value);
    if (valid == value.size)
        return true;
    return error_set(err, ERROR_DECODE, "not text: expected valid UTF-8 at byte %zu", valid);
}

static bool read_value(struct event *ev, struct error *err)
{
    switch (ev->form) {
    case EVENT_JSON:
        return jtext_read(&ev->json, ev->value, err);
    case EVENT_TEXT:
        return read_text(ev->value, err);
    case EVENT_BINARY:
    case EVENT_NULL:
        break;
    }
    return true;
}

/* `.type`, when it is a string. */
static struct slice type_within(struct event *ev)
{
    if (ev->form != EVENT_JSON)
        return SLICE_NONE;
    uint32_t member = jtext_member(&ev->json, JTEXT_ROOT, SLICE("type"));
    if (member == JTEXT_NOTHING)
        return SLICE_NONE;
    struct slice value = jtext_value(&ev->json, member);
    return jtext_kind(value) == JTEXT_STRING ? jtext_string(value, &ev->made) : SLICE_NONE;
}

/* A value that is only looked at as text or bytes is no envelope, whatever its header says. */
static bool find_cloudevent(struct event *ev, struct error *err)
{
    bool structured = false;
    ev->cloudevents = ev->hints.specversion.data ? CLOUDEVENTS_BINARY : CLOUDEVENTS_NONE;
    if (!ev->hints.content_type.data || ev->form != EVENT_JSON)
        return true;
    if (!cloudevents_is_structured(ev->hints.content_type, &structured, err))
        return false;
    if (structured)
        ev->cloudevents = CLOUDEVENTS_STRUCTURED;
    return true;
}

void event_begin(struct event *ev, const struct record *record)
{
    ev->record = record;
    hints_find(record, &ev->hints);
    buffer_clear(&ev->text);
    buffer_clear(&ev->made);
}

bool event_read(struct event *ev, enum event_form form, struct slice value, struct error *err)
{
    ev->form = form;
    ev->value = value;
    if (!find_cloudevent(ev, err) || !read_value(ev, err) || !cloudevents_check(ev, err))
        return false;
    ev->type = ev->hints.type;
    if (!ev->type.data)
        ev->type = type_within(ev);
    if (ev->made.failed)
        return error_set(err, ERROR_MEMORY, "no memory for the event's type");
    if (!ev->type.data)
        ev->type = slice_of(ev->record->topic);
    return true;
}

/* A schema registry's wire format: a zero byte and the schema's id before the value. */
static bool looks_framed(struct slice value)
{
    return value.size >= 5 && value.data[0] == '\0';
}

static bool decode_json(struct event *ev, struct slice value, struct error *err)
{
    if (event_read(ev, EVENT_JSON, value, err))
        return true;
    if (err && err->kind == ERROR_DECODE && looks_framed(value))
        error_set(
            err, ERROR_DECODE,
            "not JSON: it begins with a zero byte, as a value that names a registry's schema");
    return false;
}

bool event_decode(const struct record *record, enum format format, struct event *ev,
                  struct error *err)
{
    event_begin(ev, record);
    if (!record->value.data)
        return event_read(ev, EVENT_NULL, record->value, err);
    switch (format) {
    case FORMAT_TEXT:
        return event_read(ev, EVENT_TEXT, record->value, err);
    case FORMAT_BINARY:
        return event_read(ev, EVENT_BINARY, record->value, err);
    case FORMAT_AVRO:
        return error_set(err, ERROR_DECODE, "format avro needs a registry");
    case FORMAT_AUTO:
    case FORMAT_JSON:
        break;
    }
    return decode_json(ev, record->value, err);
}

void event_finish(struct event *ev)
{
    jtext_finish(&ev->json);
    buffer_finish(&ev->text);
    buffer_finish(&ev->made);
    *ev = (struct event){0};
}

static void add_without_dots(struct buffer *out, struct slice text)
{
    char *room = buffer_reserve(out, text.size);
    if (!room)
        return;
    for (size_t i = 0; i < text.size; i++)
        room[i] = text.data[i] == '.' ? '_' : text.data[i];
    out->size += text.size;
}

void event_position_id(const struct record *record, struct slice namespace, struct buffer *out)
{
    if (namespace.data) {
        add_without_dots(out, namespace);
        buffer_add_char(out, '-');
    }
    add_without_dots(out, slice_of(record->topic));
    buffer_add_char(out, '-');
    buffer_add_int(out, record->partition);
    buffer_add_char(out, '-');
    buffer_add_int(out, record->offset);
}

void event_trim(struct event *ev)
{
    if (ev->json.capacity > TOKENS_KEPT || ev->text.capacity > BYTES_KEPT ||
        ev->made.capacity > BYTES_KEPT)
        event_finish(ev);
}
