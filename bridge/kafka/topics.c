#include "kafka/topics.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

static rd_kafka_resp_err_t look_up(rd_kafka_t *rk, const char *name, int timeout_ms)
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    if (!topic)
        return rd_kafka_last_error();
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, topic, &metadata, timeout_ms);
    if (!code && metadata->topic_cnt == 1)
        code = metadata->topics[0].err;
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    return code;
}

/* What came of the request for the one topic in it. `why` lives as long as the event. */
static rd_kafka_resp_err_t creation_result(rd_kafka_event_t *event, const char **why)
{
    if (!event) {
        *why = rd_kafka_err2str(RD_KAFKA_RESP_ERR__TIMED_OUT);
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    *why = rd_kafka_event_error_string(event);
    if (rd_kafka_event_error(event))
        return rd_kafka_event_error(event);
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    if (count == 0)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    *why = rd_kafka_topic_result_error_string(results[0]);
    return rd_kafka_topic_result_error(results[0]);
}

static bool request_creation(rd_kafka_t *rk, rd_kafka_NewTopic_t *topic, int timeout_ms,
                             struct error *err)
{
    char text[256];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, sizeof text);
    rd_kafka_AdminOptions_set_operation_timeout(options, timeout_ms, text, sizeof text);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_CreateTopics(rk, &topic, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    const char *why = NULL;
    rd_kafka_resp_err_t code = creation_result(event, &why);
    bool fine = !code || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
    if (!fine)
        error_set(err, ERROR_KAFKA, "%s", why && *why ? why : rd_kafka_err2str(code));
    if (event)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return fine;
}

static bool create_topic(rd_kafka_t *rk, const struct topic_wanted *wanted, int timeout_ms,
                         struct error *err)
{
    char text[256];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(wanted->name, wanted->partitions,
                                                       wanted->replication, text, sizeof text);
    if (!topic)
        return error_set(err, ERROR_KAFKA, "topic %s: %s", wanted->name, text);
    if (wanted->max_message_bytes) {
        snprintf(text, sizeof text, "%ld", wanted->max_message_bytes);
        rd_kafka_NewTopic_set_config(topic, "max.message.bytes", text);
    }
    if (wanted->compacted)
        rd_kafka_NewTopic_set_config(topic, "cleanup.policy", "compact");
    bool created = request_creation(rk, topic, timeout_ms, err);
    rd_kafka_NewTopic_destroy(topic);
    if (!created)
        return error_wrap(err, "topic %s can't be created", wanted->name);
    log_info("topic created", STR("topic", wanted->name));
    return true;
}

bool topic_ensure(rd_kafka_t *rk, const struct topic_wanted *wanted, bool create, int timeout_ms,
                  struct error *err)
{
    rd_kafka_resp_err_t code = look_up(rk, wanted->name, timeout_ms);
    if (!code || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
        return true;
    if (code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && code != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return error_set(err, ERROR_KAFKA, "topic %s: %s", wanted->name, rd_kafka_err2str(code));
    if (!create)
        return error_set(err, ERROR_KAFKA, "topic %s does not exist, and topics.create is false",
                         wanted->name);
    return create_topic(rk, wanted, timeout_ms, err);
}
