#include "render/request.h"

#include "expr/encode.h"

#define BYTES_KEPT (64u << 10)

void request_finish(struct request *request)
{
    buffer_finish(&request->id);
    buffer_finish(&request->url);
    buffer_finish(&request->headers);
    buffer_finish(&request->body_bytes);
    buffer_finish(&request->packed);
    buffer_finish(&request->scratch);
    buffer_finish(&request->unescaped);
    jtext_finish(&request->json);
    *request = (struct request){0};
}

void request_clear(struct request *request)
{
    request->method = NULL;
    request->body = SLICE_NONE;
    request->unpacked = SLICE_NONE;
    request->content_type = SLICE_NONE;
    buffer_clear(&request->id);
    buffer_clear(&request->url);
    buffer_clear(&request->headers);
    buffer_clear(&request->body_bytes);
    buffer_clear(&request->packed);
    buffer_clear(&request->scratch);
}

bool request_lacks_memory(const struct request *request)
{
    return request->id.no_memory || request->url.no_memory || request->headers.no_memory ||
           request->body_bytes.no_memory || request->packed.no_memory ||
           request->scratch.no_memory || request->unescaped.no_memory;
}

static void trim(struct buffer *buf)
{
    if (buf->capacity > BYTES_KEPT)
        buffer_finish(buf);
}

size_t request_bytes(const struct request *request)
{
    return request->url.size + request->headers.size + request->body_bytes.size +
           request->packed.size + request->scratch.size + request->unescaped.size;
}

void request_trim(struct request *request)
{
    trim(&request->body_bytes);
    trim(&request->packed);
    trim(&request->scratch);
    trim(&request->unescaped);
}

void request_add_header(struct request *request, struct slice name, struct slice value)
{
    buffer_add_slice(&request->headers, name);
    buffer_add_text(&request->headers, ": ");
    encode_add(&request->headers, ENCODE_HEADER, value);
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

bool request_has_header(const struct request *request, struct slice name)
{
    const char *line = request_first_header(request);
    for (; line; line = request_next_header(request, line))
        if (strncasecmp(line, name.data, name.size) == 0 && line[name.size] == ':')
            return true;
    return false;
}
