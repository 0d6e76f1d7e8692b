#include "base/xml.h"

#include "base/compiler.h"
#include "base/utf8.h"

struct range {
    uint32_t first;
    uint32_t last;
};

/* What a name begins with (NameStartChar, §2.3), less the colon. */
static const struct range starts[] = {
    {'A', 'Z'},       {'_', '_'},       {'a', 'z'},       {0xC0, 0xD6},     {0xD8, 0xF6},
    {0xF8, 0x2FF},    {0x370, 0x37D},   {0x37F, 0x1FFF},  {0x200C, 0x200D}, {0x2070, 0x218F},
    {0x2C00, 0x2FEF}, {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
};

/* What else is in it (NameChar). */
static const struct range others[] = {
    {'-', '.'}, {'0', '9'}, {0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040},
};

static bool is_within(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

/* The character of `size` valid bytes. */
static uint32_t read_code(const char *at, size_t size)
{
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)at[0] & lead_bits[size];
    for (size_t i = 1; i < size; i++)
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    return code;
}

bool xml_is_name(struct slice name)
{
    for (size_t i = 0; i < name.size;) {
        size_t size = utf8_sequence(name.data + i, name.data + name.size);
        uint32_t code = size ? read_code(name.data + i, size) : 0;
        if (!is_within(starts, COUNT_OF(starts), code) &&
            (i == 0 || !is_within(others, COUNT_OF(others), code)))
            return false;
        i += size;
    }
    return name.size > 0;
}

static bool is_plain_ascii(unsigned char c)
{
    return c >= ' ' && c != '&' && c != '<' && c != '>' && c != '"';
}

/* Bytes of the character at `at` where it is beyond ASCII and XML can carry it; else 0. */
static size_t wide_bytes(const char *at, const char *end)
{
    size_t size = utf8_sequence(at, end);
    bool never = size == 3 && (memcmp(at, "\xEF\xBF\xBE", 3) == 0 || /* U+FFFE */
                               memcmp(at, "\xEF\xBF\xBF", 3) == 0);
    return never ? 0 : size;
}

static const char *skip_plain(const char *at, const char *end)
{
    while (at < end) {
        bool ascii = (unsigned char)*at < 0x80;
        size_t size = ascii ? is_plain_ascii((unsigned char)*at) : wide_bytes(at, end);
        if (size == 0)
            break;
        at += size;
    }
    return at;
}

/* White space is kept as it is where a parser would make other white space of it. */
static const char *reference_to(char c, bool attribute)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;"; /* for ]]>, which can't stand in a text */
    case '\r':
        return "&#13;";
    case '"':
        return attribute ? "&quot;" : "\"";
    case '\t':
        return attribute ? "&#9;" : "\t";
    case '\n':
        return attribute ? "&#10;" : "\n";
    default:
        return UTF8_REPLACEMENT;
    }
}

static void add_escaped(struct buffer *out, struct slice text, bool attribute)
{
    const char *at = text.data;
    const char *end = text.size ? at + text.size : at;
    while (at < end) {
        const char *next = skip_plain(at, end);
        buffer_add(out, at, (size_t)(next - at));
        at = next;
        if (at == end)
            break;
        buffer_add_text(out, reference_to(*at, attribute));
        size_t size = utf8_sequence(at, end);
        at += size ? size : 1;
    }
}

void xml_add_text(struct buffer *out, struct slice text)
{
    add_escaped(out, text, false);
}

void xml_add_attribute(struct buffer *out, struct slice text)
{
    add_escaped(out, text, true);
}
