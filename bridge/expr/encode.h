/* How a text is written where it is put, so that it stays one value there: it can't end a header
 * line, a URL's path segment, a JSON string or an XML element. */
#ifndef EXPR_ENCODE_H
#define EXPR_ENCODE_H

#include "base/buffer.h"
#include "base/slice.h"

enum encoding {
    ENCODE_NOTHING,
    ENCODE_HEADER,  /* control bytes become spaces, but for tabs (RFC 9110 §5.5) */
    ENCODE_URI,     /* all but unreserved characters as %XX */
    ENCODE_SEGMENT, /* the same: one segment of a path */
    ENCODE_PATH,    /* the same, but for slashes: several segments */
    ENCODE_FORM,    /* application/x-www-form-urlencoded */
    ENCODE_XML_TEXT,
    ENCODE_XML_ATTRIBUTE, /* within its double quotes */
    ENCODE_JSON_STRING,   /* inside the quotes of a JSON string */
    ENCODE_JSON,          /* values only: as JSON */
};

/* Of a text: ENCODE_JSON adds quotes too. */
void encode_add(struct buffer *out, enum encoding encoding, struct slice text);

#endif
