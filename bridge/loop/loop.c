#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define EVENTS_PER_TURN 128

struct loop {
    int epoll;
    bool running;
    int64_t now_ms;
    int64_t woke_us;
    int64_t busy_us;
    struct heap timers;
    struct list steps;
    struct epoll_event events[EVENTS_PER_TURN];
    int event_count;
};

struct loop *loop_create(struct error *err)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop) {
        error_set(err, ERROR_MEMORY, "no memory for an event loop");
        return NULL;
    }
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        error_set(err, ERROR_SYSTEM, "epoll_create1 failed with errno %d", errno);
        free(loop);
        return NULL;
    }
    list_init(&loop->steps);
    loop->woke_us = clock_now_us();
    loop->now_ms = loop->woke_us / 1000;
    return loop;
}

void loop_destroy(struct loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll);
    heap_finish(&loop->timers);
    free(loop);
}

static void run_steps(struct loop *loop)
{
    struct list *next = NULL;
    for (struct list *link = loop->steps.next; link != &loop->steps; link = next) {
        next = link->next;
        struct loop_step *step = CONTAINER_OF(link, struct loop_step, link);
        step->run(step);
    }
}

static void fire_due(struct loop *loop)
{
    struct heap_node *node = heap_first(&loop->timers);
    while (node && node->key <= loop->now_ms) {
        heap_remove(&loop->timers, node);
        struct loop_timer *timer = CONTAINER_OF(node, struct loop_timer, node);
        timer->fire(timer);
        node = heap_first(&loop->timers);
    }
}

static int wait_ms(const struct loop *loop)
{
    const struct heap_node *first = heap_first(&loop->timers);
    if (!first)
        return -1;
    int64_t wait = first->key - loop->now_ms;
    if (wait < 0)
        return 0;
    return wait > 60000 ? 60000 : (int)wait;
}

static void turn(struct loop *loop)
{
    loop->busy_us = clock_now_us() - loop->woke_us;
    int count = epoll_wait(loop->epoll, loop->events, EVENTS_PER_TURN, wait_ms(loop));
    loop->woke_us = clock_now_us();
    loop->now_ms = loop->woke_us / 1000;
    loop->event_count = count < 0 ? 0 : count;
    for (int i = 0; i < loop->event_count; i++) {
        struct loop_io *io = loop->events[i].data.ptr;
        if (io)
            io->ready(io, loop->events[i].events);
    }
    loop->event_count = 0;
    fire_due(loop);
}

void loop_run(struct loop *loop)
{
    loop->running = true;
    while (loop->running) {
        run_steps(loop);
        if (!loop->running)
            break;
        turn(loop);
    }
    run_steps(loop);
}

void loop_stop(struct loop *loop)
{
    loop->running = false;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

int64_t loop_busy_us(const struct loop *loop)
{
    return loop->busy_us;
}

bool loop_watch(struct loop *loop, struct loop_io *io, uint32_t events, struct error *err)
{
    if (events == 0) {
        loop_unwatch(loop, io);
        return true;
    }
    struct epoll_event event = {.events = events, .data.ptr = io};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, io->fd, &event) == 0)
        return true;
    if (errno == ENOENT && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, io->fd, &event) == 0)
        return true;
    return error_set(err, ERROR_SYSTEM, "epoll_ctl failed with errno %d", errno);
}

/* An event of this very turn may still name `io`, whose memory its owner is about to give back. */
void loop_unwatch(struct loop *loop, struct loop_io *io)
{
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, io->fd, NULL);
    for (int i = 0; i < loop->event_count; i++)
        if (loop->events[i].data.ptr == io)
            loop->events[i].data.ptr = NULL;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t due_ms)
{
    heap_remove(&loop->timers, &timer->node);
    if (!heap_push(&loop->timers, &timer->node, due_ms))
        memory_out(); /* a lost timer is a delivery that hangs for ever */
}

void loop_disarm(struct loop *loop, struct loop_timer *timer)
{
    heap_remove(&loop->timers, &timer->node);
}

void loop_add_step(struct loop *loop, struct loop_step *step)
{
    list_push(&loop->steps, &step->link);
}
