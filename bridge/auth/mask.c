#include "auth/mask.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/jtext.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/uri.h"
#include "base/xml.h"

#define SEGMENT_BYTES_MIN 12 /* of a path: shorter ones are words such as "services" */

struct mask {
    struct secret *forms;
    size_t count;
    size_t capacity;
};

static bool has_form(const struct mask *mask, struct slice form)
{
    for (size_t i = 0; i < mask->count; i++)
        if (slice_equal(secret_reveal(&mask->forms[i]), form))
            return true;
    return false;
}

static void add_form(struct mask *mask, struct slice form)
{
    if (form.size < MASK_URL_BYTES_MIN || has_form(mask, form))
        return;
    if (mask->count == mask->capacity) {
        size_t capacity = mask->capacity ? mask->capacity * 2 : 8;
        mask->forms = memory_need(realloc(mask->forms, capacity * sizeof *mask->forms));
        mask->capacity = capacity;
    }
    mask->forms[mask->count++] = secret_copy(form);
}

/* A form that was cut short would hide too little. */
static void wipe(struct buffer *buf)
{
    buffer_need(buf);
    if (buf->data)
        explicit_bzero(buf->data, buf->capacity);
    buffer_finish(buf);
}

/* As a header carries it, which no line break gets through. */
static void add_one_line(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        buffer_add_char(out, (unsigned char)text.data[i] < ' ' ? ' ' : text.data[i]);
}

/* JSON as some write it, with \/ for a slash. */
static void add_escaped_slashes(struct buffer *out, struct slice text)
{
    struct buffer json = {0};
    jtext_add_escaped(&json, text);
    for (size_t i = 0; i < json.size; i++) {
        if (json.data[i] == '/')
            buffer_add_char(out, '\\');
        buffer_add_char(out, json.data[i]);
    }
    wipe(&json);
}

static void add_forms(struct mask *mask, struct slice secret)
{
    static void (*const encodings[])(struct buffer * out, struct slice text) = {
        uri_add_encoded,   uri_add_form_encoded, uri_add_decoded,
        jtext_add_escaped, add_escaped_slashes,  add_one_line,
        xml_add_text,      xml_add_attribute,    uri_add_printable};
    add_form(mask, secret);
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        struct buffer form = {0};
        encodings[i](&form, secret);
        add_form(mask, buffer_slice(&form));
        wipe(&form);
    }
}

static struct slice take_until(struct slice *rest, const char *ends)
{
    size_t size = 0;
    while (size < rest->size && !strchr(ends, rest->data[size]))
        size++;
    struct slice taken = {rest->data, size};
    *rest = slice_from(*rest, size < rest->size ? size + 1 : size);
    return taken;
}

static void add_path(struct mask *mask, struct slice path)
{
    if (slice_starts(path, SLICE("/")))
        path = slice_from(path, 1);
    if (path.size && path.data[path.size - 1] == '/')
        path.size--;
    add_forms(mask, path);
    while (path.size) {
        struct slice segment = take_until(&path, "/");
        if (segment.size >= SEGMENT_BYTES_MIN)
            add_forms(mask, segment);
    }
}

/* What receivers tell apart in a URL behind its host: the path, and each value of the query. */
static void add_url_parts(struct mask *mask, struct slice rest)
{
    add_path(mask, take_until(&rest, "?&"));
    while (rest.size) {
        struct slice item = take_until(&rest, "&");
        struct slice name = take_until(&item, "=");
        add_forms(mask, item.size ? item : name);
    }
}

/* Behind the host, if it is a URL; else all of it. */
static struct slice skip_host(struct slice secret)
{
    size_t scheme = strncasecmp(secret.data, "http://", 7) == 0    ? 7
                    : strncasecmp(secret.data, "https://", 8) == 0 ? 8
                                                                   : 0;
    struct slice rest = slice_from(secret, scheme);
    while (scheme && rest.size && !strchr("/?", rest.data[0]))
        rest = slice_from(rest, 1);
    return rest;
}

