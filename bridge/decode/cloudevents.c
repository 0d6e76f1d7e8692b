#include "decode/cloudevents.h"

#include "base/base64.h"
#include "decode/event.h"

#define MEDIA_TYPE "application/cloudevents"

/* "text/plain; charset=utf-8" is text/plain. */
static struct slice media_type(struct slice content_type)
{
    const char *end = content_type.size ? memchr(content_type.data, ';', content_type.size) : NULL;
    struct slice type = {content_type.data,
                         end ? (size_t)(end - content_type.data) : content_type.size};
    while (type.size && (type.data[type.size - 1] == ' ' || type.data[type.size - 1] == '\t'))
        type.size--;
    return type;
}

bool cloudevents_is_structured(struct slice content_type, bool *structured, struct error *err)
{
    static const struct slice prefix = SLICE_INIT(MEDIA_TYPE);
    *structured = false;
    if (content_type.size < prefix.size ||
        !slice_equal_nocase((struct slice){content_type.data, prefix.size}, prefix))
        return true;
    struct slice type = media_type(content_type);
    struct slice rest = slice_from(type, prefix.size);
    *structured = slice_equal_nocase(rest, SLICE("+json"));
    if (*structured)
        return true;
    if (rest.size >= 6 && slice_equal_nocase((struct slice){rest.data, 6}, SLICE("-batch")))
        return error_set(err, ERROR_DECODE, "a batch of CloudEvents, which is more than one event");
    return error_set(err, ERROR_DECODE,
                     "a CloudEvent in %.*s; of the structured formats only JSON can be read",
                     SLICE_ARGS(type));
}

/* ── what each has ───────────────────────────────────────────────────────── */

static bool check_version(struct slice version, struct slice expected, struct error *err)
{
    if (!version.data)
        return error_set(err, ERROR_DECODE, "a CloudEvent without specversion");
    return slice_equal(version, expected) ||
           error_set(err, ERROR_DECODE, "a CloudEvent whose specversion is %.*s instead of %.*s",
                     (int)(version.size < 20 ? version.size : 20), version.data,
                     SLICE_ARGS(expected));
}

static bool check_headers(const struct hints *hints, struct error *err)
{
    const struct {
        const char *name;
        struct slice value;
    } required[] = {{"ce_id", hints->id}, {"ce_source", hints->source}, {"ce_type", hints->type}};
    if (!check_version(hints->specversion, SLICE("1.0"), err))
        return false;
    for (size_t i = 0; i < COUNT_OF(required); i++)
        if (!required[i].value.size)
            return error_set(err, ERROR_DECODE, "a CloudEvent whose header %s is %s",
                             required[i].name, required[i].value.data ? "empty" : "missing");
    return true;
}

/* As it is written; data NULL: there is none. */
static struct slice find_member(const struct event *ev, struct slice name)
{
    uint32_t member = jtext_member(&ev->json, JTEXT_ROOT, name);
    return member == JTEXT_NOTHING ? SLICE_NONE : jtext_value(&ev->json, member);
}

static bool check_envelope(const struct event *ev, struct error *err)
{
    static const struct slice required[] = {SLICE_INIT("id"), SLICE_INIT("source"),
                                            SLICE_INIT("type")};
    if (jtext_kind(jtext_value(&ev->json, JTEXT_ROOT)) != JTEXT_OBJECT)
        return error_set(err, ERROR_DECODE, "a structured CloudEvent has to be a JSON object");
    if (!check_version(find_member(ev, SLICE("specversion")), SLICE("\"1.0\""), err))
        return false;
    for (size_t i = 0; i < COUNT_OF(required); i++) {
        struct slice value = find_member(ev, required[i]);
        if (!value.data)
            return error_set(err, ERROR_DECODE, "a CloudEvent without .%s", required[i].data);
        if (jtext_kind(value) != JTEXT_STRING || value.size == 2)
            return error_set(err, ERROR_DECODE,
                             "a CloudEvent whose .%s is not a string with something in it",
                             required[i].data);
    }
    return true;
}

bool cloudevents_check(const struct event *ev, struct error *err)
{
    if (ev->cloudevents == CLOUDEVENTS_STRUCTURED)
        return check_envelope(ev, err);
    return ev->cloudevents == CLOUDEVENTS_NONE || ev->form == EVENT_NULL ||
           check_headers(&ev->hints, err);
}

/* ── binary mode: headers ────────────────────────────────────────────────── */

static bool same_attribute(struct slice a, struct slice b)
{
    return slice_equal(a, b) || (a.size == 12 && slice_equal_nocase(a, SLICE("content-type")) &&
                                 slice_equal_nocase(b, SLICE("content-type")));
}

static bool is_last(const struct record *record, size_t i)
{
    for (size_t later = i + 1; later < record->header_count; later++)
        if (same_attribute(record->headers[i].name, record->headers[later].name))
            return false;
    return true;
}

/* The attribute that a header stands for; data NULL: none. */
static struct slice attribute_name(struct slice header)
{
    if (slice_starts(header, SLICE("ce_")) && header.size > 3)
        return slice_from(header, 3);
    return slice_equal_nocase(header, SLICE("content-type")) ? SLICE("datacontenttype")
                                                             : SLICE_NONE;
}

