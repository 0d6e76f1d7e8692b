/* The media type of an event's value as it is published. */
#ifndef RENDER_CONTENT_TYPE_H
#define RENDER_CONTENT_TYPE_H

#include <stdbool.h>

#include "base/slice.h"
#include "decode/event.h"

/* Of a CloudEvent what its header content-type says, unless the value was made anew when it was
 * decoded; else by the event's form. data NULL: it has no value. Borrows the event. */
struct slice content_type_of(const struct event *ev);

/* application/json, application/vnd.x+json; none at all, which is JSON to CloudEvents. */
bool content_type_is_json(struct slice content_type);

#endif
