#include "auth/credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/uri.h"

struct credential {
    struct buffer headers;      /* complete lines */
    struct buffer query;        /* "name=value", percent-encoded */
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
    buffer_need(&plain);
    buffer_need(&encoded);
    buffer_add_text(&credential->headers, "Authorization: Basic ");
    buffer_add_slice(&credential->headers, buffer_slice(&encoded));
    buffer_add_char(&credential->headers, '\0');
    credential->has_authorization = true;
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
        uri_add_encoded(&credential->query, text_slice(value));
    }
}

struct credential *credential_create(const struct subscription *sub, struct problems *problems)
{
    struct credential *credential = memory_need(calloc(1, sizeof *credential));
    add_bearer(credential, sub, problems);
    add_basic(credential, sub);
    add_api_key(credential, sub, problems);
    buffer_need(&credential->headers);
    buffer_need(&credential->query);
    return credential;
}

void credential_destroy(struct credential *credential)
{
    if (!credential)
        return;
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

bool credential_owns_header(const struct credential *credential, struct slice name)
{
    return (credential->has_authorization && slice_equal_nocase(name, SLICE("authorization"))) ||
           (credential->api_key_header &&
            slice_equal_nocase(name, slice_of(credential->api_key_header)));
}
