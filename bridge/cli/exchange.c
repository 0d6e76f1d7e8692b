#include "cli/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/terminal.h"

#define MASK       "********" /* of one length, which tells nothing */
#define DUMP_BYTES 512u

/* Bytes as they are, but nothing that could steer a terminal. */
static void print_bytes(FILE *out, struct slice bytes)
{
    if (!terminal_is(out)) {
        fwrite(bytes.data, 1, bytes.size, out);
        return;
    }
    struct buffer clean = {0};
    terminal_clean(&clean, bytes, true);
    fwrite(buffer_slice(&clean).data, 1, clean.size, out);
    buffer_finish(&clean);
}

/* Adds what mask_text or mask_url leaves of a text; a `mask` of NULL shows all. */
static void add_shown(struct buffer *out, const struct mask *mask,
                      void (*hide)(const struct mask *mask, struct slice text, char *out),
                      struct slice text)
{
    if (!mask) {
        buffer_add_slice(out, text);
        return;
    }
    char *room = text.size ? buffer_reserve(out, text.size) : NULL;
    if (!room)
        return;
    hide(mask, text, room);
    out->size += text.size;
}

static void print_shown(FILE *out, const struct mask *mask, struct slice bytes)
{
    struct buffer shown = {0};
    add_shown(&shown, mask, mask_text, bytes);
    print_bytes(out, buffer_slice(&shown));
    buffer_finish(&shown);
}

void exchange_add_url(struct buffer *out, const struct route *route, const struct trial *trial,
                      bool show_secrets)
{
    add_shown(out, show_secrets ? NULL : route->mask, mask_url, slice_of(trial->http.url));
}

/* Does the request say it itself? Else curl says Accept. */
static bool has_accept(struct slice headers)
{
    for (size_t at = 0; at < headers.size; at += strlen(headers.data + at) + 1)
        if (strncasecmp(headers.data + at, "Accept:", 7) == 0)
            return true;
    return false;
}

/* "POST /path?query HTTP/1.1" and "Host: …". */
static void print_target(FILE *out, const struct route *route, const struct trial *trial,
                         bool show_secrets)
{
    struct buffer url = {0};
    exchange_add_url(&url, route, trial, show_secrets);
    const char *text = buffer_text(&url);
    const char *host = text ? strstr(text, "://") : NULL;
    if (host) {
        host += 3;
        size_t host_bytes = strcspn(host, "/?");
        const char *target = host + host_bytes;
        fprintf(out, "%s %s%s HTTP/1.1\nHost: %.*s\n", trial->http.method,
                *target == '/' ? "" : "/", target, (int)host_bytes, host);
        fputs(has_accept(trial->http.headers) ? "" : "Accept: */*\n", out);
    }
    buffer_finish(&url);
}

/* One that the subscription takes from ${env:} or ${file:}. */
static bool is_secret_header(const struct subscription *sub, struct slice name)
{
    for (size_t i = 0; i < sub->request.headers.count; i++) {
        const struct named_text *header = &sub->request.headers.items[i];
        if (header->value.secret && slice_equal_nocase(text_slice(&header->name), name))
            return true;
    }
    return false;
}

static bool owns_header(const struct route *route, struct slice name)
{
    return credential_owns_header(route->credential, name) ||
           signer_owns_header(route->signer, name) || is_secret_header(route->sub, name);
}

/* "Bearer" may be seen. */
static void add_masked(struct buffer *out, struct slice name, struct slice value)
{
    bool has_scheme = slice_equal_nocase(name, SLICE("authorization"));
    const char *end = has_scheme && value.size ? memchr(value.data, ' ', value.size) : NULL;
    if (end)
        buffer_add(out, value.data, (size_t)(end - value.data) + 1);
    buffer_add_text(out, MASK);
}

