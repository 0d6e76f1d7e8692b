#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "deliver/endpoint.h"

struct fixture {
    struct metrics *metrics;
    struct subscription sub;
    struct route route;
    struct endpoint endpoint;
    struct delivery deliveries[8];
    struct record records[8];
    size_t room; /* at its worker */
};

static void set_up(struct fixture *fixture, unsigned in_flight_most)
{
    *fixture = (struct fixture){.metrics = metrics_create(), .room = 16384};
    fixture->route.sub = &fixture->sub;
    endpoint_init(&fixture->endpoint, &fixture->route, in_flight_most,
                  metrics_block_create(fixture->metrics));
}

static int64_t gauge(const struct fixture *fixture, enum metric metric)
{
    return metrics_read(fixture->metrics, metric, route_series(&fixture->route), METRICS_NO_LABEL);
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
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_ptr_equal(endpoint_next_delivery(&f.endpoint), &f.deliveries[order[i]]);
        assert_ptr_equal(endpoint_send_next(&f.endpoint), &f.deliveries[order[i]]);
    }
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

static void set_up_shared(struct fixture *f, unsigned in_flight)
{
    set_up(f, in_flight);
    breaker_init(&f->endpoint.breaker,
                 (struct breaker_policy){.failures = 1, .pause_ms = 30000, .timeout_ms = 10000});
}

static int64_t delay_ms(struct fixture *f, bool retry, int64_t now_ms)
{
    const struct worker_load load = {now_ms, 0, f->room};
    bool booked = true;
    int64_t delay_ms = endpoint_delay_ms(&f->endpoint, retry, &load, &booked);
    assert_false(booked);
    return delay_ms;
}

static void what_shares_a_lane_waits_elsewhere_when_the_queue_is_full(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    f.room = 800;
    f.endpoint.duration_us = 10000;
    f.endpoint.queued_count = 99; /* an eighth of the room there is */
    assert_int_equal(delay_ms(&f, false, 0), 0);
    f.endpoint.queued_count = 100;
    assert_int_equal(delay_ms(&f, false, 0), ENDPOINT_MOMENT_MS);
    f.endpoint.duration_us = 2000000;
    assert_int_equal(delay_ms(&f, false, 0), 100 / 20 * 2000);
    f.endpoint.duration_us = INT64_C(3600000000);
    assert_int_equal(delay_ms(&f, false, 0), ENDPOINT_FULL_MOST_MS);
    f.endpoint.alone = true; /* its backlog stays in Kafka */
    assert_int_equal(delay_ms(&f, false, 0), 0);
    metrics_destroy(f.metrics);
}

static bool has_plenty(const struct fixture *f, int64_t now_ms, int64_t busy_us)
{
    const struct worker_load load = {now_ms, busy_us, f->room};
    return endpoint_has_plenty(&f->endpoint, &load);
}

static void what_shares_a_lane_waits_for_a_receiver_that_is_quick(void **state)
{
    (void)state;
    struct fixture f;
    struct delivery oldest = {.sent_ms = 1000};
    set_up_shared(&f, 16);
    f.room = (size_t)ENDPOINT_PLENTY * ENDPOINT_ROOM_PART;
    f.endpoint.duration_us = ENDPOINT_QUICK_US * 16 / ENDPOINT_PLENTY - 1;
    f.endpoint.queued_count = ENDPOINT_PLENTY - 1;
    assert_false(has_plenty(&f, 1000, 0));
    f.endpoint.queued_count = ENDPOINT_PLENTY;
    assert_true(has_plenty(&f, 1000, 0));
    assert_int_equal(delay_ms(&f, false, 1000), 0);
    f.endpoint.duration_us = 100000;
    assert_false(has_plenty(&f, 1000, 0));
    assert_true(has_plenty(&f, 1000, 40000)); /* it's this worker that is slow */
    f.endpoint.duration_us = 100;
    list_push(&f.endpoint.sending, &oldest.link); /* it was quick */
    assert_true(has_plenty(&f, 1003, 0));
    assert_false(has_plenty(&f, 1004, 0));
    assert_int_equal(delay_ms(&f, false, 1004), ENDPOINT_MOMENT_MS);
    f.endpoint.limited = true;
    assert_false(has_plenty(&f, 1000, 0));
    f.endpoint.limited = false;
    assert_true(has_plenty(&f, 1000, 0));
    uint32_t pass = breaker_pass(&f.endpoint.breaker, 1000);
    breaker_end(&f.endpoint.breaker, pass, BREAKER_UNWELL, -1, 1000);
    assert_false(has_plenty(&f, 1000, 0)); /* its breaker is open */
    metrics_destroy(f.metrics);
}

