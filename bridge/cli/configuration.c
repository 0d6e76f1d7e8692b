#include "cli/configuration.h"

#include <stdio.h>

#include "kafka/client.h"

static bool load(const char *path, bool compile, struct configuration *configuration)
{
    struct problems problems = {0};
    *configuration = (struct configuration){.settings = settings_load(path, &problems)};
    struct settings *settings = configuration->settings;
    if (settings)
        client_check(&settings->kafka, &problems);
    if (settings && compile)
        configuration->catalog = catalog_create(settings, NULL, &problems);
    bool fine = problems.count == 0;
    problems_print(&problems, stderr);
    problems_finish(&problems);
    if (!fine)
        configuration_finish(configuration);
    return fine;
}

bool configuration_load(const char *path, struct configuration *configuration)
{
    return load(path, true, configuration);
}

bool configuration_read(const char *path, struct configuration *configuration)
{
    return load(path, false, configuration);
}

void configuration_finish(struct configuration *configuration)
{
    catalog_destroy(configuration->catalog);
    settings_destroy(configuration->settings);
    *configuration = (struct configuration){0};
}
