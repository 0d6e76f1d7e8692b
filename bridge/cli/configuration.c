#include "cli/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/nearest.h"
#include "config/changes.h"
#include "kafka/client.h"

static bool end(struct configuration *configuration, struct problems *problems)
{
    bool fine = problems->count == 0;
    problems_finish(problems);
    if (!fine)
        configuration_finish(configuration);
    return fine;
}

static bool load(const char *path, bool compile, struct configuration *configuration)
{
    struct problems problems = {0};
    struct settings *settings = settings_load(path, &problems);
    *configuration = (struct configuration){.settings = settings};
    if (settings)
        client_check(&settings->kafka, &problems);
    if (settings && compile)
        configuration->catalog = catalog_create(settings, NULL, &problems);
    problems_print(&problems, stderr);
    return end(configuration, &problems);
}

static void say_what_takes_a_restart(const struct settings *first, const struct settings *now)
{
    struct buffer names = {0};
    changes_for_restart(first, now, &names);
    if (names.size > 0)
        log_warn("some changes count after a restart", BYTES("keys", buffer_slice(&names)));
    buffer_finish(&names);
}

bool configuration_load_again(const char *path, const struct settings *first,
                              const struct catalog *before, struct configuration *configuration)
{
    struct problems problems = {0};
    struct settings *settings = settings_load_again(path, first, &problems);
    *configuration = (struct configuration){.settings = settings};
    if (settings) {
        say_what_takes_a_restart(first, settings);
        configuration->catalog = catalog_create(settings, before, &problems);
    }
    problems_sort(&problems);
    for (size_t i = 0; i < problems.count; i++) {
        const struct problem *problem = &problems.items[i];
        log_error("a mistake in the configuration", STR("file", problem->at.file),
                  INT("line", problem->at.line), INT("column", problem->at.column),
                  STR("error", problem->message));
    }
    return end(configuration, &problems);
}

bool configuration_load(const char *path, struct configuration *configuration)
{
    return load(path, true, configuration);
}

bool configuration_read(const char *path, struct configuration *configuration)
{
    return load(path, false, configuration);
}

static void warn_of_unknown(const char *name, const char *const *known, size_t count)
{
    const char *nearest = nearest_name(slice_of(name), known, count);
    fprintf(stderr, "grapnel: there is no subscription \"%s\" in the configuration%s%s%s\n", name,
            nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

void configuration_warn_of_unknown(const struct settings *settings, const char *name)
{
    const char **names = calloc(settings->subscription_count + 1, sizeof *names);
    bool known = !name || !names;
    size_t count = 0;
    for (size_t i = 0; !known && i < settings->subscription_count; i++) {
        names[count] = settings->subscriptions[i].name;
        known = names[count] && strcmp(names[count], name) == 0;
        count += names[count] != NULL;
    }
    if (!known)
        warn_of_unknown(name, names, count);
    free(names);
}

void configuration_finish(struct configuration *configuration)
{
    catalog_destroy(configuration->catalog);
    settings_destroy(configuration->settings);
    *configuration = (struct configuration){0};
}