/* However many endpoints queue all they may, there is room for more. */
static void the_less_room_the_less_queues(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    f.endpoint.duration_us = 10000;
    f.endpoint.queued_count = ENDPOINT_PLENTY;
    assert_int_equal(delay_ms(&f, false, 0), ENDPOINT_MOMENT_MS); /* it has not answered yet */
    f.endpoint.proven = true;
    assert_int_equal(delay_ms(&f, false, 0), 0);
    f.endpoint.queued_count = 50;
    f.room = 400;
    assert_int_equal(delay_ms(&f, false, 0), ENDPOINT_MOMENT_MS);
    f.room = 0;
    f.endpoint.queued_count = ENDPOINT_QUEUE_ALWAYS - 1;
    assert_int_equal(delay_ms(&f, false, 0), 0);
    metrics_destroy(f.metrics);
}

static void what_shares_a_lane_waits_elsewhere_when_its_turn_is_far(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    f.endpoint.duration_us = 1000000;
    f.endpoint.queued_count = 20;
    assert_int_equal(delay_ms(&f, false, 0), 0);
    f.endpoint.queued_count = 21;
    assert_int_equal(delay_ms(&f, false, 0), 1050);
    f.endpoint.duration_us = 3000000;
    f.endpoint.queued_count = ENDPOINT_QUEUE_ALWAYS - 1;
    assert_int_equal(delay_ms(&f, false, 0), 0);
    f.endpoint.queued_count = ENDPOINT_QUEUE_ALWAYS;
    assert_int_equal(delay_ms(&f, false, 0), 1200);
    metrics_destroy(f.metrics);
}

static void one_that_never_answers_counts_by_its_oldest_request(void **state)
{
    (void)state;
    struct fixture f;
    struct delivery delivery = {.sent_ms = 1000};
    set_up_shared(&f, 20);
    list_push(&f.endpoint.sending, &delivery.link);
    f.endpoint.queued_count = 40;
    assert_int_equal(delay_ms(&f, false, 1500), 0);
    assert_int_equal(delay_ms(&f, false, 2000), 2000);
    metrics_destroy(f.metrics);
}

static void what_queues_is_overdue_when_the_receiver_has_stopped_to_answer(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    f.endpoint.duration_us = 1000000;
    f.endpoint.queued_count = 50;
    f.endpoint.in_flight = 10;
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 0), 0); /* slow is not dead */
    f.endpoint.silent = 1;
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 0), 0); /* one lost connection is nothing */
    f.endpoint.duration_us = 1001000;
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 0), ENDPOINT_SILENT_LEAST_MS);
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 12345), 12345); /* as long again */
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 3600000), ENDPOINT_SILENT_MOST_MS);
    f.endpoint.queued_count = 19;
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 0), 0);
    f.endpoint.queued_count = 50;
    f.endpoint.limited = true; /* that takes its time anyway */
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 0), 0);
    uint32_t pass = breaker_pass(&f.endpoint.breaker, 1000);
    breaker_end(&f.endpoint.breaker, pass, BREAKER_UNWELL, -1, 1000);
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 30000);
    f.endpoint.queued_count = 0;
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 0);
    f.endpoint.queued_count = 50;
    f.endpoint.alone = true; /* its partitions are paused */
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 0);
    metrics_destroy(f.metrics);
}

