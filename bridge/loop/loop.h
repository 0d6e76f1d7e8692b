/* An event loop: epoll, timers in user space, and a step before each wait.
 *
 * Owner: one thread, the one that runs it; everything here but loop_stop is for that thread.
 * Timers are a heap whose first deadline is epoll's time-out: a timerfd would cost a system call
 * for every delivery. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/heap.h"
#include "base/list.h"

struct loop;

/* A file descriptor to watch. The caller owns fd and struct. `events` are epoll's. */
struct loop_io {
    int fd;
    void (*ready)(struct loop_io *io, uint32_t events);
};

/* Something to do at a time. Zero-initialise, set `fire`; the caller owns the struct. */
struct loop_timer {
    struct heap_node node;
    void (*fire)(struct loop_timer *timer);
};

/* Called before each wait: the place to hand on in one go what the turn has gathered. */
struct loop_step {
    struct list link;
    void (*run)(struct loop_step *step);
};

/* NULL and `err` when the system gives no epoll descriptor. */
struct loop *loop_create(struct error *err);
void loop_destroy(struct loop *loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);

/* From the loop's own thread: loop_run returns after this turn. */
void loop_stop(struct loop *loop);

/* The monotonic time of this turn. */
int64_t loop_now_ms(const struct loop *loop);

/* How long the last turn took, from the end of one wait to the beginning of the next. */
int64_t loop_busy_us(const struct loop *loop);

/* Starts, changes or (events 0) ends the watch on io->fd. */
bool loop_watch(struct loop *loop, struct loop_io *io, uint32_t events, struct error *err);
void loop_unwatch(struct loop *loop, struct loop_io *io);

/* Sets or moves the timer; a time that has passed fires in the next turn. */
void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t due_ms);
void loop_disarm(struct loop *loop, struct loop_timer *timer);

void loop_add_step(struct loop *loop, struct loop_step *step);

#endif
