#include "deliver/rate.h"

/* Together they keep every product here below 2⁶³: count × part × 1000 is the largest. */
#define COUNT_MOST INT64_C(1000000000)
#define WHOLE_MOST INT64_C(1048576)

static int64_t token(const struct rate *rate)
{
    return rate->per_ms * rate->whole;
}

static int64_t gain(const struct rate *rate)
{
    return rate->count * rate->part;
}

static int64_t bucket(const struct rate *rate)
{
    int64_t second = gain(rate) * 1000;
    return second > token(rate) ? second : token(rate);
}

static int64_t ms_until(const struct rate *rate, int64_t level)
{
    int64_t missing = level - rate->level;
    return (missing + gain(rate) - 1) / gain(rate);
}

static void fill(struct rate *rate, int64_t now_ms)
{
    int64_t since = rate->at_ms;
    rate->at_ms = now_ms;
    if (now_ms <= since || gain(rate) == 0)
        return;
    int64_t elapsed_ms = now_ms - since;
    if (elapsed_ms < ms_until(rate, bucket(rate)))
        rate->level += gain(rate) * elapsed_ms;
    else
        rate->level = bucket(rate);
}

static void spill(struct rate *rate)
{
    if (rate->level > bucket(rate))
        rate->level = bucket(rate);
}

/* The same tokens, now that a token is what it was × to / from; no more than the bucket holds. */
static void refit(struct rate *rate, int64_t old_token, int64_t from, int64_t to)
{
    int64_t tokens = rate->level / old_token;
    int64_t rest = rate->level % old_token;
    int64_t most = bucket(rate) / token(rate) + 1;
    rate->level = (tokens < most ? tokens : most) * token(rate);
    rate->level += rest / from * to + rest % from * to / from;
    spill(rate);
}

static void set_value(struct rate *rate, struct number_rate value)
{
    rate->count = value.count < (uint64_t)COUNT_MOST ? (int64_t)value.count : COUNT_MOST;
    rate->per_ms = value.per_ms;
}

void rate_init(struct rate *rate, struct number_rate value, int64_t now_ms)
{
    *rate = (struct rate){.part = 1, .whole = 1, .at_ms = now_ms};
    set_value(rate, value);
    rate->level = token(rate);
}

void rate_set_share(struct rate *rate, uint32_t part, uint32_t whole, int64_t now_ms)
{
    fill(rate, now_ms);
    int64_t before = rate->whole;
    int64_t old_token = token(rate);
    rate->whole = whole ? whole : 1;
    rate->part = part < whole ? part : whole;
    while (rate->whole > WHOLE_MOST) {
        rate->whole /= 2;
        rate->part = (rate->part + 1) / 2; /* a small share stays one */
    }
    refit(rate, old_token, before, rate->whole);
}

void rate_set_value(struct rate *rate, struct number_rate value, int64_t now_ms)
{
    fill(rate, now_ms);
    int64_t before = rate->per_ms;
    int64_t old_token = token(rate);
    set_value(rate, value);
    refit(rate, old_token, before, rate->per_ms);
}

bool rate_take(struct rate *rate, int64_t now_ms)
{
    fill(rate, now_ms);
    if (gain(rate) == 0 || rate->level < token(rate))
        return false;
    rate->level -= token(rate);
    return true;
}

void rate_give_back(struct rate *rate)
{
    rate->level += token(rate);
    spill(rate);
}

int64_t rate_next_ms(const struct rate *rate, int64_t now_ms)
{
    if (gain(rate) == 0)
        return RATE_NEVER;
    int64_t from_ms = now_ms < rate->at_ms ? now_ms : rate->at_ms;
    if (rate->level >= token(rate))
        return now_ms;
    int64_t next_ms = from_ms + ms_until(rate, token(rate));
    return next_ms > now_ms ? next_ms : now_ms;
}

int64_t rate_takes_ms(const struct rate *rate, int64_t tokens)
{
    if (gain(rate) == 0)
        return RATE_NEVER;
    return (tokens * token(rate) + gain(rate) - 1) / gain(rate);
}
