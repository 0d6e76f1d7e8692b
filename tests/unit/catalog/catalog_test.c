#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "catalog/catalog.h"

/* Reads a configuration with these subscriptions, written as YAML in one line. */
static struct settings *load(const char *subscriptions)
{
    char path[] = "/tmp/grapnel-catalog.XXXXXX";
    struct problems problems = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(dprintf(fd,
                        "kafka: {bootstrap.servers: localhost}\n"
                        "defaults: {topics: [a], request: {url: 'http://h/'}}\n"
                        "subscriptions: [%s]\n",
                        subscriptions) > 0);
    assert_int_equal(close(fd), 0);
    struct settings *settings = settings_load(path, &problems);
    problems_print(&problems, stderr);
    assert_int_equal(problems.count, 0);
    problems_finish(&problems);
    assert_int_equal(unlink(path), 0);
    return settings;
}

static struct catalog *compile(const struct settings *settings, const struct catalog *before)
{
    struct problems problems = {0};
    struct catalog *catalog = catalog_create(settings, before, &problems);
    assert_non_null(catalog);
    return catalog;
}

/* "name:lane" of each that is there, in order of places; "-" for one that is gone. */
static void assert_routes(const struct catalog *catalog, const char *expected)
{
    char text[512] = "";
    for (size_t i = 0; i < catalog->count; i++) {
        const struct route *route = &catalog->routes[i];
        char one[64];
        assert_int_equal(route->index, i);
        if (route->sub)
            snprintf(one, sizeof one, "%s%s:%u%s", i ? " " : "", route->name, route->lane,
                     route->alone ? "" : "+");
        else
            snprintf(one, sizeof one, "%s-", i ? " " : "");
        strcat(text, one);
    }
    assert_string_equal(text, expected);
}

/* "group[members]" of each lane, in order of places. */
static void assert_lanes(const struct catalog *catalog, const char *expected)
{
    char text[512] = "";
    for (size_t i = 0; i < catalog->lane_count; i++) {
        const struct lane_route *lane = &catalog->lanes[i];
        size_t size = strlen(text);
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%s[", i ? " " : "",
                                 lane->group + strlen("grapnel."));
        for (size_t m = 0; m < lane->count; m++)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s%u", m ? "," : "",
                                     lane->members[m]);
        snprintf(text + size, sizeof text - size, "]");
    }
    assert_string_equal(text, expected);
}

static void gives_each_subscription_its_lane(void **state)
{
    (void)state;
    struct settings *settings =
        load("{name: c}, {name: a, group: g}, {name: b}, {name: d, group: g}");
    struct catalog *catalog = compile(settings, NULL);
    assert_routes(catalog, "c:1 a:2+ b:0 d:2+");
    assert_lanes(catalog, "b[2] c[0] g[1,3]");
    assert_ptr_equal(catalog_find(catalog, "b"), &catalog->routes[2]);
    assert_null(catalog_find(catalog, "g"));
    catalog_destroy(catalog);
    settings_destroy(settings);
}

/* What is in memory refers to subscriptions and lanes by their places. */
static void places_outlive_a_change(void **state)
{
    (void)state;
    struct settings *first = load("{name: a}, {name: b}, {name: c, group: g}");
    struct settings *second = load("{name: d}, {name: c, group: g}, {name: a, group: g}");
    struct settings *third = load("{name: b}, {name: a}, {name: e}");
    struct catalog *one = compile(first, NULL);
    assert_routes(one, "a:0 b:1 c:2");
    assert_lanes(one, "a[0] b[1] g[2]");
    struct catalog *two = compile(second, one);
    catalog_destroy(one);
    settings_destroy(first);
    assert_routes(two, "a:2+ - c:2+ d:3");
    assert_lanes(two, "a[] b[] g[0,2] d[3]");
    assert_null(catalog_find(two, "b"));
    struct catalog *three = compile(third, two);
    catalog_destroy(two);
    settings_destroy(second);
    assert_routes(three, "a:0 b:1 - - e:4");
    assert_lanes(three, "a[0] b[1] g[] d[] e[4]");
    catalog_destroy(three);
    settings_destroy(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_subscription_its_lane),
        cmocka_unit_test(places_outlive_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
