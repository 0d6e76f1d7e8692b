/* A queue of librdkafka that wakes a loop: whenever something comes to it while it is empty,
 * librdkafka writes to an eventfd that the loop watches. Owner: the loop's thread. */
#ifndef KAFKA_WAKE_H
#define KAFKA_WAKE_H

#include <librdkafka/rdkafka.h>

#include "base/error.h"
#include "loop/loop.h"

/* Begins, with `io->ready` set by the caller. False: the system has no descriptor left. */
bool wake_begin(struct loop *loop, struct loop_io *io, rd_kafka_queue_t *queue, struct error *err);

/* In `ready`, before the queue is served. */
void wake_heard(struct loop_io *io);

/* Not all of the queue has been served: `ready` is called again. */
void wake_again(struct loop_io *io);

/* Ends, before the queue is destroyed: librdkafka writes no more to a descriptor that may be
 * somebody else's by then. Fine where it has not begun (`io->fd` is -1). */
void wake_end(struct loop *loop, struct loop_io *io, rd_kafka_queue_t *queue);

#endif
