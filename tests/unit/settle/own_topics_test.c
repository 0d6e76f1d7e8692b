#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <regex.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "settle/own_topics.h"

#define NAMES_MOST 3

static struct settings own = {.topics = {.results = {.data = "own.results"},
                                         .dead_letters = {.data = "own.dead"},
                                         .retries = {.data = "own.retry"},
                                         .state = {.data = "own.state"},
                                         .webhooks = {.data = "own.hooks"}}};

/* Two subscriptions that share a lane, the second with these topics. */
static void add(struct buffer *out, const char *const names[NAMES_MOST])
{
    struct text pattern = {.data = "^own.*"};
    struct text items[NAMES_MOST] = {0};
    struct subscription subs[2] = {{.topics = {&pattern, 1}}, {.topics = {items, 0}}};
    struct route routes[] = {{.sub = &subs[0]}, {.sub = &subs[1]}};
    unsigned members[] = {0, 1};
    const struct catalog catalog = {.routes = routes, .count = 2};
    const struct lane_route lane = {.members = members, .count = 2};
    for (size_t i = 0; i < NAMES_MOST && names[i]; i++)
        items[subs[1].topics.count++].data = names[i];
    own_topics_add(out, &own, &catalog, &lane);
}

static bool is_left_out(const char *const names[NAMES_MOST], const char *topic)
{
    struct buffer out = {0};
    regex_t regex;
    add(&out, names);
    assert_int_equal(regcomp(&regex, buffer_text(&out), REG_EXTENDED | REG_NOSUB), 0);
    assert_null(strchr(buffer_text(&out), ',')); /* which ends a pattern of librdkafka's */
    bool is = regexec(&regex, topic, 0, NULL, 0) == 0;
    regfree(&regex);
    buffer_finish(&out);
    return is;
}

static void patterns_leave_out_what_is_not_named(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        const char *const names[NAMES_MOST];
        bool is;
    } rows[] = {
        {"own.results", {0}, true},
        {"own.dead", {0}, true},
        {"own.state", {0}, true},
        {"own.hooks", {0}, true},
        {"own.retry.5m", {0}, true},
        {"own.retry", {0}, false},
        {"own.retry.mine", {0}, false},
        {"own.orders", {0}, false},
        {"ownXresults", {0}, false},
        {"my.own.results", {0}, false},
        {"own.results.more", {0}, false},
        {"own.results", {"orders", "own.results"}, false},
        {"own.dead", {"orders", "own.results"}, true},
        {"own.results", {"own.resultsX"}, true},
        {"own.state", {"own.state"}, false},
        {"own.hooks", {"own.hooks"}, false},
        {"own.retry.5m", {"own.retry.5m"}, false},
        {"own.retry.1h", {"own.retry.5m"}, false},
        {"own.retry.5m", {"own.retry"}, true},
        {"own.state", {"own.retry.5m"}, true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(is_left_out(rows[i].names, rows[i].topic), rows[i].is);
}

static void a_topic_that_there_is_not_is_no_pattern(void **state)
{
    (void)state;
    static const char *const none[NAMES_MOST] = {NULL};
    const struct text results = own.topics.results;
    own.topics.results = (struct text){0};
    assert_false(is_left_out(none, "own.results"));
    assert_false(is_left_out(none, ""));
    assert_true(is_left_out(none, "own.dead"));
    own.topics.results = results;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_leave_out_what_is_not_named),
        cmocka_unit_test(a_topic_that_there_is_not_is_no_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
