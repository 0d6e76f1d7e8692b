#include "base/base64.h"

#include <openssl/evp.h>

#define CHUNK 3072 /* a multiple of 3 and of 4, so that only the last one is padded */

void base64_add(struct buffer *buf, struct slice bytes)
{
    while (bytes.size) {
        size_t size = bytes.size < CHUNK ? bytes.size : CHUNK;
        unsigned char digits[CHUNK / 3 * 4 + 1]; /* EVP ends it with a NUL */
        int count = EVP_EncodeBlock(digits, (const unsigned char *)bytes.data, (int)size);
        buffer_add(buf, digits, (size_t)count);
        bytes = slice_from(bytes, size);
    }
}

static bool in_alphabet(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* EVP_DecodeBlock forgives white space and counts padding as bytes. */
static bool is_base64(struct slice text, size_t *padding)
{
    *padding = 0;
    while (*padding < 2 && *padding < text.size && text.data[text.size - 1 - *padding] == '=')
        ++*padding;
    for (size_t i = 0; i < text.size - *padding; i++)
        if (!in_alphabet(text.data[i]))
            return false;
    return text.size % 4 == 0;
}

bool base64_decode(struct slice text, struct buffer *buf)
{
    size_t padding = 0;
    if (!is_base64(text, &padding))
        return false;
    for (struct slice rest = text; rest.size;) {
        size_t size = rest.size < CHUNK ? rest.size : CHUNK;
        char *room = buffer_reserve(buf, size / 4 * 3);
        if (!room ||
            EVP_DecodeBlock((unsigned char *)room, (const unsigned char *)rest.data, (int)size) < 0)
            return false;
        buf->size += size / 4 * 3;
        rest = slice_from(rest, size);
    }
    buf->size -= padding;
    return !buf->failed;
}
