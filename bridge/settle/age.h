/* delivery.max_age: how long after its first attempt an event may still be tried. Pure.
 *
 * Wall time, since a retry may outlive the process: the first attempt's time travels with it. */
#ifndef SETTLE_AGE_H
#define SETTLE_AGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

/* A max_age that sets no limit, and the first attempt's time when there was none. */
#define AGE_UNLIMITED (-1)
#define AGE_NOT_TRIED (-1)

/* May the event be tried at `next_unix_ms`, its first attempt having begun at `first_unix_ms`?
 * False: ERROR_EXPIRED. Asked before a wait, with the time that the wait ends, and again before an
 * attempt that was waited for, which may be late. A first attempt that lies in the future, by a
 * clock that has stepped back, has just been. */
bool age_allows(int64_t max_age_ms, int64_t first_unix_ms, int64_t next_unix_ms,
                struct error *err) MUST_CHECK;

#endif
