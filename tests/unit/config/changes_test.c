#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <unistd.h>

#include "base/compiler.h"
#include "config/changes.h"

static const char fixed[] = "kafka:\n  bootstrap.servers: kafka:9092\n"
                            "topics:\n  results: r\n  retries: again\n"
                            "limits: { memory: 64MiB }\n"
                            "namespace: one\n";

/* Of that text; `first` NULL: not a reload. It must be without mistakes. */
static struct settings *load(const char *text, const struct settings *first)
{
    char path[] = "/tmp/grapnel-changes-XXXXXX";
    struct problems problems = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
    struct settings *settings =
        first ? settings_load_again(path, first, &problems) : settings_load(path, &problems);
    problems_print(&problems, stderr);
    assert_int_equal(problems.count, 0);
    problems_finish(&problems);
    assert_int_equal(unlink(path), 0);
    return settings;
}

static void names_what_only_a_restart_changes(void **state)
{
    (void)state;
    static const struct {
        const char *now;
        const char *names;
    } rows[] = {
        {fixed, ""},
        {"kafka: { bootstrap.servers: 'kafka:9092' }\ntopics: { retries: again, results: r }\n"
         "limits: { memory: 64MiB }\nnamespace: one\n",
         ""},
        {"kafka: { bootstrap.servers: 'kafka:9092' }\ntopics: { retries: again, results: r }\n"
         "limits: { memory: 64MiB }\nnamespace: one\nlog: { level: debug }\n"
         "admin: { tokens: { me: { token: secret, role: admin } } }\n",
         ""},
        {"kafka: { bootstrap.servers: 'other:9092' }\ntopics: { retries: more, results: r }\n"
         "limits: { memory: 64MiB, workers: 3 }\n",
         "kafka, topics.retries, limits.workers, namespace"},
    };
    struct settings *first = load(fixed, NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct settings *now = load(rows[i].now, first);
        struct buffer names = {0};
        changes_for_restart(first, now, &names);
        assert_string_equal(names.size ? buffer_text(&names) : "", rows[i].names);
        buffer_finish(&names);
        settings_destroy(now);
    }
    settings_destroy(first);
}

static void keeps_what_only_a_restart_changes(void **state)
{
    (void)state;
    struct settings *first = load(fixed, NULL);
    struct settings *now = load("kafka: { bootstrap.servers: 'other:9092' }\n"
                                "topics: { retries: more }\nlimits: { memory: 32MiB }\n"
                                "log: { level: debug }\n",
                                first);
    assert_string_equal(now->kafka.items[0].value.data, "kafka:9092");
    assert_string_equal(now->topics.retries.data, "again");
    assert_string_equal(now->topics.results.data, "r");
    assert_int_equal(now->limits.memory_bytes, 64u << 20);
    assert_string_equal(now->namespace_.data, "one");
    assert_int_equal(now->log_level, LOG_DEBUG);
    settings_destroy(now);
    settings_destroy(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_only_a_restart_changes),
        cmocka_unit_test(keeps_what_only_a_restart_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
