#include "consume/start.h"

#include "consume/topics.h"
#include "kafka/client.h"
#include "kafka/offsets.h"

static bool failed(rd_kafka_resp_err_t code, const char *what, struct error *err)
{
    return error_set(err, ERROR_KAFKA, "%s: %s", what, rd_kafka_err2str(code));
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
    bool fine = topics_partitions(rk, topics, timeout_ms, list, err) &&
                (list->cnt == 0 || prepare(rk, list, start, timeout_ms, err));
    rd_kafka_topic_partition_list_destroy(list);
    return fine;
}
