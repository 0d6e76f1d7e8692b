#include "kafka/wake.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const uint64_t one = 1;

bool wake_begin(struct loop *loop, struct loop_io *io, rd_kafka_queue_t *queue, struct error *err)
{
    io->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (io->fd < 0)
        return error_set(err, ERROR_SYSTEM, "no descriptor for a queue of librdkafka");
    rd_kafka_queue_io_event_enable(queue, io->fd, &one, sizeof one);
    return loop_watch(loop, io, EPOLLIN, err);
}

void wake_heard(struct loop_io *io)
{
    uint64_t count = 0;
    ssize_t ignored = read(io->fd, &count, sizeof count);
    (void)ignored;
}

void wake_again(struct loop_io *io)
{
    ssize_t ignored = write(io->fd, &one, sizeof one);
    (void)ignored;
}

void wake_end(struct loop *loop, struct loop_io *io, rd_kafka_queue_t *queue)
{
    if (io->fd < 0)
        return;
    rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
    loop_unwatch(loop, io);
    close(io->fd);
    io->fd = -1;
}
