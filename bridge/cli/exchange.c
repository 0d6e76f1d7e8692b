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

/* Names stay, values go; what is no query goes as a whole. */
static void add_masked_url(struct buffer *text, const char *secret)
{
    if (*secret && *secret != '?' && *secret != '&') {
        buffer_add_text(text, *secret == '/' ? "/" MASK : MASK);
        return;
    }
    while (*secret) {
        size_t name_bytes = strcspn(secret, "=");
        buffer_add(text, secret, name_bytes);
        secret += name_bytes;
        if (*secret == '=')
            buffer_add_text(text, "=" MASK);
        secret += strcspn(secret, "&");
    }
}

static void add_url(struct buffer *text, const struct trial *trial, bool show_secrets)
{
    const char *url = trial->http.url;
    size_t shown = show_secrets ? strlen(url) : trial->request.url_public_bytes;
    buffer_add(text, url, shown);
    add_masked_url(text, url + shown);
}

/* "POST /path?query HTTP/1.1" and "Host: …". */
static void print_target(FILE *out, const struct trial *trial, bool show_secrets)
{
    struct buffer url = {0};
    add_url(&url, trial, show_secrets);
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

static void print_headers(FILE *out, const struct route *route, struct slice headers,
                          bool show_secrets)
{
    for (size_t at = 0; at < headers.size;) {
        const char *line = headers.data + at;
        struct slice name = {line, strcspn(line, ":")};
        at += strlen(line) + 1;
        if (!show_secrets && owns_header(route, name)) {
            print_masked(out, name, line + name.size + 2);
            continue;
        }
        print_bytes(out, slice_of(line));
        fputc('\n', out);
    }
}

static void print_body(FILE *out, const struct route *route, struct slice body, bool show_secrets)
{
    struct buffer shown = {0};
    fputc('\n', out);
    if (body.size == 0)
        return;
    buffer_add_slice(&shown, body);
    if (!show_secrets && !shown.failed)
        credential_mask(route->credential, shown.data, shown.size);
    print_bytes(out, buffer_slice(&shown));
    if (shown.size > 0 && shown.data[shown.size - 1] != '\n')
        fputc('\n', out);
    buffer_finish(&shown);
}

void exchange_print_request(FILE *out, const struct route *route, const struct trial *trial,
                            bool show_secrets)
{
    print_target(out, trial, show_secrets);
    print_headers(out, route, trial->http.headers, show_secrets);
    if (http_has_length(&trial->http))
        fprintf(out, "Content-Length: %zu\n", trial->http.body.size);
    print_body(out, route, trial->http.body, show_secrets);
}

void exchange_print_answer(FILE *out, const struct route *route,
                           const struct http_exchange *exchange, bool show_secrets)
{
    if (exchange->status == 0)
        return;
    fprintf(out, "%d, after %lld.%lld ms\n", exchange->status,
            (long long)(exchange->duration_us / 1000),
            (long long)(exchange->duration_us / 100 % 10));
    if (exchange->retry_after) {
        fputs("Retry-After: ", out);
        print_bytes(out, slice_of(exchange->retry_after));
        fputc('\n', out);
    }
    print_body(out, route, exchange->response, show_secrets);
}
