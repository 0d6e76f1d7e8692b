/* The way of one record through one worker: decode, match, deliver, settle. This page alone knows
 * the sequence; the stages know nothing of each other. Owner: the worker's thread. */
#ifndef SERVICE_PIPELINE_H
#define SERVICE_PIPELINE_H

#include "catalog/catalog.h"
#include "config/settings.h"
#include "consume/source.h"
#include "deliver/worker.h"
#include "settle/recorder.h"
#include "settle/retry.h"

struct pipeline;

struct pipeline_options {
    const struct settings *settings;
    const struct catalog *catalog;      /* the first, as the worker's */
    const struct retry_topics *retries; /* of that one */
    struct source *source;
    struct recorder *recorder;
    const char *instance;          /* who we are, in results */
    const uint32_t *schema_id;     /* of results, there before any record is; NULL: they are JSON */
    struct worker *const *workers; /* all of them, by number */
    void *context;
    void (*let_go)(void *context, const struct catalog *catalog); /* it is not used any more */
};

/* Borrows the options' things, which outlive it. NULL: no memory. */
struct pipeline *pipeline_create(const struct pipeline_options *options);

/* The worker that it serves; before the worker starts. */
void pipeline_attach(struct pipeline *pipeline, struct worker *worker);

/* Hands on what is left: after the worker is destroyed. */
void pipeline_destroy(struct pipeline *pipeline);

/* What the worker asks of it. worker_change is to be given the retry topics. */
struct worker_hooks pipeline_hooks(struct pipeline *pipeline);

#endif
