/* Trace context that a record carries, as it goes on to the receiver (W3C Trace Context): only what
 * is of the right form, since one bad header must not break a request or a receiver. Pure. */
#ifndef RENDER_TRACE_H
#define RENDER_TRACE_H

#include <stdbool.h>

#include "base/slice.h"

/* §3.2: version, trace-id, parent-id and flags; of later versions also what follows them. */
bool trace_parent_is_valid(struct slice value);

/* §3.3: a list of at most 32 members, and of at most 4 KiB here. */
bool trace_state_is_valid(struct slice value);

#endif
