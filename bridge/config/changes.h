/* What differs between two configurations, and only counts after a restart. */
#ifndef CONFIG_CHANGES_H
#define CONFIG_CHANGES_H

#include "base/buffer.h"
#include "config/settings.h"

/* Adds the paths of the keys to `names`, parted by commas; nothing where there is none. A key that
 * is written out now with what it was anyway is named, too. */
void changes_for_restart(const struct settings *before, const struct settings *now,
                         struct buffer *names);

#endif
