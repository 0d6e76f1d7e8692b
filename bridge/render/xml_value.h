/* A value of the event as an XML element: a list repeats it; of an object, @name is an attribute,
 * #text its text, any other key an element in it; null leaves it empty. Members stand in their
 * order and as often as they were published, but of attributes with the same name the last one
 * counts. */
#ifndef RENDER_XML_VALUE_H
#define RENDER_XML_VALUE_H

#include <stdbool.h>

#include "base/error.h"
#include "expr/value.h"
#include "render/request.h"

bool xml_value_is_list(const struct value *value);

/* Adds the element `name` to request->body_bytes, which the caller asks whether it failed. False:
 * ERROR_RENDER where a key of the event can't be a name, or ERROR_MEMORY. */
bool xml_value_add(struct slice name, const struct value *value, struct request *request,
                   struct error *err) MUST_CHECK;

#endif
