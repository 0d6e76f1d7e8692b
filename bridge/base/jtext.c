#include "base/jtext.h"

#include <stdint.h>

#include "base/scan.h"
#include "base/utf8.h"

enum jtext_kind jtext_kind(struct slice value)
{
    if (value.size == 0)
        return JTEXT_NONE;
    switch (*value.data) {
    case '{':
        return JTEXT_OBJECT;
    case '[':
        return JTEXT_ARRAY;
    case '"':
        return JTEXT_STRING;
    case 't':
        return JTEXT_TRUE;
    case 'f':
        return JTEXT_FALSE;
    case 'n':
        return JTEXT_NULL;
    default:
        return JTEXT_NUMBER;
    }
}

const char *jtext_kind_name(enum jtext_kind kind)
{
    static const char *const names[] = {
        [JTEXT_NONE] = "nothing", [JTEXT_NULL] = "null",     [JTEXT_FALSE] = "boolean",
        [JTEXT_TRUE] = "boolean", [JTEXT_NUMBER] = "number", [JTEXT_STRING] = "string",
        [JTEXT_ARRAY] = "array",  [JTEXT_OBJECT] = "object",
    };
    return names[kind];
}

/* Four hexadecimal digits at `at`; UINT32_MAX if they aren't there. */
static uint32_t read_hex(const char *at, const char *end)
{
    uint32_t code = 0;
    if (end - at < 4)
        return UINT32_MAX;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        if (c >= '0' && c <= '9')
            code = code << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            code = code << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return code;
}

/* Behind "\u": the code point, of a pair of surrogates as one; moves `at` behind it. */
static uint32_t read_code(const char **at, const char *end)
{
    uint32_t code = read_hex(*at, end);
    if (code == UINT32_MAX) {
        *at = end;
        return 0xFFFD;
    }
    *at += 4;
    if (code < 0xD800 || code > 0xDFFF)
        return code;
    const char *next = *at;
    if (code > 0xDBFF || end - next < 6 || next[0] != '\\' || next[1] != 'u')
        return 0xFFFD;
    uint32_t low = read_hex(next + 2, end);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0xFFFD;
    *at += 6;
    return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
}

/* At a backslash: what the escape stands for, as bytes; moves `at` behind it. */
static size_t read_escape(const char **at, const char *end, char bytes[4])
{
    static const char named[] = {
        ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};
    ++*at;
    if (*at == end)
        return 0;
    unsigned char c = (unsigned char)*(*at)++;
    if (c == 'u')
        return utf8_write(read_code(at, end), bytes);
    bytes[0] = c < sizeof named && named[c] ? named[c] : (char)c;
    return 1;
}

/* Does what stands between the quotes, with escapes, say `name`? */
static bool escaped_equal(struct slice inner, struct slice name)
{
    const char *at = inner.data;
    const char *end = at + inner.size;
    size_t used = 0;
    while (at < end) {
        char bytes[4] = {*at};
        size_t size = 1;
        if (*at == '\\')
            size = read_escape(&at, end, bytes);
        else
            at++;
        if (name.size - used < size || memcmp(name.data + used, bytes, size) != 0)
            return false;
        used += size;
    }
    return used == name.size;
}

static bool name_is(const struct jtext *json, uint32_t token, struct slice name)
{
    struct slice string = jtext_value(json, token);
    struct slice inner = {string.data + 1, string.size - 2};
    if (json->tokens[token].escaped)
        return escaped_equal(inner, name);
    return slice_equal(inner, name);
}

uint32_t jtext_member(const struct jtext *json, uint32_t object, struct slice name)
{
    uint32_t found = JTEXT_NOTHING;
    if (json->text[json->tokens[object].start] != '{')
        return found;
    uint32_t end = json->tokens[object].next;
    for (uint32_t i = object + 1; i < end; i = json->tokens[i + 1].next)
        if (name_is(json, i, name))
            found = i + 1;
    return found;
}

uint32_t jtext_element(const struct jtext *json, uint32_t array, long long index)
{
    if (json->text[json->tokens[array].start] != '[')
        return JTEXT_NOTHING;
    uint32_t end = json->tokens[array].next;
    if (index < 0)
        for (uint32_t i = array + 1; i < end; i = json->tokens[i].next)
            index++;
    if (index < 0)
        return JTEXT_NOTHING;
    uint32_t i = array + 1;
    while (i < end && index-- > 0)
        i = json->tokens[i].next;
    return i < end ? i : JTEXT_NOTHING;
}

struct slice jtext_string(struct slice string, struct buffer *scratch)
{
    if (string.size < 2)
        return SLICE("");
    struct slice inner = {string.data + 1, string.size - 2};
    const char *at = inner.data;
    const char *end = at + inner.size;
    const char *escape = memchr(at, '\\', inner.size);
    if (!escape)
        return inner;
    size_t start = scratch->size;
    while (escape) {
        char bytes[4];
        buffer_add(scratch, at, (size_t)(escape - at));
        at = escape;
        buffer_add(scratch, bytes, read_escape(&at, end, bytes));
        escape = memchr(at, '\\', (size_t)(end - at));
    }
    buffer_add(scratch, at, (size_t)(end - at));
    return slice_from(buffer_slice(scratch), scratch->failed ? 0 : start);
}

static void add_escape(struct buffer *out, unsigned char byte)
{
    static const char short_forms[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',  ['\f'] = 'f',
        ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\',
    };
    static const char digits[] = "0123456789abcdef";
    if (byte < sizeof short_forms && short_forms[byte]) {
        buffer_add(out, (char[]){'\\', short_forms[byte]}, 2);
        return;
    }
    buffer_add(out, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
}

void jtext_add_escaped(struct buffer *out, struct slice text)
{
    const char *at = text.data;
    const char *end = at + text.size;
    while (at < end) {
        const char *stop = scan_plain(at, end);
        while (stop < end && (unsigned char)*stop >= 0x80 && utf8_sequence(stop, end))
            stop += utf8_sequence(stop, end);
        buffer_add(out, at, (size_t)(stop - at));
        at = stop;
        if (at == end || (!scan_ends_plain((unsigned char)*at)))
            continue;
        if ((unsigned char)*at >= 0x80)
            buffer_add_text(out, UTF8_REPLACEMENT);
        else
            add_escape(out, (unsigned char)*at);
        at++;
    }
}

void jtext_add_string(struct buffer *out, struct slice text)
{
    buffer_add_char(out, '"');
    jtext_add_escaped(out, text);
    buffer_add_char(out, '"');
}
