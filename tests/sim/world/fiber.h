/* A fiber: a simulated thread, with a stack of its own. It runs until it waits; which of those that
 * could go on does so first is chance, as are the moments at which it loses the processor. */
#ifndef SIM_WORLD_FIBER_H
#define SIM_WORLD_FIBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct fiber;
struct process;

/* How threads are delayed, for all from now on. */
struct fiber_pace {
    int64_t wake_us;             /* from being woken to going on, usually: up to this */
    int64_t slow_per_million;    /* of the wakings take much longer: */
    int64_t slow_us;             /* up to this */
    int64_t preempt_per_million; /* of fiber_preempt lose the processor for a while */
};
void fiber_set_pace(struct fiber_pace pace);

/* How long a thread may be held up in the middle of what it does. */
int64_t fiber_longest_pause_us(void);

/* A thread of that process. Starts to run in a moment. */
struct fiber *fiber_start(struct process *process, void *(*body)(void *), void *argument);

/* The one that runs; NULL in the simulation's own. */
struct fiber *fiber_current(void);

/* Waits to be woken, until that time at most. False: the time has come. Whoever waits for
 * something looks again whether it is there: it may have been woken for something else. */
bool fiber_wait(int64_t until_us);
void fiber_wake(struct fiber *fiber);

/* A place where another thread may come first. Does nothing outside of fibers. */
void fiber_preempt(void);

/* It goes on no sooner than that. */
void fiber_stall(struct fiber *fiber, int64_t until_us);
void fiber_stall_all(struct list *threads, int64_t until_us);

/* Waits until it has ended, and frees it. */
void fiber_join(struct fiber *fiber);

/* They never go on. */
void fiber_kill_all(struct list *threads);

#endif