/* A value may hold expressions, and what they give stands between its pieces then. */
static void add_pieces(struct mask *mask, struct slice secret,
                       void (*add)(struct mask *mask, struct slice piece))
{
    const char *end = secret.data + secret.size;
    const char *at = secret.data;
    for (const char *open = at; (open = memmem(open, (size_t)(end - open), "{{", 2));) {
        const char *close = memmem(open, (size_t)(end - open), "}}", 2);
        if (!close)
            break;
        if (open - at >= MASK_BYTES_MIN)
            add(mask, (struct slice){at, (size_t)(open - at)});
        at = open = close + 2;
    }
    if (at == secret.data || end - at >= MASK_BYTES_MIN)
        add(mask, (struct slice){at, (size_t)(end - at)});
}

static void add_secret(struct mask *mask, struct slice secret)
{
    static const struct slice prefixes[] = {SLICE_INIT("whsec_"), SLICE_INIT("whsk_")};
    struct slice rest = skip_host(secret);
    if (rest.size < secret.size) {
        add_pieces(mask, rest, add_url_parts);
        return;
    }
    add_forms(mask, secret);
    add_pieces(mask, secret, add_forms);
    for (size_t i = 0; i < COUNT_OF(prefixes); i++)
        if (slice_starts(secret, prefixes[i]))
            add_forms(mask, slice_from(secret, prefixes[i].size));
}

/* RFC 7617. */
static void add_basic(struct mask *mask, const struct subscription_auth *auth)
{
    struct buffer plain = {0};
    struct buffer encoded = {0};
    buffer_add_slice(&plain, text_slice(&auth->basic_username));
    buffer_add_char(&plain, ':');
    buffer_add_slice(&plain, text_slice(&auth->basic_password));
    base64_add(&encoded, buffer_slice(&plain));
    add_forms(mask, buffer_slice(&encoded));
    wipe(&plain);
    wipe(&encoded);
}

struct mask *mask_create(const struct subscription *sub)
{
    struct mask *mask = memory_need(calloc(1, sizeof *mask));
    for (const struct text_secret *from = sub->secrets; from; from = from->next)
        add_secret(mask, from->value);
    if (sub->auth.basic_username.data || sub->auth.basic_password.data)
        add_basic(mask, &sub->auth);
    return mask;
}

void mask_destroy(struct mask *mask)
{
    if (!mask)
        return;
    for (size_t i = 0; i < mask->count; i++)
        secret_finish(&mask->forms[i]);
    free(mask->forms);
    free(mask);
}

/* What is kept of an answer may end within a secret. */
static void hide_cut_end(struct slice form, struct slice text, char *out)
{
    size_t part = form.size - 1 < text.size ? form.size - 1 : text.size;
    while (part >= MASK_BYTES_MIN && memcmp(text.data + text.size - part, form.data, part) != 0)
        part--;
    if (part >= MASK_BYTES_MIN)
        memset(out + text.size - part, '*', part);
}

/* Looks in `text` and writes to `out`, so that secrets that overlap don't hide each other. */
static void hide(const struct mask *mask, size_t least_bytes, struct slice text, char *out)
{
    if (text.size == 0)
        return;
    memcpy(out, text.data, text.size);
    const char *end = text.data + text.size;
    for (size_t i = 0; i < mask->count; i++) {
        struct slice form = secret_reveal(&mask->forms[i]);
        if (form.size < least_bytes)
            continue;
        for (const char *at = text.data;
             (at = memmem(at, (size_t)(end - at), form.data, form.size)); at++)
            memset(out + (at - text.data), '*', form.size);
        hide_cut_end(form, text, out);
    }
}

void mask_text(const struct mask *mask, struct slice text, char *out)
{
    hide(mask, MASK_BYTES_MIN, text, out);
}

void mask_url(const struct mask *mask, struct slice url, char *out)
{
    const char *scheme = url.size ? memmem(url.data, url.size, "://", 3) : NULL;
    size_t shown = scheme ? (size_t)(scheme + 3 - url.data) : 0;
    if (shown)
        memcpy(out, url.data, shown);
    hide(mask, MASK_URL_BYTES_MIN, slice_from(url, shown), out + shown);
}

void mask_error(const struct mask *mask, struct error *err)
{
    struct error copy = *err;
    mask_text(mask, slice_of(copy.text), err->text);
}
