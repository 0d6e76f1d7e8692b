/* Where subscriptions are written: in the main file, or in files that it names. */
#ifndef CONFIG_SOURCES_H
#define CONFIG_SOURCES_H

#include <stddef.h>

#include "config/yaml.h"

struct sources {
    struct arena *arena;
    struct problems *problems;
    const struct yaml_node **items; /* each meant to be a subscription, in the order written */
    size_t count;
    size_t capacity;
    const struct source_file *files; /* read so far */
};

/* Collects what `list` (may be NULL) of the file `path` says: a mapping is a subscription, a text a
 * path or pattern (glob(7)) of files, starting from the folder of `path`. A file that several
 * patterns find is read once, and `path` itself is not read again. What can't be found or read is
 * added to the problems. */
void sources_read(struct sources *sources, const char *path, const struct yaml_node *list);

#endif
