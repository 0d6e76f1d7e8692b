/* A named thread that runs a loop. */
#ifndef LOOP_THREAD_H
#define LOOP_THREAD_H

#include <stdbool.h>

#include "base/error.h"
#include "loop/loop.h"

struct thread;

/* Starts a thread named `name` (15 characters at most) that runs `loop`. All signals are blocked
 * in it: they are the main thread's. */
struct thread *thread_start(const char *name, struct loop *loop, struct error *err);

/* Waits until its loop has stopped (who stops it is said by the role's own messages), and frees
 * it. NULL is fine. */
void thread_join(struct thread *thread);

#endif
