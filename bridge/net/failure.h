/* What curl's result codes mean for a delivery. */
#ifndef NET_FAILURE_H
#define NET_FAILURE_H

#include <curl/curl.h>

#include "base/error.h"

/* Fills `err` with the kind and a text that holds no part of the URL but host and port.
 * `detail` is curl's own text for it; "" if it has none. `answer_began`: a line of an answer came.
 *
 * A connection that ends before any line of an answer is ERROR_CONNECT: nothing came that could be
 * judged. One that ends within the head is ERROR_PROTOCOL. */
void failure_describe(CURLcode code, const char *detail, bool answer_began, struct error *err);

#endif
