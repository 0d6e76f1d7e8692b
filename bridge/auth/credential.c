#include "auth/credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/jtext.h"
#include "base/secret.h"
#include "base/uri.h"

#define CUT_BYTES_MIN 4 /* fewer bytes of a secret tell nothing and are everywhere */

struct credential {
    struct buffer headers;  /* complete lines */
    struct buffer query;    /* "name=value", percent-encoded */
    struct secret *secrets; /* every form in which one leaves, the longest first */
    size_t secret_count;
    const char *api_key_header; /* the subscription's */
    bool has_authorization;
};

static bool is_control(char c)
{
    return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7F;
}

static bool check_value(const struct text *value, const char *what, struct problems *problems)
{
    for (size_t i = 0; i < value->size; i++) {
        if (!is_control(value->data[i]))
            continue;
        problems_add(problems, value->at, "%s holds a line break or another control character",
                     what);
        return false;
    }
    return true;
}

static void remember(struct credential *credential, struct slice secret)
{
    if (secret.size == 0)
        return;
    struct secret *secrets =
        realloc(credential->secrets, (credential->secret_count + 1) * sizeof *secrets);
    if (!secrets)
        abort(); /* at start-up and reload only, where no memory is the end */
    credential->secrets = secrets;
    secrets[credential->secret_count++] = secret_copy(secret);
}

/* As it stands, as a URL and as JSON have it. */
static void remember_forms(struct credential *credential, struct slice secret)
{
    struct buffer form = {0};
    remember(credential, secret);
    uri_add_encoded(&form, secret);
    remember(credential, buffer_slice(&form));
    buffer_clear(&form);
    jtext_add_string(&form, secret);
    if (form.size > 2)
        remember(credential, (struct slice){form.data + 1, form.size - 2}); /* its quotes */
    if (form.data)
        explicit_bzero(form.data, form.capacity);
    buffer_finish(&form);
}

/* What ${env:} and ${file:} brought into the URL, the headers, the body or the signature. */
static void add_expanded(struct credential *credential, const struct subscription *sub)
{
    static const struct slice prefix = SLICE_INIT("whsec_");
    for (const struct text_secret *from = sub->secrets; from; from = from->next) {
        if (from->value.size < CUT_BYTES_MIN)
            continue;
        remember_forms(credential, from->value);
        if (slice_starts(from->value, prefix))
            remember(credential, slice_from(from->value, prefix.size));
    }
}

static int by_size(const void *left, const void *right)
{
    size_t a = ((const struct secret *)left)->size;
    size_t b = ((const struct secret *)right)->size;
    return (a < b) - (a > b);
}

static void add_bearer(struct credential *credential, const struct subscription *sub,
                       struct problems *problems)
{
    const struct text *token = &sub->auth.bearer;
    if (!token->data || !check_value(token, "the token", problems))
        return;
    buffer_add_text(&credential->headers, "Authorization: Bearer ");
    buffer_add_slice(&credential->headers, text_slice(token));
    buffer_add_char(&credential->headers, '\0');
    credential->has_authorization = true;
    remember(credential, text_slice(token));
}

/* RFC 7617. */
static void add_basic(struct credential *credential, const struct subscription *sub)
{
    const struct text *username = &sub->auth.basic_username;
    const struct text *password = &sub->auth.basic_password;
    if (!username->data && !password->data)
        return;
    struct buffer plain = {0};
    struct buffer encoded = {0};
    buffer_add_slice(&plain, text_slice(username));
    buffer_add_char(&plain, ':');
    buffer_add_slice(&plain, text_slice(password));
    base64_add(&encoded, buffer_slice(&plain));
    buffer_add_text(&credential->headers, "Authorization: Basic ");
    buffer_add_slice(&credential->headers, buffer_slice(&encoded));
    buffer_add_char(&credential->headers, '\0');
    credential->has_authorization = true;
    remember(credential, buffer_slice(&encoded));
    remember(credential, text_slice(password));
    if (plain.data)
        explicit_bzero(plain.data, plain.capacity);
    if (encoded.data)
        explicit_bzero(encoded.data, encoded.capacity);
    buffer_finish(&plain);
    buffer_finish(&encoded);
}

