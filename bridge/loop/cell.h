/* A pointer that one thread puts and others get. What it points to is immutable, and is kept by who
 * put it as long as somebody may still read it. Owner: whoever creates it, which outlives all. */
#ifndef LOOP_CELL_H
#define LOOP_CELL_H

#include <stdatomic.h>

struct cell {
    const void *_Atomic held;
};

static inline void cell_put(struct cell *cell, const void *pointer)
{
    atomic_store_explicit(&cell->held, pointer, memory_order_release);
}

static inline const void *cell_get(const struct cell *cell)
{
    return atomic_load_explicit(&cell->held, memory_order_acquire);
}

#endif
