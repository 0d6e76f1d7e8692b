#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compiler.h"
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
        .topics = {.retries = {.data = "grapnel.retry"}, .create = true},
        .subscriptions = subs,
        .subscription_count = 2,
    };
    return retry_topics_create(&settings, NULL);
}

static void has_one_topic_for_each_delay_in_use(void **state)
{
    (void)state;
    struct retry_topics *topics = create();
    static const char *const names[] = {"grapnel.retry.5s", "grapnel.retry.5m", "grapnel.retry.2h",
                                        "grapnel.retry.1d", "grapnel.retry.30s"};
    assert_int_equal(topics->count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(topics->items[i].name, names[i]);
    retry_topics_destroy(topics);
}

static void has_a_short_and_a_medium_one_where_no_schedule_has(void **state)
{
    (void)state;
    int64_t long_ms[] = {1800000};
    int64_t short_ms[] = {1800000, 300};
    int64_t medium_ms[] = {60000, 5000};
    struct {
        int64_t *schedule;
        size_t count;
        const char *first;
        size_t topics;
    } rows[] = {
        {NULL, 0, "grapnel.retry.5s", 2},
        {long_ms, 1, "grapnel.retry.5s", 3},
        {short_ms, 2, "grapnel.retry.300ms", 3},
        {medium_ms, 2, "grapnel.retry.5s", 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct subscription sub = {
            .delivery = {.retry_schedule_ms = rows[i].schedule, .retry_count = rows[i].count}};
        const struct settings settings = {
            .topics = {.retries = {.data = "grapnel.retry"}, .create = true},
            .subscriptions = &sub,
            .subscription_count = 1,
        };
        struct retry_topics *topics = retry_topics_create(&settings, NULL);
        assert_int_equal(topics->count, rows[i].topics);
        assert_string_equal(topics->items[retry_topic_for(topics, 0)].name, rows[i].first);
        retry_topics_destroy(topics);
    }
}

static void needs_no_medium_one_where_none_is_created(void **state)
{
    (void)state;
    struct subscription sub = {0};
    const struct settings settings = {
        .topics.retries = {.data = "grapnel.retry"},
        .subscriptions = &sub,
        .subscription_count = 1,
    };
    struct retry_topics *topics = retry_topics_create(&settings, NULL);
    assert_int_equal(topics->count, 1);
    assert_string_equal(topics->items[0].name, "grapnel.retry.5s");
    retry_topics_destroy(topics);
}

/* A receiver may ask for a day: that one must not keep what is behind it in the topic. */
static void a_leg_ends_with_the_topics_delay(void **state)
{
    (void)state;
    const struct retry_topic topic = {.delay_ms = 300000};
    assert_int_equal(retry_leg(&topic, 1000, 301000), 301000);
    assert_int_equal(retry_leg(&topic, 1000, 305999), 305999);
    assert_int_equal(retry_leg(&topic, 1000, 86401000), 306000);
    assert_int_equal(retry_leg(&topic, 1000, 500), 500);
}

static void chooses_the_longest_delay_that_is_not_too_long(void **state)
{
    (void)state;
    static const struct {
        int64_t wait_ms;
        const char *name;
    } rows[] = {
        {0, "grapnel.retry.5s"},         {5000, "grapnel.retry.5s"},
        {29999, "grapnel.retry.5s"},     {30000, "grapnel.retry.30s"},
        {299999, "grapnel.retry.30s"},   {300000, "grapnel.retry.5m"},
        {86399999, "grapnel.retry.2h"},  {86400000, "grapnel.retry.1d"},
        {864000000, "grapnel.retry.1d"},
    };
    struct retry_topics *topics = create();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(topics->items[retry_topic_for(topics, rows[i].wait_ms)].name,
                            rows[i].name);
    retry_topics_destroy(topics);
}

static void a_wait_that_need_not_be_exact_is_one_topics_delay(void **state)
{
    (void)state;
    static const struct {
        int64_t wait_ms;
        int64_t about_ms;
    } rows[] = {
        {0, 5000},         {1000, 5000},       {5000, 5000},       {14999, 5000},
        {15000, 30000},    {30000, 30000},     {149999, 30000},    {150000, 300000},
        {3599999, 300000}, {3600000, 7200000}, {9999999, 7200000}, {864000000, 86400000},
    };
    struct retry_topics *topics = create();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(retry_about_ms(topics, rows[i].wait_ms), rows[i].about_ms);
    retry_topics_destroy(topics);
}

static void keeps_the_places_of_those_there_were_and_waits_for_the_new(void **state)
{
    (void)state;
    struct retry_topics *before = create();
    int64_t schedule[] = {1000, 300000};
    struct subscription sub = {.delivery = {.retry_schedule_ms = schedule, .retry_count = 2}};
    const struct settings settings = {
        .topics = {.retries = {.data = "grapnel.retry"}, .create = true},
        .subscriptions = &sub,
        .subscription_count = 1,
    };
    struct retry_topics *topics = retry_topics_create(&settings, before);
    assert_int_equal(topics->count, before->count + 1);
    for (size_t i = 0; i < before->count; i++)
        assert_string_equal(topics->items[i].name, before->items[i].name);
    assert_string_equal(topics->items[before->count].name, "grapnel.retry.1s");
    assert_string_equal(topics->items[retry_topic_for(topics, 0)].name, "grapnel.retry.5s");
    assert_int_equal(retry_about_ms(topics, 1000), 5000);
    flag_put(&topics->items[before->count].there, true);
    assert_int_equal(retry_topic_for(topics, 0), before->count);
    assert_int_equal(retry_about_ms(topics, 1000), 1000);
    assert_int_equal(retry_topic_for(topics, 5000), 0);
    retry_topics_destroy(topics);
    retry_topics_destroy(before);
}

static void needs_all_where_there_was_none_before(void **state)
{
    (void)state;
    struct retry_topics none = {0};
    struct subscription sub = {0};
    const struct settings settings = {
        .topics = {.retries = {.data = "grapnel.retry"}, .create = true},
        .subscriptions = &sub,
        .subscription_count = 1,
    };
    struct retry_topics *topics = retry_topics_create(&settings, &none);
    assert_int_equal(topics->count, 2);
    for (size_t i = 0; i < topics->count; i++)
        assert_true(flag_is_set(&topics->items[i].there));
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
        cmocka_unit_test(has_a_short_and_a_medium_one_where_no_schedule_has),
        cmocka_unit_test(needs_no_medium_one_where_none_is_created),
        cmocka_unit_test(a_leg_ends_with_the_topics_delay),
        cmocka_unit_test(chooses_the_longest_delay_that_is_not_too_long),
        cmocka_unit_test(a_wait_that_need_not_be_exact_is_one_topics_delay),
        cmocka_unit_test(keeps_the_places_of_those_there_were_and_waits_for_the_new),
        cmocka_unit_test(needs_all_where_there_was_none_before),
        cmocka_unit_test(reads_topics_of_delays_that_are_no_longer_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
