#include "render/cloudevents.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "decode/cloudevents.h"
#include "render/content_type.h"

#define ATTRIBUTES_MAX 256  /* of one event */
#define MEMBERS_MAX    1000 /* of an envelope, those that are none among them */

/* Those that each CloudEvent has. */
enum required { SPECVERSION, ID, SOURCE, TYPE, REQUIRED_COUNT };
static const struct slice required[REQUIRED_COUNT] = {SLICE_INIT("specversion"), SLICE_INIT("id"),
                                                      SLICE_INIT("source"), SLICE_INIT("type")};

static void compile_text(const struct yaml_node *node, const char *name, const char *where,
                         struct template_builder *builder, struct template *template)
{
    const struct yaml_node *text = yaml_find(node, name);
    struct template_style style = {ENCODE_NOTHING, ENCODE_NOTHING, where};
    if (!text || yaml_is_null(text))
        return;
    template_add_text(builder, &text->text, &style);
    *template = template_build(builder);
}

struct cloudevents cloudevents_compile(const struct yaml_node *node,
                                       struct template_builder *builder)
{
    struct cloudevents how = {0};
    const struct yaml_node *mode = node->type == YAML_MAPPING ? yaml_find(node, "mode") : node;
    how.structured = mode && slice_is(text_slice(&mode->text), "structured");
    compile_text(node, "source", "body.cloudevents.source", builder, &how.source);
    compile_text(node, "type", "body.cloudevents.type", builder, &how.type);
    compile_text(node, "subject", "body.cloudevents.subject", builder, &how.subject);
    return how;
}

/* ── rendering ───────────────────────────────────────────────────────────── */

struct writer {
    const struct cloudevents *how;
    const struct scope *scope;
    struct request *request;
    struct error *err;
    unsigned seen; /* bit n: required[n] */
};

/* CloudEvents 1.0 §3.1: what else is called an attribute can't be one. */
static bool is_attribute_name(struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!(name.data[i] >= 'a' && name.data[i] <= 'z') &&
            !(name.data[i] >= '0' && name.data[i] <= '9'))
            return false;
    return name.size > 0 && !slice_is(name, "data");
}

static void note_seen(struct writer *w, struct slice name)
{
    for (size_t i = 0; i < REQUIRED_COUNT; i++)
        if (slice_equal(name, required[i]))
            w->seen |= 1u << i;
}

static void add_header(struct writer *w, struct slice name, struct slice text)
{
    struct buffer *headers = &w->request->headers;
    buffer_add_text(headers, "ce-");
    buffer_add_slice(headers, name);
    buffer_add_text(headers, ": ");
    uri_add_printable(headers, text);
    buffer_add_char(headers, '\0');
}

/* The body begins with its `{` and ends with its `}`; each member but the first has a comma. */
static void add_member_name(struct writer *w, const char *name, size_t size)
{
    struct buffer *body = &w->request->body_bytes;
    buffer_add_text(body, body->size == 1 ? "\"" : ",\"");
    buffer_add(body, name, size);
    buffer_add_text(body, "\":");
}

static void add_attribute(struct writer *w, struct slice name, struct slice text)
{
    if (!w->how->structured) {
        add_header(w, name, text);
        return;
    }
    add_member_name(w, name.data, name.size);
    jtext_add_string(&w->request->body_bytes, text);
}

static bool too_many(struct writer *w)
{
    return error_set(w->err, ERROR_RENDER, "body.cloudevents: more than %d attributes",
                     ATTRIBUTES_MAX);
}

/* Each member is looked up among all, so there must not be too many of them. */
static bool has_too_many_members(const struct event *ev)
{
    size_t count = 0;
    if (ev->cloudevents != CLOUDEVENTS_STRUCTURED)
        return false;
    for (uint32_t name = 1; name < ev->json.tokens[JTEXT_ROOT].next;
         name = ev->json.tokens[name + 1].next)
        count++;
    return count > MEMBERS_MAX;
}

/* An event that said less than the one published would be no error that anybody sees. */
static bool check_attribute(struct writer *w, const struct cloudevents_attribute *attribute)
{
    enum jtext_kind kind = attribute->json.data ? jtext_kind(attribute->json) : JTEXT_STRING;
    if (!is_attribute_name(attribute->name))
        return error_set(
            w->err, ERROR_RENDER,
            "body.cloudevents: the name of an attribute is of a-z and 0-9, not \"%.*s\"",
            SLICE_ARGS(attribute->name));
    return (kind != JTEXT_OBJECT && kind != JTEXT_ARRAY) ||
           error_set(w->err, ERROR_RENDER, "body.cloudevents: the attribute %.*s is an %s",
                     SLICE_ARGS(attribute->name), jtext_kind_name(kind));
}

/* Those of a record that is a CloudEvent, extensions too. */
static bool copy_attributes(struct writer *w)
{
    const struct event *ev = w->scope->ev;
    struct cloudevents_attribute attribute;
    size_t at = 0;
    size_t count = 0;
    if (has_too_many_members(ev))
        return too_many(w);
    while (cloudevents_next(ev, &at, &attribute, &w->request->unescaped)) {
        if (++count > ATTRIBUTES_MAX)
            return too_many(w);
        if (!check_attribute(w, &attribute))
            return false;
        if (slice_is(attribute.name, "datacontenttype"))
            continue;
        note_seen(w, attribute.name);
        add_attribute(w, attribute.name, attribute.text);
    }
    return true;
}

