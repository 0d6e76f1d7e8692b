/* The bench's load: JSON records, spread evenly over a topic's partitions.
 *
 *     bench-load BOOTSTRAP TOPIC PARTITIONS COUNT [RATE [TYPES [BYTES [KEYS]]]]
 *
 * Without a rate (or 0) as fast as Kafka takes them; with one, so many a second at even distances,
 * each sent at once. With types, theirs is type-0, type-1, … in turn, in each partition; else
 * order.created. They are of 1 KiB, if nothing else is said. KEYS, a multiple of PARTITIONS, are
 * the numbers from 0, in turn; then each record is stored once and in its place, whatever becomes
 * of brokers meanwhile. A record starts with the microseconds of CLOCK_REALTIME at which it was
 * published, so that the receiver can tell how long it was under way. Ends when all are stored. */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BYTES_LEAST 160 /* what its fields take */
#define BYTES_MOST  65536

struct load {
    rd_kafka_t *kafka;
    rd_kafka_topic_t *topic;
    int32_t partitions;
    uint64_t count;
    uint64_t rate;  /* 0: as fast as possible */
    uint64_t types; /* 0: all are of the same */
    size_t bytes;   /* of a record */
    uint64_t keys;  /* 0: none */
    uint64_t failed;
};

static int64_t realtime_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void write_type(const struct load *load, uint64_t number, char *text, size_t size)
{
    if (load->types)
        snprintf(text, size, "type-%" PRIu64, number / (uint64_t)load->partitions % load->types);
    else
        snprintf(text, size, "order.created");
}

static void write_record(const struct load *load, uint64_t number, char *text)
{
    char type[32];

    write_type(load, number, type, sizeof(type));
    int used = snprintf(text, load->bytes,
                        "{\"t\":%016" PRId64 ",\"type\":\"%s\",\"id\":\"%09" PRIu64
                        "\",\"data\":{\"amount\":41.10,\"currency\":\"EUR\",\"tenant\":\"acme\"},"
                        "\"note\":\"",
                        realtime_us(), type, number);

    memset(text + used, 'x', load->bytes - (size_t)used);
    text[load->bytes - 2] = '"';
    text[load->bytes - 1] = '}';
}

static void reported(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    struct load *load = opaque;

    (void)kafka;
    if (message->err)
        load->failed++;
}

static bool load_open(struct load *load, const char *bootstrap, const char *topic)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, NULL, 0);
    rd_kafka_conf_set(conf, "linger.ms", load->rate ? "0" : "20", NULL, 0);
    rd_kafka_conf_set(conf, "batch.size", "262144", NULL, 0);
    rd_kafka_conf_set(conf, "socket.nagle.disable", "true", NULL, 0);
    rd_kafka_conf_set(conf, "enable.idempotence", load->keys ? "true" : "false", NULL, 0);
    rd_kafka_conf_set_dr_msg_cb(conf, reported);
    rd_kafka_conf_set_opaque(conf, load);
    load->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
    if (!load->kafka) {
        fprintf(stderr, "bench-load: %s\n", error);
        return false;
    }
    load->topic = rd_kafka_topic_new(load->kafka, topic, NULL);
    return load->topic != NULL;
}

static bool load_send(struct load *load, uint64_t number)
{
    char text[BYTES_MOST];
    char key[24];
    int32_t partition = (int32_t)(number % (uint64_t)load->partitions);
    int key_bytes = load->keys ? snprintf(key, sizeof(key), "%" PRIu64, number % load->keys) : 0;

    write_record(load, number, text);
    while (rd_kafka_produce(load->topic, partition, RD_KAFKA_MSG_F_COPY, text, load->bytes,
                            load->keys ? key : NULL, (size_t)key_bytes, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            fprintf(stderr, "bench-load: %s\n", rd_kafka_err2str(rd_kafka_last_error()));
            return false;
        }
        rd_kafka_poll(load->kafka, 10);
    }
    rd_kafka_poll(load->kafka, 0);
    return true;
}

static void wait_until(const struct timespec *start, uint64_t after_ns)
{
    uint64_t ns = (uint64_t)start->tv_nsec + after_ns;
    struct timespec due = {.tv_sec = start->tv_sec + (time_t)(ns / 1000000000),
                           .tv_nsec = (long)(ns % 1000000000)};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

static bool load_run(struct load *load)
{
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (uint64_t n = 0; n < load->count; n++) {
        if (load->rate)
            wait_until(&start, n * 1000000000 / load->rate);
        if (!load_send(load, n))
            return false;
    }
    rd_kafka_flush(load->kafka, -1); /* each is stored or fails after message.timeout.ms */
    return load->failed == 0 && rd_kafka_outq_len(load->kafka) == 0;
}

/* What stands at that place, or `otherwise`. */
static uint64_t number_at(char **argv, int argc, int place, uint64_t otherwise)
{
    return argc > place ? strtoull(argv[place], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc > 9) {
        fprintf(stderr, "usage: bench-load BOOTSTRAP TOPIC PARTITIONS COUNT [RATE [TYPES [BYTES "
                        "[KEYS]]]]\n");
        return 2;
    }
    struct load load = {.partitions = (int32_t)strtol(argv[3], NULL, 10),
                        .count = number_at(argv, argc, 4, 0),
                        .rate = number_at(argv, argc, 5, 0),
                        .types = number_at(argv, argc, 6, 0),
                        .bytes = number_at(argv, argc, 7, 1024),
                        .keys = number_at(argv, argc, 8, 0)};
    if (load.partitions < 1 || load.bytes < BYTES_LEAST || load.bytes > BYTES_MOST ||
        !load_open(&load, argv[1], argv[2]))
        return 3;
    bool well = load_run(&load);
    rd_kafka_topic_destroy(load.topic);
    rd_kafka_destroy(load.kafka);
    return well ? 0 : 3;
}
