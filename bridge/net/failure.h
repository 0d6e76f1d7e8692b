/* What curl's result codes mean for a delivery. */
#ifndef NET_FAILURE_H
#define NET_FAILURE_H

#include <stdbool.h>
#include <curl/curl.h>

#include "base/error.h"

/* How a transfer ended. */
struct failure {
    CURLcode code;
    const char *detail; /* curl's own text; "" if it has none */
    int system_error;   /* errno of a connection that failed; 0: none */
    bool answer_began;  /* a line of an answer came */
};

/* Fills `err` with the kind, and a text that holds no part of the URL but host and port.
 *
 * A connection that ends before any line of an answer is ERROR_CONNECT: nothing came that could be
 * judged. One that ends within the head is ERROR_PROTOCOL. */
void failure_describe(const struct failure *failure, struct error *err);

#endif
