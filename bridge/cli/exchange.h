/* A request and what it was answered, as people read it: the request to the byte as it is sent, but
 * for the secrets, which are masked unless they are asked for, and a body packed by gzip, which is
 * shown unpacked. On a terminal a body that is no text is a hex dump. Thread: main. */
#ifndef CLI_EXCHANGE_H
#define CLI_EXCHANGE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buffer.h"
#include "cli/trial.h"
#include "net/http.h"

void exchange_print_request(FILE *out, const struct route *route, const struct trial *trial,
                            bool show_secrets);

/* The same piece by piece, for output that programs read. */
void exchange_add_url(struct buffer *out, const struct route *route, const struct trial *trial,
                      bool show_secrets);

/* The header in `line` of trial->http.headers; `value` is cleared first. The line after it. */
const char *exchange_next_header(const struct route *route, const char *line, bool show_secrets,
                                 struct slice *name, struct buffer *value);

/* What the receiver reads: before gzip. */
struct slice exchange_body(const struct trial *trial);

/* `head`: the answer's headers, as http_request.head has them. */
void exchange_print_answer(FILE *out, const struct route *route,
                           const struct http_exchange *exchange, struct slice head,
                           bool show_secrets);

#endif
