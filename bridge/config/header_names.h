/* The names of HTTP headers: which can be one, and who sends it. They compare without case. */
#ifndef CONFIG_HEADER_NAMES_H
#define CONFIG_HEADER_NAMES_H

#include <stdbool.h>

#include "base/slice.h"
#include "config/subscription.h"

/* A token (RFC 9110 §5.6.2). */
bool header_is_name(struct slice name);

/* One of the framing, or that a receiver relies on to be grapnel's own: nobody else sets it. */
bool header_is_ours(struct slice name);

/* One that says something of the record's own way or form, or is grapnel's to say, and so never
 * goes on from a record to a request. */
bool header_stays_behind(struct slice name);

/* Does `auth` send it? */
bool header_is_credential(const struct subscription *sub, struct slice name);

#endif
