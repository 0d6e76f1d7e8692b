/* The body that `body: { xml: … }` makes: its tree, compiled to text with holes for texts and for
 * elements. config/body_xml.c has checked its names. */
#ifndef RENDER_XML_H
#define RENDER_XML_H

#include <stdbool.h>

#include "base/error.h"
#include "config/yaml.h"
#include "expr/template.h"
#include "render/request.h"

struct xml_piece;

/* Owner: the arena it was compiled in; immutable, any thread may use it. */
struct xml {
    const struct xml_piece *pieces;
};

/* `node` stands under xml:. Every mistake in an expression is added to the builder's problems. */
struct xml xml_compile(const struct yaml_node *node, struct template_builder *builder);

/* Adds the document to request->body_bytes, which the caller asks whether it failed. Where a scalar
 * is one `{{ }}`, its value decides what becomes of the element: a list repeats it, an object's
 * members are its attributes (@name), its text (#text) and elements in it, null leaves it empty. So
 * the document is well-formed, or it is ERROR_RENDER: a field is missing, an event's key can't be
 * a name, the root would be a list. */
bool xml_render(const struct xml *xml, const struct scope *scope, struct request *request,
                struct error *err) MUST_CHECK;

#endif
