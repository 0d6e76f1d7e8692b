#include "loop/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct thread {
    pthread_t id;
    struct loop *loop;
};

static void *body(void *context)
{
    struct thread *thread = context;
    loop_run(thread->loop);
    return NULL;
}

struct thread *thread_start(const char *name, struct loop *loop, struct error *err)
{
    struct thread *thread = calloc(1, sizeof *thread);
    if (!thread) {
        error_set(err, ERROR_MEMORY, "no memory for thread %s", name);
        return NULL;
    }
    thread->loop = loop;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->id, NULL, body, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        error_set(err, ERROR_SYSTEM, "thread %s: pthread_create failed with errno %d", name,
                  failed);
        free(thread);
        return NULL;
    }
    pthread_setname_np(thread->id, name);
    return thread;
}

void thread_join(struct thread *thread)
{
    if (!thread)
        return;
    pthread_join(thread->id, NULL);
    free(thread);
}
