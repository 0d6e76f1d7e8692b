/* The topic topics.state, read from end to end. Owner: one thread, which it blocks. */
#ifndef INSPECT_REMEMBERED_H
#define INSPECT_REMEMBERED_H

#include "base/compiler.h"
#include "base/error.h"
#include "config/settings.h"
#include "settle/state.h"

/* A record of it, in their order; borrowed. What is none is the service's to complain about. False:
 * no memory. */
typedef bool remembered_take(void *context, const struct state *state);

/* False: ERROR_KAFKA, ERROR_MEMORY. Where there is no such topic yet nothing is remembered. */
bool remembered_read(const struct settings *settings, remembered_take *take, void *context,
                     struct error *err) MUST_CHECK;

#endif
