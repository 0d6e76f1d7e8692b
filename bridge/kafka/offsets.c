#include "kafka/offsets.h"

static bool ask(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t unix_ms,
                int timeout_ms, struct error *err)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = unix_ms;
    rd_kafka_resp_err_t code = list->cnt > 0 ? rd_kafka_offsets_for_times(rk, list, timeout_ms)
                                             : RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; !code && i < list->cnt; i++)
        code = list->elems[i].err;
    return !code ||
           error_set(err, ERROR_KAFKA, "offsets can't be looked up: %s", rd_kafka_err2str(code));
}

bool offsets_at(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t unix_ms,
                int timeout_ms, struct error *err)
{
    if (!ask(rk, list, unix_ms, timeout_ms, err))
        return false;
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(list);
    bool fine = ask(rk, ends, RD_KAFKA_OFFSET_END, timeout_ms, err);
    for (int i = 0; fine && i < list->cnt; i++)
        if (list->elems[i].offset < 0)
            list->elems[i].offset = ends->elems[i].offset;
    rd_kafka_topic_partition_list_destroy(ends);
    return fine;
}
