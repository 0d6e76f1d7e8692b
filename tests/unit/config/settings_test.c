#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include "config/settings.h"

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(setenv("GRAPNEL_TEST_TOKEN", "s3cret", 1), 0);
    assert_int_equal(setenv("GRAPNEL_TEST_LINES", "s3cret\ns3cret", 1), 0);
    return chdir(TEST_DATA);
}

/* What `problems_print` writes of loading `path`; the caller frees it. */
static char *check_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    struct problems problems = {0};
    struct settings *settings = settings_load(path, &problems);
    settings_destroy(settings); /* problems outlive it */
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    problems_print(&problems, out);
    assert_int_equal(fclose(out), 0);
    problems_finish(&problems);
    return text;
}

static char *read_text(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *file = fopen(path, "r");
    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, 65535, file) < 65535);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void notes_every_mistake_with_its_place(void **state)
{
    (void)state;
    glob_t files = {0};
    assert_int_equal(glob("*.yaml", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 7);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char path[256];
        const char *name = files.gl_pathv[i];
        snprintf(path, sizeof path, "%.*s.expected", (int)(strlen(name) - 5), name);
        char *got = check_file(name);
        char *expected = read_text(path);
        assert_string_equal(got, expected);
        assert_null(strstr(got, "s3cret"));
        free(got);
        free(expected);
    }
    globfree(&files);
}

static struct settings *load_fine(const char *path)
{
    struct problems problems = {0};
    struct settings *settings = settings_load(path, &problems);
    problems_print(&problems, stderr);
    assert_int_equal(problems.count, 0);
    assert_non_null(settings);
    problems_finish(&problems);
    return settings;
}

static void check_text(const struct text *text, const char *expected)
{
    assert_non_null(text->data);
    assert_string_equal(text->data, expected);
}

static void reads_every_key(void **state)
{
    (void)state;
    struct settings *settings = load_fine("complete.yaml");
    assert_int_equal(settings->kafka.count, 3);
    check_text(&settings->kafka.items[0].name, "bootstrap.servers");
    check_text(&settings->kafka.items[1].value, "s3cret");
    assert_true(settings->kafka.items[1].value.secret);
    check_text(&settings->kafka.items[2].value, "true");
    check_text(&settings->registry.url, "http://registry.example.com:8081/apis/ccompat/v7");
    check_text(&settings->registry.username, "key");
    check_text(&settings->registry.password, "s3cret");
    assert_non_null(strstr(settings->registry.ca_file.data, "/data/complete.yaml"));
    assert_int_equal(settings->registry.timeout_ms, 3000);
    check_text(&settings->topics.results, "results");
    check_text(&settings->topics.dead_letters, "dead");
    check_text(&settings->topics.retries, "again");
    check_text(&settings->topics.webhooks, "hooks");
    assert_false(settings->topics.create);
    assert_int_equal(settings->topics.partitions, 12);
    assert_int_equal(settings->topics.replication, 3);
    assert_int_equal(settings->results_format, RESULTS_AVRO);
    assert_int_equal(settings->results_record, RECORD_ATTEMPTS);
    check_text(&settings->admin.listen, "0.0.0.0:9000");
    assert_int_equal(settings->admin.token_count, 2);
    check_text(&settings->admin.tokens[0].name, "ops");
    check_text(&settings->admin.tokens[0].token, "s3cret");
    assert_int_equal(settings->admin.tokens[0].role, ROLE_ADMIN);
    check_text(&settings->admin.tokens[1].token, "t2");
    assert_int_equal(settings->admin.tokens[1].role, ROLE_VIEWER);
    assert_int_equal(settings->limits.memory_bytes, 128u << 20);
    assert_int_equal(settings->limits.in_flight, 256);
    assert_int_equal(settings->limits.workers, 4);
    assert_int_equal(settings->shutdown_grace_ms, 5000);
    check_text(&settings->namespace_, "eu-1");
    assert_int_equal(settings->log_level, LOG_DEBUG);
    assert_int_equal(settings->log_format, LOG_JSON);
    settings_destroy(settings);
}

