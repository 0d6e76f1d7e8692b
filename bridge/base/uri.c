#include "base/uri.h"

#include <stdbool.h>

#include "base/utf8.h"

static bool is_alphanumeric(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_unreserved(unsigned char c)
{
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool is_form_safe(unsigned char c)
{
    return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '*';
}

static void add_byte(struct buffer *out, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    buffer_add(out, (char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
}

void uri_add_encoded(struct buffer *out, struct slice text)
{
    size_t i = 0;
    while (i < text.size) {
        size_t start = i;
        while (i < text.size && is_unreserved((unsigned char)text.data[i]))
            i++;
        buffer_add(out, text.data + start, i - start);
        if (i < text.size)
            add_byte(out, (unsigned char)text.data[i++]);
    }
}

void uri_add_path(struct buffer *out, struct slice text)
{
    while (text.size) {
        const char *slash = memchr(text.data, '/', text.size);
        size_t size = slash ? (size_t)(slash - text.data) : text.size;
        uri_add_encoded(out, (struct slice){text.data, size});
        if (slash)
            buffer_add_char(out, '/');
        text = slice_from(text, size + (slash != NULL));
    }
}

static bool is_printable(unsigned char c)
{
    return c > 0x20 && c < 0x7F && c != '"' && c != '%';
}

void uri_add_printable(struct buffer *out, struct slice text)
{
    const char *at = text.data;
    const char *end = text.size ? at + text.size : at;
    while (at < end) {
        size_t size = utf8_sequence(at, end);
        const char *bytes = size ? at : UTF8_REPLACEMENT;
        if (is_printable((unsigned char)*at)) {
            buffer_add_char(out, *at++);
            continue;
        }
        for (size_t i = 0; i < (size ? size : 3); i++)
            add_byte(out, (unsigned char)bytes[i]);
        at += size ? size : 1;
    }
}

/* 0 to 15; -1: no hexadecimal digit. */
static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void uri_add_decoded(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool encoded = text.data[i] == '%' && text.size - i > 2 &&
                       digit_value(text.data[i + 1]) >= 0 && digit_value(text.data[i + 2]) >= 0;
        if (!encoded) {
            buffer_add_char(out, text.data[i]);
            continue;
        }
        buffer_add_char(out,
                        (char)(digit_value(text.data[i + 1]) << 4 | digit_value(text.data[i + 2])));
        i += 2;
    }
}

void uri_add_form_encoded(struct buffer *out, struct slice text)
{
    size_t i = 0;
    while (i < text.size) {
        size_t start = i;
        while (i < text.size && is_form_safe((unsigned char)text.data[i]))
            i++;
        buffer_add(out, text.data + start, i - start);
        if (i == text.size)
            break;
        unsigned char byte = (unsigned char)text.data[i++];
        if (byte == ' ')
            buffer_add_char(out, '+');
        else
            add_byte(out, byte);
    }
}
