/* How long ago records were published: they say so in their first bytes (see load.c). */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LATENCY_MARK    "{\"t\":"
#define LATENCY_BUCKETS 7424

struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS];
};

static inline int64_t clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* 128 buckets an octave: a percentile is at most 0.8 % too high. */
static inline size_t latency_bucket(uint64_t us)
{
    if (us < 128)
        return us;
    unsigned octave = 63u - (unsigned)__builtin_clzll(us);
    return (size_t)(octave - 6) * 128 + ((us >> (octave - 7)) & 127);
}

static inline uint64_t latency_bucket_top(size_t bucket)
{
    if (bucket < 128)
        return bucket;
    unsigned octave = (unsigned)(bucket / 128) + 6;
    return ((UINT64_C(129) + bucket % 128) << (octave - 7)) - 1;
}

/* Counts a record by its first bytes; one that doesn't say when it was published isn't counted. */
static inline void latency_count(struct latency *latency, const char *record, size_t bytes)
{
    if (bytes < 32 || memcmp(record, LATENCY_MARK, sizeof(LATENCY_MARK) - 1) != 0)
        return;
    int64_t us = clock_us(CLOCK_REALTIME) - strtoll(record + sizeof(LATENCY_MARK) - 1, NULL, 10);
    latency->buckets[latency_bucket(us > 0 ? (uint64_t)us : 0)]++;
    latency->count++;
}

/* The time within which `share` of the records arrived. */
static inline uint64_t latency_us(const struct latency *latency, double share)
{
    uint64_t wanted = (uint64_t)((double)latency->count * share);
    uint64_t passed = 0;

    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        passed += latency->buckets[i];
        if (passed > wanted)
            return latency_bucket_top(i);
    }
    return 0;
}

#endif
