/* The topics that grapnel writes itself. No regular expression matches them: what comes of a record
 * there would be written there again, and go round for ever. One that a subscription names as it
 * stands is read all the same, by all that share its lane. */
#ifndef SETTLE_OWN_TOPICS_H
#define SETTLE_OWN_TOPICS_H

#include "base/buffer.h"
#include "catalog/catalog.h"
#include "config/settings.h"

/* Adds those that do not exist for the lane, as one regular expression (POSIX, extended) without a
 * comma; nothing where all are named. */
void own_topics_add(struct buffer *out, const struct settings *settings,
                    const struct catalog *catalog, const struct lane_route *lane);

#endif