static void add_api_key(struct credential *credential, const struct subscription *sub,
                        struct problems *problems)
{
    const struct text *name = &sub->auth.api_key_header;
    const struct text *parameter = &sub->auth.api_key_query;
    const struct text *value = &sub->auth.api_key_value;
    if (name->data && check_value(name, "the name", problems) &&
        check_value(value, "the key", problems)) {
        buffer_add_slice(&credential->headers, text_slice(name));
        buffer_add_text(&credential->headers, ": ");
        buffer_add_slice(&credential->headers, text_slice(value));
        buffer_add_char(&credential->headers, '\0');
        credential->api_key_header = name->data;
    }
    if (parameter->data) {
        uri_add_encoded(&credential->query, text_slice(parameter));
        buffer_add_char(&credential->query, '=');
        size_t start = credential->query.size;
        uri_add_encoded(&credential->query, text_slice(value));
        remember(credential, slice_from(buffer_slice(&credential->query), start));
    }
    remember(credential, text_slice(value));
}

struct credential *credential_create(const struct subscription *sub, struct problems *problems)
{
    struct credential *credential = calloc(1, sizeof *credential);
    if (!credential)
        abort(); /* at start-up and reload only, where no memory is the end */
    add_bearer(credential, sub, problems);
    add_basic(credential, sub);
    add_api_key(credential, sub, problems);
    add_expanded(credential, sub);
    if (credential->secret_count > 0)
        qsort(credential->secrets, credential->secret_count, sizeof *credential->secrets, by_size);
    return credential;
}

void credential_destroy(struct credential *credential)
{
    if (!credential)
        return;
    for (size_t i = 0; i < credential->secret_count; i++)
        secret_finish(&credential->secrets[i]);
    free(credential->secrets);
    if (credential->headers.data)
        explicit_bzero(credential->headers.data, credential->headers.capacity);
    if (credential->query.data)
        explicit_bzero(credential->query.data, credential->query.capacity);
    buffer_finish(&credential->headers);
    buffer_finish(&credential->query);
    free(credential);
}

void credential_add_headers(const struct credential *credential, struct buffer *headers)
{
    buffer_add_slice(headers, buffer_slice(&credential->headers));
}

void credential_add_query(const struct credential *credential, struct buffer *url)
{
    if (credential->query.size == 0 || url->size == 0)
        return;
    char last = url->data[url->size - 1];
    if (!memchr(url->data, '?', url->size))
        buffer_add_char(url, '?');
    else if (last != '?' && last != '&')
        buffer_add_char(url, '&');
    buffer_add_slice(url, buffer_slice(&credential->query));
}

/* What is kept of an answer may end within a secret. */
static void mask_cut_end(struct slice secret, char *text, size_t size)
{
    size_t most = secret.size - 1 < size ? secret.size - 1 : size;
    for (size_t part = most; part >= CUT_BYTES_MIN; part--) {
        if (memcmp(text + size - part, secret.data, part) != 0)
            continue;
        memset(text + size - part, '*', part);
        return;
    }
}

void credential_mask(const struct credential *credential, char *text, size_t size)
{
    for (size_t i = 0; i < credential->secret_count; i++) {
        struct slice secret = secret_reveal(&credential->secrets[i]);
        char *end = text + size;
        for (char *at = text; (at = memmem(at, (size_t)(end - at), secret.data, secret.size));)
            memset(at, '*', secret.size);
        mask_cut_end(secret, text, size);
    }
}

bool credential_owns_header(const struct credential *credential, struct slice name)
{
    return (credential->has_authorization && slice_equal_nocase(name, SLICE("authorization"))) ||
           (credential->api_key_header &&
            slice_equal_nocase(name, slice_of(credential->api_key_header)));
}
