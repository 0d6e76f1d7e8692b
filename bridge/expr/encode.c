#include "expr/encode.h"

#include <stdbool.h>

#include "base/jtext.h"
#include "base/uri.h"
#include "base/xml.h"

static bool ends_line(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7F;
}

static void add_header_value(struct buffer *out, struct slice text)
{
    char *room = text.size ? buffer_reserve(out, text.size) : NULL;
    if (!room)
        return;
    for (size_t i = 0; i < text.size; i++)
        room[i] = ends_line((unsigned char)text.data[i]) ? ' ' : text.data[i];
    out->size += text.size;
}

void encode_add(struct buffer *out, enum encoding encoding, struct slice text)
{
    switch (encoding) {
    case ENCODE_NOTHING:
        buffer_add_slice(out, text);
        break;
    case ENCODE_HEADER:
        add_header_value(out, text);
        break;
    case ENCODE_URI:
    case ENCODE_SEGMENT:
        uri_add_encoded(out, text);
        break;
    case ENCODE_PATH:
        uri_add_path(out, text);
        break;
    case ENCODE_FORM:
        uri_add_form_encoded(out, text);
        break;
    case ENCODE_XML_TEXT:
        xml_add_text(out, text);
        break;
    case ENCODE_XML_ATTRIBUTE:
        xml_add_attribute(out, text);
        break;
    case ENCODE_JSON_STRING:
        jtext_add_escaped(out, text);
        break;
    case ENCODE_JSON:
        jtext_add_string(out, text);
        break;
    }
}
