#include "sim/world/process.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/world/fiber.h"
#include "sim/world/libc.h"
#include "sim/world/memory.h"
#include "sim/world/world.h"

static struct process *current;
static unsigned processes;

struct process *process_enter(struct process *process)
{
    struct process *before = current;
    current = process;
    return before;
}

struct process *process_current(void)
{
    return current;
}

struct process *process_create(const char *name)
{
    struct process *before = process_enter(NULL);
    struct process *process = calloc(1, sizeof *process);
    process_enter(before);
    if (!process)
        world_fail("the simulation has no memory");
    process->number = ++processes;
    snprintf(process->name, sizeof process->name, "%s", name);
    process->alive = true;
    process->memory.dice = dice_for(world_seed(), "memory", process->number);
    list_init(&process->memory.blocks);
    list_init(&process->threads);
    list_init(&process->exits);
    list_init(&process->descriptors);
    return process;
}

void process_kill(struct process *process)
{
    struct process *before = process_enter(NULL);
    process->alive = false;
    fiber_kill_all(&process->threads);
    for (struct list *link = list_pop(&process->exits); link; link = list_pop(&process->exits)) {
        struct process_exit *gone = CONTAINER_OF(link, struct process_exit, link);
        gone->gone(gone);
    }
    libc_close_all(&process->descriptors);
    memory_free_all(&process->memory);
    process_enter(before);
}

/* The thread that dies can't take its own stack away, so that is left to an event. */
struct death {
    struct world_event event;
    struct process *process;
};

static void die(struct world_event *event)
{
    struct death *death = CONTAINER_OF(event, struct death, event);
    struct process *process = death->process;
    free(death);
    if (process->alive)
        process_kill(process);
}

void process_die(void)
{
    struct process *process = process_enter(NULL);
    struct death *death = calloc(1, sizeof *death);
    if (!death)
        world_fail("the simulation has no memory");
    death->event.fire = die;
    death->process = process;
    world_at(&death->event, 0);
    process_enter(process);
    for (;;)
        fiber_wait(WORLD_NEVER);
}
