/* The memory of simulated processes. malloc and its kin are replaced (by the linker's --wrap, for
 * everything that is linked into the simulation) by ones that know whose each block is: it is taken
 * away when its process is killed, what is left at a clean end is a leak, and what a process holds
 * can be told at any time. */
#ifndef SIM_WORLD_MEMORY_H
#define SIM_WORLD_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "sim/world/dice.h"

/* Whose memory: the program's own, or what the library it uses has for itself. */
enum memory_kind { MEMORY_PROGRAM, MEMORY_LIBRARY, MEMORY_KINDS };

struct memory {
    struct list blocks;
    size_t count;
    size_t bytes[MEMORY_KINDS];
    int64_t fails_per_million; /* so many of the program's allocations fail; the library's never */
    struct dice dice;
    unsigned failed; /* how many have */
};

/* What is allocated from now on, for the current process. Returns what it was. */
enum memory_kind memory_enter(enum memory_kind kind);

/* For the simulation's own needs: never NULL. Zeroed. */
void *memory_get(size_t bytes);

void memory_free_all(struct memory *memory);

#endif
