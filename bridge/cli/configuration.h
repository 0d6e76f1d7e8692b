/* The configuration as every command needs it: read, compiled, and all its mistakes told. */
#ifndef CLI_CONFIGURATION_H
#define CLI_CONFIGURATION_H

#include <stdbool.h>

#include "base/compiler.h"
#include "catalog/catalog.h"
#include "config/settings.h"

struct configuration {
    struct settings *settings;
    struct catalog *catalog; /* NULL where only read */
};

/* Prints every mistake to stderr as FILE:LINE:COLUMN: message; false if there is one, and then
 * nothing is owned. Thread: main. */
bool configuration_load(const char *path, struct configuration *configuration) MUST_CHECK;

/* The same without compiling the subscriptions: for what needs Kafka alone. */
bool configuration_read(const char *path, struct configuration *configuration) MUST_CHECK;

/* Reads the same file again: what only a restart changes is as in `first`, and the catalog follows
 * `before`. Mistakes, and what takes a restart, are logged. */
bool configuration_load_again(const char *path, const struct settings *first,
                              const struct catalog *before,
                              struct configuration *configuration) MUST_CHECK;

/* A line on stderr where no subscription has that name (NULL: any): what is asked of Kafka by it
 * may still be there, of one that is gone. */
void configuration_warn_of_unknown(const struct settings *settings, const char *name);

void configuration_finish(struct configuration *configuration);

#endif
