#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void buffer_finish(struct buffer *buf)
{
    free(buf->data);
    *buf = (struct buffer){0};
}

void buffer_clear(struct buffer *buf)
{
    buf->size = 0;
    buf->failed = false;
    buf->no_memory = false;
}

static bool buffer_grow(struct buffer *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(buf->data, capacity);
    if (!data)
        return false;
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

char *buffer_reserve(struct buffer *buf, size_t size)
{
    if (buf->failed)
        return NULL;
    if (size > SIZE_MAX / 4 - buf->size || (buf->limit && buf->size + size > buf->limit)) {
        buf->failed = true;
        return NULL;
    }
    if (buf->size + size > buf->capacity && !buffer_grow(buf, buf->size + size)) {
        buf->failed = true;
        buf->no_memory = true;
        return NULL;
    }
    return buf->data + buf->size;
}

void buffer_add(struct buffer *buf, const void *data, size_t size)
{
    if (size == 0)
        return;
    char *room = buffer_reserve(buf, size);
    if (!room)
        return;
    memcpy(room, data, size);
    buf->size += size;
}

void buffer_add_slice(struct buffer *buf, struct slice text)
{
    buffer_add(buf, text.data, text.size);
}

void buffer_add_text(struct buffer *buf, const char *text)
{
    buffer_add(buf, text, strlen(text));
}

void buffer_add_char(struct buffer *buf, char c)
{
    buffer_add(buf, &c, 1);
}

void buffer_add_int(struct buffer *buf, long long value)
{
    char digits[24];
    char *end = digits + sizeof digits;
    char *p = end;
    unsigned long long rest =
        value < 0 ? 0ULL - (unsigned long long)value : (unsigned long long)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--p = '-';
    buffer_add(buf, p, (size_t)(end - p));
}

void buffer_print(struct buffer *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *room = size < 0 ? NULL : buffer_reserve(buf, (size_t)size + 1);
    if (!room) {
        buf->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(room, (size_t)size + 1, format, args);
    va_end(args);
    buf->size += (size_t)size;
}

const char *buffer_text(struct buffer *buf)
{
    char *room = buffer_reserve(buf, 1);
    if (!room)
        return NULL;
    *room = '\0';
    return buf->data;
}

void buffer_need(const struct buffer *buf)
{
    if (buf->no_memory)
        memory_out();
}