static bool next_header(const struct record *record, size_t *at,
                        struct cloudevents_attribute *attribute)
{
    for (; *at < record->header_count; ++*at) {
        const struct record_header *header = &record->headers[*at];
        struct slice name = attribute_name(header->name);
        if (!name.data || !header->value.data || !is_last(record, *at))
            continue;
        *attribute = (struct cloudevents_attribute){.name = name, .text = header->value};
        ++*at;
        return true;
    }
    return false;
}

/* ── structured mode: members of the value ───────────────────────────────── */

static bool is_data(struct slice name)
{
    return slice_equal(name, SLICE("data")) || slice_equal(name, SLICE("data_base64"));
}

static struct slice text_of(struct slice json, struct buffer *scratch)
{
    return jtext_kind(json) == JTEXT_STRING ? jtext_string(json, scratch) : json;
}

/* Unescaped, no text is longer than before: with room for both, adding the one leaves the other
 * where it is. */
static bool read_member(struct slice name, struct slice value, struct buffer *scratch,
                        struct cloudevents_attribute *attribute)
{
    buffer_clear(scratch);
    if (!buffer_reserve(scratch, name.size + value.size))
        return false;
    *attribute =
        (struct cloudevents_attribute){jtext_string(name, scratch), text_of(value, scratch), value};
    return true;
}

/* A member's name is the token before its value, and both follow the object's. */
static bool next_member(const struct jtext *json, size_t *at,
                        struct cloudevents_attribute *attribute, struct buffer *scratch)
{
    uint32_t end = json->tokens[JTEXT_ROOT].next;
    uint32_t token = *at ? (uint32_t)*at : JTEXT_ROOT + 1;
    for (; token < end; token = json->tokens[token + 1].next) {
        struct slice value = jtext_value(json, token + 1);
        if (!read_member(jtext_value(json, token), value, scratch, attribute))
            break;
        if (is_data(attribute->name) || jtext_kind(value) == JTEXT_NULL ||
            jtext_member(json, JTEXT_ROOT, attribute->name) != token + 1)
            continue;
        *at = json->tokens[token + 1].next;
        return true;
    }
    *at = end;
    return false;
}

/* ── both ────────────────────────────────────────────────────────────────── */

bool cloudevents_next(const struct event *ev, size_t *at, struct cloudevents_attribute *attribute,
                      struct buffer *scratch)
{
    switch (ev->cloudevents) {
    case CLOUDEVENTS_BINARY:
        return next_header(ev->record, at, attribute);
    case CLOUDEVENTS_STRUCTURED:
        return next_member(&ev->json, at, attribute, scratch);
    case CLOUDEVENTS_NONE:
        break;
    }
    return false;
}

bool cloudevents_find(const struct event *ev, struct slice name,
                      struct cloudevents_attribute *attribute, struct buffer *scratch)
{
    size_t at = 0;
    while (cloudevents_next(ev, &at, attribute, scratch))
        if (slice_equal(attribute->name, name))
            return true;
    return false;
}

/* application/json, text/json, application/vnd.x+json; without any it is JSON (JSON Event Format
 * §3.1). */
static bool is_json_type(struct slice content_type)
{
    struct slice type = media_type(content_type);
    if (type.size < 5)
        return type.size == 0;
    struct slice end = slice_from(type, type.size - 5);
    return slice_equal_nocase(end, SLICE("/json")) || slice_equal_nocase(end, SLICE("+json"));
}

static bool decode_base64(struct slice value, struct cloudevents_data *data, struct buffer *scratch,
                          struct error *err)
{
    struct buffer text = {0};
    bool fine = jtext_kind(value) == JTEXT_STRING &&
                base64_decode(jtext_string(value, &text), scratch) && !text.failed;
    bool no_memory = text.no_memory;
    buffer_finish(&text);
    data->bytes = buffer_slice(scratch);
    if (no_memory)
        return error_set(err, ERROR_MEMORY, "no memory for data_base64");
    return fine || error_set(err, ERROR_DECODE, "data_base64 is not base64");
}

/* Is `data`, a string, the JSON value that it looks like, or text of another type? */
static bool says_json(const struct event *ev, struct buffer *scratch)
{
    struct cloudevents_attribute type;
    return !cloudevents_find(ev, SLICE("datacontenttype"), &type, scratch) ||
           is_json_type(type.text);
}

static bool structured_data(const struct event *ev, struct cloudevents_data *data,
                            struct buffer *scratch, struct error *err)
{
    uint32_t base64 = jtext_member(&ev->json, JTEXT_ROOT, SLICE("data_base64"));
    uint32_t member = jtext_member(&ev->json, JTEXT_ROOT, SLICE("data"));
    if (base64 != JTEXT_NOTHING)
        return decode_base64(jtext_value(&ev->json, base64), data, scratch, err);
    if (member == JTEXT_NOTHING)
        return true;
    *data = (struct cloudevents_data){jtext_value(&ev->json, member), true};
    if (jtext_kind(data->bytes) != JTEXT_STRING || says_json(ev, scratch))
        return true;
    buffer_clear(scratch);
    *data = (struct cloudevents_data){jtext_string(data->bytes, scratch), false};
    return true;
}

bool cloudevents_data(const struct event *ev, struct cloudevents_data *data, struct buffer *scratch,
                      struct error *err)
{
    *data = (struct cloudevents_data){0};
    buffer_clear(scratch);
    if (ev->cloudevents == CLOUDEVENTS_STRUCTURED)
        return structured_data(ev, data, scratch, err);
    data->bytes = ev->value;
    data->is_json = ev->form == EVENT_JSON;
    return true;
}
