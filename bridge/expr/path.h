/* A path into the event, `.data.items[0].sku` or `$headers["x-tenant"]`: where it starts and the
 * steps from there. Compiled once (expr/compile.h), found for each event in its published bytes.
 *
 * As in jq: what is not there is null to `//`; a step into null gives null; a step that doesn't fit
 * (`.a` of a string) is an error, which a `?` behind it turns into "nothing there". */
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
    bool optional; /* a `?` here or later: covers this step's error */
};

struct path {
    enum path_root root;
    const struct path_step *steps;
    size_t step_count;
    struct slice text; /* as written, for errors */
};

/* The root named "$key" and so on; false: there is none. */
bool path_root_named(struct slice name, enum path_root *root);

/* False is ERROR_RENDER: a step that doesn't fit. */
bool path_find(const struct path *path, const struct scope *scope, struct value *value,
               struct error *err) MUST_CHECK;

#endif
