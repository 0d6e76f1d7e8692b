/* A request and what it was answered, as people read it: the request to the byte as it is sent,
 * but for the secrets, which are masked unless they are asked for. Thread: main. */
#ifndef CLI_EXCHANGE_H
#define CLI_EXCHANGE_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/trial.h"
#include "net/http.h"

void exchange_print_request(FILE *out, const struct route *route, const struct trial *trial,
                            bool show_secrets);

void exchange_print_answer(FILE *out, const struct route *route,
                           const struct http_exchange *exchange, bool show_secrets);

#endif
