/* The receivers: what answers a subscription's webhooks, how, and when. */
#ifndef SIM_HTTP_RECEIVER_H
#define SIM_HTTP_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* How a receiver behaves for a time. */
enum behaviour {
    RECEIVER_WELL,    /* 200 */
    RECEIVER_STATUS,  /* the status `value` */
    RECEIVER_BUSY,    /* 503, Retry-After: `value` seconds */
    RECEIVER_HANGS,   /* takes it, and never answers */
    RECEIVER_REFUSES, /* no connection */
    RECEIVER_RESETS,  /* takes it, and then the connection is reset */
    RECEIVER_GARBAGE, /* takes it, and answers what is not HTTP */
};

/* What comes of a request. */
struct reception {
    bool takes;   /* it arrives at all */
    bool answers; /* else the client waits in vain */
    int status;   /* 0: see `kind` */
    enum error_kind kind;
    int retry_after; /* seconds; -1: no such header */
    int64_t wait_us; /* until the answer leaves */
};

/* From now on this subscription's receiver does so with so many of a hundred requests, and answers
 * the others well; `slow_us`: it takes up to that long for an answer. */
void receiver_set(unsigned subscription, enum behaviour behaviour, int64_t value, int64_t percent,
                  int64_t slow_us);

/* The `attempt`th request for the event of that number. */
struct reception receiver_receive(unsigned subscription, int64_t number, unsigned attempt);

/* Some events are not liked, whatever the receiver's health: it answers 400, or 500, always. */
int receiver_dislikes(unsigned subscription, int64_t number);
void receiver_set_taste(int64_t rejects_per_million, int64_t fails_per_million);

/* A person has seen to it that this subscription's receiver likes all of them. */
void receiver_mend(unsigned subscription);

#endif
