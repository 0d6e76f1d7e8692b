#include "cli/demo_kafka.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <librdkafka/rdkafka_mock.h>

#include "base/compiler.h"
#include "base/list.h"
#include "kafka/client.h"

#define PUBLISH_MS 10000

struct demo_kafka {
    struct loop *loop;
    rd_kafka_t *producer; /* carries the mock cluster */
    rd_kafka_mock_cluster_t *cluster;
    rd_kafka_t *consumer;
    rd_kafka_queue_t *queue;
    struct loop_io io; /* readable: records wait in `queue` */
    demo_kafka_handler *handler;
    void *context;
};

/* The report of the one record that demo_kafka_publish waits for. */
struct report {
    rd_kafka_resp_err_t result;
    int64_t offset;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *record, void *context)
{
    (void)rk, (void)context;
    struct report *report = record->_private;
    report->result = record->err;
    report->offset = record->offset;
}

static rd_kafka_t *start_cluster(struct error *err)
{
    const struct named_texts none = {0};
    const struct client_property own[] = {{"test.mock.num.brokers", "1", false}, {0}};
    rd_kafka_conf_t *conf = client_conf(&none, own, err);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    return client_create(RD_KAFKA_PRODUCER, conf, err);
}

static rd_kafka_t *start_consumer(const struct demo_kafka *kafka, struct error *err)
{
    const struct named_texts none = {0};
    const struct client_property own[] = {
        {"bootstrap.servers", demo_kafka_address(kafka), false},
        {"group.id", "grapnel-demo", false}, /* librdkafka wants one; nothing is committed */
        {"enable.auto.commit", "false", false},
        {"fetch.wait.max.ms", "10", false}, /* what an empty fetch takes the mock cluster */
        {0},
    };
    rd_kafka_conf_t *conf = client_conf(&none, own, err);
    rd_kafka_t *consumer = conf ? client_create(RD_KAFKA_CONSUMER, conf, err) : NULL;
    if (consumer)
        rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

/* The descriptor tells once that the queue is no longer empty, so all that is there is taken. */
static void take_records(struct loop_io *io, uint32_t events)
{
    (void)events;
    struct demo_kafka *kafka = CONTAINER_OF(io, struct demo_kafka, io);
    uint64_t count;
    if (read(io->fd, &count, sizeof(count)) < 0)
        return;
    rd_kafka_message_t *record;
    while ((record = rd_kafka_consumer_poll(kafka->consumer, 0))) {
        if (record->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            kafka->handler(kafka->context, record);
        rd_kafka_message_destroy(record);
    }
}

static bool watch_queue(struct demo_kafka *kafka, struct error *err)
{
    static const uint64_t one = 1;
    kafka->io.ready = take_records;
    kafka->io.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (kafka->io.fd < 0)
        return error_set(err, ERROR_SYSTEM, "no eventfd");
    kafka->queue = rd_kafka_queue_get_consumer(kafka->consumer);
    rd_kafka_queue_io_event_enable(kafka->queue, kafka->io.fd, &one, sizeof(one));
    return loop_watch(kafka->loop, &kafka->io, EPOLLIN, err);
}

struct demo_kafka *demo_kafka_open(struct loop *loop, demo_kafka_handler *handler, void *context,
                                   struct error *err)
{
    struct demo_kafka *kafka = calloc(1, sizeof(*kafka));
    if (!kafka) {
        error_set(err, ERROR_MEMORY, "no memory for a Kafka");
        return NULL;
    }
    kafka->loop = loop;
    kafka->handler = handler;
    kafka->context = context;
    kafka->io.fd = -1;
    kafka->producer = start_cluster(err);
    if (!kafka->producer)
        goto failed;
    kafka->cluster = rd_kafka_handle_mock_cluster(kafka->producer);
    kafka->consumer = start_consumer(kafka, err);
    if (kafka->consumer && watch_queue(kafka, err))
        return kafka;
failed:
    demo_kafka_close(kafka);
    return NULL;
}

void demo_kafka_close(struct demo_kafka *kafka)
{
    if (!kafka)
        return;
    if (kafka->io.fd >= 0) {
        loop_unwatch(kafka->loop, &kafka->io);
        rd_kafka_queue_io_event_enable(kafka->queue, -1, NULL, 0);
        close(kafka->io.fd);
    }
    if (kafka->queue)
        rd_kafka_queue_destroy(kafka->queue);
    if (kafka->consumer)
        rd_kafka_destroy(kafka->consumer);
    if (kafka->producer)
        rd_kafka_destroy(kafka->producer);
    free(kafka);
}

const char *demo_kafka_address(const struct demo_kafka *kafka)
{
    return rd_kafka_mock_cluster_bootstraps(kafka->cluster);
}

/* Lets a client know of the topic, which it would otherwise look for a second later. */
static rd_kafka_resp_err_t learn_topic(rd_kafka_t *rk, const char *topic)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
    if (!handle)
        return rd_kafka_last_error();
    rd_kafka_resp_err_t result = rd_kafka_metadata(rk, 0, handle, &metadata, PUBLISH_MS);
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return result;
}

bool demo_kafka_create_topic(struct demo_kafka *kafka, const char *topic, struct error *err)
{
    rd_kafka_resp_err_t result = rd_kafka_mock_topic_create(kafka->cluster, topic, 1, 1);
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR)
        result = learn_topic(kafka->producer, topic);
    return result == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(err, ERROR_KAFKA, "topic %s: %s", topic, rd_kafka_err2str(result));
}

bool demo_kafka_publish(struct demo_kafka *kafka, const char *topic, const char *key,
                        const char *value, int64_t *offset, struct error *err)
{
    struct report report = {.result = RD_KAFKA_RESP_ERR__TIMED_OUT};
    rd_kafka_resp_err_t result = rd_kafka_producev(
        kafka->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
        RD_KAFKA_V_KEY(key, strlen(key)), RD_KAFKA_V_VALUE((void *)value, strlen(value)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(&report), RD_KAFKA_V_END);
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_flush(kafka->producer, PUBLISH_MS);
        result = report.result;
    }
    if (result == RD_KAFKA_RESP_ERR__TIMED_OUT) /* no late report may write to our stack */
        rd_kafka_purge(kafka->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_flush(kafka->producer, PUBLISH_MS);
        return error_set(err, ERROR_KAFKA, "publishing to %s: %s", topic, rd_kafka_err2str(result));
    }
    *offset = report.offset;
    return true;
}

bool demo_kafka_follow(struct demo_kafka *kafka, const char *topic, int64_t offset,
                       struct error *err)
{
    rd_kafka_topic_partition_list_t *places = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(places, topic, 0)->offset = offset;
    rd_kafka_resp_err_t result = learn_topic(kafka->consumer, topic);
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR)
        result = rd_kafka_assign(kafka->consumer, places);
    rd_kafka_topic_partition_list_destroy(places);
    return result == RD_KAFKA_RESP_ERR_NO_ERROR ||
           error_set(err, ERROR_KAFKA, "reading %s: %s", topic, rd_kafka_err2str(result));
}
