/* A rate: delivery.rate as a bucket of tokens, one token a request.
 *
 * The bucket fills at the rate, up to what comes in one second, or one token where that is less.
 * So in any stretch of T ms no more than rate × T plus one bucketful goes, and a worker that was
 * late for some milliseconds makes up for them. Worker and instance each hold a share of the rate,
 * `part` of `whole`: with 3 of a subscription's 12 partitions here, and 2 workers, 3 of 24. The
 * buckets of all shares together hold what the whole one would, or one token each where that is
 * more.
 *
 * Tokens are counted in integers, in parts fine enough for the rate and the share to come out
 * even: nothing drifts. Pure: no clock. Owner: the worker. */
#ifndef DELIVER_RATE_H
#define DELIVER_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/number.h"

/* So many tokens it can be asked of at once. */
#define RATE_TOKENS_MOST 1000000

/* Never, as a time: not before the share or the rate has changed. */
#define RATE_NEVER INT64_MAX

struct rate {
    int64_t count;  /* tokens in per_ms, for all shares together */
    int64_t per_ms; /* 1 s, 1 m or 1 h */
    int64_t part;
    int64_t whole;
    int64_t level; /* of the bucket; a token is per_ms × whole, and count × part come each ms */
    int64_t at_ms; /* when the level was right */
};

/* Begins with one token and the whole rate. A new bucket is not full: restarts and rebalances make
 * no burst. A rate beyond 10⁹ a period is taken as that, far more than can be sent. */
void rate_init(struct rate *rate, struct number_rate value, int64_t now_ms);

/* From now on this one's share is `part` of `whole`; part 0, or whole 0: none. Tokens that are
 * there stay, as far as the new bucket holds them. */
void rate_set_share(struct rate *rate, uint32_t part, uint32_t whole, int64_t now_ms);

/* From now on the rate is `value`; as with the share, nothing else is lost or gained. */
void rate_set_value(struct rate *rate, struct number_rate value, int64_t now_ms);

/* May one go now? True takes its token. When the clock has stepped back, it goes on from there. */
bool rate_take(struct rate *rate, int64_t now_ms) MUST_CHECK;

/* A token that was taken, for a request that was not sent after all. */
void rate_give_back(struct rate *rate);

/* When the next one may go: `now_ms` if now, RATE_NEVER without a share. */
int64_t rate_next_ms(const struct rate *rate, int64_t now_ms);

/* How long so many tokens take to come; RATE_NEVER without a share. `tokens` is at most
 * RATE_TOKENS_MOST. */
int64_t rate_takes_ms(const struct rate *rate, int64_t tokens);

#endif
