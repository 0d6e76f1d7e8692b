#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/metrics.h"

static const char *const names[] = {"orders", "pay\"me\\nts\n"};

static const char *const groups[] = {"grapnel.orders", "grapnel.all"};

struct fixture {
    struct metrics *metrics;
    struct buffer text;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->metrics = metrics_create();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        metrics_name_subscription(fixture->metrics, i, names[i]);
        metrics_name_lane(fixture->metrics, i, groups[i], i == 0 ? names[i] : NULL);
    }
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    metrics_destroy(fixture->metrics);
    buffer_finish(&fixture->text);
    free(fixture);
    return 0;
}

static const char *scrape(struct fixture *fixture)
{
    buffer_clear(&fixture->text);
    metrics_write(fixture->metrics, &fixture->text);
    const char *text = buffer_text(&fixture->text);
    assert_non_null(text);
    return text;
}

static void assert_line(const char *text, const char *line)
{
    char wanted[256];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (!strstr(text, wanted))
        fail_msg("no line `%s` in:\n%s", line, text);
}

static void sums_what_each_thread_counted(void **state)
{
    struct fixture *fixture = *state;
    struct metrics_block *a = metrics_block_create(fixture->metrics);
    struct metrics_block *b = metrics_block_create(fixture->metrics);
    metrics_add(a, METRIC_DELIVERIES, 0, METRIC_OUTCOME_DELIVERED, 2);
    metrics_add(b, METRIC_DELIVERIES, 0, METRIC_OUTCOME_DELIVERED, 3);
    metrics_add(b, METRIC_DELIVERIES, 1, METRIC_OUTCOME_RETRYING, 7);
    metrics_set(a, METRIC_IN_FLIGHT, 0, 5);
    metrics_set(b, METRIC_IN_FLIGHT, 0, 4);
    metrics_set(b, METRIC_IN_FLIGHT, 0, 1);
    metrics_add(a, METRIC_STORED, METRICS_INSTANCE, METRIC_TOPIC_RESULTS, 9);
    metrics_set(a, METRIC_BUILD_INFO, METRICS_INSTANCE, 1);

    const char *text = scrape(fixture);
    assert_line(text, "grapnel_deliveries_total{subscription=\"orders\",outcome=\"delivered\"} 5");
    assert_line(text,
                "grapnel_deliveries_total{subscription=\"orders\",outcome=\"dead-lettered\"} 0");
    assert_line(text, "grapnel_in_flight{subscription=\"orders\"} 6");
    assert_line(text, "grapnel_stored_total{topic=\"results\"} 9");
    assert_line(text, "grapnel_build_info{version=\"" GRAPNEL_VERSION "\"} 1");
    assert_int_equal(metrics_read(fixture->metrics, METRIC_DELIVERIES, 1, METRIC_OUTCOME_RETRYING),
                     7);
    assert_int_equal(metrics_read(fixture->metrics, METRIC_IN_FLIGHT, 0, METRICS_NO_LABEL), 6);
}

static void escapes_what_would_end_a_label(void **state)
{
    struct fixture *fixture = *state;
    assert_line(scrape(fixture), "grapnel_queued{subscription=\"pay\\\"me\\\\nts\\n\"} 0");
}

/* Those that have no name yet count all the same, far beyond those that have. */
static void writes_only_what_has_a_name(void **state)
{
    struct fixture *fixture = *state;
    struct metrics_block *block = metrics_block_create(fixture->metrics);
    metrics_set(block, METRIC_QUEUED, 100000, 7);
    metrics_set(block, METRIC_LAG, METRICS_SERIES_MAX - 1, 8);
    assert_null(strstr(scrape(fixture), "} 7"));
    assert_null(strstr(scrape(fixture), "} 8"));
    assert_int_equal(metrics_read(fixture->metrics, METRIC_QUEUED, 99999, METRICS_NO_LABEL), 0);

    metrics_name_subscription(fixture->metrics, 100000, "late");
    metrics_name_lane(fixture->metrics, METRICS_SERIES_MAX - 1, "grapnel.late", NULL);
    assert_line(scrape(fixture), "grapnel_queued{subscription=\"late\"} 7");
    assert_line(scrape(fixture), "grapnel_lag{group=\"grapnel.late\"} 8");

    metrics_forget(fixture->metrics, METRICS_OF_SUBSCRIPTION, 100000);
    assert_null(strstr(scrape(fixture), "late\"} 7"));
    assert_int_equal(metrics_read(fixture->metrics, METRIC_QUEUED, 100000, METRICS_NO_LABEL), 7);
}

static void gauges_may_be_negative(void **state)
{
    struct fixture *fixture = *state;
    metrics_set(metrics_block_create(fixture->metrics), METRIC_LAG, 0, -1);
    assert_line(scrape(fixture),
                "grapnel_lag{group=\"grapnel.orders\",subscription=\"orders\"} -1");
}

