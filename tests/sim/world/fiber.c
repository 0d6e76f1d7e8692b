#include "sim/world/fiber.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#include "sim/world/memory.h"
#include "sim/world/process.h"
#include "sim/world/world.h"

#if defined(__SANITIZE_ADDRESS__)
#define STACK_BYTES (1u << 20)
#else
#define STACK_BYTES (128u << 10)
#endif
#define GUARD_BYTES 4096

struct fiber {
    struct list link; /* in its process's threads, or among the idle */
    struct process *process;
    ucontext_t context;
    char *stack;
    void *(*body)(void *);
    void *argument;
    struct world_event resume;
    int64_t not_before_us; /* stalled until then */
    bool waiting;
    bool woken;
    bool ended;
    struct fiber *joiner;
};

static struct fiber_pace pace;
static struct dice dice;
static bool dice_thrown;
static ucontext_t scheduler;
static struct fiber *running;
static struct list idle = {&idle, &idle}; /* with their stacks, for reuse */

void fiber_set_pace(struct fiber_pace wanted)
{
    pace = wanted;
}

int64_t fiber_longest_pause_us(void)
{
    return pace.preempt_per_million > 0 ? pace.slow_us : 0;
}

static struct dice *pace_dice(void)
{
    if (!dice_thrown)
        dice = dice_for(world_seed(), "threads", 0);
    dice_thrown = true;
    return &dice;
}

static int64_t delay_us(void)
{
    if (dice_chance(pace_dice(), pace.slow_per_million))
        return dice_spread(pace_dice(), pace.wake_us, pace.slow_us);
    return dice_between(pace_dice(), 1, pace.wake_us);
}

/* ── switching ───────────────────────────────────────────────────────────── */

#if defined(__SANITIZE_ADDRESS__)
static const void *scheduler_stack;
static size_t scheduler_stack_bytes;

static void switch_to(ucontext_t *from, ucontext_t *to, const struct fiber *into, bool for_good)
{
    void *fake = NULL;
    const void *bottom = into ? into->stack : scheduler_stack;
    size_t bytes = into ? STACK_BYTES : scheduler_stack_bytes;
    __sanitizer_start_switch_fiber(for_good ? NULL : &fake, bottom, bytes);
    swapcontext(from, to);
    __sanitizer_finish_switch_fiber(fake, into ? NULL : &scheduler_stack,
                                    into ? NULL : &scheduler_stack_bytes);
}

static void arrive(void)
{
    __sanitizer_finish_switch_fiber(NULL, &scheduler_stack, &scheduler_stack_bytes);
}
#else
static void switch_to(ucontext_t *from, ucontext_t *to, const struct fiber *into, bool for_good)
{
    (void)into;
    (void)for_good;
    swapcontext(from, to);
}

static void arrive(void)
{
}
#endif

/* Lets others run; comes back as who it was. */
static void leave(struct fiber *fiber)
{
    enum memory_kind kind = memory_enter(MEMORY_LIBRARY);
    struct process *process = process_current();
    switch_to(&fiber->context, &scheduler, NULL, fiber->ended);
    process_enter(process);
    memory_enter(kind);
}

static void resume(struct world_event *event)
{
    struct fiber *fiber = CONTAINER_OF(event, struct fiber, resume);
    if (fiber->not_before_us > world_now_us()) {
        world_at(event, fiber->not_before_us);
        return;
    }
    fiber->waiting = false;
    running = fiber;
    switch_to(&scheduler, &fiber->context, fiber, false);
    running = NULL;
}

static void entry(void)
{
    arrive();
    struct fiber *fiber = running;
    memory_enter(MEMORY_PROGRAM);
    fiber->body(fiber->argument);
    fiber->ended = true;
    if (fiber->joiner)
        fiber_wake(fiber->joiner);
    leave(fiber);
}

/* ── life ────────────────────────────────────────────────────────────────── */

static struct fiber *get_idle(void)
{
    struct list *link = list_pop(&idle);
    if (link)
        return CONTAINER_OF(link, struct fiber, link);
    struct fiber *fiber = calloc(1, sizeof *fiber);
    if (!fiber)
        world_fail("the simulation has no memory");
    char *memory = mmap(NULL, STACK_BYTES + GUARD_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE) != 0)
        world_fail("the simulation has no memory for a stack");
    fiber->stack = memory + GUARD_BYTES;
    return fiber;
}

struct fiber *fiber_start(struct process *process, void *(*body)(void *), void *argument)
{
    struct process *before = process_enter(NULL);
    struct fiber *fiber = get_idle();
    char *stack = fiber->stack;
    *fiber = (struct fiber){
        .process = process,
        .stack = stack,
        .body = body,
        .argument = argument,
        .resume = {.fire = resume, .process = process},
    };
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = stack;
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fiber->context, entry, 0);
    list_push(&process->threads, &fiber->link);
    world_after(&fiber->resume, delay_us());
    process_enter(before);
    return fiber;
}

struct fiber *fiber_current(void)
{
    return running;
}

static void put_away(struct fiber *fiber)
{
    world_cancel(&fiber->resume);
    list_remove(&fiber->link);
    list_push(&idle, &fiber->link);
}

void fiber_join(struct fiber *fiber)
{
    fiber->joiner = running;
    while (!fiber->ended)
        fiber_wait(WORLD_NEVER);
    put_away(fiber);
}

void fiber_kill_all(struct list *threads)
{
    while (!list_empty(threads))
        put_away(CONTAINER_OF(threads->next, struct fiber, link));
}

/* ── waiting ─────────────────────────────────────────────────────────────── */

bool fiber_wait(int64_t until_us)
{
    struct fiber *fiber = running;
    fiber->waiting = true;
    fiber->woken = false;
    if (until_us != WORLD_NEVER)
        world_at(&fiber->resume, until_us + delay_us());
    leave(fiber);
    return fiber->woken;
}

void fiber_wake(struct fiber *fiber)
{
    if (!fiber->waiting || fiber->woken)
        return;
    fiber->woken = true;
    int64_t at_us = world_now_us() + delay_us();
    if (!heap_holds(&fiber->resume.node) || fiber->resume.node.key > at_us)
        world_at(&fiber->resume, at_us);
}

void fiber_preempt(void)
{
    if (!running || !dice_chance(pace_dice(), pace.preempt_per_million))
        return;
    running->waiting = false;
    world_after(&running->resume, dice_spread(pace_dice(), pace.wake_us, pace.slow_us));
    leave(running);
}

void fiber_stall(struct fiber *fiber, int64_t until_us)
{
    if (until_us > fiber->not_before_us)
        fiber->not_before_us = until_us;
}

void fiber_stall_all(struct list *threads, int64_t until_us)
{
    for (struct list *link = threads->next; link != threads; link = link->next)
        fiber_stall(CONTAINER_OF(link, struct fiber, link), until_us);
}
