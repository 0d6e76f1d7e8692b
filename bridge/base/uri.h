/* Percent-encoding, so that a value stays a value wherever in a URL or form it is put. */
#ifndef BASE_URI_H
#define BASE_URI_H

#include "base/buffer.h"
#include "base/slice.h"

/* All but RFC 3986's unreserved characters becomes %XX: a `/`, `?` or `&` can't end anything. */
void uri_add_encoded(struct buffer *out, struct slice text);

/* The same, but that a `/` stays: a path of several segments. */
void uri_add_path(struct buffer *out, struct slice text);

/* The other way: each %XX becomes its byte; a % without two digits stays. */
void uri_add_decoded(struct buffer *out, struct slice text);

/* What a CloudEvents header's value is made of (HTTP Protocol Binding §3.1.3.2): blanks, quotes, %
 * and all that is not printable ASCII become %XX; what is no UTF-8 becomes U+FFFD. */
void uri_add_printable(struct buffer *out, struct slice text);

/* application/x-www-form-urlencoded (WHATWG URL §5.2): a space becomes `+`, `~` is encoded. */
void uri_add_form_encoded(struct buffer *out, struct slice text);

#endif
