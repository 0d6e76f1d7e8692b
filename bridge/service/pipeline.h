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
    const struct catalog *catalog;
    struct source *source;
    struct recorder *recorder;
    const struct retry_topics *retries;
    const char *instance;          /* who we are, in results */
    struct worker *const *workers; /* all of them, by number */
};

/* Borrows the options' things, which outlive it. NULL: no memory. */
struct pipeline *pipeline_create(const struct pipeline_options *options);

/* The worker that it serves; before the worker starts. */
void pipeline_attach(struct pipeline *pipeline, struct worker *worker);

/* Hands on what is left: after the worker is destroyed. */
void pipeline_destroy(struct pipeline *pipeline);

/* The worker's hooks; `context` is the pipeline. */
void pipeline_take(void *context, struct record *record, unsigned subscription);
void pipeline_refuse(void *context, struct record *record);
bool pipeline_judge(void *context, struct delivery *delivery);
void pipeline_settle(void *context, struct delivery *delivery, const struct outcome *outcome);
void pipeline_tell(void *context, unsigned worker, struct message *message);
void pipeline_abandon(void *context, struct delivery *delivery, int64_t wait_ms);
bool pipeline_hand_over(void *context, struct delivery *delivery, int64_t wait_ms);
bool pipeline_pass_on(void *context, struct record *record, int64_t wait_ms);
void pipeline_bury(void *context, struct delivery *delivery, enum error_kind why);
void pipeline_replayed(void *context, struct delivery *delivery);
void pipeline_release(void *context, const struct route *route, struct slice key,
                      const struct order_position *last);

#endif
