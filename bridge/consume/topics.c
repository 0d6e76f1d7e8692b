#include "consume/topics.h"

#include <regex.h>
#include <string.h>

/* As librdkafka matches a subscription: ^ starts a POSIX extended regular expression. */
static bool topic_matches(const struct text *pattern, const char *topic)
{
    if (pattern->data[0] != '^')
        return strcmp(pattern->data, topic) == 0;
    regex_t regex;
    if (regcomp(&regex, pattern->data, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool matches = regexec(&regex, topic, 0, NULL, 0) == 0;
    regfree(&regex);
    return matches;
}

static bool any_matches(const struct texts *patterns, const char *topic)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (topic_matches(&patterns->items[i], topic))
            return true;
    return false;
}

bool topics_partitions(rd_kafka_t *rk, const struct texts *topics, int timeout_ms,
                       rd_kafka_topic_partition_list_t *list, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 1, NULL, &metadata, timeout_ms);
    if (code)
        return error_set(err, ERROR_KAFKA, "topics can't be listed: %s", rd_kafka_err2str(code));
    for (int t = 0; t < metadata->topic_cnt; t++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[t];
        if (!any_matches(topics, topic->topic))
            continue;
        for (int p = 0; p < topic->partition_cnt; p++)
            rd_kafka_topic_partition_list_add(list, topic->topic, topic->partitions[p].id);
    }
    rd_kafka_metadata_destroy(metadata);
    return true;
}

rd_kafka_topic_partition_list_t *topics_left(const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *left = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *from = &list->elems[i];
        if (from->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
            from->err != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
            rd_kafka_topic_partition_list_add(left, from->topic, from->partition)->offset =
                from->offset;
    }
    return left;
}
