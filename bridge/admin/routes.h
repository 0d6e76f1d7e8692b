/* The routes of the admin listener, and who may take them. What is decided here has no socket.
 * Thread: admin. */
#ifndef ADMIN_ROUTES_H
#define ADMIN_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/answer.h"
#include "base/secret.h"
#include "base/slice.h"
#include "config/settings.h"
#include "loop/cell.h"

struct metrics;

/* A configured token. */
struct admin_token {
    struct secret token;
    enum role role;
};

/* All of them; immutable. */
struct admin_tokens {
    struct admin_tokens *before; /* those that it replaced */
    size_t count;
    struct admin_token items[];
};

/* What the handlers may look at. */
struct admin {
    const struct metrics *metrics;
    /* True: ready. Else `why` gets a line for each reason. Thread: admin. */
    bool (*ready)(void *context, struct buffer *why);
    void *context;
    struct cell tokens; /* struct admin_tokens */
};

/* A request, as far as routes look at it. */
struct admin_request {
    const char *method;
    const char *path;
    const char *authorization; /* the header's value; NULL: none */
    bool from_loopback;
};

/* Fills `answer` (zero-initialised), whatever was asked. */
void routes_answer(const struct admin *admin, const struct admin_request *request,
                   struct answer *answer);

#define ROUTE(method, path, who, function, text)                                                   \
    void function(const struct admin *admin, struct answer *answer);
#include "admin/routes.def"
#undef ROUTE

#endif
