/* Credentials: bearer, basic and api_key, made into header lines and query parameters once, when
 * the subscription is loaded. Immutable then; any thread may use them. */
#ifndef AUTH_CREDENTIAL_H
#define AUTH_CREDENTIAL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "config/subscription.h"

struct credential;

/* Never NULL: a subscription without auth gets one that adds nothing. Reports what can't be sent
 * (a CR or LF in a token) at its place. */
struct credential *credential_create(const struct subscription *sub, struct problems *problems);
void credential_destroy(struct credential *credential);

/* Adds its header lines ("Name: value" and a NUL each), and to the URL its query parameter. */
void credential_add_headers(const struct credential *credential, struct buffer *headers);
void credential_add_query(const struct credential *credential, struct buffer *url);

/* Is this header one that carries a secret, so that `render` masks it? */
bool credential_owns_header(const struct credential *credential, struct slice name);

#endif
