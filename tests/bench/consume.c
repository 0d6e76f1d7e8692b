/* What reading alone costs: librdkafka, every partition from its beginning, nothing done with it.
 *
 *     bench-consume BOOTSTRAP TOPIC PARTITIONS COUNT
 *
 * Prints records a second, from the first record to the last, and the microseconds from publishing
 * to here, median and 99th percentile: a record may be read while it is published. */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "latency.h"

#define BATCH      1000
#define SILENCE_MS 20000 /* after so long without a record something is wrong */

static rd_kafka_t *consumer_open(const char *bootstrap, const char *topic, int partitions)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "bench-consume", NULL, 0);
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    if (!kafka) {
        fprintf(stderr, "bench-consume: %s\n", error);
        return NULL;
    }
    rd_kafka_poll_set_consumer(kafka);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(all, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(kafka, all);
    rd_kafka_topic_partition_list_destroy(all);
    return kafka;
}

/* How many it took, at least `wanted` unless Kafka falls silent; the time from first to last. */
static uint64_t consume(rd_kafka_t *kafka, uint64_t wanted, struct latency *latency,
                        int64_t *took_us)
{
    rd_kafka_message_t *batch[BATCH];
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(kafka);
    uint64_t taken = 0;
    int64_t first_us = 0;

    while (taken < wanted) {
        ssize_t got = rd_kafka_consume_batch_queue(queue, SILENCE_MS, batch, BATCH);
        if (got <= 0)
            break;
        if (taken == 0)
            first_us = clock_us(CLOCK_MONOTONIC);
        for (ssize_t i = 0; i < got; i++) {
            if (!batch[i]->err) {
                latency_count(latency, batch[i]->payload, batch[i]->len);
                taken++;
            }
            rd_kafka_message_destroy(batch[i]);
        }
    }
    *took_us = clock_us(CLOCK_MONOTONIC) - first_us;
    rd_kafka_queue_destroy(queue);
    return taken;
}

int main(int argc, char **argv)
{
    static struct latency latency;
    int64_t took_us = 1;

    if (argc != 5) {
        fprintf(stderr, "usage: bench-consume BOOTSTRAP TOPIC PARTITIONS COUNT\n");
        return 2;
    }
    uint64_t wanted = strtoull(argv[4], NULL, 10);
    rd_kafka_t *kafka = consumer_open(argv[1], argv[2], (int)strtol(argv[3], NULL, 10));
    if (!kafka)
        return 3;
    uint64_t taken = consume(kafka, wanted, &latency, &took_us);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
    if (taken < wanted) {
        fprintf(stderr, "bench-consume: only %" PRIu64 " records\n", taken);
        return 3;
    }
    printf("%.0f %" PRIu64 " %" PRIu64 "\n", (double)taken * 1e6 / (double)took_us,
           latency_us(&latency, 0.5), latency_us(&latency, 0.99));
    return 0;
}
