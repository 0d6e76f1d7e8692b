#include "base/hex.h"

void hex_add(struct buffer *buf, struct slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *room = buffer_reserve(buf, bytes.size * 2);
    if (!room)
        return;
    for (size_t i = 0; i < bytes.size; i++) {
        *room++ = digits[(unsigned char)bytes.data[i] >> 4];
        *room++ = digits[(unsigned char)bytes.data[i] & 15];
    }
    buf->size += bytes.size * 2;
}

static int value_of(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool hex_decode(struct slice text, struct buffer *buf)
{
    if (text.size % 2)
        return false;
    for (size_t i = 0; i < text.size; i += 2) {
        int high = value_of(text.data[i]);
        int low = value_of(text.data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buffer_add_char(buf, (char)(high << 4 | low));
    }
    return !buf->failed;
}
