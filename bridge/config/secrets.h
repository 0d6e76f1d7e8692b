/* What of a subscription must not be shown, wherever a receiver or an error may repeat it. */
#ifndef CONFIG_SECRETS_H
#define CONFIG_SECRETS_H

#include "config/schema.h"

/* Each value that a ${env:} or ${file:} under filter, request, auth, sign and tls was filled with,
 * and each secret that is written out there; once, none empty. Those of other keys (name, topics,
 * id) are names that results and logs show by design. Of one subscription, read with its defaults
 * merged; in the reader's arena. */
const struct text_secret *secrets_collect(const struct schema_reading *reading);

#endif