/* An attribute that the configuration may make, else `otherwise`; it can't be empty, and one
 * without `otherwise` is left out where it would be. */
static bool add_made(struct writer *w, const char *name, const struct template *template,
                     struct slice otherwise)
{
    struct buffer *text = &w->request->unescaped;
    buffer_clear(text);
    if (template->count == 0)
        buffer_add_slice(text, otherwise);
    else if (!template_render(template, w->scope, text, w->err))
        return false;
    if (text->failed)
        return error_set(w->err, ERROR_MEMORY, "no memory for an attribute");
    if (text->size)
        add_attribute(w, slice_of(name), buffer_slice(text));
    return text->size || !otherwise.data ||
           error_set(w->err, ERROR_RENDER, "body.cloudevents.%s: it is empty", name);
}

static bool add_source(struct writer *w)
{
    char source[256]; /* a topic's name has at most 249 bytes */
    snprintf(source, sizeof source, "/%s", w->scope->ev->record->topic);
    return add_made(w, "source", &w->how->source, slice_of(source));
}

/* What a record that is a CloudEvent lacks, and all of one that is none. */
static bool add_required(struct writer *w)
{
    unsigned missing = ~w->seen;
    if (missing & 1u << SPECVERSION)
        add_attribute(w, required[SPECVERSION], SLICE("1.0"));
    if (missing & 1u << ID)
        add_attribute(w, required[ID], w->scope->id);
    if (missing & 1u << SOURCE && !add_source(w))
        return false;
    return !(missing & 1u << TYPE) || add_made(w, "type", &w->how->type, w->scope->ev->type);
}

static bool add_optional(struct writer *w)
{
    char time[CLOCK_ISO_SIZE];
    int64_t timestamp_ms = w->scope->ev->record->timestamp_ms;
    if (w->scope->ev->cloudevents != CLOUDEVENTS_NONE)
        return true;
    if (!add_made(w, "subject", &w->how->subject, SLICE_NONE))
        return false;
    if (timestamp_ms >= 0) {
        clock_iso(timestamp_ms, time);
        add_attribute(w, SLICE("time"), slice_of(time));
    }
    return true;
}

static bool add_attributes(struct writer *w)
{
    return copy_attributes(w) && add_required(w) && add_optional(w);
}

/* `data` is JSON, or text of another type, as a string; bytes, and what claims to be JSON and may
 * not be, go as data_base64 (JSON Event Format §3.1). */
static void add_data(struct writer *w, struct slice data, bool is_json)
{
    struct buffer *body = &w->request->body_bytes;
    bool says_json = content_type_is_json(w->request->content_type);
    if (is_json && says_json) {
        add_member_name(w, "data", 4);
        buffer_add_slice(body, data);
    } else if (!says_json && w->scope->ev->form != EVENT_BINARY && utf8_valid(data)) {
        add_member_name(w, "data", 4);
        jtext_add_string(body, data);
    } else {
        add_member_name(w, "data_base64", 11);
        buffer_add_char(body, '"');
        base64_add(body, data);
        buffer_add_char(body, '"');
    }
}

static bool render_structured(struct writer *w)
{
    const struct event *ev = w->scope->ev;
    struct request *request = w->request;
    if (ev->cloudevents == CLOUDEVENTS_STRUCTURED) {
        request->body = ev->value; /* as published */
        return true;
    }
    buffer_add_char(&request->body_bytes, '{');
    if (!add_attributes(w))
        return false;
    if (ev->value.data) {
        request->content_type = content_type_of(ev);
        add_attribute(w, SLICE("datacontenttype"), request->content_type);
        add_data(w, ev->value, ev->form == EVENT_JSON);
    }
    buffer_add_char(&request->body_bytes, '}');
    request->content_type = SLICE_NONE; /* that was the data's */
    request->body = buffer_slice(&request->body_bytes);
    return true;
}

/* The type of the data in an envelope, which the request's Content-Type says now. */
static struct slice type_within(struct writer *w, bool is_json)
{
    struct cloudevents_attribute type;
    if (cloudevents_find(w->scope->ev, SLICE("datacontenttype"), &type, &w->request->unescaped) &&
        type.text.size)
        return type.text;
    return is_json ? SLICE("application/json") : SLICE("application/octet-stream");
}

static bool render_binary(struct writer *w)
{
    const struct event *ev = w->scope->ev;
    struct request *request = w->request;
    struct cloudevents_data data;
    if (!add_attributes(w))
        return false;
    if (!cloudevents_data(ev, &data, &request->body_bytes, w->err))
        return request->body_bytes.failed; /* then it is too large */
    request->body = data.bytes;
    if (ev->cloudevents == CLOUDEVENTS_STRUCTURED)
        request->content_type = data.bytes.data ? type_within(w, data.is_json) : SLICE_NONE;
    else
        request->content_type = content_type_of(ev);
    return true;
}

bool cloudevents_render(const struct cloudevents *how, const struct scope *scope,
                        struct request *request, struct error *err)
{
    struct writer w = {.how = how, .scope = scope, .request = request, .err = err};
    bool fine = how->structured ? render_structured(&w) : render_binary(&w);
    if (fine && request->unescaped.failed)
        return error_set(err, ERROR_MEMORY, "no memory for an attribute");
    return fine;
}