static void buckets_are_cumulative_and_their_bound_is_inside(void **state)
{
    struct fixture *fixture = *state;
    struct metrics_block *block = metrics_block_create(fixture->metrics);
    metrics_observe_us(block, METRIC_LATENCY, 0, 1000);
    metrics_observe_us(block, METRIC_LATENCY, 0, 1001);
    metrics_observe_us(block, METRIC_LATENCY, 0, 90000000000);
    metrics_observe_us(block, METRIC_LATENCY, 0, -5);

    const char *text = scrape(fixture);
    assert_line(text, "grapnel_delivery_latency_seconds_bucket{group=\"grapnel.orders\","
                      "subscription=\"orders\",le=\"0.0005\"} 1");
    assert_line(text, "grapnel_delivery_latency_seconds_bucket{group=\"grapnel.orders\","
                      "subscription=\"orders\",le=\"0.001\"} 2");
    assert_line(text, "grapnel_delivery_latency_seconds_bucket{group=\"grapnel.orders\","
                      "subscription=\"orders\",le=\"0.0025\"} 3");
    assert_line(text, "grapnel_delivery_latency_seconds_bucket{group=\"grapnel.orders\","
                      "subscription=\"orders\",le=\"36000\"} 3");
    assert_line(text, "grapnel_delivery_latency_seconds_bucket{group=\"grapnel.orders\","
                      "subscription=\"orders\",le=\"+Inf\"} 4");
    assert_line(text, "grapnel_delivery_latency_seconds_sum{group=\"grapnel.orders\",subscription="
                      "\"orders\"} 90000.002001");
    assert_line(text, "grapnel_delivery_latency_seconds_count{group=\"grapnel.orders\","
                      "subscription=\"orders\"} 4");
    assert_int_equal(metrics_read(fixture->metrics, METRIC_LATENCY, 0, METRICS_NO_LABEL), 4);
}

static void attempts_go_by_class_or_kind(void **state)
{
    struct fixture *fixture = *state;
    struct metrics_block *block = metrics_block_create(fixture->metrics);
    static const struct {
        int status;
        enum error_kind kind;
        const char *class;
    } rows[] = {
        {100, ERROR_NONE, "1xx"},      {204, ERROR_NONE, "2xx"},      {599, ERROR_STATUS, "5xx"},
        {0, ERROR_TIMEOUT, "timeout"}, {0, ERROR_CONNECT, "connect"}, {0, ERROR_BUSY, "busy"},
        {999, ERROR_STATUS, "status"}, {0, ERROR_NONE, "status"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        metrics_add(block, METRIC_ATTEMPTS, 0, metrics_class(rows[i].status, rows[i].kind), 10);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char line[160];
        bool twice = strcmp(rows[i].class, "status") == 0;
        snprintf(line, sizeof line,
                 "grapnel_attempts_total{subscription=\"orders\",class=\"%s\"} %d", rows[i].class,
                 twice ? 20 : 10);
        assert_line(scrape(fixture), line);
    }
    metrics_add(block, METRIC_DEAD_LETTERS, 1, metrics_reason(ERROR_BUSY), 1);
    metrics_add(block, METRIC_DEAD_LETTERS, 0, metrics_reason(ERROR_TIMEOUT), 1);
    assert_line(scrape(fixture),
                "grapnel_dead_letters_total{subscription=\"orders\",reason=\"timeout\"} 1");
    assert_null(strstr(scrape(fixture), "reason=\"render\"")); /* never seen: not written */
}

/* name[{label="value",…}] value */
static void assert_sample(const char *line)
{
    size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_");
    assert_true(name > strlen("grapnel_") && strncmp(line, "grapnel_", 8) == 0);
    const char *p = line + name;
    if (*p == '{') {
        const char *close = strrchr(p, '}');
        assert_non_null(close);
        p = close + 1;
    }
    assert_int_equal(*p, ' ');
    char *end;
    strtod(p + 1, &end);
    assert_true(end > p + 1 && *end == '\0');
}

static void every_line_is_of_the_text_format(void **state)
{
    struct fixture *fixture = *state;
    metrics_observe_us(metrics_block_create(fixture->metrics), METRIC_LATENCY, 1, 20);
    char *text = strdup(scrape(fixture));
    assert_int_equal(text[strlen(text) - 1], '\n');
    unsigned helps = 0, types = 0;
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "# HELP grapnel_", 15) == 0)
            helps++;
        else if (strncmp(line, "# TYPE grapnel_", 15) == 0)
            types++;
        else
            assert_sample(line);
    }
    assert_int_equal(helps, METRIC_COUNT);
    assert_int_equal(types, METRIC_COUNT);
    free(text);
}

#define ROUNDS 20000

static void *count_up(void *argument)
{
    struct metrics_block *block = metrics_block_create(argument);
    for (int i = 1; i <= ROUNDS; i++) {
        metrics_add(block, METRIC_RECORDS, 0, METRICS_NO_LABEL, 1);
        metrics_set(block, METRIC_QUEUED, 1, i);
        metrics_observe_us(block, METRIC_LATENCY, 0, i);
    }
    return NULL;
}

static void scraping_while_threads_count_never_goes_back(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, fixture->metrics), 0);
    int64_t last = 0;
    for (int i = 0; i < 50; i++) {
        int64_t now = metrics_read(fixture->metrics, METRIC_RECORDS, 0, METRICS_NO_LABEL);
        assert_true(now >= last);
        last = now;
        scrape(fixture);
    }
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metrics_read(fixture->metrics, METRIC_RECORDS, 0, METRICS_NO_LABEL),
                     2 * ROUNDS);
    assert_int_equal(metrics_read(fixture->metrics, METRIC_QUEUED, 1, METRICS_NO_LABEL),
                     2 * ROUNDS);
    assert_int_equal(metrics_read(fixture->metrics, METRIC_LATENCY, 0, METRICS_NO_LABEL),
                     2 * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sums_what_each_thread_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(escapes_what_would_end_a_label, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_only_what_has_a_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gauges_may_be_negative, set_up, tear_down),
        cmocka_unit_test_setup_teardown(buckets_are_cumulative_and_their_bound_is_inside, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(attempts_go_by_class_or_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_line_is_of_the_text_format, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scraping_while_threads_count_never_goes_back, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
