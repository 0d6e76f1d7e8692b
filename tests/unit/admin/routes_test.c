#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "admin/routes.h"
#include "base/compiler.h"
#include "base/metrics.h"

static bool not_ready(void *context, struct buffer *why)
{
    buffer_add_text(why, context);
    return false;
}

static bool is_ready(void *context, struct buffer *why)
{
    (void)context;
    (void)why;
    return true;
}

/* The answer to `method path`, with two tokens where `tokens`, in `text`. */
static unsigned ask(struct admin_request request, bool tokens, struct answer *answer)
{
    struct admin_tokens *table = calloc(1, sizeof *table + 2 * sizeof *table->items);
    assert_non_null(table);
    table->items[0] = (struct admin_token){secret_copy(SLICE("look")), ROLE_VIEWER};
    table->items[1] = (struct admin_token){secret_copy(SLICE("do")), ROLE_ADMIN};
    table->count = tokens ? 2 : 0;
    struct metrics *metrics = metrics_create();
    struct admin admin = {.metrics = metrics, .ready = is_ready, .tokens = {table}};
    buffer_finish(&answer->body);
    *answer = (struct answer){0};
    routes_answer(&admin, &request, answer);
    metrics_destroy(metrics);
    for (size_t i = 0; i < 2; i++)
        secret_finish(&table->items[i].token);
    free(table);
    return answer->status;
}

static void knows_who_may_ask_what(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool tokens;
        bool loopback;
        const char *authorization;
        unsigned status;
    } rows[] = {
        {"/healthz", false, false, NULL, 200},
        {"/healthz", true, false, NULL, 200},
        {"/readyz", true, false, "Bearer wrong", 200},
        {"/metrics", false, true, NULL, 200},
        {"/metrics", false, false, NULL, 403},
        {"/metrics", false, false, "Bearer look", 403},
        {"/metrics", true, true, NULL, 401},
        {"/metrics", true, true, "Bearer ", 401},
        {"/metrics", true, true, "Bearer loo", 401},
        {"/metrics", true, true, "Bearer lookx", 401},
        {"/metrics", true, true, "Basic look", 401},
        {"/metrics", true, true, "look", 401},
        {"/metrics", true, false, "Bearer look", 200},
        {"/metrics", true, false, "bearer   do", 200},
        {"/nothing", true, false, NULL, 404},
        {"/metrics/", true, false, "Bearer look", 404},
    };
    struct answer answer = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct admin_request request = {"GET", rows[i].path, rows[i].authorization,
                                        rows[i].loopback};
        assert_int_equal(ask(request, rows[i].tokens, &answer), rows[i].status);
        assert_int_equal(answer.challenge != NULL, rows[i].status == 401);
    }
    buffer_finish(&answer.body);
}

static void another_method_is_told_which_ones_go(void **state)
{
    (void)state;
    struct answer answer = {0};
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "get", ""};
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        assert_int_equal(
            ask((struct admin_request){methods[i], "/metrics", NULL, true}, false, &answer), 405);
        assert_string_equal(answer.allow, "GET, HEAD");
    }
    assert_int_equal(ask((struct admin_request){"HEAD", "/metrics", NULL, true}, false, &answer),
                     200);
    assert_string_equal(answer.allow, "");
    buffer_finish(&answer.body);
}

static void metrics_come_with_the_process_own(void **state)
{
    (void)state;
    static const char *const names[] = {
        "\ngrapnel_build_info{", "\nprocess_cpu_seconds_total ", "\nprocess_resident_memory_bytes ",
        "\nprocess_open_fds ",   "\nprocess_max_fds ",           "\nprocess_start_time_seconds 1",
    };
    struct answer answer = {0};
    ask((struct admin_request){"GET", "/metrics", NULL, true}, false, &answer);
    assert_string_equal(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    const char *text = buffer_text(&answer.body);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (!strstr(text, names[i]))
            fail_msg("no %s in:\n%s", names[i], text);
    buffer_finish(&answer.body);
}

static void not_ready_says_why(void **state)
{
    (void)state;
    struct answer answer = {0};
    struct admin admin = {.ready = not_ready,
                          .context = (void *)"Kafka can't be reached\n\norders: \"no\" partitions"};
    routes_answer(&admin, &(struct admin_request){.method = "GET", .path = "/readyz"}, &answer);
    assert_int_equal(answer.status, 503);
    assert_string_equal(answer.content_type, "application/problem+json");
    assert_string_equal(
        buffer_text(&answer.body),
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
        "\"detail\":\"not ready\",\"reasons\":[\"Kafka can't be reached\","
        "\"orders: \\\"no\\\" partitions\"]}\n");
    buffer_finish(&answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_who_may_ask_what),
        cmocka_unit_test(another_method_is_told_which_ones_go),
        cmocka_unit_test(metrics_come_with_the_process_own),
        cmocka_unit_test(not_ready_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