static void retries_are_overdue_while_the_breaker_is_open(void **state)
{
    (void)state;
    struct fixture f;
    struct record retries[ENDPOINT_PROBES + 1] = {0};
    set_up_shared(&f, 20);
    f.endpoint.alone = true;
    f.deliveries[1].visiting = true;
    f.deliveries[2] = (struct delivery){.visiting = true, .attempts = 1};
    for (size_t i = 0; i < COUNT_OF(retries); i++) {
        retries[i].is_retry = true;
        endpoint_add_record(&f.endpoint, &retries[i]);
    }
    for (int i = 0; i < 3; i++)
        endpoint_queue(&f.endpoint, &f.deliveries[i]);
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 0);
    uint32_t pass = breaker_pass(&f.endpoint.breaker, 1000);
    breaker_end(&f.endpoint.breaker, pass, BREAKER_UNWELL, -1, 1000);
    f.endpoint.ordered = true; /* a later one of the key must not overtake it */
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 0);
    f.endpoint.ordered = false;
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 30000);
    assert_ptr_equal(endpoint_take_overdue_record(&f.endpoint), &retries[0]);
    assert_null(endpoint_take_overdue_record(&f.endpoint)); /* some stay, to be tried */
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 30000);
    assert_ptr_equal(endpoint_take_overdue(&f.endpoint), &f.deliveries[1]);
    assert_ptr_equal(endpoint_take_overdue(&f.endpoint), &f.deliveries[2]);
    assert_null(endpoint_take_overdue(&f.endpoint));
    assert_int_equal(endpoint_overdue_ms(&f.endpoint, 1000), 0);
    /* … and one of its own lane, whose partitions pause. */
    assert_int_equal(gauge(&f, METRIC_QUEUED), ENDPOINT_PROBES + 1);
    metrics_destroy(f.metrics);
}

static void a_retry_waits_elsewhere_when_there_are_many(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    f.endpoint.alone = true;
    f.endpoint.again_count = ENDPOINT_AGAIN - 1;
    assert_int_equal(delay_ms(&f, true, 0), 0);
    f.endpoint.again_count = ENDPOINT_AGAIN;
    assert_int_equal(delay_ms(&f, true, 0), ENDPOINT_MOMENT_MS);
    assert_int_equal(delay_ms(&f, false, 0), 0);
    metrics_destroy(f.metrics);
}

static int64_t booked_ms(struct fixture *f, bool retry, int64_t now_ms)
{
    const struct worker_load load = {now_ms, 0, f->room};
    bool booked = false;
    int64_t delay_ms = endpoint_delay_ms(&f->endpoint, retry, &load, &booked);
    assert_true(booked);
    return delay_ms;
}

static void set_rate(struct fixture *f, struct number_rate value)
{
    f->endpoint.limited = true;
    rate_init(&f->endpoint.rate, value, 0);
}

static void retries_under_a_rate_have_each_a_turn_of_its_own(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    f.endpoint.alone = true;
    set_rate(&f, (struct number_rate){1, 60000});
    f.endpoint.record_count = 100;
    assert_int_equal(delay_ms(&f, true, 0), 0); /* one always waits here */
    f.endpoint.record_count = 0;
    f.endpoint.again_count = 1;
    for (int64_t turn = 1; turn < 5; turn++)
        assert_int_equal(booked_ms(&f, true, 0), turn * 60000);
    for (int i = 0; i < 3; i++) /* they ask again */
        assert_int_equal(booked_ms(&f, true, 0), ENDPOINT_DELAY_MOST_MS);
    assert_int_equal(booked_ms(&f, true, 60000), 240000);
    f.endpoint.again_count = 0;
    assert_int_equal(delay_ms(&f, true, 60000), 0);
    rate_set_share(&f.endpoint.rate, 0, 1, 60000);
    assert_int_equal(booked_ms(&f, true, 60000), ENDPOINT_DELAY_MOST_MS);
    metrics_destroy(f.metrics);
}

static void what_is_over_its_rate_leaves_a_shared_lane_one_by_one(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 64);
    set_rate(&f, (struct number_rate){10, 1000});
    f.endpoint.queued_count = 100; /* as many as go within ten seconds */
    assert_int_equal(delay_ms(&f, false, 0), 0);
    f.endpoint.queued_count = 101;
    assert_int_equal(booked_ms(&f, false, 0), 10100);
    assert_int_equal(booked_ms(&f, false, 0), 10200);
    assert_int_equal(booked_ms(&f, false, 100), 10200);
    metrics_destroy(f.metrics);
}

