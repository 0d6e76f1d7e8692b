#include "deliver/authorise.h"

#include <string.h>

static void wipe(struct buffer *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->capacity);
    buffer_finish(buf);
}

void authorised_finish(struct authorised *authorised)
{
    wipe(&authorised->url);
    wipe(&authorised->headers);
}

static void add_line(struct buffer *headers, const char *name, struct slice value)
{
    buffer_add_text(headers, name);
    buffer_add_slice(headers, value);
    buffer_add_char(headers, '\0');
}

static void add_timestamp(struct buffer *headers, int64_t timestamp_s)
{
    buffer_add_text(headers, "webhook-timestamp: ");
    buffer_add_int(headers, timestamp_s);
    buffer_add_char(headers, '\0');
}

bool authorise(const struct route *route, const struct request *request, int64_t unix_ms,
               struct authorised *authorised, struct http_request *http, struct error *err)
{
    struct buffer *url = &authorised->url;
    struct buffer *headers = &authorised->headers;
    const struct sign_input input = {
        .id = buffer_slice(&request->id),
        .timestamp_s = unix_ms / 1000,
        .body = request->body,
    };
    buffer_clear(url);
    buffer_add_slice(url, buffer_slice(&request->url));
    credential_add_query(route->credential, url);

    buffer_clear(headers);
    buffer_add_slice(headers, buffer_slice(&request->headers));
    add_line(headers, "webhook-id: ", input.id);
    add_timestamp(headers, input.timestamp_s);
    credential_add_headers(route->credential, headers);
    if (!signer_sign(route->signer, &input, headers) && !headers->failed)
        return error_set(err, ERROR_AUTH, "the request can't be signed");

    const char *address = buffer_text(url);
    if (!address || headers->failed)
        return error_set(err, ERROR_MEMORY, "no memory for the request");
    *http = (struct http_request){
        .method = request->method,
        .url = address,
        .headers = buffer_slice(headers),
        .body = request->body,
        .timeout_ms = route->sub->delivery.timeout_ms,
        .options = &route->http,
    };
    return true;
}
