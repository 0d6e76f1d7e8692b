#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "cli/demo_acts.h"
#include "cli/demo_files.h"
#include "config/settings.h"

static struct demo_files written(void)
{
    struct error err = {0};
    struct demo_files files = {.kafka = "127.0.0.1:9092", .receiver = "http://127.0.0.1:8080"};
    assert_true(demo_files_write(&files, &err));
    return files;
}

static void writes_a_configuration_without_a_mistake(void **state)
{
    (void)state;
    struct demo_files files = written();
    struct problems problems = {0};
    struct settings *settings = settings_load(files.config, &problems);
    problems_print(&problems, stderr);
    assert_int_equal(problems.count, 0);
    assert_int_equal(settings->subscription_count, demo_act_count);
    settings_destroy(settings);
    problems_finish(&problems);
    demo_files_remove(&files);
}

static void leaves_nothing_behind(void **state)
{
    (void)state;
    struct demo_files files = written();
    char directory[sizeof(files.directory)];
    struct stat info;
    memcpy(directory, files.directory, sizeof(directory));
    assert_int_equal(stat(directory, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    demo_files_remove(&files);
    assert_int_not_equal(stat(directory, &info), 0);
    demo_files_remove(&files); /* a second time there is nothing to do */
}

static void keeps_what_the_user_has_added(void **state)
{
    (void)state;
    struct demo_files files = written();
    struct demo_files again = files;
    char path[128];
    snprintf(path, sizeof(path), "%s/mine", files.directory);
    FILE *mine = fopen(path, "we");
    assert_non_null(mine);
    assert_int_equal(fclose(mine), 0);
    demo_files_remove(&files);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(remove(path), 0);
    demo_files_remove(&again);
}

static void fills_in_the_places(void **state)
{
    (void)state;
    struct demo_files files = written();
    for (size_t i = 0; i < demo_act_count; i++) {
        struct buffer yaml = {0};
        demo_files_subscription(&files, demo_acts[i], &yaml);
        assert_non_null(strstr(buffer_text(&yaml), "http://127.0.0.1:8080/"));
        assert_null(strchr(buffer_text(&yaml), '@'));
        buffer_finish(&yaml);
    }
    demo_files_remove(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_configuration_without_a_mistake),
        cmocka_unit_test(leaves_nothing_behind),
        cmocka_unit_test(keeps_what_the_user_has_added),
        cmocka_unit_test(fills_in_the_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
