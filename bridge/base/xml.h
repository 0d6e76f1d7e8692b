/* XML 1.0 (fifth edition), as far as it is written here: texts that stay texts, and names. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/slice.h"

/* May an element or attribute be called that, before or behind a prefix's colon? (NCName of
 * Namespaces in XML 1.0.) */
bool xml_is_name(struct slice name);

/* Between two tags: no markup begins in it, and a parser reads it as it was. What XML can't carry
 * (control characters but for tab, CR and LF; U+FFFE and U+FFFF; what is no UTF-8) becomes U+FFFD.
 */
void xml_add_text(struct buffer *out, struct slice text);

/* The same within an attribute's double quotes. */
void xml_add_attribute(struct buffer *out, struct slice text);

#endif
