/* A pipeline from the inside: for pipeline.c (the way), fanout.c (several of a lane), detour.c (by
 * retry topics) and remember.c (by the topic of states), and no one else. */
#ifndef SERVICE_PIPELINE_PRIVATE_H
#define SERVICE_PIPELINE_PRIVATE_H

#include "base/log.h"
#include "match/filter.h"
#include "service/conclude.h"
#include "service/pipeline.h"

struct fanout;

struct pipeline {
    struct pipeline_options options;
    struct worker *worker;
    struct loop_step step;
    struct conclude conclude;
    struct list home;       /* for the source: records that nothing is written for */
    struct fanout *fanouts; /* by the catalog's lanes, made when first needed */
    size_t fanout_count;
    struct log_gate nobodys_gate;
    struct log_gate waits_gate;
    struct buffer id;
    struct filter_run filter;
    uint64_t random;
};

/* ── pipeline.c ──────────────────────────────────────────────────────────── */

/* A claim on the record is done with. */
void pipeline_release(struct pipeline *pipeline, struct record *record);

/* The same, and the record has to be read again. */
void pipeline_give_up(struct pipeline *pipeline, struct record *record);

/* The same, and nothing will be sent for it: a dead letter. `route` NULL: nobody's. `shared`, which
 * says its type if it is decoded, NULL: there is none. */
void pipeline_bury(struct pipeline *pipeline, struct record *record, const struct route *route,
                   const struct shared_event *shared, const struct error *err);

enum decoder_result pipeline_decode(struct pipeline *pipeline, struct shared_event *shared,
                                    struct error *err);
void pipeline_count_unmatched(struct pipeline *pipeline, unsigned lane);

enum pipeline_wish {
    WISH_NONE,    /* its filter leaves the event out, which is counted */
    WISH_SOME,    /* it wants it */
    WISH_FAILED,  /* its filter fails: a dead letter */
    WISH_UNKNOWN, /* its filter can't be asked now */
};

/* What a subscription's filter says of an event that its topics and events take; FAILED and UNKNOWN
 * with `err`. What has been tried was wanted. */
enum pipeline_wish pipeline_ask_filter(struct pipeline *pipeline, const struct route *route,
                                       const struct shared_event *shared, struct error *err);

/* ── fanout.c ────────────────────────────────────────────────────────────── */

/* Makes deliveries of it for all of its lane that want it. */
void fanout_take(struct pipeline *pipeline, struct record *record);

/* Room for that many lanes, of which nothing is known yet. */
void fanout_reset(struct pipeline *pipeline, size_t lanes);

/* ── detour.c ────────────────────────────────────────────────────────────── */

/* A retry that is nobody's goes round for a while. False: it has done so, or there is no memory. */
bool detour_pass_round(struct pipeline *pipeline, struct record *record);

/* As the hooks of the same names in struct worker_hooks. */
void detour_refuse(void *context, struct record *record, unsigned subscription);
void detour_abandon(void *context, struct delivery *delivery, int64_t wait_ms);
bool detour_hand_over(void *context, struct delivery *delivery, int64_t wait_ms, bool booked);
bool detour_pass_on(void *context, struct record *record, int64_t wait_ms, bool booked);

/* ── remember.c ──────────────────────────────────────────────────────────── */

/* May a key of this subscription be parked, and does this record park its key if it fails? */
bool remember_may_park(const struct route *route, const struct record *record);

/* Does the subscription stop at an event that fails for good? */
bool remember_stops(const struct route *route);

/* Nothing more is sent until a person enables it. */
void remember_disabled(struct pipeline *pipeline, const struct route *route, const char *reason);

/* The record's key is parked, as the worker knows, or all that was up to there has been replayed.
 * The record is not finished before that is stored. False: no memory. */
bool remember_parked(struct pipeline *pipeline, const struct route *route, struct record *record);
bool remember_replayed(struct pipeline *pipeline, const struct route *route, struct record *record);

#endif
