/* A topic that grapnel writes to, as the configuration wants it created where it is missing. */
#ifndef SETTLE_TOPIC_H
#define SETTLE_TOPIC_H

#include "config/settings.h"
#include "kafka/topics.h"

/* The topic of what is remembered: compacted, of one partition, so that what follows on each other
 * is read in that order. */
struct topic_wanted topic_of_state(const struct settings *settings);

/* For topic_ensure. `whole`: it holds source records, and takes the largest of them. */
struct topic_wanted topic_as_configured(const struct settings *settings, const char *name,
                                        bool whole);

#endif
