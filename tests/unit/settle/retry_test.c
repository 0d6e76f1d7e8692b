#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "settle/retry.h"

static struct retry_topics *create(void)
{
    static int64_t often[] = {5000, 300000, 7200000};
    static int64_t seldom[] = {300000, 86400000};
    static struct subscription subs[2];
    subs[0].delivery.retry_schedule_ms = often;
    subs[0].delivery.retry_count = 3;
    subs[1].delivery.retry_schedule_ms = seldom;
    subs[1].delivery.retry_count = 2;
    const struct settings settings = {
        .topics.retries = {.data = "grapnel.retry"},
        .subscriptions = subs,
        .subscription_count = 2,
    };
    return retry_topics_create(&settings);
}

static void has_one_topic_for_each_delay_in_use(void **state)
{
    (void)state;
    struct retry_topics *topics = create();
    static const char *const names[] = {"grapnel.retry.5s", "grapnel.retry.5m", "grapnel.retry.2h",
                                        "grapnel.retry.1d"};
    assert_int_equal(topics->count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(topics->items[i].name, names[i]);
    retry_topics_destroy(topics);
}

static void has_one_for_replays_where_nothing_is_tried_again(void **state)
{
    (void)state;
    struct subscription sub = {0};
    const struct settings settings = {
        .topics.retries = {.data = "grapnel.retry"},
        .subscriptions = &sub,
        .subscription_count = 1,
    };
    struct retry_topics *topics = retry_topics_create(&settings);
    assert_int_equal(topics->count, 1);
    assert_string_equal(topics->items[0].name, "grapnel.retry.0ms");
    retry_topics_destroy(topics);
}

static void chooses_the_longest_delay_that_is_not_too_long(void **state)
{
    (void)state;
    static const struct {
        int64_t wait_ms;
        const char *name;
    } rows[] = {
        {0, "grapnel.retry.5s"},         {5000, "grapnel.retry.5s"},
        {299999, "grapnel.retry.5s"},    {300000, "grapnel.retry.5m"},
        {86399999, "grapnel.retry.2h"},  {86400000, "grapnel.retry.1d"},
        {864000000, "grapnel.retry.1d"},
    };
    struct retry_topics *topics = create();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(topics->items[retry_topic_for(topics, rows[i].wait_ms)].name,
                            rows[i].name);
    retry_topics_destroy(topics);
}

static void reads_topics_of_delays_that_are_no_longer_used(void **state)
{
    (void)state;
    char *pattern = retry_topics_pattern("my.retry");
    assert_string_equal(pattern, "^my\\.retry\\.[0-9]+(ms|s|m|h|d)$");
    free(pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_one_topic_for_each_delay_in_use),
        cmocka_unit_test(has_one_for_replays_where_nothing_is_tried_again),
        cmocka_unit_test(chooses_the_longest_delay_that_is_not_too_long),
        cmocka_unit_test(reads_topics_of_delays_that_are_no_longer_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
