#include "sim/world/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/world/memory.h"
#include "sim/world/process.h"

#define STEPS_AT_ONCE 2000000 /* more at one instant are a loop without end */

static uint64_t world_seed_;
static bool tracing_;
static int64_t now_us;
static struct heap events;
static unsigned steps_now;

void world_begin(uint64_t seed, bool tracing)
{
    world_seed_ = seed;
    tracing_ = tracing;
}

uint64_t world_seed(void)
{
    return world_seed_;
}

int64_t world_now_us(void)
{
    return now_us;
}

void world_at(struct world_event *event, int64_t at_us)
{
    struct process *before = process_enter(NULL);
    heap_remove(&events, &event->node);
    if (!heap_push(&events, &event->node, at_us > now_us ? at_us : now_us))
        world_fail("the simulation has no memory");
    process_enter(before);
}

void world_after(struct world_event *event, int64_t wait_us)
{
    world_at(event, now_us + wait_us);
}

void world_cancel(struct world_event *event)
{
    heap_remove(&events, &event->node);
}

void world_step(void)
{
    struct heap_node *node = heap_first(&events);
    if (!node)
        world_fail("nothing will ever happen again");
    if (node->key > now_us)
        steps_now = 0;
    else if (++steps_now > STEPS_AT_ONCE)
        world_fail("time stands still");
    now_us = node->key;
    heap_remove(&events, node);
    struct world_event *event = CONTAINER_OF(node, struct world_event, node);
    process_enter(event->process);
    memory_enter(MEMORY_LIBRARY);
    event->fire(event);
    process_enter(NULL);
}

PRINTF_LIKE(2, 0) static void say(FILE *out, const char *format, va_list arguments)
{
    const struct process *process = process_current();
    fprintf(out, "%10.6f %-14s ", (double)now_us / 1e6, process ? process->name : "-");
    vfprintf(out, format, arguments);
    fputc('\n', out);
}

bool world_tracing(void)
{
    return tracing_;
}

void world_trace(const char *format, ...)
{
    if (!tracing_)
        return;
    va_list arguments;
    va_start(arguments, format);
    say(stdout, format, arguments);
    va_end(arguments);
}

void world_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    say(tracing_ ? stdout : stderr, format, arguments);
    va_end(arguments);
    fflush(NULL);
    _exit(WORLD_FAILED);
}