static void waits_elsewhere_as_long_as_the_breaker_is_open(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    uint32_t pass = breaker_pass(&f.endpoint.breaker, 1000);
    breaker_end(&f.endpoint.breaker, pass, BREAKER_UNWELL, -1, 1000);
    assert_int_equal(delay_ms(&f, false, 1000), 30000);
    assert_int_equal(delay_ms(&f, true, 30000), 0); /* a moment is no wait */
    assert_true(breaker_pass(&f.endpoint.breaker, 31000) != 0);
    /* The probe has ended after that. */
    assert_int_equal(delay_ms(&f, false, 31000), 10000);
    f.endpoint.again_count = ENDPOINT_PROBES - 1;
    assert_int_equal(delay_ms(&f, true, 31000), 0);
    f.endpoint.again_count = ENDPOINT_PROBES;
    assert_int_equal(delay_ms(&f, true, 31000), 10000);
    metrics_destroy(f.metrics);
}

static void is_doubtful_from_no_answer_to_an_answer(void **state)
{
    (void)state;
    struct fixture f;
    static const struct {
        struct outcome outcome;
        bool doubtful;
    } rows[] = {
        {{.kind = ERROR_NONE, .status = 200}, false},
        {{.kind = ERROR_TIMEOUT}, true},
        {{.kind = ERROR_AUTH}, true},
        {{.kind = ERROR_STATUS, .status = 500}, false},
        {{.kind = ERROR_RENDER}, false},
        {{.kind = ERROR_CONNECT}, true},
        {{.kind = ERROR_STATUS, .status = 404}, false},
    };
    set_up_shared(&f, 20);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct delivery delivery = {.pass = 1, .sent_ms = 1000};
        endpoint_learn(&f.endpoint, &delivery, &rows[i].outcome, 5000 * (int64_t)i + 3000);
        assert_int_equal(endpoint_is_doubtful(&f.endpoint), rows[i].doubtful);
    }
    metrics_destroy(f.metrics);
}

/* Of many at once it resets one now and then. */
static void one_that_answers_others_is_not_doubtful(void **state)
{
    (void)state;
    struct fixture f;
    const struct delivery delivery = {.pass = 1, .sent_ms = 2000};
    const struct outcome answer = {.kind = ERROR_NONE, .status = 200};
    const struct outcome reset = {.kind = ERROR_CONNECT};
    set_up_shared(&f, 20);
    endpoint_learn(&f.endpoint, &delivery, &reset, 3000);
    assert_false(endpoint_is_doubtful(&f.endpoint));
    endpoint_learn(&f.endpoint, &delivery, &reset, 3001); /* since 2000 there has been no answer */
    assert_true(endpoint_is_doubtful(&f.endpoint));
    endpoint_learn(&f.endpoint, &delivery, &answer, 4000);
    endpoint_learn(&f.endpoint, &delivery, &reset, 5000);
    assert_false(endpoint_is_doubtful(&f.endpoint));
    endpoint_learn(&f.endpoint, &delivery, &reset, 5001);
    assert_true(endpoint_is_doubtful(&f.endpoint));
    metrics_destroy(f.metrics);
}

static void gives_one_that_never_answers_ever_fewer_places(void **state)
{
    (void)state;
    struct fixture f;
    const struct delivery delivery = {.pass = 1, .sent_ms = 1000};
    const struct outcome none = {.kind = ERROR_TIMEOUT};
    const struct outcome refusal = {.kind = ERROR_STATUS, .status = 503};
    set_up_shared(&f, 20);
    f.endpoint.breaker.policy.failures = 0;
    for (int i = 0; i < 7; i++)
        endpoint_learn(&f.endpoint, &delivery, &none, 3000);
    assert_int_equal(endpoint_places(&f.endpoint), 20);
    endpoint_learn(&f.endpoint, &delivery, &none, 3000);
    assert_int_equal(endpoint_places(&f.endpoint), 10);
    for (int i = 0; i < 1000; i++)
        endpoint_learn(&f.endpoint, &delivery, &none, 3000);
    assert_int_equal(endpoint_places(&f.endpoint), ENDPOINT_SILENT_LEAST);
    endpoint_add_record(&f.endpoint, &f.records[0]);
    f.endpoint.in_flight = ENDPOINT_SILENT_LEAST;
    assert_false(endpoint_can_send(&f.endpoint));
    endpoint_learn(&f.endpoint, &delivery, &refusal, 3000);
    assert_int_equal(endpoint_places(&f.endpoint), 20);
    assert_true(endpoint_can_send(&f.endpoint));
    metrics_destroy(f.metrics);
}

