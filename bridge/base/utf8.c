#include "base/utf8.h"

#include "base/scan.h"

static bool continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* RFC 3629 §4: the lead byte fixes the length, and the range of the byte behind it. */
static size_t sequence_shape(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 2;
    if (lead >= 0xE0 && lead <= 0xEF) {
        *low = lead == 0xE0 ? 0xA0 : 0x80;
        *high = lead == 0xED ? 0x9F : 0xBF;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *low = lead == 0xF0 ? 0x90 : 0x80;
        *high = lead == 0xF4 ? 0x8F : 0xBF;
        return 4;
    }
    return 0;
}

size_t utf8_sequence(const char *at, const char *end)
{
    const unsigned char *p = (const unsigned char *)at;
    if (*p < 0x80)
        return 1;
    unsigned char low;
    unsigned char high;
    size_t size = sequence_shape(*p, &low, &high);
    if (size == 0 || (size_t)(end - at) < size || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (!continues(p[i]))
            return 0;
    return size;
}

size_t utf8_valid_bytes(struct slice text)
{
    const char *at = text.data;
    const char *end = text.data + text.size;
    while (at < end) {
        at = scan_ascii(at, end);
        while (at < end && (unsigned char)*at >= 0x80) {
            size_t size = utf8_sequence(at, end);
            if (size == 0)
                return (size_t)(at - text.data);
            at += size;
        }
    }
    return text.size;
}

size_t utf8_write(uint32_t code, char bytes[4])
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    bytes[0] = (char)(0xF0 | code >> 18);
    bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}
