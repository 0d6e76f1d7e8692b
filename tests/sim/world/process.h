/* A simulated process: what an operating system knows of a program that runs. It has threads,
 * memory, file descriptors and a wall clock of its own, and it can be killed at any time: its
 * threads run no further, its memory is gone, its connections end. */
#ifndef SIM_WORLD_PROCESS_H
#define SIM_WORLD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "sim/world/memory.h"

/* Called when the process is killed, before its memory goes. */
struct process_exit {
    struct list link;
    void (*gone)(struct process_exit *exit);
};

struct process {
    unsigned number;
    char name[32];
    bool alive;
    int64_t wall_offset_us;
    int64_t cut_off_until_us; /* reaches no broker until then */
    struct memory memory;
    struct list threads;
    struct list exits;
    struct list descriptors;
};

/* It is alive, and has no thread yet. It is never freed: what is told of it outlives it. */
struct process *process_create(const char *name);

/* All of it is gone when this returns; nothing is called back but the exits. Not from one of its
 * own threads. */
void process_kill(struct process *process);

/* The same from its own thread, which does not go on. */
_Noreturn void process_die(void);

/* On whose behalf the simulation acts: whose is what is allocated from now on. NULL: its own.
 * Returns who it was. */
struct process *process_enter(struct process *process);
struct process *process_current(void);

#endif
