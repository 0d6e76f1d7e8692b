#include "render/request.h"

void request_finish(struct request *request)
{
    buffer_finish(&request->id);
    buffer_finish(&request->url);
    buffer_finish(&request->headers);
    buffer_finish(&request->body_bytes);
    buffer_finish(&request->scratch);
    *request = (struct request){0};
}

void request_clear(struct request *request)
{
    request->method = NULL;
    request->url_public_bytes = 0;
    request->body = SLICE_NONE;
    buffer_clear(&request->id);
    buffer_clear(&request->url);
    buffer_clear(&request->headers);
    buffer_clear(&request->body_bytes);
    buffer_clear(&request->scratch);
}

/* HTAB is the one control character a value may hold. */
static bool ends_line(unsigned char c)
{
    return (c < 0x20 && c != '\t') || c == 0x7F;
}

void request_add_header_value(struct buffer *headers, struct slice value)
{
    char *room = buffer_reserve(headers, value.size);
    if (!room)
        return;
    for (size_t i = 0; i < value.size; i++)
        room[i] = ends_line((unsigned char)value.data[i]) ? ' ' : value.data[i];
    headers->size += value.size;
}

void request_add_header(struct request *request, struct slice name, struct slice value)
{
    buffer_add_slice(&request->headers, name);
    buffer_add_text(&request->headers, ": ");
    request_add_header_value(&request->headers, value);
    buffer_add_char(&request->headers, '\0');
}

const char *request_first_header(const struct request *request)
{
    return request->headers.size ? request->headers.data : NULL;
}

const char *request_next_header(const struct request *request, const char *line)
{
    const char *next = line + strlen(line) + 1;
    return next < request->headers.data + request->headers.size ? next : NULL;
}

bool request_has_header(const struct request *request, const char *name)
{
    size_t size = strlen(name);
    const char *line = request_first_header(request);
    for (; line; line = request_next_header(request, line))
        if (strncasecmp(line, name, size) == 0 && line[size] == ':')
            return true;
    return false;
}
