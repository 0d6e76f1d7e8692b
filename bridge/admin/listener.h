/* The admin listener: metrics and health over HTTP, on a thread of libmicrohttpd's own, which reads
 * the metrics and asks the hook, and touches nothing else of the program. */
#ifndef ADMIN_LISTENER_H
#define ADMIN_LISTENER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/metrics.h"
#include "config/settings.h"

struct listener;

struct listener_options {
    const struct settings_admin *settings; /* borrowed for the call; tokens are copied */
    const struct metrics *metrics;         /* borrowed until the listener is closed */

    /* Is the instance ready? If not, `why` gets a line for each reason. Comes on the listener's
     * thread and must neither block nor share memory with others: metrics_read is what it asks. */
    bool (*ready)(void *context, struct buffer *why);
    void *context;
};

/* NULL and ERROR_INPUT where the address is wrong, ERROR_SYSTEM where it can't be listened at.
 * Thread: main; signals are blocked already, since the new thread inherits that. */
struct listener *listener_open(const struct listener_options *options, struct error *err);

/* From now on these tokens, copied, and no others. Thread: the one that opened it. */
void listener_set_tokens(struct listener *listener, const struct settings_admin *settings);

/* Ends its connections and its thread. NULL is fine. */
void listener_close(struct listener *listener);

/* The port, also where 0 was asked for. */
unsigned listener_port(const struct listener *listener);

#endif
