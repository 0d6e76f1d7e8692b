/* SipHash-2-4 of Aumasson and Bernstein ("SipHash: a fast short-input PRF", 2012): a hash whose
 * collisions can't be chosen by who does not know the seed. Thread: any. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stdint.h>

#include "base/slice.h"

/* Random, the same for the process's life, never shown. */
struct siphash_seed {
    uint64_t k0;
    uint64_t k1;
};

uint64_t siphash(struct siphash_seed seed, struct slice bytes);

#endif
