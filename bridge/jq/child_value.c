#include "jq/child_value.h"

#include <math.h>
#include <stdlib.h>

struct reader {
    const struct jtext *json;
    struct buffer *scratch;
};

static jv string(struct reader *r, struct slice text)
{
    buffer_clear(r->scratch);
    struct slice said = jtext_string(text, r->scratch);
    return jv_string_sized(said.data, (int)said.size);
}

static jv value_at(struct reader *r, uint32_t at);

static jv array_at(struct reader *r, uint32_t at)
{
    jv array = jv_array();
    uint32_t end = r->json->tokens[at].next;
    for (uint32_t i = at + 1; i < end; i = r->json->tokens[i].next)
        array = jv_array_append(array, value_at(r, i));
    return array;
}

/* Of members with the same name the last one counts, in jq too. */
static jv object_at(struct reader *r, uint32_t at)
{
    jv object = jv_object();
    uint32_t end = r->json->tokens[at].next;
    for (uint32_t i = at + 1; i < end; i = r->json->tokens[i + 1].next)
        object = jv_object_set(object, string(r, jtext_value(r->json, i)), value_at(r, i + 1));
    return object;
}

static jv value_at(struct reader *r, uint32_t at)
{
    struct slice text = jtext_value(r->json, at);
    switch (jtext_kind(text)) {
    case JTEXT_FALSE:
        return jv_false();
    case JTEXT_TRUE:
        return jv_true();
    case JTEXT_NUMBER:
        return jv_number(strtod(text.data, NULL)); /* what follows it is no digit */
    case JTEXT_STRING:
        return string(r, text);
    case JTEXT_ARRAY:
        return array_at(r, at);
    case JTEXT_OBJECT:
        return object_at(r, at);
    case JTEXT_NULL:
    case JTEXT_NONE:
        break;
    }
    return jv_null();
}

jv child_value(const struct jtext *json, struct buffer *scratch)
{
    struct reader r = {json, scratch};
    return value_at(&r, JTEXT_ROOT);
}

static void add_string(struct buffer *out, jv string)
{
    size_t size = (size_t)jv_string_length_bytes(jv_copy(string));
    jtext_add_string(out, (struct slice){jv_string_value(string), size});
    jv_free(string);
}

static void add_number(struct buffer *out, jv number)
{
    double value = jv_number_value(number);
    if (jv_is_integer(number) && !(value == 0 && signbit(value))) {
        buffer_add_int(out, (long long)value);
        return;
    }
    jv text = jv_dump_string(number, 0);
    buffer_add_text(out, jv_string_value(text));
    jv_free(text);
}

static bool add_value(struct buffer *out, jv value, unsigned depth);

static bool add_array(struct buffer *out, jv array, unsigned depth)
{
    int length = jv_array_length(jv_copy(array));
    bool fine = true;
    buffer_add_char(out, '[');
    for (int i = 0; fine && i < length && !out->failed; i++) {
        if (i > 0)
            buffer_add_char(out, ',');
        fine = add_value(out, jv_array_get(jv_copy(array), i), depth + 1);
    }
    buffer_add_char(out, ']');
    jv_free(array);
    return fine;
}

static bool add_object(struct buffer *out, jv object, unsigned depth)
{
    int first = jv_object_iter(object);
    bool fine = true;
    buffer_add_char(out, '{');
    for (int i = first; fine && jv_object_iter_valid(object, i) && !out->failed;
         i = jv_object_iter_next(object, i)) {
        if (i != first)
            buffer_add_char(out, ',');
        add_string(out, jv_object_iter_key(object, i));
        buffer_add_char(out, ':');
        fine = add_value(out, jv_object_iter_value(object, i), depth + 1);
    }
    buffer_add_char(out, '}');
    jv_free(object);
    return fine;
}

static bool add_value(struct buffer *out, jv value, unsigned depth)
{
    switch (jv_get_kind(value)) {
    case JV_KIND_FALSE:
        buffer_add_text(out, "false");
        return true;
    case JV_KIND_TRUE:
        buffer_add_text(out, "true");
        return true;
    case JV_KIND_NUMBER:
        add_number(out, value);
        return true;
    case JV_KIND_STRING:
        add_string(out, value);
        return true;
    case JV_KIND_ARRAY:
    case JV_KIND_OBJECT:
        break;
    case JV_KIND_NULL:
    case JV_KIND_INVALID:
        buffer_add_text(out, "null");
        return true;
    }
    if (depth == JTEXT_DEPTH) {
        jv_free(value);
        return false;
    }
    bool array = jv_get_kind(value) == JV_KIND_ARRAY;
    return array ? add_array(out, value, depth) : add_object(out, value, depth);
}

bool child_value_add(struct buffer *out, jv value)
{
    return add_value(out, value, 0);
}
