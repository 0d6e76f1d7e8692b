/* The header block of a subscription: its own headers and those that follow from the body, with
 * what needs no event encoded once. */
#ifndef RENDER_HEADERS_H
#define RENDER_HEADERS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "config/problems.h"
#include "config/subscription.h"
#include "expr/template.h"
#include "render/forward.h"
#include "render/request.h"

#define HEADERS_BYTES_MAX (64u << 10)

struct headers {
    struct template lines;  /* "Name: value" and a NUL each */
    bool adds_content_type; /* request->content_type */
    bool adds_traceparent;
    bool adds_tracestate;
    struct forward forward;
};

/* `content_type` is the body's; NULL: the body tells it with each request, or there is none. The
 * names are checked already. */
struct headers headers_compile(const struct subscription *sub, const char *content_type,
                               struct template_builder *builder);

/* Fills request->headers; the body is there already. */
bool headers_render(const struct headers *headers, const struct scope *scope,
                    struct request *request, struct error *err) MUST_CHECK;

#endif
