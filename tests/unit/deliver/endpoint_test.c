#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "deliver/endpoint.h"

struct fixture {
    struct metrics *metrics;
    struct route route;
    struct endpoint endpoint;
    struct delivery deliveries[8];
    struct record records[8];
};

static void set_up(struct fixture *fixture, unsigned in_flight_most)
{
    static const char *const names[] = {"orders"};
    *fixture = (struct fixture){.metrics = metrics_create(names, 1)};
    endpoint_init(&fixture->endpoint, &fixture->route, in_flight_most,
                  metrics_block_create(fixture->metrics));
}

static int64_t gauge(const struct fixture *fixture, enum metric metric)
{
    return metrics_read(fixture->metrics, metric, 0, METRICS_NO_LABEL);
}

static void sends_in_the_order_queued_up_to_its_limit(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 2);
    assert_false(endpoint_can_send(&f.endpoint));
    for (int i = 0; i < 3; i++)
        endpoint_queue(&f.endpoint, &f.deliveries[i]);
    assert_ptr_equal(endpoint_send_next(&f.endpoint), &f.deliveries[0]);
    assert_ptr_equal(endpoint_send_next(&f.endpoint), &f.deliveries[1]);
    assert_false(endpoint_can_send(&f.endpoint));
    assert_int_equal(gauge(&f, METRIC_IN_FLIGHT), 2);
    assert_int_equal(gauge(&f, METRIC_QUEUED), 1);
    endpoint_sent(&f.endpoint, &f.deliveries[0]);
    assert_true(endpoint_can_send(&f.endpoint));
    assert_int_equal(gauge(&f, METRIC_IN_FLIGHT), 1);
    metrics_destroy(f.metrics);
}

static void takes_new_records_first_but_lets_every_fourth_place_to_a_retry(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 100);
    for (int i = 0; i < 8; i++)
        endpoint_add_record(&f.endpoint, &f.records[i]);
    f.deliveries[7].attempts = 1;
    endpoint_queue(&f.endpoint, &f.deliveries[7]);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(endpoint_next_record(&f.endpoint), &f.records[i]);
        endpoint_queue(&f.endpoint, &f.deliveries[i]);
        assert_ptr_equal(endpoint_send_next(&f.endpoint), &f.deliveries[i]);
    }
    assert_null(endpoint_next_record(&f.endpoint));
    metrics_destroy(f.metrics);
}

static void sends_new_ones_before_what_has_been_tried_but_for_every_fourth_place(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 100);
    for (int i = 0; i < 3; i++) {
        f.deliveries[i].attempts = 1;
        endpoint_queue(&f.endpoint, &f.deliveries[i]);
    }
    for (int i = 3; i < 7; i++)
        endpoint_queue(&f.endpoint, &f.deliveries[i]);
    static const int order[] = {3, 4, 5, 0, 6, 1, 2};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_ptr_equal(endpoint_send_next(&f.endpoint), &f.deliveries[order[i]]);
    assert_int_equal(endpoint_queued(&f.endpoint), 0);
    assert_int_equal(gauge(&f, METRIC_QUEUED), 0);
    metrics_destroy(f.metrics);
}

static void gives_up_what_is_not_being_sent(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 4);
    endpoint_queue(&f.endpoint, &f.deliveries[0]);
    endpoint_send_next(&f.endpoint);
    endpoint_queue(&f.endpoint, &f.deliveries[1]);
    endpoint_wait(&f.endpoint, &f.deliveries[2]);
    assert_int_equal(gauge(&f, METRIC_WAITING_RETRIES), 1);
    assert_ptr_equal(endpoint_take_idle(&f.endpoint), &f.deliveries[1]);
    assert_ptr_equal(endpoint_take_idle(&f.endpoint), &f.deliveries[2]);
    assert_null(endpoint_take_idle(&f.endpoint));
    assert_int_equal(gauge(&f, METRIC_WAITING_RETRIES), 0);
    assert_int_equal(gauge(&f, METRIC_IN_FLIGHT), 1);
    metrics_destroy(f.metrics);
}

static void shares_of_a_limit_add_up_to_it(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit < 70; limit++)
        for (unsigned workers = 1; workers < 9; workers++) {
            unsigned sum = 0;
            for (unsigned i = 0; i < workers; i++)
                sum += endpoint_share(limit, i, workers);
            assert_int_equal(sum, limit);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_in_the_order_queued_up_to_its_limit),
        cmocka_unit_test(takes_new_records_first_but_lets_every_fourth_place_to_a_retry),
        cmocka_unit_test(sends_new_ones_before_what_has_been_tried_but_for_every_fourth_place),
        cmocka_unit_test(gives_up_what_is_not_being_sent),
        cmocka_unit_test(shares_of_a_limit_add_up_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
