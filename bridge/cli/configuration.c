#include "cli/configuration.h"

#include <stdio.h>

#include "kafka/client.h"

static void compile(struct configuration *configuration, struct problems *problems)
{
    if (!configuration->settings)
        return;
    client_check(&configuration->settings->kafka, problems);
    configuration->catalog = catalog_create(configuration->settings, problems);
}

bool configuration_load(const char *path, struct configuration *configuration)
{
    struct problems problems = {0};
    *configuration = (struct configuration){.settings = settings_load(path, &problems)};
    compile(configuration, &problems);
    bool fine = problems.count == 0;
    problems_print(&problems, stderr);
    problems_finish(&problems);
    if (!fine)
        configuration_finish(configuration);
    return fine;
}

void configuration_finish(struct configuration *configuration)
{
    catalog_destroy(configuration->catalog);
    settings_destroy(configuration->settings);
    *configuration = (struct configuration){0};
}
