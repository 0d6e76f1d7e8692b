/* What can be told of a body's tree before it is compiled: each mistake becomes a problem at its
 * place. One function a kind that is too large for request_types.c. */
#ifndef CONFIG_BODY_TYPES_H
#define CONFIG_BODY_TYPES_H

#include "config/schema.h"

/* binary, structured, or a mapping of mode, source, type and subject. */
void body_check_cloudevents(const struct schema_reading *reading, const struct yaml_node *node);

/* One element, the root, whose names are names and whose prefixes are declared. */
void body_check_xml(const struct schema_reading *reading, const struct yaml_node *node);

#endif
