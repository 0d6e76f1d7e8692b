/* What every request to a schema registry takes: where it is, and who we are.
 *
 * Owner: whoever holds the struct. It borrows the settings. */
#ifndef DECODE_REGISTRY_ACCESS_H
#define DECODE_REGISTRY_ACCESS_H

#include "base/buffer.h"
#include "base/compiler.h"
#include "config/settings.h"
#include "net/http.h"

struct registry_access {
    const struct settings_registry *settings;
    struct http_options tls;
    struct buffer headers; /* as http_request has them; with the password */
    struct slice base;     /* the URL that paths are put behind */
    struct slice shown;    /* what may be shown of it */
};

/* False: no memory; registry_access_finish it in either case. */
bool registry_access_init(struct registry_access *access,
                          const struct settings_registry *settings) MUST_CHECK;
void registry_access_finish(struct registry_access *access);

/* A request without its URL; http_send takes it with one. */
struct http_request registry_access_request(const struct registry_access *access,
                                            struct buffer *whole);

#endif
