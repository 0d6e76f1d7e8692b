/* What subscriptions that share a consumer group must agree on. */
#ifndef CONFIG_GROUPS_H
#define CONFIG_GROUPS_H

#include "config/problems.h"
#include "config/settings.h"

/* Adds to `problems` where a group is another subscription's own, or grapnel's, where its members
 * begin at different places, and where one of several needs its order kept, and where there are
 * more groups than limits.memory is enough for. */
void groups_check(const struct settings *settings, struct problems *problems);

#endif
