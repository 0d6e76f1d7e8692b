/* The demo's configuration as real files in a directory of its own, for the user to read and to try
 * the other commands on:
 *
 *   DIRECTORY/grapnel.yaml
 *   DIRECTORY/subscriptions/NAME.yaml
 *   DIRECTORY/secrets/NAME
 *
 * Thread: any one. */
#ifndef CLI_DEMO_FILES_H
#define CLI_DEMO_FILES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "cli/demo_acts.h"

struct demo_files {
    char kafka[64];     /* HOST:PORT, for @KAFKA@ */
    char receiver[64];  /* http://HOST:PORT, for @RECEIVER@ */
    char directory[64]; /* for @DIRECTORY@; "": there is none */
    char config[128];   /* DIRECTORY/grapnel.yaml */
};

/* Makes the directory, which only the user may read, and writes; `kafka` and `receiver` are set.
 * On false nothing is left behind. */
bool demo_files_write(struct demo_files *files, struct error *err);

/* Adds what stands in the act's file. */
void demo_files_subscription(const struct demo_files *files, const struct demo_act *act,
                             struct buffer *out);

/* Deletes what was written, and nothing else. */
void demo_files_remove(struct demo_files *files);

#endif
