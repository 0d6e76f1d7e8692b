/* The demo's acts: an event, the subscription that takes it, and the webhook that must come of it.
 *
 * @RECEIVER@ and @DIRECTORY@ in the YAML are replaced when it is written. Constant. */
#ifndef CLI_DEMO_ACTS_H
#define CLI_DEMO_ACTS_H

#include <stdbool.h>
#include <stddef.h>

struct demo_act {
    const char *title;
    /* The event, and the subscription: its name is also its file's. */
    const char *topic;
    const char *key;
    const char *value;
    const char *subscription;
    const char *yaml;
    /* What must arrive, byte for byte. NULL: no such header. */
    const char *method;
    const char *target;
    const char *content_type;
    const char *authorization;
    const char *body;
    bool is_signed;
    /* What the endpoint answers, how often it must be tried, and how it must end. */
    int status;
    unsigned attempts;
    const char *outcome;
};

/* Everything that the YAML reads by ${file:}. */
struct demo_secret {
    const char *name;
    const char *value;
};

#define DEMO_SIGNING_SECRET "whsec_Z3JhcG5lbCdzIGRlbW8gc2lnbmluZyBrZXkgMzIhISE="

extern const struct demo_act *const demo_acts[];
extern const size_t demo_act_count;

extern const struct demo_secret demo_secrets[];
extern const size_t demo_secret_count;

#endif
