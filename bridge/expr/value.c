#include "expr/value.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "expr/decimal.h"

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

enum jtext_kind value_kind_of(const struct value *value)
{
    switch (value->kind) {
    case VALUE_MISSING:
        return JTEXT_NULL;
    case VALUE_TEXT:
        return JTEXT_STRING;
    case VALUE_JSON:
        break;
    }
    return jtext_kind(value->text);
}

bool value_is_false(const struct value *value)
{
    enum jtext_kind kind = value_kind_of(value);
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
    switch (value->kind) {
    case VALUE_MISSING:
        buffer_add_text(out, "null");
        break;
    case VALUE_TEXT:
        jtext_add_string(out, value->text);
        break;
    case VALUE_JSON:
        buffer_add_slice(out, value->text);
        break;
    }
}

struct kept_slice slice_keep(struct slice slice, const struct buffer *scratch)
{
    uintptr_t start = (uintptr_t)scratch->data;
    uintptr_t at = (uintptr_t)slice.data;
    bool inside = scratch->data && at >= start && at < start + scratch->capacity;
    return (struct kept_slice){slice, inside ? (size_t)(at - start) + 1 : 0};
}

struct slice slice_kept(const struct kept_slice *kept, const struct buffer *scratch)
{
    if (kept->offset == 0)
        return kept->slice;
    return (struct slice){scratch->data + kept->offset - 1, kept->slice.size};
}

/* UTF-8 sorts as its code points do. */
static int compare_strings(struct slice a, struct slice b)
{
    size_t least = a.size < b.size ? a.size : b.size;
    int order = least ? memcmp(a.data, b.data, least) : 0;
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

static int compare_texts(const struct value *a, const struct value *b, struct buffer *scratch)
{
    struct kept_slice right = slice_keep(b->text, scratch);
    struct kept_slice left = slice_keep(value_as_text(a, scratch), scratch);
    struct value other = {b->kind, slice_kept(&right, scratch), 0};
    struct slice said = value_as_text(&other, scratch);
    return compare_strings(slice_kept(&left, scratch), said);
}

/* Of an array or object: nothing is in it. */
static bool is_empty(struct slice text)
{
    size_t i = 1;
    while (i < text.size && strchr(" \n\r\t", text.data[i]))
        i++;
    return i == text.size - 1;
}

/* Equal to the last byte, or one of them empty, which is less than all others of its kind. */
static bool compare_containers(struct slice a, struct slice b, int *order)
{
    *order = (int)is_empty(b) - (int)is_empty(a);
    if (slice_equal(a, b) || (is_empty(a) && is_empty(b)))
        *order = 0;
    else if (*order == 0)
        return false;
    return true;
}

bool value_compare(const struct value *a, const struct value *b, struct buffer *scratch, int *order)
{
    enum jtext_kind kind = value_kind_of(a);
    *order = (int)kind - (int)value_kind_of(b);
    if (*order != 0)
        return true;
    switch (kind) {
    case JTEXT_NUMBER:
        *order = decimal_compare(a->text, b->text);
        return true;
    case JTEXT_STRING:
        *order = compare_texts(a, b, scratch);
        return true;
    case JTEXT_ARRAY:
    case JTEXT_OBJECT:
        return compare_containers(a->text, b->text, order);
    default:
        return true;
    }
}