static void one_with_few_places_keeps_them(void **state)
{
    (void)state;
    const struct endpoint endpoint = {.in_flight_most = 2, .silent = 1000};
    const struct endpoint none = {.silent = 1000};
    assert_int_equal(endpoint_places(&endpoint), 2);
    assert_int_equal(endpoint_places(&none), 0);
}

static void sends_to_a_doubtful_one_evenly(void **state)
{
    (void)state;
    struct fixture f;
    struct delivery delivery = {0};
    const struct outcome answer = {.kind = ERROR_NONE, .status = 200};
    set_up_shared(&f, 20);
    f.endpoint.breaker.policy.failures = 0;
    f.endpoint.duration_us = 2000000;
    f.endpoint.in_flight = 1;
    assert_true(endpoint_admit(&f.endpoint, &delivery, 1000));
    assert_int_equal(endpoint_next_ms(&f.endpoint, 1000), 1000);
    f.endpoint.silent = 1;
    assert_int_equal(endpoint_next_ms(&f.endpoint, 1000), 1100);
    assert_int_equal(endpoint_next_ms(&f.endpoint, 1100), 1100);
    assert_true(endpoint_admit(&f.endpoint, &delivery, 1100));
    assert_int_equal(endpoint_next_ms(&f.endpoint, 1100), 1200);
    f.endpoint.in_flight = 0; /* nothing that it could leave together with */
    assert_int_equal(endpoint_next_ms(&f.endpoint, 1100), 1100);
    f.endpoint.in_flight = 1;
    endpoint_learn(&f.endpoint, &delivery, &answer, 1100);
    assert_int_equal(endpoint_next_ms(&f.endpoint, 1100), 1100);
    metrics_destroy(f.metrics);
}

static void keeps_few_retries_where_others_share_the_lane(void **state)
{
    (void)state;
    struct fixture f;
    set_up_shared(&f, 20);
    f.endpoint.waiting_count = ENDPOINT_WAITING - 1;
    assert_true(endpoint_may_keep(&f.endpoint));
    f.endpoint.waiting_count = ENDPOINT_WAITING;
    assert_false(endpoint_may_keep(&f.endpoint));
    f.endpoint.alone = true;
    assert_true(endpoint_may_keep(&f.endpoint));
    metrics_destroy(f.metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_shares_a_lane_waits_elsewhere_when_the_queue_is_full),
        cmocka_unit_test(what_shares_a_lane_waits_for_a_receiver_that_is_quick),
        cmocka_unit_test(the_less_room_the_less_queues),
        cmocka_unit_test(what_shares_a_lane_waits_elsewhere_when_its_turn_is_far),
        cmocka_unit_test(one_that_never_answers_counts_by_its_oldest_request),
        cmocka_unit_test(what_queues_is_overdue_when_the_receiver_has_stopped_to_answer),
        cmocka_unit_test(retries_are_overdue_while_the_breaker_is_open),
        cmocka_unit_test(a_retry_waits_elsewhere_when_there_are_many),
        cmocka_unit_test(retries_under_a_rate_have_each_a_turn_of_its_own),
        cmocka_unit_test(what_is_over_its_rate_leaves_a_shared_lane_one_by_one),
        cmocka_unit_test(waits_elsewhere_as_long_as_the_breaker_is_open),
        cmocka_unit_test(is_doubtful_from_no_answer_to_an_answer),
        cmocka_unit_test(one_that_answers_others_is_not_doubtful),
        cmocka_unit_test(gives_one_that_never_answers_ever_fewer_places),
        cmocka_unit_test(one_with_few_places_keeps_them),
        cmocka_unit_test(sends_to_a_doubtful_one_evenly),
        cmocka_unit_test(keeps_few_retries_where_others_share_the_lane),
        cmocka_unit_test(sends_in_the_order_queued_up_to_its_limit),
        cmocka_unit_test(takes_new_records_first_but_lets_every_fourth_place_to_a_retry),
        cmocka_unit_test(sends_new_ones_before_what_has_been_tried_but_for_every_fourth_place),
        cmocka_unit_test(gives_up_what_is_not_being_sent),
        cmocka_unit_test(shares_of_a_limit_add_up_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
