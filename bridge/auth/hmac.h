/* HMAC (RFC 2104) with a key that is prepared once. Immutable then; any thread may use it. */
#ifndef AUTH_HMAC_H
#define AUTH_HMAC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

#define HMAC_BYTES_MAX 64

struct hmac;

/* `digest`: "SHA256", … NULL when the crypto library says no. Copies the key. */
struct hmac *hmac_create(const char *digest, struct slice key);
void hmac_destroy(struct hmac *hmac);

/* Of the parts, one behind the other. */
bool hmac_sum(const struct hmac *hmac, const struct slice *parts, size_t count,
              unsigned char sum[HMAC_BYTES_MAX], size_t *size) MUST_CHECK;

#endif
