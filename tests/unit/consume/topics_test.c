#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "consume/topics.h"

static void only_what_is_said_to_be_gone_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        int32_t partition;
        rd_kafka_resp_err_t code;
        bool left;
    } rows[] = {
        {"a", 0, RD_KAFKA_RESP_ERR_NO_ERROR, true},
        {"a", 1, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, false},
        {"b", 0, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, false},
        {"c", 0, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, true},
        {"c", 1, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, true},
        {"d", 0, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, true},
        {"d", 1, RD_KAFKA_RESP_ERR__TIMED_OUT, true},
    };
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        rd_kafka_topic_partition_t *element =
            rd_kafka_topic_partition_list_add(list, rows[i].topic, rows[i].partition);
        element->offset = (int64_t)i + 10;
        element->err = rows[i].code;
    }
    rd_kafka_topic_partition_list_t *left = topics_left(list);
    assert_int_equal(left->cnt, 5);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const rd_kafka_topic_partition_t *element =
            rd_kafka_topic_partition_list_find(left, rows[i].topic, rows[i].partition);
        assert_int_equal(element != NULL, rows[i].left);
        if (element)
            assert_int_equal(element->offset, i + 10);
        if (element)
            assert_int_equal(element->err, RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    rd_kafka_topic_partition_list_destroy(left);
    rd_kafka_topic_partition_list_destroy(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_said_to_be_gone_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
