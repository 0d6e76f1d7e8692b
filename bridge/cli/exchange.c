#include "cli/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "cli/terminal.h"

#define MASK "********" /* of one length, which tells nothing */

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

/* A `mask` of NULL shows all. */
static void print_masked_bytes(FILE *out, const struct mask *mask, struct slice bytes)
{
    struct buffer shown = {0};
    if (!mask) {
        print_bytes(out, bytes);
        return;
    }
    char *room = buffer_reserve(&shown, bytes.size);
    if (room) {
        mask_text(mask, bytes, room);
        print_bytes(out, (struct slice){room, bytes.size});
    }
    buffer_finish(&shown);
}

static void add_url(struct buffer *text, const struct mask *mask, struct slice url)
{
    if (!mask) {
        buffer_add_slice(text, url);
        return;
    }
    char *room = buffer_reserve(text, url.size);
    if (!room)
        return;
    mask_url(mask, url, room);
    text->size += url.size;
}

/* "POST /path?query HTTP/1.1" and "Host: …". */
static void print_target(FILE *out, const struct mask *mask, const struct trial *trial)
{
    struct buffer url = {0};
    add_url(&url, mask, slice_of(trial->http.url));
    const char *text = buffer_text(&url);
    const char *host = text ? strstr(text, "://") : NULL;
    if (host) {
        host += 3;
        size_t host_bytes = strcspn(host, "/?");
        const char *target = host + host_bytes;
        fprintf(out, "%s %s%s HTTP/1.1\nHost: %.*s\nAccept: */*\n", trial->http.method,
                *target == '/' ? "" : "/", target, (int)host_bytes, host);
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
static void print_masked(FILE *out, struct slice name, const char *value)
{
    bool has_scheme = slice_equal_nocase(name, SLICE("authorization"));
    size_t scheme = has_scheme ? strcspn(value, " ") : 0;
    fprintf(out, "%.*s: %.*s%s" MASK "\n", SLICE_ARGS(name), (int)scheme, value, scheme ? " " : "");
}

static void print_headers(FILE *out, const struct route *route, const struct mask *mask,
                          struct slice headers)
{
    for (size_t at = 0; at < headers.size;) {
        const char *line = headers.data + at;
        struct slice name = {line, strcspn(line, ":")};
        at += strlen(line) + 1;
        if (mask && owns_header(route, name)) {
            print_masked(out, name, line + name.size + 2);
            continue;
        }
        print_masked_bytes(out, mask, slice_of(line));
        fputc('\n', out);
    }
}

static void print_body(FILE *out, const struct mask *mask, struct slice body)
{
    fputc('\n', out);
    if (body.size == 0)
        return;
    print_masked_bytes(out, mask, body);
    if (body.data[body.size - 1] != '\n')
        fputc('\n', out);
}

void exchange_print_request(FILE *out, const struct route *route, const struct trial *trial,
                            bool show_secrets)
{
    const struct mask *mask = show_secrets ? NULL : route->mask;
    print_target(out, mask, trial);
    print_headers(out, route, mask, trial->http.headers);
    if (http_has_length(&trial->http))
        fprintf(out, "Content-Length: %zu\n", trial->http.body.size);
    print_body(out, mask, trial->http.body);
}

void exchange_print_answer(FILE *out, const struct route *route,
                           const struct http_exchange *exchange, bool show_secrets)
{
    const struct mask *mask = show_secrets ? NULL : route->mask;
    if (exchange->status == 0)
        return;
    fprintf(out, "%d, after %lld.%lld ms\n", exchange->status,
            (long long)(exchange->duration_us / 1000),
            (long long)(exchange->duration_us / 100 % 10));
    if (exchange->retry_after) {
        fputs("Retry-After: ", out);
        print_masked_bytes(out, mask, slice_of(exchange->retry_after));
        fputc('\n', out);
    }
    print_body(out, mask, exchange->response);
}
