#include "expr/value.h"

#include "base/base64.h"
#include "base/utf8.h"

struct value value_base64(struct slice bytes, struct buffer *scratch)
{
    size_t start = scratch->size;
    base64_add(scratch, bytes);
    return value_text(scratch->failed ? SLICE("") : slice_from(buffer_slice(scratch), start));
}

struct value value_of_bytes(struct slice bytes, struct buffer *scratch)
{
    if (!bytes.data)
        return value_json(SLICE("null"));
    return utf8_valid(bytes) ? value_text(bytes) : value_base64(bytes, scratch);
}

bool value_is_false(const struct value *value)
{
    if (value->kind != VALUE_JSON)
        return value->kind == VALUE_MISSING;
    enum jtext_kind kind = jtext_kind(value->text);
    return kind == JTEXT_NULL || kind == JTEXT_FALSE;
}

struct slice value_as_text(const struct value *value, struct buffer *scratch)
{
    if (value->kind != VALUE_JSON)
        return value->text;
    switch (jtext_kind(value->text)) {
    case JTEXT_STRING:
        return jtext_string(value->text, scratch);
    case JTEXT_NULL:
        return SLICE("");
    default:
        return value->text;
    }
}

void value_add_json(const struct value *value, struct buffer *out)
{
    if (value->kind == VALUE_TEXT)
        jtext_add_string(out, value->text);
    else
        buffer_add_slice(out, value->text);
}
