/* An event given by hand, taken through the stages that the service takes a record through: what
 * `render` and `send` share. Thread: main. */
#ifndef CLI_TRIAL_H
#define CLI_TRIAL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "decode/decoder.h"
#include "cli/commands.h"
#include "deliver/authorise.h"

/* The event: its value from stdin, the rest from the options. */
struct sample {
    struct buffer value; /* nothing at all: a tombstone */
    const char *topic;   /* NULL: the subscription's first */
    struct slice key;
    struct record_header *headers;
    size_t header_count;
};

/* False: stdin can't be read or is too long, or a --header is none. Finish it in either case. */
bool sample_read(const struct command_line *line, struct sample *sample,
                 struct error *err) MUST_CHECK;
void sample_finish(struct sample *sample);

enum trial_verdict {
    TRIAL_TAKEN,  /* there is a request */
    TRIAL_LEFT,   /* the subscription doesn't want it: `why_not` */
    TRIAL_FAILED, /* it would become a dead letter: `err` */
    TRIAL_ABSENT, /* the registry that has its schema, or jq, can't be asked: `err` */
};

/* One sample at one subscription. Owner: whoever holds the struct; zero-initialise. */
struct trial {
    struct record *record;
    struct event ev;
    struct request request;
    struct authorised authorised;
    struct http_request http; /* with its secrets */
    struct filter_run filter;
    struct buffer why_not;
    struct error err;
};

/* `decoder` is one that waits. */
enum trial_verdict trial_run(struct trial *trial, const struct route *route,
                             const struct sample *sample, struct decoder *decoder);
void trial_finish(struct trial *trial);

/* The route of that name; NULL, and `err` with the nearest name, if there is none. */
const struct route *trial_find_route(const struct catalog *catalog, const char *name,
                                     struct error *err);

#endif