static void merges_defaults_under_each_subscription(void **state)
{
    (void)state;
    struct settings *settings = load_fine("complete.yaml");
    static const char *const names[] = {"first", "second", "third", "inline"};
    assert_int_equal(settings->subscription_count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct subscription *sub = &settings->subscriptions[i];
        assert_string_equal(sub->name, names[i]);
        assert_int_equal(sub->delivery.timeout_ms, 3000);
        assert_int_equal(sub->delivery.jitter_percent, 20);
        assert_int_equal(sub->delivery.retry_count, i == 0 ? 1 : 2);
        assert_int_equal(sub->request.headers.count, 2);
        check_text(&sub->request.headers.items[0].name, "X-From");
    }
    const struct subscription *first = &settings->subscriptions[0];
    assert_int_equal(first->delivery.retry_schedule_ms[0], 9000);
    check_text(&first->request.headers.items[1].name, "X-Own");
    check_text(&settings->subscriptions[1].request.headers.items[1].name, "X-Gone");
    assert_string_equal(first->at.file, "good/a.yaml");
    assert_int_equal(first->at.line, 2);
    assert_int_equal(settings->subscriptions[1].request.body_kind, BODY_NONE);
    settings_destroy(settings);
}

/* A file of that text in a folder of its own. */
static void write_file(char path[64], const char *text)
{
    strcpy(path, "/tmp/grapnel-settings-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static void has_the_contracts_defaults(void **state)
{
    (void)state;
    char path[64];
    write_file(path, "kafka: {bootstrap.servers: \"localhost:9092\"}\n");
    struct settings *settings = load_fine(path);
    check_text(&settings->topics.results, "grapnel.results");
    check_text(&settings->topics.dead_letters, "grapnel.dead-letters");
    check_text(&settings->topics.retries, "grapnel.retry");
    check_text(&settings->topics.webhooks, "grapnel.webhooks");
    assert_null(settings->registry.url.data);
    assert_int_equal(settings->registry.timeout_ms, 10000);
    assert_true(settings->topics.create);
    assert_int_equal(settings->topics.partitions, 0);
    assert_int_equal(settings->topics.replication, 0);
    assert_int_equal(settings->results_format, RESULTS_JSON);
    assert_int_equal(settings->results_record, RECORD_FINAL);
    assert_int_equal(settings->subscription_count, 0);
    check_text(&settings->admin.listen, "127.0.0.1:8088");
    assert_int_equal(settings->admin.token_count, 0);
    assert_int_equal(settings->limits.memory_bytes, 256u << 20);
    assert_int_equal(settings->limits.in_flight, 1024);
    assert_int_equal(settings->limits.workers, 2);
    assert_int_equal(settings->shutdown_grace_ms, 25000);
    assert_null(settings->namespace_.data);
    assert_int_equal(settings->log_level, LOG_INFO);
    assert_int_equal(settings->log_format, LOG_TEXT);
    settings_destroy(settings);
    unlink(path);
}

static void checks_each_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message; /* NULL: fine */
    } rows[] = {
        {"topics: {results: null}", NULL},
        {"registry: {url: \"https://[::1]:8081/a/\", username: a, password: b}", NULL},
        {"registry: {}", "registry.url is missing"},
        {"registry: {url: \"ftp://a\"}",
         "url: a URL that begins with http:// or https:// is needed, not \"ftp://a\""},
        {"registry: {url: \"http:///x\"}", "url: the host is missing"},
        {"registry: {url: \"http://a/b?c\"}", "url: it can have no query"},
        {"registry: {url: \"http://a b\"}",
         "url: a blank or control character has to be percent-encoded"},
        {"registry: {url: \"http://u:p@a\"}",
         "url: what proves who we are belongs in username and password"},
        {"registry: {url: \"http://a\", password: b}",
         "registry: username and password go together, and only one is given"},
        {"subscriptions: [{name: a, topics: [a], request: {url: \"http://a\"}, format: avro}]",
         "format: avro needs the schemas of a registry, and none is configured"},
        {"registry: {url: \"http://a\"}\nresults: {format: avro}", NULL},
        {"results: {format: json}", NULL},
        {"results: {format: avro}", "format: avro needs a registry for the schema of results, and "
                                    "none is configured"},
        {"admin: {listen: null}", NULL},
        {"admin: {listen: \"localhost:0\"}", NULL},
        {"admin: {listen: \"127.1.2.3:80\"}", NULL},
        {"admin: {listen: \"[::1]:8088\"}", NULL},
        {"admin: {listen: \"*:8088\", tokens: {a: {token: t, role: viewer}}}", NULL},
        {"admin: {listen: \"h:8088\", tokens: {a: {token: t, role: viewer}}}", NULL},
        {"shutdown_grace: 0s", NULL},
        {"namespace: A_1-b", NULL},
        {"subscriptions: []", NULL},
        {"defaults: {}", NULL},
        {"results: {record: failures}", NULL},
        {"admin: {listen: \"[::]:8088\"}", "listen: without tokens only a loopback address such as "
                                           "127.0.0.1:8088 may be listened on"},
        {"admin: {listen: \"example.com:8088\"}", "listen: without tokens only a loopback address "
                                                  "such as 127.0.0.1:8088 may be listened on"},
        {"admin: {listen: \"::1:8088\"}",
         "listen: HOST:PORT, such as 127.0.0.1:8088, is needed, not \"::1:8088\""},
        {"admin: {listen: \":8088\"}",
         "listen: HOST:PORT, such as 127.0.0.1:8088, is needed, not \":8088\""},
        {"admin: {listen: 8088}",
         "listen: HOST:PORT, such as 127.0.0.1:8088, is needed, not \"8088\""},
        {"admin: {listen: \"h:65536\"}",
         "listen: HOST:PORT, such as 127.0.0.1:8088, is needed, not \"h:65536\""},
        {"admin: {listen: \"h:-1\"}",
         "listen: HOST:PORT, such as 127.0.0.1:8088, is needed, not \"h:-1\""},
        {"admin: {listen: \"http://h:80\"}",
         "listen: HOST:PORT, such as 127.0.0.1:8088, is needed, not \"http://h:80\""},
        {"defaults: 5", "a mapping of keys and values is needed, not \"5\""},
        {"defaults: {name: a}", "name: each subscription needs a name of its own"},
        {"subscriptions: {a: b}", "subscriptions: a list of paths and subscriptions is needed"},
        {"shutdown_grace: 2h", "shutdown_grace: it must be from 0s to 1h, not \"2h\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char path[64];
        char text[512];
        snprintf(text, sizeof text, "kafka: {bootstrap.servers: h}\n%s\n", rows[i].text);
        write_file(path, text);
        char *got = check_file(path);
        if (rows[i].message) {
            const char *message = strstr(got, ": ");
            assert_non_null(message);
            assert_int_equal(strlen(message + 2), strlen(rows[i].message) + 1);
            assert_memory_equal(message + 2, rows[i].message, strlen(rows[i].message));
        } else {
            assert_string_equal(got, "");
        }
        free(got);
        unlink(path);
    }
}

static void refuses_each_property_that_is_grapnels_own(void **state)
{
    (void)state;
    static const char *const names[] = {
#define RESERVED(name, reason) name,
#include "config/kafka_reserved.def"
#undef RESERVED
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[64];
        char text[256];
        char start[128];
        snprintf(text, sizeof text, "kafka:\n  bootstrap.servers: h\n  %s: x\n", names[i]);
        write_file(path, text);
        char *got = check_file(path);
        snprintf(start, sizeof start, "%s:3:3: kafka: %s can't be set here: ", path, names[i]);
        assert_memory_equal(got, start, strlen(start));
        free(got);
        unlink(path);
    }
}

static void has_memory_for_so_many_groups(void **state)
{
    (void)state;
    static const char with_one_more[] =
        ":4:5: limits.memory: it is enough for 255 consumer groups, and there are 256; with more "
        "of it there can be more, and subscriptions can share one (group)\n";
    for (int more = 0; more < 3; more++) { /* 2: it shares one */
        char path[64];
        char text[32768] = "kafka: {bootstrap.servers: h}\nlimits: {memory: 16MiB}\n"
                           "subscriptions:\n";
        char *at = text + strlen(text);
        for (int i = 0; i < 255 + (more > 0); i++)
            at += sprintf(at, "  - {name: s%d, topics: [a], request: {url: \"http://h/\"}%s}\n", i,
                          more == 2 && i < 2 ? ", group: g" : "");
        write_file(path, text);
        char *got = check_file(path);
        assert_string_equal(*got ? got + strlen(path) : got, more == 1 ? with_one_more : "");
        free(got);
        unlink(path);
    }
}

static void says_why_there_are_no_settings(void **state)
{
    (void)state;
    struct problems problems = {0};
    assert_null(settings_load("nowhere/grapnel.yaml", &problems));
    assert_null(settings_load("syntax.yaml", &problems));
    assert_int_equal(problems.count, 2);
    problems_finish(&problems);
    settings_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_every_mistake_with_its_place),
        cmocka_unit_test(reads_every_key),
        cmocka_unit_test(merges_defaults_under_each_subscription),
        cmocka_unit_test(has_the_contracts_defaults),
        cmocka_unit_test(checks_each_value),
        cmocka_unit_test(refuses_each_property_that_is_grapnels_own),
        cmocka_unit_test(has_memory_for_so_many_groups),
        cmocka_unit_test(says_why_there_are_no_settings),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
