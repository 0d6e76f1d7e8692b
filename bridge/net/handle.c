#include "net/handle.h"

#include <stdlib.h>
#include <string.h>

#define EXPECT_BYTES (1024L * 1024) /* from here on curl 7.88 would ask for a 100 first */
#define READ_BYTES   4096L

static bool set_constants(const struct handle *handle)
{
    CURL *easy = handle->easy;
    CURLcode code = CURLE_OK;
#define SET(option, value)                                                                         \
    if (code == CURLE_OK)                                                                          \
    code = curl_easy_setopt(easy, option, value)
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROXY, "*"); /* the environment's proxy counts for nothing */
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_CURLU, handle->parts);
    SET(CURLOPT_BUFFERSIZE, READ_BYTES);
    SET(CURLOPT_PIPEWAIT, 1L);
    SET(CURLOPT_CAPATH, NULL);   /* a file alone is what curl keeps parsed between connections */
    SET(CURLOPT_QUICK_EXIT, 1L); /* else giving up a slow name look-up waits for its end */
#undef SET
    return code == CURLE_OK;
}

bool handle_init(struct handle *handle, const struct handle_callbacks *callbacks, struct error *err)
{
    *handle = (struct handle){.fresh = true};
    handle->easy = curl_easy_init();
    handle->parts = curl_url();
    if (!handle->easy || !handle->parts || !set_constants(handle)) {
        handle_finish(handle);
        return error_set(err, ERROR_MEMORY, "no memory for a request");
    }
    curl_easy_setopt(handle->easy, CURLOPT_ERRORBUFFER, handle->errors);
    curl_easy_setopt(handle->easy, CURLOPT_HEADERFUNCTION, callbacks->header);
    curl_easy_setopt(handle->easy, CURLOPT_HEADERDATA, callbacks->context);
    curl_easy_setopt(handle->easy, CURLOPT_WRITEFUNCTION, callbacks->body);
    curl_easy_setopt(handle->easy, CURLOPT_WRITEDATA, callbacks->context);
    curl_easy_setopt(handle->easy, CURLOPT_PRIVATE, callbacks->context);
    return true;
}

void handle_finish(struct handle *handle)
{
    curl_easy_cleanup(handle->easy);
    curl_url_cleanup(handle->parts);
    buffer_finish(&handle->url);
    buffer_finish(&handle->rewritten);
    free(handle->lines);
    free(handle->ca_file);
    free(handle->pinned_public_key);
    *handle = (struct handle){0};
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool handle_suits(const struct handle *handle, const struct http_options *options)
{
    return !handle->fresh && handle->http2 == options->http2 &&
           handle->tls_1_3 == options->tls_1_3 && same_text(handle->ca_file, options->ca_file) &&
           same_text(handle->pinned_public_key, options->pinned_public_key);
}

static bool copy_text(char **to, const char *from)
{
    free(*to);
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

static bool set_options(struct handle *handle, const struct http_options *options)
{
    handle->fresh = true;
    if (!copy_text(&handle->ca_file, options->ca_file) ||
        !copy_text(&handle->pinned_public_key, options->pinned_public_key))
        return false;
    handle->tls_1_3 = options->tls_1_3;
    handle->http2 = options->http2;
    long http = options->http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
    long tls = options->tls_1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
    CURL *easy = handle->easy;
    const char *ca_file =
        options->ca_file ? options->ca_file : "/etc/ssl/certs/ca-certificates.crt";
    if (curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, http) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SSLVERSION, tls) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, options->pinned_public_key) != CURLE_OK)
        return false;
    handle->fresh = false;
    return true;
}

