#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "deliver/endpoint.h"

#define MOST 128

static void set_up(struct endpoint *endpoint, int64_t duration_us)
{
    *endpoint = (struct endpoint){.in_flight_most = MOST, .duration_us = duration_us};
    list_init(&endpoint->sending);
}

static void needs_few_places_for_a_receiver_that_answers_at_once(void **state)
{
    (void)state;
    struct endpoint endpoint;
    set_up(&endpoint, 300);
    unsigned few = endpoint_useful(&endpoint, 1000, 0);
    assert_in_range(few, 1, MOST / 4);
    endpoint.duration_us = 3000; /* all of it because this thread was busy with others */
    assert_int_equal(endpoint_useful(&endpoint, 1000, 1000),
                     endpoint_useful(&endpoint, 1000, 5000));
    assert_in_range(endpoint_useful(&endpoint, 1000, 1000), 1, MOST / 4);
}

static void needs_all_for_one_that_takes_its_time(void **state)
{
    (void)state;
    struct endpoint endpoint;
    set_up(&endpoint, 50000);
    assert_int_equal(endpoint_useful(&endpoint, 1000, 200), MOST);
}

static void needs_all_when_an_answer_does_not_come(void **state)
{
    (void)state;
    struct endpoint endpoint;
    set_up(&endpoint, 300);
    struct delivery delivery = {.sent_ms = 1000};
    list_push(&endpoint.sending, &delivery.link);
    assert_in_range(endpoint_useful(&endpoint, 1001, 400), 1, MOST / 4);
    assert_int_equal(endpoint_useful(&endpoint, 1100, 400), MOST);
}

static void is_never_more_than_the_subscription_allows(void **state)
{
    (void)state;
    struct endpoint endpoint;
    set_up(&endpoint, 0);
    endpoint.in_flight_most = 1;
    assert_int_equal(endpoint_useful(&endpoint, 1000, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(needs_few_places_for_a_receiver_that_answers_at_once),
        cmocka_unit_test(needs_all_for_one_that_takes_its_time),
        cmocka_unit_test(needs_all_when_an_answer_does_not_come),
        cmocka_unit_test(is_never_more_than_the_subscription_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
