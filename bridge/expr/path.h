/* A path into a value, `.data.items[0].sku` or `$headers["x-tenant"]`: where it starts and the
 * steps from there. Compiled once (expr/parse.c), found for each event in its published bytes.
 *
 * As in jq: a step into null gives null; a step that doesn't fit (`.a` of a string) is an error, or
 * no result if a `?` stands behind it. */
#ifndef EXPR_PATH_H
#define EXPR_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"
#include "expr/value.h"

enum path_root {
    ROOT_VALUE, /* `.` */
    ROOT_KEY,
    ROOT_TOPIC,
    ROOT_PARTITION,
    ROOT_OFFSET,
    ROOT_TIMESTAMP,
    ROOT_ID,
    ROOT_TYPE,
    ROOT_HEADERS,
};

struct path_step {
    struct slice name; /* data NULL: an index */
    long long index;
    bool optional; /* a `?` behind it */
};

struct path {
    enum path_root root;
    const struct path_step *steps;
    size_t step_count;
    struct slice text; /* as written, for errors */
};

/* From `dot`, or where that is NULL from the event. An error is ERROR_RENDER: a step that doesn't
 * fit. Undecided: a step into what was made, `$headers | .a`. */
enum evaluated path_find(const struct path *path, const struct value *dot,
                         const struct scope *scope, struct value *value, struct error *err);

#endif
