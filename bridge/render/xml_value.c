#include "render/xml_value.h"

#include "base/xml.h"

#define TOKENS_KEPT    4096
#define ATTRIBUTES_MAX 64 /* of one object: each is looked up among all members */

struct writer {
    struct buffer *out;
    const struct jtext *json; /* the value as a whole */
    struct buffer *unescaped; /* what a key or a string says, until the next one */
    struct error *err;
};

/* An element's name: given by the configuration, or a member's key. */
struct name {
    struct slice given; /* data NULL: the key */
    uint32_t key;
};

/* Where the open element's name stands in `out`: a key may have to be unescaped, and its place is
 * taken by what is within the element. */
struct opened {
    size_t start;
    size_t size;
};

static struct slice value_at(const struct writer *w, uint32_t token)
{
    return jtext_value(w->json, token);
}

/* What a value says as text; valid until the next call. */
static struct slice text_at(struct writer *w, uint32_t token)
{
    const struct value value = value_json(value_at(w, token));
    buffer_clear(w->unescaped);
    return value_as_text(&value, w->unescaped);
}

static struct opened open_element(struct writer *w, struct slice name)
{
    buffer_add_char(w->out, '<');
    struct opened opened = {w->out->size, name.size};
    buffer_add_slice(w->out, name);
    return opened;
}

static void close_element(struct writer *w, struct opened opened)
{
    buffer_add_text(w->out, "</");
    char *room = buffer_reserve(w->out, opened.size);
    if (!room)
        return;
    memcpy(room, w->out->data + opened.start, opened.size);
    w->out->size += opened.size;
    buffer_add_char(w->out, '>');
}

static bool no_name(struct writer *w, struct slice key)
{
    return error_set(w->err, ERROR_RENDER, "the key \"%.*s\" can't be a name in XML",
                     SLICE_ARGS(key));
}

static bool is_attribute(struct slice key)
{
    return slice_starts(key, SLICE("@"));
}

/* A namespace would change what the names around it mean; that is the configuration's to say. */
static bool may_name_attribute(struct slice name)
{
    return xml_is_name(name) && !slice_is(name, "xmlns");
}

static bool add_attributes(struct writer *w, uint32_t object)
{
    size_t count = 0;
    for (uint32_t key = object + 1; key < w->json->tokens[object].next;
         key = w->json->tokens[key + 1].next) {
        struct slice name = text_at(w, key);
        if (!is_attribute(name))
            continue;
        if (!may_name_attribute(slice_from(name, 1)))
            return no_name(w, name);
        if (++count > ATTRIBUTES_MAX)
            return error_set(w->err, ERROR_RENDER, "more than %d attributes", ATTRIBUTES_MAX);
        if (jtext_member(w->json, object, name) != key + 1)
            continue;
        buffer_add_char(w->out, ' ');
        buffer_add_slice(w->out, slice_from(name, 1));
        buffer_add_text(w->out, "=\"");
        xml_add_attribute(w->out, text_at(w, key + 1));
        buffer_add_char(w->out, '"');
    }
    return true;
}

static bool add_element(struct writer *w, struct name name, uint32_t value);

static bool add_members(struct writer *w, uint32_t object)
{
    for (uint32_t key = object + 1; key < w->json->tokens[object].next && !w->out->failed;
         key = w->json->tokens[key + 1].next) {
        struct slice name = text_at(w, key);
        if (is_attribute(name))
            continue;
        if (slice_is(name, "#text"))
            xml_add_text(w->out, text_at(w, key + 1));
        else if (!xml_is_name(name))
            return no_name(w, name);
        else if (!add_element(w, (struct name){.given = SLICE_NONE, .key = key}, key + 1))
            return false;
    }
    return true;
}

/* A list within a list repeats the same element. */
static bool add_list(struct writer *w, struct name name, uint32_t list)
{
    for (uint32_t item = list + 1; item < w->json->tokens[list].next && !w->out->failed;
         item = w->json->tokens[item].next)
        if (!add_element(w, name, item))
            return false;
    return true;
}

static bool add_element(struct writer *w, struct name name, uint32_t value)
{
    enum jtext_kind kind = jtext_kind(value_at(w, value));
    if (kind == JTEXT_ARRAY)
        return add_list(w, name, value);
    struct opened opened = open_element(w, name.given.data ? name.given : text_at(w, name.key));
    if (kind == JTEXT_OBJECT && !add_attributes(w, value))
        return false;
    buffer_add_char(w->out, '>');
    if (kind == JTEXT_OBJECT && !add_members(w, value))
        return false;
    if (kind != JTEXT_OBJECT)
        xml_add_text(w->out, text_at(w, value));
    close_element(w, opened);
    return true;
}

bool xml_value_is_list(const struct value *value)
{
    return value->kind == VALUE_JSON && jtext_kind(value->text) == JTEXT_ARRAY;
}

static void add_text_element(struct buffer *out, struct slice name, struct slice text)
{
    buffer_add_char(out, '<');
    buffer_add_slice(out, name);
    buffer_add_char(out, '>');
    xml_add_text(out, text);
    buffer_add_text(out, "</");
    buffer_add_slice(out, name);
    buffer_add_char(out, '>');
}

/* JSON is looked through once more: a value is a slice, and doesn't know where its parts are. */
static bool add_json(struct slice name, struct slice text, struct request *request,
                     struct error *err)
{
    struct jtext *json = &request->json;
    struct writer w = {&request->body_bytes, json, &request->unescaped, err};
    buffer_clear(&request->unescaped);
    bool fine =
        jtext_read(json, text, err) && add_element(&w, (struct name){.given = name}, JTEXT_ROOT);
    if (fine && request->unescaped.failed)
        fine = error_set(err, ERROR_MEMORY, "no memory for the value");
    if (json->capacity > TOKENS_KEPT)
        jtext_finish(json);
    return fine;
}

bool xml_value_add(struct slice name, const struct value *value, struct request *request,
                   struct error *err)
{
    enum jtext_kind kind = value->kind == VALUE_JSON ? jtext_kind(value->text) : JTEXT_NONE;
    buffer_clear(&request->unescaped);
    if (kind == JTEXT_ARRAY || kind == JTEXT_OBJECT) {
        if (!add_json(name, value->text, request, err))
            return false;
    } else {
        add_text_element(&request->body_bytes, name, value_as_text(value, &request->unescaped));
    }
    return !request->unescaped.failed || error_set(err, ERROR_MEMORY, "no memory for the value");
}
