#include "decode/registry_access.h"

#include <string.h>

#include "base/base64.h"

/* RFC 7617. */
static void add_authorization(struct buffer *headers, const struct settings_registry *settings)
{
    struct buffer plain = {0};
    buffer_add_slice(&plain, text_slice(&settings->username));
    buffer_add_char(&plain, ':');
    buffer_add_slice(&plain, text_slice(&settings->password));
    buffer_add_text(headers, "Authorization: Basic ");
    base64_add(headers, buffer_slice(&plain));
    buffer_add_char(headers, '\0');
    if (plain.data)
        explicit_bzero(plain.data, plain.capacity);
    buffer_finish(&plain);
}

static bool write_headers(struct buffer *headers, const struct settings_registry *settings)
{
    static const char lines[] = "Accept: application/vnd.schemaregistry.v1+json, application/json\0"
                                "User-Agent: grapnel/" GRAPNEL_VERSION;
    buffer_add(headers, lines, sizeof lines);
    if (settings->username.data)
        add_authorization(headers, settings);
    return !headers->failed;
}

/* Of one that an ${env:} or ${file:} filled in, as of every such URL, scheme and host. */
static struct slice shown_part(const struct text *url)
{
    struct slice whole = text_slice(url);
    const char *host = strstr(url->data, "://");
    const char *path = url->secret && host ? strchr(host + 3, '/') : NULL;
    return path ? (struct slice){whole.data, (size_t)(path - whole.data)} : whole;
}

bool registry_access_init(struct registry_access *access, const struct settings_registry *settings)
{
    *access = (struct registry_access){
        .settings = settings,
        .tls.ca_file = settings->ca_file.data,
        .base = text_slice(&settings->url),
        .shown = shown_part(&settings->url),
    };
    while (access->base.size && access->base.data[access->base.size - 1] == '/')
        access->base.size--;
    return write_headers(&access->headers, settings);
}

void registry_access_finish(struct registry_access *access)
{
    if (access->headers.data)
        explicit_bzero(access->headers.data, access->headers.capacity);
    buffer_finish(&access->headers);
}

struct http_request registry_access_request(const struct registry_access *access,
                                            struct buffer *whole)
{
    return (struct http_request){
        .method = "GET",
        .headers = buffer_slice(&access->headers),
        .timeout_ms = access->settings->timeout_ms,
        .options = &access->tls,
        .whole = whole,
    };
}
