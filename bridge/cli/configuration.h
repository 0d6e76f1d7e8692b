/* The configuration as every command needs it: read, compiled, and all its mistakes told. */
#ifndef CLI_CONFIGURATION_H
#define CLI_CONFIGURATION_H

#include <stdbool.h>

#include "catalog/catalog.h"
#include "config/settings.h"

struct configuration {
    struct settings *settings;
    struct catalog *catalog;
};

/* Prints every mistake to stderr as FILE:LINE:COLUMN: message; false if there is one, and then
 * nothing is owned. Thread: main. */
bool configuration_load(const char *path, struct configuration *configuration);
void configuration_finish(struct configuration *configuration);

#endif
