#include "consume/start.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/client.h"
#include "kafka/offsets.h"

static bool failed(rd_kafka_resp_err_t code, const char *what, struct error *err)
{
    return error_set(err, ERROR_KAFKA, "%s: %s", what, rd_kafka_err2str(code));
}

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

static bool list_partitions(rd_kafka_t *rk, const struct texts *topics, int timeout_ms,
                            rd_kafka_topic_partition_list_t *list, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 1, NULL, &metadata, timeout_ms);
    if (code)
        return failed(code, "topics can't be listed", err);
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

static bool any_committed(const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset >= 0)
            return true;
    return false;
}

static bool prepare(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list,
                    const struct subscription_start *start, int timeout_ms, struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, timeout_ms);
    if (code)
        return failed(code, "committed offsets can't be read", err);
    if (any_committed(list))
        return true;
    int64_t time = start->at == START_TIME ? start->unix_ms : RD_KAFKA_OFFSET_END;
    return offsets_at(rk, list, time, timeout_ms, err) && client_commit(rk, list, timeout_ms, err);
}

bool start_prepare(rd_kafka_t *rk, const struct texts *topics,
                   const struct subscription_start *start, int timeout_ms, struct error *err)
{
    if (start->at == START_EARLIEST)
        return true;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    bool fine = list_partitions(rk, topics, timeout_ms, list, err) &&
                (list->cnt == 0 || prepare(rk, list, start, timeout_ms, err));
    rd_kafka_topic_partition_list_destroy(list);
    return fine;
}
