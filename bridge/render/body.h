/* What is sent in a request: the event as published, nothing, or what a template makes. */
#ifndef RENDER_BODY_H
#define RENDER_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "config/problems.h"
#include "config/subscription.h"
#include "expr/template.h"
#include "render/cloudevents.h"
#include "render/request.h"
#include "render/xml.h"

struct body {
    enum body_kind kind;      /* never BODY_DEFAULT */
    struct template template; /* of BODY_JSON, BODY_FORM, BODY_TEXT, BODY_JQ */
    struct xml xml;
    struct cloudevents cloudevents;
    const char *content_type; /* static; NULL: it is told with each request, or there is none */
    size_t max_bytes;         /* before gzip */
    size_t gzip_bytes;        /* a body of so many is packed; 0: none is */
};

/* The default is none for GET, else the event. */
struct body body_compile(const struct subscription *sub, struct template_builder *builder);

/* Fills request->body, and unpacked where that is packed. False: ERROR_RENDER, or ERROR_TOO_LARGE.
 */
bool body_render(const struct body *body, const struct scope *scope, struct request *request,
                 struct error *err) MUST_CHECK;

#endif
