/* A request, ready but for what each attempt adds (credentials, signature, timestamp).
 *
 * Owner: whoever holds the struct, which is reused from one delivery to the next so that rendering
 * allocates nothing once its buffers have grown. `body` may borrow the event's bytes. */
#ifndef RENDER_REQUEST_H
#define RENDER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/jtext.h"
#include "base/slice.h"

struct gzip;

struct request {
    const char *method;    /* static */
    struct gzip *gzip;     /* borrowed, of the thread that renders; NULL: one for each body */
    struct buffer id;      /* $id, sent as webhook-id; no '.', white space or control byte in it */
    struct buffer url;     /* absolute, percent-encoded; may hold secrets, which auth/mask hides */
    struct buffer headers; /* "Name: value" lines, each ended by a NUL */
    struct buffer body_bytes;  /* what had to be made of the body */
    struct slice body;         /* what is sent; data NULL: none */
    struct slice unpacked;     /* the body before gzip; data NULL: it is sent as it is */
    struct slice content_type; /* of the body, where it is not the same for every event */
    struct buffer packed;
    struct buffer scratch; /* for the renderer's own use, as what follows is */
    struct buffer unescaped;
    struct jtext json;
};

void request_finish(struct request *request);
void request_clear(struct request *request);

/* Did something not fit because there was no memory for it, and not for its size? */
bool request_lacks_memory(const struct request *request);

/* Bytes that were made for this request: a body that is the event's is not among them. */
size_t request_bytes(const struct request *request);

/* Gives back the memory that an uncommonly large body takes; the body is gone then. */
void request_trim(struct request *request);

/* Adds one header line. A control byte in the value, CR, LF and NUL among them, becomes a space:
 * nothing gets through that could end the line (RFC 9110 §5.5). */
void request_add_header(struct request *request, struct slice name, struct slice value);

/* Is a header of that name there already (names compare without case)? */
bool request_has_header(const struct request *request, struct slice name);

/* For walking the lines: the first, and the one after `line`; NULL at the end. */
const char *request_first_header(const struct request *request);
const char *request_next_header(const struct request *request, const char *line);

#endif
