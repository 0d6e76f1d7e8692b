#include "settle/topic.h"

#define RECORD_BYTES_MOST (64 << 20) /* larger than any source's record is likely to be */

struct topic_wanted topic_as_configured(const struct settings *settings, const char *name,
                                        bool whole)
{
    const struct settings_topics *topics = &settings->topics;
    return (struct topic_wanted){
        .name = name,
        .partitions = topics->partitions ? (int)topics->partitions : -1,
        .replication = topics->replication ? (int)topics->replication : -1,
        .max_message_bytes = whole ? RECORD_BYTES_MOST : 0,
    };
}

struct topic_wanted topic_of_state(const struct settings *settings)
{
    struct topic_wanted wanted = topic_as_configured(settings, settings->topics.state.data, false);
    wanted.partitions = 1;
    wanted.compacted = true;
    return wanted;
}
