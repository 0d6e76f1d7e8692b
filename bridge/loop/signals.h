/* Signals as events of a loop: they are blocked in every thread and read from a signalfd, so that
 * nothing runs in a signal handler. */
#ifndef LOOP_SIGNALS_H
#define LOOP_SIGNALS_H

#include "base/error.h"
#include "loop/loop.h"

struct signals;

typedef void signals_handler(void *context, int signal);

/* SIGTERM, SIGINT and SIGHUP go to `handler` on the loop's thread; SIGPIPE is ignored.
 * Call on the main thread, before any other is started. */
struct signals *signals_open(struct loop *loop, signals_handler *handler, void *context,
                             struct error *err);

/* From now on a signal ends the program at once, as if it had never been caught. */
void signals_let_go(struct signals *signals);
void signals_close(struct signals *signals);

#endif
