#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/kafka/rdk.h"
#include "sim/world/memory.h"

#define CONF(name, field, value)                                                                   \
    {                                                                                              \
        name, offsetof(struct rd_kafka_conf_s, field), value                                       \
    }

/* The properties that make a difference here, with librdkafka's defaults; all others are accepted.
 */
static const struct {
    const char *name;
    size_t at;
    int64_t value;
} numbers[] = {
    CONF("session.timeout.ms", session_ms, 45000),
    CONF("heartbeat.interval.ms", heartbeat_ms, 3000),
    CONF("max.poll.interval.ms", poll_interval_ms, 300000),
    CONF("topic.metadata.refresh.interval.ms", metadata_ms, 300000),
    CONF("queued.max.messages.kbytes", queue_kbytes, 65536),
    CONF("fetch.message.max.bytes", fetch_bytes, 1048576),
    CONF("linger.ms", linger_ms, 5),
    CONF("message.max.bytes", message_bytes_most, 1000000),
    CONF("queue.buffering.max.messages", messages_most, 100000),
    CONF("batch.num.messages", batch_messages_most, 10000),
    CONF("transaction.timeout.ms", transaction_ms, 60000),
};

#define NUMBER_COUNT (sizeof numbers / sizeof numbers[0])

static int64_t *number_of(rd_kafka_conf_t *conf, size_t i)
{
    return (int64_t *)((char *)conf + numbers[i].at);
}

rd_kafka_conf_t *rd_kafka_conf_new(void)
{
    enum memory_kind before = rdk_enter();
    rd_kafka_conf_t *conf = rdk_get(sizeof *conf);
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        *number_of(conf, i) = numbers[i].value;
    rdk_leave(before);
    return conf;
}

void rd_kafka_conf_destroy(rd_kafka_conf_t *conf)
{
    free(conf);
}

static rd_kafka_conf_res_t refuse(const char *name, const char *value, char *text, size_t size)
{
    snprintf(text, size, "Invalid value \"%s\" for configuration property \"%s\"", value, name);
    return RD_KAFKA_CONF_INVALID;
}

rd_kafka_conf_res_t rd_kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                      char *text, size_t size)
{
    if (!value)
        return RD_KAFKA_CONF_OK; /* as it was before it was set: what has no default here */
    for (size_t i = 0; i < NUMBER_COUNT; i++) {
        char *end = NULL;
        if (strcmp(numbers[i].name, name) != 0)
            continue;
        errno = 0;
        *number_of(conf, i) = strtoll(value, &end, 10);
        return errno || *end ? refuse(name, value, text, size) : RD_KAFKA_CONF_OK;
    }
    if (strcmp(name, "group.id") == 0)
        snprintf(conf->group, sizeof conf->group, "%s", value);
    else if (strcmp(name, "topic.blacklist") == 0)
        snprintf(conf->ignored, sizeof conf->ignored, "%s", value);
    else if (strcmp(name, "transactional.id") == 0)
        snprintf(conf->transactional_id, sizeof conf->transactional_id, "%s", value);
    else if (strcmp(name, "debug") == 0)
        conf->tells_states = strstr(value, "cgrp") != NULL;
    return RD_KAFKA_CONF_OK;
}

void rd_kafka_conf_properties_show(FILE *out)
{
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        fprintf(out, "%s |\n", numbers[i].name);
}

void rd_kafka_conf_set_opaque(rd_kafka_conf_t *conf, void *opaque)
{
    conf->opaque = opaque;
}

void rd_kafka_conf_set_log_cb(rd_kafka_conf_t *conf,
                              void (*log)(const rd_kafka_t *rk, int level, const char *facility,
                                          const char *text))
{
    conf->log = log;
}

void rd_kafka_conf_set_rebalance_cb(rd_kafka_conf_t *conf,
                                    void (*rebalance)(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                                                      rd_kafka_topic_partition_list_t *partitions,
                                                      void *opaque))
{
    conf->rebalance = rebalance;
}

void rd_kafka_conf_set_offset_commit_cb(rd_kafka_conf_t *conf,
                                        void (*committed)(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                                                          rd_kafka_topic_partition_list_t *offsets,
                                                          void *opaque))
{
    conf->committed = committed;
}

void rd_kafka_conf_set_dr_msg_cb(rd_kafka_conf_t *conf,
                                 void (*report)(rd_kafka_t *rk, const rd_kafka_message_t *message,
                                                void *opaque))
{
    conf->report = report;
}

void rd_kafka_conf_set_error_cb(rd_kafka_conf_t *conf,
                                void (*error)(rd_kafka_t *rk, int code, const char *reason,
                                              void *opaque))
{
    conf->error = error;
}
