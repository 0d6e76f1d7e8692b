/* Dice: where chance comes from. Each use has a die of its own, made of the seed and a name, so
 * that one more roll here changes nothing there. A plain value; splitmix64 (Steele, Lea, Flood:
 * "Fast splittable pseudorandom number generators", OOPSLA 2014). */
#ifndef SIM_WORLD_DICE_H
#define SIM_WORLD_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline struct dice dice_for(uint64_t seed, const char *what, uint64_t which)
{
    uint64_t state = dice_mix(seed + UINT64_C(0x9e3779b97f4a7c15)) ^ dice_mix(which);
    for (; *what; what++)
        state = dice_mix(state + (unsigned char)*what);
    return (struct dice){state};
}

static inline uint64_t dice_roll(struct dice *dice)
{
    dice->state += UINT64_C(0x9e3779b97f4a7c15);
    return dice_mix(dice->state);
}

/* 0 … count - 1; 0 for a count of 0. */
static inline int64_t dice_below(struct dice *dice, int64_t count)
{
    return count > 0 ? (int64_t)(dice_roll(dice) % (uint64_t)count) : 0;
}

static inline int64_t dice_between(struct dice *dice, int64_t least, int64_t most)
{
    return least + dice_below(dice, most - least + 1);
}

static inline bool dice_chance(struct dice *dice, int64_t per_million)
{
    return dice_below(dice, 1000000) < per_million;
}

/* Each order of magnitude between the two as likely as the next: usually short, sometimes long. */
static inline int64_t dice_spread(struct dice *dice, int64_t least, int64_t most)
{
    int64_t top = least;
    while (top < most && dice_roll(dice) & 1)
        top *= 2;
    return dice_between(dice, least, top < most ? top : most);
}

#endif
