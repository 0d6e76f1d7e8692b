/* Yes or no, set on one thread and read on another: for callbacks that may only note.
 * Owner: whoever creates it, which must outlive both. */
#ifndef LOOP_FLAG_H
#define LOOP_FLAG_H

#include <stdatomic.h>
#include <stdbool.h>

struct flag {
    atomic_bool set;
};

static inline void flag_put(struct flag *flag, bool set)
{
    atomic_store_explicit(&flag->set, set, memory_order_release);
}

static inline bool flag_is_set(const struct flag *flag)
{
    return atomic_load_explicit(&flag->set, memory_order_acquire);
}

#endif
