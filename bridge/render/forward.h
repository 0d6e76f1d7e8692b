/* The record's headers that go on to the receiver, as request.forward_headers lists them. */
#ifndef RENDER_FORWARD_H
#define RENDER_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "config/subscription.h"
#include "expr/value.h"
#include "render/request.h"

/* Owner: the arena it was compiled in; immutable, any thread may use it. */
struct forward {
    const struct slice *patterns;
    size_t count;
    struct slice credentials[2]; /* names of headers that auth sends; data NULL: none */
    bool without_cloudevents;    /* ce-… are the body's to send */
};

struct forward forward_compile(const struct subscription *sub, struct arena *arena);

/* Adds those that match, are a header's name, and aren't there yet: of a name that is repeated the
 * last one that has a value. Values are what $headers has of them, as one line each. False:
 * ERROR_RENDER, too many headers; or ERROR_MEMORY. */
bool forward_render(const struct forward *forward, const struct scope *scope,
                    struct request *request, struct error *err) MUST_CHECK;

#endif
