/* The world: virtual time, and what is to happen when. Nothing here waits: time jumps from one
 * event to the next, and with one seed everything happens in the same order again.
 *
 * There is one world in a process of the operating system, and one thread. */
#ifndef SIM_WORLD_WORLD_H
#define SIM_WORLD_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/heap.h"
#include "sim/world/dice.h"

struct process;

/* Something that happens at a time. Zero-initialise, set `fire`, and `process` where it happens on
 * behalf of one: what it allocates is then that process's. The caller owns the memory. */
struct world_event {
    struct heap_node node;
    void (*fire)(struct world_event *event);
    struct process *process;
};

/* `tracing`: tells on standard output what happens. */
void world_begin(uint64_t seed, bool tracing);
uint64_t world_seed(void);

int64_t world_now_us(void);

/* What the wall clock shows at virtual time 0, in µs since 1970. */
#define WORLD_EPOCH_US INT64_C(1780000000000000)
#define WORLD_NEVER    INT64_MAX

/* Sets or moves the event; one whose time has passed happens now, after those that are set. */
void world_at(struct world_event *event, int64_t at_us);
void world_after(struct world_event *event, int64_t wait_us);
void world_cancel(struct world_event *event);

/* Lets the next event happen. */
void world_step(void);

/* For those who follow a seed by eye: a line with the time and who it is about. */
bool world_tracing(void);
void world_trace(const char *format, ...) PRINTF_LIKE(1, 2);

/* A promise is broken, or the simulation can't go on: says so and ends the process. */
_Noreturn void world_fail(const char *format, ...) PRINTF_LIKE(1, 2);

/* The exit status of a process whose seed has failed. */
#define WORLD_FAILED 10

#endif
