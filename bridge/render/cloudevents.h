/* The request that `body: { cloudevents: … }` makes: CloudEvents 1.0 in the HTTP protocol binding's
 * binary or structured mode. A record that is a CloudEvent keeps its attributes; what it lacks of
 * the four that each must have, and all of any other record's, is made of the event's $id, topic
 * and $type, or as the configuration says. config/body_cloudevents.c has checked that. */
#ifndef RENDER_CLOUDEVENTS_H
#define RENDER_CLOUDEVENTS_H

#include <stdbool.h>

#include "base/error.h"
#include "config/yaml.h"
#include "expr/template.h"
#include "render/request.h"

/* Owner: the arena it was compiled in; immutable, any thread may use it. */
struct cloudevents {
    bool structured;
    struct template source; /* count 0: not given */
    struct template type;
    struct template subject;
};

/* `node` stands under cloudevents:. Mistakes in expressions are added to the builder's problems. */
struct cloudevents cloudevents_compile(const struct yaml_node *node,
                                       struct template_builder *builder);

/* Fills request->body and content_type, and in binary mode adds the ce-… headers. What it makes of
 * the body is in request->body_bytes, which the caller asks whether it failed. False: ERROR_RENDER
 * (an attribute is empty or missing, or there are too many), ERROR_DECODE (data_base64 is none) or
 * ERROR_MEMORY. */
bool cloudevents_render(const struct cloudevents *how, const struct scope *scope,
                        struct request *request, struct error *err) MUST_CHECK;

#endif
