/* A mask: what hides a subscription's secrets in a text that may repeat them, such as what a
 * receiver echoes. Made once, when the subscription is loaded, of sub->secrets; it knows them as
 * they are and in each form in which a request carries them. Immutable then; any thread may use
 * it. */
#ifndef AUTH_MASK_H
#define AUTH_MASK_H

#include "base/error.h"
#include "base/slice.h"
#include "config/subscription.h"

#define MASK_BYTES_MIN     4 /* fewer tell nothing, and stand in every text by chance */
#define MASK_URL_BYTES_MIN 2 /* in a URL it is known that they were put there */

struct mask;

/* Never NULL: a subscription without secrets gets one that hides nothing. */
struct mask *mask_create(const struct subscription *sub);
void mask_destroy(struct mask *mask);

/* Copies `text` to `out`, which has room for as much and is elsewhere, with asterisks for every
 * byte of a secret; also of one that the text's end cuts off. Not of one of fewer than
 * MASK_BYTES_MIN bytes. */
void mask_text(const struct mask *mask, struct slice text, char *out);

/* The same of a URL that we made. Its scheme stays; so does the host where a secret is a whole
 * URL. */
void mask_url(const struct mask *mask, struct slice url, char *out);

/* Hides them in the error's text. */
void mask_error(const struct mask *mask, struct error *err);

#endif
