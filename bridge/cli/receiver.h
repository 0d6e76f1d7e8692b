/* A local HTTP receiver: what stands in for other people's endpoints in the demo and in tests.
 *
 * Owner: the loop's thread; it has none of its own, and the handler is called on the loop's. */
#ifndef CLI_RECEIVER_H
#define CLI_RECEIVER_H

#include <stddef.h>

#include "base/error.h"
#include "base/slice.h"
#include "loop/loop.h"

#define RECEIVER_BODY_BYTES 1048576 /* a longer body is answered 413 and not handed on */

struct receiver;

struct receiver_header {
    struct slice name;
    struct slice value;
};

/* One request as it came. Borrowed by the handler for the call. */
struct receiver_request {
    const char *method;
    const char *target; /* path and query, byte for byte */
    const struct receiver_header *headers;
    size_t header_count;
    struct slice body; /* empty: none */
    int status;        /* what it is answered */
};

typedef void receiver_handler(void *context, const struct receiver_request *request);

/* Listens on 127.0.0.1, at a port that the system chooses. */
struct receiver *receiver_open(struct loop *loop, receiver_handler *handler, void *context,
                               struct error *err);
void receiver_close(struct receiver *receiver);

unsigned receiver_port(const struct receiver *receiver);

/* From now on requests to `path` (without its query) are answered with `status`; all others with
 * 204. `path` is borrowed for as long as the receiver is open. False when too many are set. */
bool receiver_answer(struct receiver *receiver, const char *path, int status, struct error *err);

/* The header of that name, in any case; data NULL if there is none. */
struct slice receiver_header(const struct receiver_request *request, const char *name);

#endif
