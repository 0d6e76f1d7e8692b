#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "inspect/scan.h"

#define PARTITIONS 9 /* more than are read at once */

/* A producer, and the cluster in it: librdkafka's own mock, which listens on real sockets. */
struct fixture {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    struct named_text properties[1];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char text[256];
    fixture->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    fixture->cluster = rd_kafka_mock_cluster_new(fixture->rk, 1);
    rd_kafka_mock_topic_create(fixture->cluster, "results", PARTITIONS, 1);
    rd_kafka_mock_topic_create(fixture->cluster, "empty", 1, 1);
    const char *servers = rd_kafka_mock_cluster_bootstraps(fixture->cluster);
    fixture->properties[0] = (struct named_text){
        .name = {.data = "bootstrap.servers", .size = strlen("bootstrap.servers")},
        .value = {.data = servers, .size = strlen(servers)},
    };
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    rd_kafka_mock_cluster_destroy(fixture->cluster);
    rd_kafka_destroy(fixture->rk);
    free(fixture);
    return 0;
}

static void publish(struct fixture *fixture, int first, int count)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", fixture->properties[0].value.data, text,
                      sizeof text);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, "results", NULL);
    for (int i = first; i < first + count; i++) {
        char value[32];
        size_t size = (size_t)snprintf(value, sizeof value, "record %d", i);
        int32_t partition = i % PARTITIONS;
        const char *key = i % 2 ? "k" : NULL;
        size_t key_size = i % 2 ? 1 : 0;
        assert_int_equal(rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, value, size, key,
                                          key_size, NULL),
                         0);
    }
    assert_int_equal(rd_kafka_flush(producer, 10000), 0);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(producer);
}

static struct scan *open_scan(struct fixture *fixture, const char *topic, int64_t last,
                              struct error *err)
{
    struct named_texts properties = {fixture->properties, 1};
    const struct scan_options options = {.last = last};
    return scan_open(&properties, topic, &options, 5000, err);
}

/* Reads to the end; counts the records, and fails if one comes twice or out of its order. */
static int read_to_end(struct scan *scan)
{
    int64_t next[PARTITIONS] = {0};
    int count = 0;
    struct scan_record record;
    struct error err = {0};
    for (;;) {
        enum scan_step step = scan_next(scan, 1000, &record, &err);
        assert_int_not_equal(step, SCAN_FAILED);
        if (step == SCAN_END)
            return count;
        if (step != SCAN_RECORD)
            continue;
        assert_true(record.offset >= next[record.partition]);
        next[record.partition] = record.offset + 1;
        count++;
    }
}

static void reads_all_there_was_and_then_what_comes(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    publish(fixture, 0, 1000);
    struct scan *scan = open_scan(fixture, "results", 0, &err);
    assert_non_null(scan);
    int64_t done, total;
    scan_progress(scan, &done, &total);
    assert_int_equal(done, 0);
    assert_int_equal(total, 1000);
    assert_int_equal(read_to_end(scan), 1000);
    scan_progress(scan, &done, &total);
    assert_int_equal(done, 1000);

    publish(fixture, 1000, 1);
    struct scan_record record;
    enum scan_step step;
    do {
        step = scan_next(scan, 1000, &record, &err);
    } while (step == SCAN_QUIET);
    assert_int_equal(step, SCAN_RECORD);
    assert_true(slice_is(record.value, "record 1000"));
    assert_null(record.key.data);
    assert_true(record.timestamp_ms > 0);
    scan_close(scan);
}

static void begins_at_the_last_of_each_partition(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    publish(fixture, 0, 100);
    struct scan *scan = open_scan(fixture, "results", 5, &err);
    assert_non_null(scan);
    assert_int_equal(read_to_end(scan), 5 * PARTITIONS);
    scan_close(scan);
    scan = open_scan(fixture, "results", 1000000, &err);
    assert_int_equal(read_to_end(scan), 100);
    scan_close(scan);
}

/* Of partition 1 only. */
static void choose_some(void *context, int32_t partition, struct scan_range *range)
{
    const struct scan_range *wanted = context;
    if (partition != 1)
        range->end = range->begin;
    else
        *range = *wanted;
}

static void reads_what_was_chosen_and_nothing_behind_it(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct scan_range wanted = {3, 7};
    struct named_texts properties = {fixture->properties, 1};
    const struct scan_options options = {
        .choose = choose_some, .context = &wanted, .bounded = true};
    publish(fixture, 0, 200);
    struct scan *scan = scan_open(&properties, "results", &options, 5000, &err);
    assert_non_null(scan);
    int64_t next = wanted.begin;
    struct scan_record record;
    enum scan_step step;
    while ((step = scan_next(scan, 1000, &record, &err)) != SCAN_END) {
        assert_int_not_equal(step, SCAN_FAILED);
        if (step != SCAN_RECORD)
            continue;
        assert_int_equal(record.partition, 1);
        assert_int_equal(record.offset, next++);
    }
    assert_int_equal(next, wanted.end);
    assert_int_equal(scan_next(scan, 50, &record, &err), SCAN_QUIET);
    scan_close(scan);
}

static void reads_all_of_more_partitions_than_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct named_texts properties = {fixture->properties, 1};
    const struct scan_options options = {.bounded = true};
    publish(fixture, 0, 1000);
    struct scan *scan = scan_open(&properties, "results", &options, 5000, &err);
    assert_non_null(scan);
    assert_int_equal(read_to_end(scan), 1000);
    scan_close(scan);
}

static void an_empty_topic_ends_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct scan_record record;
    struct scan *scan = open_scan(fixture, "empty", 0, &err);
    assert_non_null(scan);
    assert_int_equal(scan_next(scan, 1000, &record, &err), SCAN_END);
    assert_int_equal(scan_next(scan, 1, &record, &err), SCAN_QUIET);
    scan_close(scan);
}

static void kafka_that_is_not_there_is_told_within_seconds(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    struct named_text property = fixture->properties[0];
    property.value.data = "127.0.0.1:1";
    struct named_texts properties = {&property, 1};
    int64_t start_ms = clock_now_ms();
    const struct scan_options options = {0};
    assert_null(scan_open(&properties, "results", &options, 2000, &err));
    assert_true(clock_now_ms() - start_ms < 10000);
    assert_int_equal(err.kind, ERROR_KAFKA);
    assert_non_null(strstr(err.text, "127.0.0.1:1"));
    assert_non_null(strstr(err.text, "refused"));
}

static void a_name_that_cannot_be_a_topic_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    char name[600];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_null(open_scan(fixture, "", 0, &err));
    assert_null(open_scan(fixture, name, 0, &err));
    assert_int_not_equal(err.kind, ERROR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_all_there_was_and_then_what_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(begins_at_the_last_of_each_partition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_what_was_chosen_and_nothing_behind_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reads_all_of_more_partitions_than_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_empty_topic_ends_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kafka_that_is_not_there_is_told_within_seconds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_cannot_be_a_topic_is_an_error, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
