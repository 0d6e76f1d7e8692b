/* What each attempt adds to a rendered request: its id and time, credentials and signature. The one
 * place where secrets enter a request. Owner: whoever holds the struct, which is reused. */
#ifndef DELIVER_AUTHORISE_H
#define DELIVER_AUTHORISE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "net/http.h"
#include "render/request.h"

/* The request with its secrets: never to be logged or written down. */
struct authorised {
    struct buffer url;
    struct buffer headers;
};

void authorised_finish(struct authorised *authorised);

/* Fills `http`, which borrows the route, the request and `authorised`. `unix_ms` is the attempt's
 * time. False: ERROR_AUTH or ERROR_MEMORY. Thread: any, an `authorised` each. */
bool authorise(const struct route *route, const struct request *request, int64_t unix_ms,
               struct authorised *authorised, struct http_request *http, struct error *err);

#endif
