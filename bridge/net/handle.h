/* One of curl's easy handles, used again and again. It remembers what it is set up for, so that of
 * each request only what differs from the one before is told to curl. */
#ifndef NET_HANDLE_H
#define NET_HANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <curl/curl.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "net/http.h"

struct handle {
    CURL *easy;
    CURLU *parts;             /* of the URL */
    struct curl_slist *lines; /* an array; each points to the next */
    size_t line_count;
    size_t line_capacity;
    struct buffer rewritten; /* header lines that curl wants otherwise than they are written */
    struct buffer url;       /* what it is set to, as all below */
    char *ca_file;
    char *pinned_public_key;
    bool tls_1_3;
    bool http2;
    bool fresh; /* nothing of these is set yet */
    char method[16];
    bool posts;
    char errors[CURL_ERROR_SIZE];
};

/* `context` comes with the callbacks, which are curl's own. */
struct handle_callbacks {
    curl_write_callback header;
    curl_write_callback body;
    void *context;
};

bool handle_init(struct handle *handle, const struct handle_callbacks *callbacks,
                 struct error *err) MUST_CHECK;
void handle_finish(struct handle *handle);

/* Borrows the request's headers and body until the transfer is over. False: ERROR_RENDER for a URL
 * or method that can't be sent, ERROR_MEMORY, or ERROR_TLS for options that curl doesn't take. */
bool handle_prepare(struct handle *handle, const struct http_request *request,
                    struct error *err) MUST_CHECK;

/* Was it last used with these options? */
bool handle_suits(const struct handle *handle, const struct http_options *options);

#endif
