/* What a URL template may look like, so that a value in it stays a value: scheme, host and port are
 * constant, and a path segment is neither `.` nor `..`, which clients and servers would resolve.
 * That none is left empty by a value is expr/template.h's to see. */
#ifndef RENDER_URL_H
#define RENDER_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "config/problems.h"

struct url_shape {
    size_t authority_bytes; /* up to the path: the same in the template and in what is rendered */
    bool has_query;
    bool takes_item; /* ends with its `?` or an `&`: an item can be added as it is */
};

/* Mistakes are added to `problems` at the text's place. False: there were some. */
bool url_check(const struct text *url, struct url_shape *shape, struct problems *problems);

/* Is a segment of the path `.` or `..`, also percent-encoded? `url` is rendered. */
bool url_climbs(struct slice url, size_t authority_bytes);

#endif