static bool is_web_url(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

/* Parsed here, curl copies the parts for each transfer; else it would parse it, print it and parse
 * it again. The text is set too: curl tries again with that when a kept connection was dead. */
static bool set_url(struct handle *handle, const char *url, struct error *err)
{
    struct slice text = slice_of(url);
    if (!is_web_url(url))
        return error_set(err, ERROR_RENDER, "the URL is neither http nor https");
    if (slice_equal(text, buffer_slice(&handle->url)))
        return true;
    buffer_clear(&handle->url);
    CURLUcode parsed = curl_url_set(handle->parts, CURLUPART_URL, url, CURLU_PATH_AS_IS);
    if (parsed != CURLUE_OK && parsed != CURLUE_OUT_OF_MEMORY)
        return error_set(err, ERROR_RENDER, "the URL is malformed: %s", curl_url_strerror(parsed));
    if (parsed == CURLUE_OK && curl_easy_setopt(handle->easy, CURLOPT_URL, url) == CURLE_OK)
        buffer_add_slice(&handle->url, text);
    if (handle->url.size != text.size)
        return error_set(err, ERROR_MEMORY, "no memory for a URL");
    return true;
}

/* To curl, what has a length is a POST of some name, and all else a GET of some name. */
static bool set_method(struct handle *handle, const struct http_request *request)
{
    const char *method = request->method;
    bool posts = http_has_length(request);
    if (handle->posts == posts && strcmp(handle->method, method) == 0)
        return true;
    if (strlen(method) >= sizeof handle->method)
        return false;
    handle->method[0] = '\0';
    CURLoption form = posts ? CURLOPT_POST : CURLOPT_HTTPGET;
    const char *plain = posts ? "POST" : "GET";
    const char *name = strcmp(method, plain) == 0 ? NULL : method;
    if (curl_easy_setopt(handle->easy, form, 1L) != CURLE_OK ||
        curl_easy_setopt(handle->easy, CURLOPT_CUSTOMREQUEST, name) != CURLE_OK)
        return false;
    handle->posts = posts;
    memcpy(handle->method, method, strlen(method) + 1);
    return true;
}

static bool named(struct slice line, struct slice name)
{
    return line.size > name.size && line.data[name.size] == ':' &&
           strncasecmp(line.data, name.data, name.size) == 0;
}

/* These belong to the connection; what a subscription says of them can only do harm. */
static bool is_framing(struct slice line)
{
    return named(line, SLICE("content-length")) || named(line, SLICE("transfer-encoding")) ||
           named(line, SLICE("expect"));
}

static bool add_line(struct handle *handle, const char *line)
{
    if (handle->line_count == handle->line_capacity) {
        size_t capacity = handle->line_capacity * 2 + 16;
        struct curl_slist *lines = realloc(handle->lines, capacity * sizeof *lines);
        if (!lines)
            return false;
        handle->lines = lines;
        handle->line_capacity = capacity;
    }
    handle->lines[handle->line_count++].data = (char *)(uintptr_t)line; /* curl only reads it */
    return true;
}

/* curl takes "Name:" as the wish to send no such header; one with an empty value is "Name;". */
static char *rewrite_empty(struct handle *handle, struct slice line)
{
    size_t colon = (size_t)((const char *)memchr(line.data, ':', line.size) - line.data);
    char *room = handle->rewritten.data + handle->rewritten.size;
    memcpy(room, line.data, colon);
    room[colon] = ';';
    room[colon + 1] = '\0';
    handle->rewritten.size += colon + 2;
    return room;
}

static bool has_empty_value(struct slice line)
{
    size_t end = line.size;
    while (end > 0 && (line.data[end - 1] == ' ' || line.data[end - 1] == '\t'))
        end--;
    return end > 1 && line.data[end - 1] == ':' &&
           (size_t)((const char *)memchr(line.data, ':', line.size) - line.data) == end - 1;
}

static bool add_lines(struct handle *handle, struct slice headers, bool *has_type)
{
    for (size_t at = 0; at < headers.size;) {
        struct slice line = slice_of(headers.data + at);
        at += line.size + 1;
        if (line.size == 0 || is_framing(line))
            continue;
        *has_type = *has_type || named(line, SLICE("content-type"));
        if (!add_line(handle, has_empty_value(line) ? rewrite_empty(handle, line) : line.data))
            return false;
    }
    return true;
}

/* Without allocating: the list's nodes are an array and point into the request. */
static bool set_lines(struct handle *handle, const struct http_request *request)
{
    bool has_type = false;
    handle->line_count = 0;
    buffer_clear(&handle->rewritten);
    if (!buffer_reserve(&handle->rewritten, request->headers.size + 1) ||
        !add_lines(handle, request->headers, &has_type))
        return false;
    if (handle->posts && !has_type && !add_line(handle, "Content-Type:")) /* or it were a form */
        return false;
    if (request->body.size >= EXPECT_BYTES && !add_line(handle, "Expect:"))
        return false;
    struct curl_slist *next = NULL;
    for (size_t i = handle->line_count; i-- > 0; next = &handle->lines[i])
        handle->lines[i].next = next;
    return curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER, next) == CURLE_OK;
}

static bool set_body(struct handle *handle, struct slice body)
{
    if (!handle->posts)
        return true;
    curl_off_t size = body.data ? (curl_off_t)body.size : 0;
    const char *data = body.data ? body.data : "";
    return curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDSIZE_LARGE, size) == CURLE_OK &&
           curl_easy_setopt(handle->easy, CURLOPT_POSTFIELDS, data) == CURLE_OK;
}

bool handle_prepare(struct handle *handle, const struct http_request *request, struct error *err)
{
    handle->errors[0] = '\0';
    if (!handle_suits(handle, request->options) && !set_options(handle, request->options))
        return error_set(err, ERROR_TLS, "the TLS options of the subscription can't be set");
    if (!set_url(handle, request->url, err))
        return false;
    if (!set_method(handle, request))
        return error_set(err, ERROR_RENDER, "the method can't be sent");
    if (!set_lines(handle, request) || !set_body(handle, request->body))
        return error_set(err, ERROR_MEMORY, "no memory for a request");
    return true;
}
