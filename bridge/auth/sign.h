/* Signatures: what proves to a receiver that a webhook is ours.
 * Keys are decoded once, when the subscription is loaded. Immutable then; any thread may sign. */
#ifndef AUTH_SIGN_H
#define AUTH_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "config/subscription.h"

struct signer;

/* What is signed. */
struct sign_input {
    struct slice id;     /* webhook-id */
    int64_t timestamp_s; /* webhook-timestamp, of the attempt */
    struct slice body;
};

/* NULL for SIGN_NONE, when there are no secrets (config/ has reported that), and when one is not of
 * the style's form (reported here, at its place). */
struct signer *signer_create(const struct subscription *sub, struct problems *problems);
void signer_destroy(struct signer *signer);

/* Adds the style's header lines ("Name: value" and a NUL each) behind `headers`. A NULL signer
 * adds nothing. False: `headers` failed, or the crypto library did. */
bool signer_sign(const struct signer *signer, const struct sign_input *input,
                 struct buffer *headers) MUST_CHECK;

/* Is this header one that the style makes, so that `render` masks it? */
bool signer_owns_header(const struct signer *signer, struct slice name);

#endif
