/* HTTP out: a request in, an exchange out. What does it hides behind this seam.
 *
 * Owner: the loop's thread; all callbacks come on it.
 *
 * The happy path: http_send takes a free handle, a kept connection carries the request, the status
 * comes, `done` is called once, in a later turn of the loop.
 * What can fail: any step; `done` is called all the same, exactly once, with the kind. Only
 * http_cancel keeps it from being called.
 *
 *   timeout   no status within timeout_ms
 *   dns       the name has no address
 *   connect   refused or unreachable; or the connection ended before a line of an answer
 *   tls       handshake or certificate
 *   protocol  what came is not HTTP, has a head over 64 KiB, or ended within its head
 *   render    the URL can't be one
 *
 * The status decides: once the final head is there it stands. Of the body as much is read as keeps
 * the connection (64 KiB, one second); then the connection is closed. Who needs all of the body
 * asks for it, with a limit: then one that ends too early, or is larger, is no answer (protocol). A
 * kept connection that the receiver closed meanwhile is replaced by a new one, unnoticed. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "loop/loop.h"

#define HTTP_RESPONSE_BYTES 1024 /* what is kept of an answer's body */

struct http;
struct http_call;

/* How connections of one subscription are made. Borrowed: outlives the calls that use it. */
struct http_options {
    const char *ca_file;           /* NULL: the system's */
    const char *pinned_public_key; /* curl's form; NULL: none */
    bool tls_1_3;                  /* at least TLS 1.3; else 1.2 */
    bool http2;                    /* over TLS, by ALPN */
};

/* All is borrowed until `done`. */
struct http_request {
    const char *method;
    const char *url;      /* absolute, http or https */
    struct slice headers; /* "Name: value" lines, each ended by a NUL; Host, Content-Length and
                             connection headers are added here */
    struct slice body;    /* data NULL: none */
    int64_t timeout_ms;   /* from http_send to the status; with `whole` to the answer's end */
    const struct http_options *options;
    struct buffer *whole; /* NULL; or it gets all of the body, and the answer only stands with it */
    struct buffer *head;  /* NULL; or it gets the lines of the answer's headers, as they came */
};

/* Is its Content-Length sent? With a body, and for methods that usually have one. */
static inline bool http_has_length(const struct http_request *request)
{
    return request->body.data || request->method[0] == 'P';
}

/* What came of it. Borrowed by `done` for the call. */
struct http_exchange {
    int status;              /* 0: no answer */
    enum error_kind kind;    /* ERROR_NONE: there is a status */
    const char *error;       /* "" with a status; else may name the host, never the URL */
    struct slice response;   /* the body's first HTTP_RESPONSE_BYTES, or all of it: `whole` */
    const char *retry_after; /* the header as it came; NULL: none */
    int64_t duration_us;     /* from http_send to the status, or to the failure */
};

typedef void http_done(void *context, const struct http_exchange *exchange);

/* `connections`: how many are kept open at most; at least as many as are in flight. */
struct http *http_create(struct loop *loop, unsigned connections, struct error *err);

/* Cancels what is under way (no `done`), closes all connections. */
void http_destroy(struct http *http);

/* Starts the exchange. NULL (and `err`) only when nothing could be started; then `done` is not
 * called. The call is valid until `done` returns. */
struct http_call *http_send(struct http *http, const struct http_request *request, http_done *done,
                            void *context, struct error *err);
void http_cancel(struct http_call *call);

/* Lets what was just sent leave now. Without it that is in the loop's next turn. Not from `done`.
 */
void http_push(struct http *http);

/* Connections opened so far, and handles in use: for /metrics. */
uint64_t http_connections_opened(const struct http *http);
unsigned http_in_flight(const struct http *http);

#endif