const char *exchange_next_header(const struct route *route, const char *line, bool show_secrets,
                                 struct slice *name, struct buffer *value)
{
    size_t size = strcspn(line, ":");
    struct slice text = slice_of(line + size + 2);
    *name = (struct slice){line, size};
    buffer_clear(value);
    if (show_secrets)
        buffer_add_slice(value, text);
    else if (owns_header(route, *name))
        add_masked(value, *name, text);
    else
        add_shown(value, route->mask, mask_text, text);
    return text.data + text.size + 1;
}

static void print_headers(FILE *out, const struct route *route, struct slice headers,
                          bool show_secrets)
{
    struct slice name;
    struct buffer value = {0};
    for (const char *line = headers.data; line < headers.data + headers.size;) {
        line = exchange_next_header(route, line, show_secrets, &name, &value);
        fprintf(out, "%.*s: ", SLICE_ARGS(name));
        print_bytes(out, buffer_slice(&value));
        fputc('\n', out);
    }
    buffer_finish(&value);
}

/* Sixteen bytes a line, as numbers and as far as they are letters. */
static void print_dump(FILE *out, struct slice bytes)
{
    size_t size = bytes.size < DUMP_BYTES ? bytes.size : DUMP_BYTES;
    for (size_t at = 0; at < size; at += 16) {
        fprintf(out, "%06zx ", at);
        for (size_t i = at; i < at + 16; i++)
            fprintf(out, i < size ? " %02x" : "   ", i < size ? (unsigned char)bytes.data[i] : 0);
        fputs("  ", out);
        for (size_t i = at; i < at + 16 && i < size; i++)
            fputc(bytes.data[i] >= ' ' && bytes.data[i] < 0x7F ? bytes.data[i] : '.', out);
        fputc('\n', out);
    }
    if (size < bytes.size)
        fprintf(out, "and %zu bytes more\n", bytes.size - size);
}

static void print_body(FILE *out, const struct mask *mask, struct slice body)
{
    fputc('\n', out);
    if (body.size == 0)
        return;
    if (terminal_is(out) && !utf8_valid(body)) {
        print_dump(out, body);
        return;
    }
    print_shown(out, mask, body);
    if (body.data[body.size - 1] != '\n')
        fputc('\n', out);
}

struct slice exchange_body(const struct trial *trial)
{
    return trial->request.unpacked.data ? trial->request.unpacked : trial->http.body;
}

void exchange_print_request(FILE *out, const struct route *route, const struct trial *trial,
                            bool show_secrets)
{
    struct slice body = exchange_body(trial);
    print_target(out, route, trial, show_secrets);
    print_headers(out, route, trial->http.headers, show_secrets);
    if (http_has_length(&trial->http))
        fprintf(out, "Content-Length: %zu\n", trial->http.body.size);
    print_body(out, show_secrets ? NULL : route->mask, body);
    if (trial->request.unpacked.data)
        fprintf(out, "(%zu bytes, sent as %zu of gzip)\n", body.size, trial->http.body.size);
}

/* Each line ends with CR LF, or at least with LF. */
static void print_answer_headers(FILE *out, const struct mask *mask, struct slice head)
{
    while (head.size) {
        const char *end = memchr(head.data, '\n', head.size);
        size_t size = end ? (size_t)(end - head.data) : head.size;
        struct slice line = {head.data, size};
        head = slice_from(head, end ? size + 1 : size);
        if (line.size && line.data[line.size - 1] == '\r')
            line.size--;
        print_shown(out, mask, line);
        fputc('\n', out);
    }
}

void exchange_print_answer(FILE *out, const struct route *route,
                           const struct http_exchange *exchange, struct slice head,
                           bool show_secrets)
{
    const struct mask *mask = show_secrets ? NULL : route->mask;
    if (exchange->status == 0)
        return;
    fprintf(out, "%d, after %lld.%lld ms\n", exchange->status,
            (long long)(exchange->duration_us / 1000),
            (long long)(exchange->duration_us / 100 % 10));
    print_answer_headers(out, mask, head);
    print_body(out, mask, exchange->response);
}
